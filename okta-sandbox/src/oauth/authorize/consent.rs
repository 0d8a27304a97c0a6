//! What a user agrees to.

use super::*;
use crate::oauth::authority::Consent;

/// `POST …/v1/authorize/consent`: the form of the consent page.
pub(crate) fn consent(call: &mut Call<'_>) -> Outcome {
    let form = Form::of(&call.request.body)?;
    let key = form.get("okta_key").unwrap_or_default().to_owned();
    let (server, request, _) = match resume(call, &key) {
        Ok(resumed) => resumed,
        Err(answer) => return Ok(answer),
    };
    let Some((_, session)) = sign_in::session(call) else {
        return Ok(sign_in_page(&server, &request, &key));
    };
    if form.get("consent") != Some("allow") {
        call.org.authority.pending.remove(&hashed(&key));
        let refusal = request.refuse("access_denied", "The resource owner denied the request.");
        return Ok(refused(call, &server, refusal));
    }
    let place = consent_key(&session.user_id, request.client_id(), &server.id);
    let mut given = call
        .org
        .authority
        .consents
        .get(&place)
        .cloned()
        .unwrap_or_default();
    for scope in &request.scopes {
        if !given.iter().any(|c| c.scope == *scope) {
            given.push(Consent {
                id: call.org.dice.id("oag"),
                scope: scope.clone(),
                given: call.org.clock.now().as_second(),
            });
        }
    }
    call.org.authority.consents.insert(place, given);
    if let Some(pending) = call.org.authority.pending.get_mut(&hashed(&key)) {
        pending.consented = true;
    }
    let target = vec![app_target(&request.client)];
    call.log(&server.event("consent.grant"), target);
    let target = format!("{}/v1/authorize/redirect?okta_key={key}", server.prefix);
    Ok(pages::redirect(&target))
}

pub(super) fn consent_key(user: &str, client: &str, server: &str) -> String {
    format!("{user} {client} {server}")
}

/// The scopes that the user must still agree to.
pub(super) fn unconsented(
    call: &Call<'_>,
    server: &Server,
    request: &Request,
    user: &str,
) -> Vec<String> {
    if text(&request.client, "/settings/oauthClient/consent_method") != "REQUIRED" {
        return Vec::new();
    }
    let place = consent_key(user, request.client_id(), &server.id);
    let given = call.org.authority.consents.get(&place);
    let needs = |scope: &str| {
        let mut defined = server.collection(call.org, "scopes");
        match defined.find(|s| text(s, "/name") == scope) {
            Some(defined) => matches!(text(defined, "/consent"), "REQUIRED" | "FLEXIBLE"),
            // The scopes of the org's own APIs were granted by an admin.
            None => !server.is_org() || scopes::is_openid(scope),
        }
    };
    let mut missing = request.scopes.clone();
    missing.retain(|s| s != "openid" && needs(s));
    missing.retain(|s| {
        request.prompts("consent") || !given.is_some_and(|g| g.iter().any(|c| c.scope == *s))
    });
    missing
}
