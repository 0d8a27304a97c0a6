//! Claims of an app that its users' tokens carry beside the standard ones.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listFederatedClaims" => list,
        "createFederatedClaim" => create,
        "getFederatedClaim" => get,
        "replaceFederatedClaim" => replace,
        "deleteFederatedClaim" => delete,
        _ => return None,
    })
}

/// Where the claims of an app stand.
pub(crate) fn shelf(app: &str) -> String {
    format!("/api/v1/apps/{app}/federated-claims")
}

/// Claims that the service itself sets.
pub(crate) const RESERVED: [&str; 24] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "cid",
    "client_id",
    "cnf",
    "ds_hash",
    "exp",
    "iat",
    "idp",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "scope",
    "scp",
    "sid",
    "sub",
    "uid",
    "ver",
];

const LONGEST_NAME: usize = 255;

/// Whether quotes and brackets are closed and no operator waits for its right side. The language
/// has more functions than the sandbox computes, so nothing else tells a mistake.
fn is_complete(expression: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' if !chars.any(|end| end == c) => return false,
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    let waits = |c: char| "+-*/%<>=!&|?:,.".contains(c);
    open.is_empty() && !expression.trim_end().ends_with(waits)
}

/// The name and expression of a body, checked against the app's other claims.
fn checked(call: &mut Call<'_>, app: &Value, own: &str) -> Result<(String, String), Fault> {
    let body = call.request.object()?;
    for field in ["name", "expression"] {
        if text(&body, &format!("/{field}")).trim().is_empty() {
            let cause = format!("{field}: The field cannot be left blank");
            return Err(Fault::validation(field, &[&cause]));
        }
    }
    let (name, expression) = (text(&body, "/name"), text(&body, "/expression"));
    let refused =
        |field: &str, cause: &str| Err(Fault::validation(field, &[&format!("{field}: {cause}")]));
    if name.chars().count() > LONGEST_NAME {
        return refused("name", "The field is too long");
    }
    if RESERVED.contains(&name) {
        return refused("name", "The claim name is reserved");
    }
    if !is_complete(expression) {
        return refused("expression", "The expression is invalid");
    }
    let mut others = call.org.shelf(&shelf(text(app, "/id"))).values();
    if others.any(|claim| text(claim, "/name") == name && text(claim, "/id") != own) {
        return refused("name", "The app has a federated claim of this name");
    }
    Ok((name.to_owned(), expression.to_owned()))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let shelf = shelf(text(&app, "/id"));
    let claims = call.org.shelf(&shelf).values().cloned().collect();
    call.all(claims)
}

fn named(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let app = named_app(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf(text(&app, "/id"))).get(id).cloned();
    let claim = found.ok_or_else(|| Fault::not_found(id, "FederatedClaim"))?;
    Ok((app, claim))
}

fn keep(call: &mut Call<'_>, app: &Value, claim: &Value) {
    let shelf = shelf(text(app, "/id"));
    call.org
        .shelf(&shelf)
        .put(text(claim, "/id"), claim.clone());
    call.log("application.lifecycle.update", vec![app_target(app)]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let (name, expression) = checked(call, &app, "")?;
    let now = clock::zero_millis(call.org.clock.now());
    let claim = json!({
        "id": call.org.dice.id("ofc"), "name": name, "expression": expression,
        "created": now, "lastUpdated": now,
    });
    keep(call, &app, &claim);
    Ok(Answer::json(201, &claim))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, claim) = named(call)?;
    Ok(Answer::ok(&claim))
}

/// Answers 200, as the service does; its specification says 201.
fn replace(call: &mut Call<'_>) -> Outcome {
    let (app, mut claim) = named(call)?;
    let (name, expression) = checked(call, &app, text(&claim, "/id"))?;
    claim["name"] = json!(name);
    claim["expression"] = json!(expression);
    claim["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    keep(call, &app, &claim);
    Ok(Answer::ok(&claim))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (app, claim) = named(call)?;
    let shelf = shelf(text(&app, "/id"));
    call.org.shelf(&shelf).remove(text(&claim, "/id"));
    call.log("application.lifecycle.update", vec![app_target(&app)]);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_expressions_are_taken() {
        for good in [
            "appuser.entitlements.role",
            "user.profile.tags.![name + ']']",
            "user.getGroups({'group.type': {\"OKTA_GROUP\"}}).![name]",
            "a == 'it is \"' ? 1 : -1",
        ] {
            assert!(is_complete(good), "{good}");
        }
        for bad in ["user.", "a +", "f(a", "f(a]", "a)", "'open", "{[}]", "a ?"] {
            assert!(!is_complete(bad), "{bad}");
        }
    }
}
