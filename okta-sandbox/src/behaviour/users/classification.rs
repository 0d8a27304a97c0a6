//! Whether a user is a lite or a standard one.

use serde_json::{Value, json};

use super::named_user;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getUserClassification" => get,
        "replaceUserClassification" => replace,
        _ => return None,
    })
}

/// What users were made, by their ids.
const SHELF: &str = "/api/v1/users/classification";

/// Whoever was not made anything is a standard user since they are there.
fn current(call: &Call<'_>, user: &Value) -> Value {
    let kept = call.org.shelves.get(SHELF);
    let kept = kept.and_then(|kept| kept.get(text(user, "/id"))).cloned();
    kept.unwrap_or_else(|| json!({ "type": "STANDARD", "lastUpdated": user["created"] }))
}

/// A user who is gone is nothing.
pub(super) fn forget(org: &mut Org, user: &str) {
    org.shelf(SHELF).remove(user);
}

fn get(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    Ok(Answer::ok(&current(call, &user)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let body = call.request.object()?;
    let kind = text(&body, "/type");
    if !matches!(kind, "LITE" | "STANDARD") {
        let cause = "type: The value must be one of LITE, STANDARD.";
        return Err(Fault::validation("type", &[cause]));
    }
    let mut now = current(call, &user);
    if now["type"] != kind {
        now = json!({ "type": kind, "lastUpdated": clock::zero_millis(call.org.clock.now()) });
        call.org.shelf(SHELF).put(text(&user, "/id"), now.clone());
        call.log("account.user.classify", vec![user_target(&user)]);
    }
    Ok(Answer::ok(&now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;

    #[test]
    fn users_are_standard_until_they_are_made_lite() {
        let bench = Bench::new();
        let me = bench.shared.org().admin.clone();
        let path = format!("/api/v1/users/{me}/classification");
        let (_, user) = bench.call("GET", &format!("/api/v1/users/{me}"), None);
        let first = json!({ "type": "STANDARD", "lastUpdated": user["created"] });
        assert_eq!(bench.call("GET", &path, None), (200, first));
        let put = |kind: &str| bench.call("PUT", &path, Some(&json!({ "type": kind })));
        bench.shared.org().clock.advance(60);
        let (status, made) = put("LITE");
        assert_eq!((status, &made["type"]), (200, &json!("LITE")));
        bench.shared.org().clock.advance(60);
        assert_eq!(put("LITE").1, made, "nothing changed");
        assert_eq!(bench.call("GET", &path, None).1, made);
        assert_eq!(put("HEAVY").0, 400);
        assert_eq!(bench.call("PUT", &path, Some(&json!({}))).0, 400);
        let nobody = bench.call("GET", "/api/v1/users/00uNone/classification", None);
        assert_eq!((nobody.0, text(&nobody.1, "/errorCode")), (404, "E0000007"));
        let org = bench.shared.org();
        let events = org.log.placed();
        let told = |event: &Value| event["eventType"] == "account.user.classify";
        assert_eq!(events.filter(|(_, event)| told(event)).count(), 1);
    }
}
