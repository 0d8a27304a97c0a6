//! Cases with the vendor's support, which come with a seed, and the access that the org grants
//! for them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listOktaSupportCases" => list,
        "updateOktaSupportCase" => update,
        _ => return None,
    })
}

/// By case number.
const CASES: &str = "/api/v1/org/privacy/oktaSupport/cases";

/// How long access is granted where nobody says until when.
const HOURS: i64 = 24;

/// A case as it is now: granted access ends by itself.
fn current(call: &Call<'_>, case: &Value) -> Value {
    let access = &case["impersonation"];
    let (mut status, mut expiration) = (text(access, "/status"), access["expiration"].clone());
    let until = clock::parse(expiration.as_str().unwrap_or_default());
    if status == "ENABLED" && until.is_none_or(|until| until <= call.org.clock.now()) {
        status = "DISABLED";
    }
    if status != "ENABLED" {
        expiration = Value::Null;
    }
    let or = |status: &str, otherwise: &str| match status {
        "" => json!(otherwise),
        status => json!(status),
    };
    json!({
        "caseNumber": case["id"], "subject": case["subject"],
        "impersonation": { "status": or(status, "NOT_REQUESTED"), "expiration": expiration },
        "selfAssigned": { "status": or(text(case, "/selfAssigned/status"), "NOT_REQUIRED") },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all: Vec<Value> = call.org.shelf(CASES).values().cloned().collect();
    let all: Vec<Value> = all.iter().map(|case| current(call, case)).collect();
    Ok(Answer::ok(&json!({ "supportCases": all })))
}

/// Grants, extends or ends access; names what was done.
fn change_access(
    call: &Call<'_>,
    case: &mut Value,
    wanted: &Value,
) -> Result<Option<&'static str>, Fault> {
    let now = call.org.clock.now();
    let granted = case["impersonation"]["status"] == "ENABLED";
    let until = match &wanted["expiration"] {
        Value::Null => None,
        given => {
            let until = clock::parse(given.as_str().unwrap_or_default());
            let until = until.filter(|until| *until > now);
            let what = "The field must be a time to come";
            Some(until.ok_or_else(|| Fault::field("impersonation.expiration", what))?)
        }
    };
    let access = |until| json!({ "status": "ENABLED", "expiration": clock::zero_millis(until) });
    match (text(wanted, "/status"), until) {
        ("ENABLED", until) if !granted => {
            let day = now.checked_add(SignedDuration::from_hours(HOURS));
            case["impersonation"] = access(until.or(day.ok()).unwrap_or(now));
            Ok(Some("grant"))
        }
        ("ENABLED" | "", Some(until)) if granted => {
            let before = clock::parse(text(case, "/impersonation/expiration"));
            if before.is_some_and(|before| until < before) {
                let what = "The field must not be before the present expiration";
                return Err(Fault::field("impersonation.expiration", what));
            }
            case["impersonation"] = access(until);
            Ok(Some("extend"))
        }
        ("", Some(_)) => {
            let what = "Access that isn't enabled cannot be extended";
            Err(Fault::field("impersonation.expiration", what))
        }
        ("DISABLED", None) => {
            let open = granted || case["impersonation"]["status"] == "REQUESTED";
            case["impersonation"] = json!({ "status": "DISABLED", "expiration": null });
            Ok(open.then_some("revoke"))
        }
        ("ENABLED" | "", None) => Ok(None),
        _ => Err(Fault::field(
            "impersonation.status",
            "The field has an invalid value",
        )),
    }
}

fn update(call: &mut Call<'_>) -> Outcome {
    let number = call.parameter(0);
    let kept = call.org.shelf(CASES).get(number).cloned();
    let kept = kept.ok_or_else(|| Fault::not_found(number, "OktaSupportCase"))?;
    let given = call.given(Fullness::Part)?;
    let mut case = current(call, &kept);
    let step = change_access(call, &mut case, &given["impersonation"])?;
    let assigned = text(&given, "/selfAssigned/status").to_owned();
    let before = text(&case, "/selfAssigned/status").to_owned();
    if !assigned.is_empty() && assigned != before {
        // Only support itself asks for an approval.
        if (before.as_str(), assigned.as_str()) != ("REQUESTED", "APPROVED") {
            let what = "Only a requested approval can be given";
            return Err(Fault::field("selfAssigned.status", what));
        }
        case["selfAssigned"] = json!({ "status": "APPROVED" });
    }
    let mut stored = kept;
    for member in ["impersonation", "selfAssigned"] {
        stored[member] = case[member].clone();
    }
    call.org.shelf(CASES).put(number, stored);
    if let Some(step) = step {
        let target = named(
            "OktaSupportCase",
            number,
            "unknown",
            text(&case, "/subject"),
        );
        let event = format!("user.session.impersonation.{step}");
        call.log(&event, vec![target]);
    }
    Ok(Answer::ok(&case))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::CASES;
    use crate::bench::Bench;
    use crate::json::text;

    fn bench() -> Bench {
        let bench = Bench::new();
        let case = json!({
            "id": "1000001", "subject": "Reset", "impersonation": { "status": "REQUESTED" },
            "selfAssigned": { "status": "REQUESTED" },
        });
        let mut org = bench.shared.org();
        org.shelf(CASES).put("1000001", case);
        org.shelf(CASES)
            .put("1000002", json!({ "id": "1000002", "subject": "Zones" }));
        drop(org);
        bench
    }

    fn patch(bench: &Bench, body: Value) -> (u16, Value) {
        bench.call("PATCH", &format!("{CASES}/1000001"), Some(&body))
    }

    #[test]
    fn access_is_granted_extended_and_ends() {
        let bench = bench();
        let extend = |hours: i64| {
            let at = bench.shared.org().clock.now() + jiff::SignedDuration::from_hours(hours);
            json!({ "impersonation": { "expiration": crate::clock::zero_millis(at) } })
        };
        assert_eq!(patch(&bench, extend(2)).0, 400, "not enabled yet");
        let grant = json!({ "impersonation": { "status": "ENABLED" } });
        let (status, case) = patch(&bench, grant.clone());
        assert_eq!(
            (status, &case["impersonation"]["status"]),
            (200, &json!("ENABLED"))
        );
        assert!(case["impersonation"]["expiration"].is_string(), "{case}");
        assert_eq!(patch(&bench, extend(-1)).0, 400, "in the past");
        assert_eq!(patch(&bench, extend(2)).0, 400, "sooner than now");
        assert_eq!(patch(&bench, extend(48)).0, 200);
        bench.shared.org().clock.advance(49 * 3600);
        let (_, all) = bench.call("GET", CASES, None);
        let access = &all["supportCases"][0]["impersonation"];
        assert_eq!(*access, json!({ "status": "DISABLED", "expiration": null }));
        assert_eq!(patch(&bench, grant).0, 200);
        let revoke = json!({ "impersonation": { "status": "DISABLED" } });
        let (_, case) = patch(&bench, revoke.clone());
        assert_eq!(case["impersonation"]["expiration"], Value::Null);
        assert_eq!(patch(&bench, revoke).0, 200);
        let path = "/api/v1/logs?filter=eventType%20sw%20%22user.session.impersonation%22";
        let (_, log) = bench.call("GET", path, None);
        let log = log.as_array().expect("events").iter();
        let steps: Vec<&str> = log
            .filter_map(|event| text(event, "/eventType").rsplit('.').next())
            .collect();
        assert_eq!(steps, ["grant", "extend", "grant", "revoke"]);
    }

    #[test]
    fn only_what_is_asked_for_is_approved() {
        let bench = bench();
        let (_, all) = bench.call("GET", CASES, None);
        let other = &all["supportCases"][1];
        assert_eq!(other["impersonation"]["status"], "NOT_REQUESTED");
        assert_eq!(other["caseNumber"], "1000002");
        let ask = json!({ "impersonation": { "status": "REQUESTED" } });
        assert_eq!(patch(&bench, ask).0, 400, "support asks, not the org");
        let approve = json!({ "selfAssigned": { "status": "APPROVED" } });
        let (status, case) = patch(&bench, approve.clone());
        assert_eq!(
            (status, &case["selfAssigned"]["status"]),
            (200, &json!("APPROVED"))
        );
        assert_eq!(case["impersonation"]["status"], "REQUESTED");
        let back = json!({ "selfAssigned": { "status": "REQUESTED" } });
        assert_eq!(patch(&bench, back).0, 400);
        let unasked = bench.call("PATCH", &format!("{CASES}/1000002"), Some(&approve));
        assert_eq!(unasked.0, 400);
        let (status, lost) = bench.call("PATCH", &format!("{CASES}/1"), Some(&approve));
        assert_eq!((status, text(&lost, "/errorCode")), (404, "E0000007"));
    }
}
