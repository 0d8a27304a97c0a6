//! Shares of the rate limits that API tokens and apps may take.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::expression::{Case, Expression};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::Size;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listPrincipalRateLimitEntities" => list,
        "createPrincipalRateLimitEntity" => create,
        "getPrincipalRateLimitEntity" => get,
        "replacePrincipalRateLimitEntity" => replace,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/principal-rate-limits";

/// What the service calls a limit where it refuses one.
const OBJECT: &str = "principalRateLimitMediated";

/// What a principal has that nobody set.
const SHARE: u64 = 50;

const SHARES: [&str; 2] = ["defaultPercentage", "defaultConcurrencyPercentage"];

fn caller(call: &Call<'_>) -> String {
    call.caller().to_owned()
}

/// The principals of the org, with their types.
fn principals(org: &Org) -> Vec<(String, &'static str)> {
    let tokens = org.api_tokens.values();
    let tokens = tokens.map(|(id, _)| (id.clone(), "SSWS_TOKEN"));
    let apps = org.apps.values();
    let apps = apps.filter(|app| text(app, "/signOnMode") == "OPENID_CONNECT");
    let apps = apps.map(|app| (text(app, "/id").to_owned(), "OAUTH_CLIENT"));
    tokens.chain(apps).collect()
}

fn is_known(org: &Org, principal: &str) -> bool {
    let limits = org.shelves.get(SHELF).into_iter();
    { limits.flat_map(|shelf| shelf.values()) }.any(|one| one["principalId"] == principal)
}

/// Gives a principal its limit.
fn add(call: &mut Call<'_>, principal: &str, kind: &str) -> Value {
    let now = clock::seconds(call.org.clock.now());
    let me = caller(call);
    let id = call.org.dice.id("prl");
    let limit = json!({
        "id": id, "orgId": call.org.id, "principalId": principal, "principalType": kind,
        "defaultPercentage": SHARE, "defaultConcurrencyPercentage": SHARE, "lastUpdate": now,
        "lastUpdatedBy": me, "createdDate": now, "createdBy": me,
    });
    call.org.shelf(SHELF).put(&id, limit.clone());
    limit
}

/// Every API token and app has a limit; it appears when the list is first asked for, or when
/// somebody sets it.
fn list(call: &mut Call<'_>) -> Outcome {
    let unsupported = "The provided filter parameter did not contain the required attrbute filter \
                       \"principalType\"";
    let invalid = || Fault::validation(OBJECT, &[unsupported]);
    let filter = call.request.query("filter").unwrap_or_default();
    let expression = Expression::parse(filter).map_err(|_| invalid())?;
    if !filter.contains("principalType") {
        return Err(invalid());
    }
    let all = call.org.shelf(SHELF).values();
    let known: HashSet<String> = all
        .map(|limit| text(limit, "/principalId").to_owned())
        .collect();
    for (principal, kind) in principals(call.org) {
        if !known.contains(&principal) {
            add(call, &principal, kind);
        }
    }
    let all = call.org.shelves[SHELF].placed();
    let found = all.filter(|(_, limit)| expression.matches(limit, Case::Insensitive));
    call.list(Size::new(20, 50), found, Value::clone)
}

/// The shares of a body.
fn take(limit: &mut Value, body: &Value) -> Result<(), Fault> {
    for member in SHARES {
        let Some(share) = body.get(member).filter(|share| !share.is_null()) else {
            continue;
        };
        if !share
            .as_u64()
            .is_some_and(|share| (1..=100).contains(&share))
        {
            let cause = format!("{member}: The value must be between 1 and 100.");
            return Err(Fault::validation(OBJECT, &[&cause]));
        }
        limit[member] = share.clone();
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let (principal, kind) = (text(&body, "/principalId"), text(&body, "/principalType"));
    let there = principals(call.org);
    if !there.iter().any(|(id, of)| id == principal && *of == kind) {
        let missing = match kind {
            "SSWS_TOKEN" => "Token",
            _ => "PublicClientApp",
        };
        return Err(Fault::not_found(principal, missing));
    }
    if is_known(call.org, principal) {
        return Err(Fault::validation(OBJECT, &[]));
    }
    take(&mut json!({}), &body)?;
    let mut limit = add(call, principal, kind);
    take(&mut limit, &body)?;
    call.org
        .shelf(SHELF)
        .put(text(&limit, "/id"), limit.clone());
    tell(call, &limit);
    Ok(Answer::json(201, &limit))
}

fn tell(call: &mut Call<'_>, limit: &Value) {
    let (id, principal) = (text(limit, "/id"), text(limit, "/principalId"));
    let target = crate::log::named("PrincipalRateLimit", id, principal, principal);
    call.log("system.rate_limit.configuration.update", vec![target]);
}

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(SHELF, 0, "PrincipalRateLimit")
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&named(call)?))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = named(call)?;
    let body = call.request.object()?;
    let mut limit = before.clone();
    take(&mut limit, &body)?;
    limit["lastUpdate"] = json!(clock::seconds(call.org.clock.now()));
    limit["lastUpdatedBy"] = json!(caller(call));
    call.org
        .shelf(SHELF)
        .put(text(&limit, "/id"), limit.clone());
    if SHARES.iter().any(|share| limit[*share] != before[*share]) {
        tell(call, &limit);
    }
    Ok(Answer::ok(&limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;

    #[test]
    fn a_principal_has_one_limit() {
        let bench = Bench::new();
        let token = bench
            .shared
            .org()
            .api_tokens
            .values()
            .next()
            .map(|(id, _)| id.clone());
        let token = token.expect("the bench's own");
        let post = |kind: &str, principal: &str, share: u64| {
            let body = json!({ "principalId": principal, "principalType": kind,
                "defaultPercentage": share });
            bench.call("POST", SHELF, Some(&body))
        };
        let refused = |answer: (u16, Value)| {
            let (status, body) = answer;
            (status, text(&body, "/errorSummary").to_owned())
        };
        let (status, summary) = refused(post("SSWS_TOKEN", "00TNone", 20));
        assert_eq!(
            (status, summary.ends_with("00TNone (Token)")),
            (404, true),
            "{summary}"
        );
        assert_eq!(post("OAUTH_CLIENT", &token, 20).0, 404, "it is a token");
        assert_eq!(post("SSWS_TOKEN", &token, 101).0, 400);
        let (status, limit) = post("SSWS_TOKEN", &token, 20);
        assert_eq!(
            (status, &limit["defaultPercentage"]),
            (201, &json!(20)),
            "{limit}"
        );
        assert_eq!(limit["defaultConcurrencyPercentage"], 50);
        let again = refused(post("SSWS_TOKEN", &token, 30));
        assert_eq!(again, (400, format!("Api validation failed: {OBJECT}")));

        let filter = "?filter=principalType%20eq%20%22SSWS_TOKEN%22";
        let (_, listed) = bench.call("GET", &format!("{SHELF}{filter}"), None);
        assert_eq!(listed, json!([limit]));
        let own = format!("{SHELF}/{}", text(&limit, "/id"));
        let put = |share: u64| {
            let body = json!({ "principalId": token, "principalType": "SSWS_TOKEN",
                "defaultPercentage": share });
            bench.call("PUT", &own, Some(&body))
        };
        assert_eq!(put(0).0, 400);
        assert_eq!(put(70).1["defaultPercentage"], 70);
        assert_eq!(bench.call("GET", &own, None).1["defaultPercentage"], 70);
        let org = bench.shared.org();
        let changes = org
            .log
            .placed()
            .filter(|(_, event)| event["eventType"] == "system.rate_limit.configuration.update");
        assert_eq!(changes.count(), 2);
    }

    #[test]
    fn limits_come_in_pages() {
        let bench = Bench::new();
        for number in 0..30 {
            let app = json!({ "name": "oidc_client", "label": format!("C{number}"),
                "signOnMode": "OPENID_CONNECT", "credentials": { "oauthClient": {
                    "token_endpoint_auth_method": "client_secret_basic",
                } }, "settings": { "oauthClient": {
                    "application_type": "web", "grant_types": ["authorization_code"],
                    "response_types": ["code"], "redirect_uris": ["https://example.com"],
                } } });
            let (status, app) = bench.call("POST", "/api/v1/apps", Some(&app));
            assert_eq!(status, 200, "{app}");
        }
        let mut target = format!("{SHELF}?filter=principalType%20eq%20%22OAUTH_CLIENT%22");
        let mut ids = Vec::new();
        loop {
            let answer = bench.raw("GET", &target, Vec::new());
            let page: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let page = page.as_array().expect("a list");
            assert!(page.len() <= 20);
            ids.extend(page.iter().map(|one| text(one, "/id").to_owned()));
            let next = answer.headers.iter().find_map(|(_, line)| {
                let url = line.strip_suffix(">; rel=\"next\"")?;
                Some(url[url.find("/api")?..].to_owned())
            });
            match next {
                Some(next) => target = next,
                None => break,
            }
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(all >= 30 && ids.len() == all, "{all}");
    }
}
