//! Which apps may sign their users in to which web apps.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listInterclientAllowedApplications" => list_allowed,
        "createInterclientTrustMapping" => create,
        "deleteInterclientTrustMapping" => delete,
        "listInterclientTargetApplications" => list_targets,
        _ => return None,
    })
}

/// The scope of the tokens that can be exchanged.
pub(crate) const SCOPE: &str = "interclient_access";

/// `target allowed` pairs.
const TRUST: &str = "/api/v1/apps/interclient-trust";
/// Apps that one target may allow.
const MOST: usize = 5;

fn key(target: &str, allowed: &str) -> String {
    format!("{target} {allowed}")
}

/// Ends what an app that is gone allowed, and was allowed.
pub(crate) fn forget(org: &mut Org, app: &str) {
    let all = org.shelf(TRUST).values();
    let pairs =
        all.map(|pair| ["/appInstanceId", "/trustedAppInstanceId"].map(|end| text(pair, end)));
    let own = pairs.filter(|pair| pair.contains(&app));
    let own: Vec<String> = own.map(|[target, allowed]| key(target, allowed)).collect();
    for pair in own {
        org.shelf(TRUST).remove(&pair);
    }
}

fn pairs(org: &Org) -> impl Iterator<Item = (&str, &str)> {
    let shelf = org.shelves.get(TRUST);
    let all = shelf.into_iter().flat_map(|shelf| shelf.values());
    all.map(|pair| {
        (
            text(pair, "/appInstanceId"),
            text(pair, "/trustedAppInstanceId"),
        )
    })
}

/// True if a target lets an app sign its users in.
pub(crate) fn allows(org: &Org, target: &str, app: &str) -> bool {
    pairs(org).any(|pair| pair == (target, app))
}

/// True if any target lets an app sign its users in.
pub(crate) fn is_allowed_anywhere(org: &Org, app: &str) -> bool {
    pairs(org).any(|(_, allowed)| allowed == app)
}

fn app(call: &Call<'_>, id: &str) -> Result<Value, Fault> {
    let found = call.org.apps.get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "AppInstance"))
}

fn list(call: &Call<'_>, ids: Vec<&str>) -> Outcome {
    call.all(ids.into_iter().map(|id| json!(id)).collect())
}

fn list_allowed(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    app(call, id)?;
    let own = pairs(call.org).filter(|(target, _)| *target == id);
    list(call, own.map(|(_, allowed)| allowed).collect())
}

fn list_targets(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    app(call, id)?;
    let own = pairs(call.org).filter(|(_, allowed)| *allowed == id);
    list(call, own.map(|(target, _)| target).collect())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let target = app(call, call.parameter(0))?;
    let body = call.request.object()?;
    let refuse = |cause: &str| Err(Fault::validation("Interclient Trust Mappings", &[cause]));
    let allowed = match call.org.apps.get(text(&body, "/id")) {
        Some(allowed) => allowed.clone(),
        None => return refuse("id: The app does not exist."),
    };
    let (target_id, id) = (text(&target, "/id"), text(&allowed, "/id"));
    let mode = text(&target, "/signOnMode");
    if mode != "OPENID_CONNECT" && !mode.starts_with("SAML") {
        return refuse("The target application must be an OIDC or SAML app.");
    }
    if text(&allowed, "/signOnMode") != "OPENID_CONNECT" {
        return refuse("id: The allowed app must be an OIDC app.");
    }
    if target_id == id {
        return refuse("id: An app cannot allow itself.");
    }
    if allows(call.org, target_id, id) {
        return refuse("id: The app is allowed already.");
    }
    if pairs(call.org).filter(|(t, _)| *t == target_id).count() >= MOST {
        return refuse("The target application cannot have more than 5 trusted apps.");
    }
    let now = clock::zero_millis(call.org.clock.now());
    let mapping = json!({
        "id": call.org.dice.id("itm"), "orgId": call.org.id, "appInstanceId": target_id,
        "trustedAppInstanceId": id, "created": now, "lastUpdated": now, "lastUpdatedBy": call.principal.id(),
    });
    call.org
        .shelf(TRUST)
        .put(&key(target_id, id), mapping.clone());
    Ok(Answer::json(201, &mapping))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (target, allowed) = (call.parameter(0), call.parameter(1));
    app(call, target)?;
    match call.org.shelf(TRUST).remove(&key(target, allowed)) {
        Some(_) => Ok(Answer::no_content()),
        None => Err(Fault::not_found(allowed, "InterclientTrustMapping")),
    }
}
