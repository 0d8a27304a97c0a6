//! How users look: whole with the next legal steps, or as list items.

use serde_json::{Map, Value, json};

use crate::json::{remove, text};
use crate::org::Org;
use crate::shelf::Shelf;

/// The lifecycle and credential links of a status: name, path, below the user's URL.
fn steps(status: &str, all_resets: bool) -> &'static [(&'static str, &'static str)] {
    const SUSPEND: (&str, &str) = ("suspend", "lifecycle/suspend");
    const RESET_PASSWORD: (&str, &str) = ("resetPassword", "lifecycle/reset_password");
    const DEACTIVATE: (&str, &str) = ("deactivate", "lifecycle/deactivate");
    const ACTIVATE: (&str, &str) = ("activate", "lifecycle/activate");
    const FACTORS: (&str, &str) = ("resetFactors", "lifecycle/reset_factors");
    const EXPIRE: (&str, &str) = ("expirePassword", "lifecycle/expire_password");
    const FORGOT: (&str, &str) = ("forgotPassword", "credentials/forgot_password");
    const QUESTION: (&str, &str) = (
        "changeRecoveryQuestion",
        "credentials/change_recovery_question",
    );
    const CHANGE: (&str, &str) = ("changePassword", "credentials/change_password");
    match status {
        "STAGED" => &[ACTIVATE, FACTORS],
        "DEPROVISIONED" if all_resets => &[ACTIVATE, ("delete", ""), FACTORS],
        "PROVISIONED" if all_resets => &[
            SUSPEND,
            RESET_PASSWORD,
            ("reactivate", "lifecycle/reactivate"),
            DEACTIVATE,
            FACTORS,
        ],
        "PROVISIONED" => &[
            SUSPEND,
            RESET_PASSWORD,
            ("reactivate", "lifecycle/reactivate"),
            DEACTIVATE,
        ],
        "SUSPENDED" => &[("unsuspend", "lifecycle/unsuspend"), DEACTIVATE, FACTORS],
        "DEPROVISIONED" => &[ACTIVATE, ("delete", "")],
        "LOCKED_OUT" => &[
            ("unlock", "lifecycle/unlock"),
            RESET_PASSWORD,
            DEACTIVATE,
            FACTORS,
        ],
        "RECOVERY" => &[
            SUSPEND,
            RESET_PASSWORD,
            ("reactivate", "lifecycle/reactivate"),
            DEACTIVATE,
        ],
        _ => &[
            SUSPEND,
            RESET_PASSWORD,
            EXPIRE,
            FORGOT,
            QUESTION,
            CHANGE,
            DEACTIVATE,
            FACTORS,
        ],
    }
}

fn own_url(user: &Value, base: &str) -> String {
    format!("{base}/api/v1/users/{}", text(user, "/id"))
}

/// Says which realm a user is in, where the org tells; the default one if no other.
fn realm(org: &Org, user: &mut Value) {
    if !org.settings.kind.features.realms {
        remove(user, "realmId");
        return;
    }
    if user.get("realmId").is_some() {
        return;
    }
    let realms = org.shelves.get("/api/v1/realms").into_iter();
    let default = realms
        .flat_map(Shelf::values)
        .find(|realm| realm["isDefault"] == true);
    if let Some(default) = default {
        user["realmId"] = default["id"].clone();
    }
}

/// A user as `GET /users/{id}` shows it.
pub(crate) fn whole(org: &Org, user: &Value, base: &str) -> Value {
    let features = &org.settings.kind.features;
    let own = own_url(user, base);
    let kind = text(user, "/type/id");
    let schema = kind.replacen("oty", "osc", 1);
    let mut links = Map::new();
    links.insert("self".into(), json!({ "href": own }));
    links.insert(
        "schema".into(),
        json!({ "href": format!("{base}/api/v1/meta/schemas/user/{schema}") }),
    );
    links.insert(
        "type".into(),
        json!({ "href": format!("{base}/api/v1/meta/types/user/{kind}") }),
    );
    for (name, path) in steps(text(user, "/status"), features.reset_factors_for_all) {
        let link = match *path {
            "" => json!({ "href": own, "method": "DELETE" }),
            path => json!({ "href": format!("{own}/{path}"), "method": "POST" }),
        };
        links.insert((*name).to_owned(), link);
    }
    let mut user = user.clone();
    realm(org, &mut user);
    user["_links"] = Value::Object(links);
    user
}

/// A user as lists show it.
pub(crate) fn item(org: &Org, user: &Value, base: &str) -> Value {
    let own = own_url(user, base);
    let mut user = user.clone();
    realm(org, &mut user);
    user["_links"] = json!({ "self": { "href": own } });
    user
}
