//! The org's own settings.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::json::{merge, remove};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getOrgSettings" => get,
        "updateOrgSettings" => update,
        "replaceOrgSettings" => replace,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/org";

/// The settings as they stand.
pub(super) fn current(call: &mut Call<'_>) -> Value {
    let (id, subdomain, created) = (
        call.org.id.clone(),
        call.org.subdomain.clone(),
        call.org.created.clone(),
    );
    if let Some(known) = call.org.shelf(SHELF).get(SHELF) {
        return known.clone();
    }
    json!({
        "id": id, "subdomain": subdomain, "companyName": "Sandbox", "status": "ACTIVE", "expiresAt": null,
        "created": created, "lastUpdated": created, "website": "https://example.com", "phoneNumber": "",
        "endUserSupportHelpURL": "", "supportPhoneNumber": "", "address1": null, "address2": null,
        "city": null, "state": null, "country": null, "postalCode": null,
    })
}

fn view(call: &Call<'_>, mut org: Value) -> Value {
    let own = format!("{}/api/v1/org", call.base());
    org["_links"] = json!({
        "preferences": { "href": format!("{own}/preferences") },
        "uploadLogo": { "href": format!("{own}/logo"), "hints": { "allow": ["POST"] } },
        "oktaCommunication": { "href": format!("{own}/privacy/oktaCommunication") },
        "logo": null,
        "oktaSupport": { "href": format!("{own}/privacy/oktaSupport") },
        "contacts": { "href": format!("{own}/contacts") },
    });
    org
}

fn get(call: &mut Call<'_>) -> Outcome {
    let org = current(call);
    Ok(Answer::ok(&view(call, org)))
}

const READ_ONLY: [&str; 6] = [
    "id",
    "subdomain",
    "status",
    "expiresAt",
    "created",
    "_links",
];

fn write(call: &mut Call<'_>, whole: bool) -> Outcome {
    let mut body = call.request.object()?;
    for member in READ_ONLY {
        remove(&mut body, member);
    }
    let mut org = current(call);
    if whole {
        for member in ["phoneNumber", "endUserSupportHelpURL", "supportPhoneNumber"] {
            org[member] = json!("");
        }
        for member in [
            "address1",
            "address2",
            "city",
            "state",
            "country",
            "postalCode",
            "website",
        ] {
            org[member] = Value::Null;
        }
    }
    merge(&mut org, &body);
    org["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    call.org.shelf(SHELF).put(SHELF, org.clone());
    Ok(Answer::ok(&view(call, org)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    write(call, false)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    write(call, true)
}
