//! Failover of the org's domains to the other region, and back.

use serde_json::{Value, json};
use url::Url;

use crate::call::{Call, Handler, Outcome};
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::org::Org;
use crate::table::Operation;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "startOrgFailover" => failover,
        "startOrgFailback" => failback,
        "getDRStatus" => status,
        "getDRStatusForDomain" => domain_status,
        _ => return None,
    })
}

/// The domains that are failed over.
const AWAY: &str = "/api/v1/dr/status";
const DOMAINS: &str = "/api/v1/domains";

/// The domain that a URL names.
fn domain_of(base: &str) -> Option<String> {
    Some(Url::parse(base).ok()?.host_str()?.to_owned())
}

/// Whether an operation has to wait until the domain that is called has come back: people sign
/// in over there, but nothing is changed.
pub(crate) fn is_read_only(org: &Org, request: &Request, operation: &Operation) -> bool {
    let Some(away) = org.shelves.get(AWAY).filter(|away| away.len() > 0) else {
        return false;
    };
    let writes = operation.method != "GET"
        && matches!(operation.api, "management" | "governance")
        && !operation.public
        && !operation.path.starts_with("/api/v1/dr/");
    writes && domain_of(&request.base).is_some_and(|domain| away.contains(&domain))
}

/// The org's own domain as called, and its custom ones that are ready.
fn domains(call: &mut Call<'_>) -> Vec<String> {
    let own = domain_of(call.base());
    let custom = call.org.shelf(DOMAINS).values();
    let ready = custom.filter(|one| one["validationStatus"] == "COMPLETED");
    let ready = ready.map(|one| text(one, "/domain").to_owned());
    own.into_iter().chain(ready).collect()
}

fn shown(call: &mut Call<'_>, domains: &[String]) -> Outcome {
    let away = call.org.shelf(AWAY);
    let all: Vec<Value> = domains
        .iter()
        .map(|domain| json!({ "domain": domain, "isFailedOver": away.contains(domain) }))
        .collect();
    Ok(Answer::ok(&json!({ "status": all })))
}

fn status(call: &mut Call<'_>) -> Outcome {
    let domains = domains(call);
    shown(call, &domains)
}

fn unknown(field: &str, domain: &str) -> Fault {
    Fault::field(field, &format!("The org has no domain {domain}"))
}

fn domain_status(call: &mut Call<'_>) -> Outcome {
    let name = call.parameter(0);
    let mut domains = domains(call);
    domains.retain(|domain| domain.eq_ignore_ascii_case(name));
    match domains.is_empty() {
        true => Err(unknown("domain", name)),
        false => shown(call, &domains),
    }
}

/// Moves the domains that the body names, or all of them.
fn go(call: &mut Call<'_>, away: bool) -> Outcome {
    let body = call.request.object_or_empty()?;
    let known = domains(call);
    let asked = match body["domains"].as_array() {
        None => known,
        Some(asked) => {
            let mut found = Vec::new();
            for name in asked.iter().map(|name| name.as_str().unwrap_or_default()) {
                let domain = known.iter().find(|one| one.eq_ignore_ascii_case(name));
                found.push(domain.ok_or_else(|| unknown("domains", name))?.clone());
            }
            found.dedup();
            found
        }
    };
    let word = if away { "Failover" } else { "Failback" };
    let mut results = Vec::new();
    for domain in asked {
        let moved = call.org.shelf(AWAY).contains(&domain) != away;
        let message = match (moved, away) {
            (true, _) => format!("{word} was successful"),
            (false, true) => "The domain is already failed over".to_owned(),
            (false, false) => "The domain isn't failed over".to_owned(),
        };
        if moved {
            match away {
                true => call
                    .org
                    .shelf(AWAY)
                    .put(&domain, json!({ "domain": domain })),
                false => drop(call.org.shelf(AWAY).remove(&domain)),
            }
            let target = named("Domain", &domain, "unknown", &domain);
            call.log(&format!("system.dr.{}", word.to_lowercase()), vec![target]);
        }
        results.push(json!({ "domain": domain, "message": message }));
    }
    Ok(Answer::ok(&json!({ "results": results })))
}

fn failover(call: &mut Call<'_>) -> Outcome {
    go(call, true)
}

fn failback(call: &mut Call<'_>) -> Outcome {
    go(call, false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{AWAY, DOMAINS};
    use crate::bench::Bench;
    use crate::json::text;

    const CUSTOM: &str = "login.example.com";

    fn away(bench: &Bench) -> Vec<(String, bool)> {
        let (status, all) = bench.call("GET", AWAY, None);
        assert_eq!(status, 200, "{all}");
        let all = all["status"].as_array().expect("domains").iter();
        let pair = |one: &Value| (text(one, "/domain").to_owned(), one["isFailedOver"] == true);
        all.map(pair).collect()
    }

    #[test]
    fn domains_go_over_and_come_back() {
        let bench = Bench::new();
        for (id, name, status) in [
            ("OcD1", CUSTOM, "COMPLETED"),
            ("OcD2", "new.example.com", "NOT_STARTED"),
        ] {
            let domain = json!({ "id": id, "domain": name, "validationStatus": status });
            bench.shared.org().shelf(DOMAINS).put(id, domain);
        }
        let own = away(&bench)[0].0.clone();
        let state =
            |first: bool, second: bool| vec![(own.clone(), first), (CUSTOM.to_owned(), second)];
        assert_eq!(away(&bench), state(false, false));
        let post = |verb: &str, body: Option<Value>| {
            bench.call("POST", &format!("/api/v1/dr/{verb}"), body.as_ref())
        };
        let one = json!({ "domains": [CUSTOM] });
        let (status, done) = post("failover", Some(one.clone()));
        assert_eq!(
            (status, &done["results"][0]["domain"]),
            (200, &json!(CUSTOM))
        );
        assert_eq!(away(&bench), state(false, true));
        let (_, again) = post("failover", Some(one));
        assert_ne!(
            again["results"][0]["message"],
            done["results"][0]["message"]
        );
        assert_eq!(
            post("failover", None).1["results"].as_array().map(Vec::len),
            Some(2)
        );
        assert_eq!(away(&bench), state(true, true));
        assert_eq!(post("failback", Some(json!({}))).0, 200);
        assert_eq!(away(&bench), state(false, false));
        let stray = json!({ "domains": [CUSTOM, "elsewhere.example.com"] });
        assert_eq!(post("failover", Some(stray)).0, 400);
        assert_eq!(away(&bench), state(false, false), "all or nothing");
        let (_, found) = bench.call("GET", &format!("{AWAY}/{CUSTOM}"), None);
        assert_eq!(
            found,
            json!({ "status": [{ "domain": CUSTOM, "isFailedOver": false }] })
        );
        assert_eq!(
            bench.call("GET", &format!("{AWAY}/x.example.com"), None).0,
            400
        );
        let path = "/api/v1/logs?filter=eventType%20sw%20%22system.dr%22";
        let (_, log) = bench.call("GET", path, None);
        assert_eq!(log.as_array().map(Vec::len), Some(4), "two each way");
    }

    #[test]
    fn nothing_is_changed_at_a_domain_that_is_away() {
        let bench = Bench::new();
        let group = json!({ "profile": { "name": "One" } });
        let make = || bench.call("POST", "/api/v1/groups", Some(&group));
        let custom = json!({ "id": "OcD1", "domain": CUSTOM, "validationStatus": "COMPLETED" });
        bench.shared.org().shelf(DOMAINS).put("OcD1", custom);
        let other = json!({ "domains": [CUSTOM] });
        let post = |verb: &str, body: Option<&Value>| {
            bench.call("POST", &format!("/api/v1/dr/{verb}"), body).0
        };
        assert_eq!(post("failover", Some(&other)), 200);
        assert_eq!(make().0, 200, "another domain is away");
        assert_eq!(post("failover", None), 200);
        let (status, refused) = make();
        assert_eq!((status, text(&refused, "/errorCode")), (503, "E0000010"));
        assert_eq!(bench.call("GET", "/api/v1/groups", None).0, 200);
        let sign_in =
            json!({ "username": "admin@sandbox.example.com", "password": "Sandbox-1234" });
        assert_eq!(bench.call("POST", "/api/v1/authn", Some(&sign_in)).0, 200);
        assert_eq!(post("failback", None), 200);
        let second = json!({ "profile": { "name": "Two" } });
        assert_eq!(bench.call("POST", "/api/v1/groups", Some(&second)).0, 200);
    }
}
