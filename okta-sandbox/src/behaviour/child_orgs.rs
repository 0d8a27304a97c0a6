//! Child orgs: what their maker is told. The org itself is another one, which the sandbox does not
//! run.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::ids;
use crate::json::{remove, text};
use crate::log::named;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    match id {
        "createChildOrg" => Some(create),
        _ => None,
    }
}

const SHELF: &str = "/api/v1/orgs";

fn invalid(member: &str, reason: &str) -> Fault {
    Fault::validation(member, &[&format!("{member}: {reason}")])
}

/// Refuses what cannot be the first part of a host's name.
fn check_subdomain(subdomain: &str) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let ends = subdomain.starts_with('-') || subdomain.ends_with('-');
    match (1..=57).contains(&subdomain.len()) && subdomain.chars().all(fits) && !ends {
        true => Ok(()),
        false => Err(invalid("subdomain", "The subdomain is not valid.")),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let (name, subdomain) = (text(&body, "/name"), text(&body, "/subdomain"));
    check_subdomain(subdomain)?;
    let length = name.chars().count();
    if !(1..=100).contains(&length) || name.chars().any(|c| c.len_utf8() > 3) {
        return Err(invalid("name", "The name is not valid."));
    }
    let own = call.org.subdomain.eq_ignore_ascii_case(subdomain);
    let same =
        |one: &Value, member: &str| text(one, member).eq_ignore_ascii_case(text(&body, member));
    let others = call.org.shelf(SHELF);
    if own || others.values().any(|one| same(one, "/subdomain")) {
        return Err(invalid(
            "subdomain",
            "An org with this subdomain already exists.",
        ));
    }
    if others.values().any(|one| same(one, "/name")) {
        return Err(invalid("name", "An org with this name already exists."));
    }
    let id = call.org.dice.id("00o");
    let admin = call.org.dice.id("00u");
    let now = clock::zero_millis(call.org.clock.now());
    let host = call.request.host();
    let domain = match host.split_once('.') {
        Some((_, domain)) if !domain.starts_with(|c: char| c.is_ascii_digit()) => domain,
        _ => "okta.com",
    };
    let base = format!("https://{subdomain}.{domain}");
    let orgs = format!("{base}{SHELF}/{subdomain}");
    let mut org = json!({
        "id": id, "subdomain": subdomain, "name": name, "website": body["website"],
        "status": "ACTIVE", "edition": "SKU", "expiresAt": null, "created": now,
        "lastUpdated": now, "licensing": { "apps": [] },
        "settings": {
            "app": {
                "errorRedirectUrl": null, "interstitialUrl": null, "interstitialMinWaitTime": 1200,
            },
            "userAccount": { "attributes": { "secondaryEmail": true, "secondaryImage": true } },
            "portal": { "errorRedirectUrl": null, "signOutUrl": null },
            "logs": { "level": "INFO" },
        },
        "_links": {
            "administrator": { "href": format!("{base}/api/v1/users/{admin}") },
            "uploadLogo": { "href": format!("{base}/api/v1/org/logo") },
            "organization": { "href": orgs },
            "contacts": { "href": format!("{orgs}/contacts") },
            "policy": { "href": format!("{orgs}/policy") },
        },
    });
    if org["website"].is_null() {
        remove(&mut org, "website");
    }
    call.org.shelf(SHELF).put(&id, org.clone());
    call.log(
        "system.org.lifecycle.create",
        vec![named("Org", &id, &base, name)],
    );
    // Told once: it belongs to the other org, and this one does not keep it.
    org["token"] = json!(ids::api_token());
    org["tokenType"] = json!("SSWS");
    Ok(Answer::json(201, &org))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;

    fn body(name: &str, subdomain: &str) -> Value {
        json!({ "name": name, "subdomain": subdomain, "edition": "SKU", "admin": {
            "profile": { "firstName": "A", "lastName": "B", "email": "a@example.com",
                "login": "a@example.com" },
            "credentials": { "password": { "value": "Secret-1234" } } } })
    }

    #[test]
    fn a_child_has_a_name_of_its_own_and_tells_its_token_once() {
        let bench = Bench::new();
        let post = |body: &Value| bench.call("POST", SHELF, Some(body));
        let (status, org) = post(&body("Child", "child-1"));
        assert_eq!(status, 201, "{org}");
        assert!(text(&org, "/token").starts_with("00") && org["tokenType"] == "SSWS");
        assert!(org.get("admin").is_none());
        assert!(text(&org, "/_links/organization/href").ends_with("/api/v1/orgs/child-1"));
        let own = bench.shared.org().subdomain.clone();
        for (name, subdomain) in [
            ("Other", "CHILD-1"),
            ("Child", "child-2"),
            ("Own", own.as_str()),
            ("Blank", "two words"),
            ("Dash", "-child"),
            ("", "child-3"),
            ("\u{1f600}", "child-4"),
        ] {
            let (status, refused) = post(&body(name, subdomain));
            assert_eq!(
                (status, text(&refused, "/errorCode")),
                (400, "E0000001"),
                "{subdomain}"
            );
        }
        let mut nobody = body("Nobody", "nobody");
        nobody["admin"] = json!({});
        assert_eq!(post(&nobody).0, 400);
        let org = bench.shared.org();
        let kept = org.shelves[SHELF].values().next().expect("the child");
        assert!(kept.get("token").is_none());
        let events = org.log.placed();
        let made = |event: &Value| event["eventType"] == "system.org.lifecycle.create";
        assert_eq!(events.filter(|(_, event)| made(event)).count(), 1);
    }
}
