//! The org as a receiver of security event tokens (RFC 8417, pushed by RFC 8935): providers that it
//! knows tell what happened to its people elsewhere.

mod providers;
mod react;

use serde_json::{Value, json};

pub(crate) use providers::before;

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::json::text;
use crate::log::{Actor, named};
use crate::oauth::jwt::{ALGORITHMS, Jwt};
use crate::schema::{self, Fullness, Type};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    (id == "publishSecurityEventTokens").then_some(receive as Handler)
}

/// Why a token is not taken: the code of RFC 8935, section 2.4, and words for people.
struct Refusal(&'static str, String);

fn refuse<T>(code: &'static str, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(code, text.into()))
}

fn receive(call: &mut Call<'_>) -> Outcome {
    let received = verified(call);
    Ok(match received {
        Ok((provider, token)) => {
            let target = named(
                "SecurityEventsProvider",
                text(&provider, "/id"),
                "unknown",
                text(&provider, "/name"),
            );
            react::to(call, &target, &token.claims["events"]);
            Answer::empty(202)
        }
        Err(Refusal(code, description)) => {
            Answer::json(400, &json!({ "err": code, "description": description }))
        }
    })
}

/// The provider and its token, once everything about it was checked.
fn verified(call: &mut Call<'_>) -> Result<(Value, Jwt), Refusal> {
    let media = call.request.header("content-type").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/secevent+jwt") {
        return refuse(
            "invalid_request",
            "The content type must be application/secevent+jwt.",
        );
    }
    let token = str::from_utf8(&call.request.body).ok();
    let Some(token) = token.and_then(|token| Jwt::parse(token.trim())) else {
        return refuse(
            "invalid_request",
            "The body is not a signed security event token.",
        );
    };
    let kind = token.header("typ").unwrap_or_default();
    if !kind.eq_ignore_ascii_case("secevent+jwt") {
        return refuse(
            "invalid_request",
            "The 'typ' of the token must be secevent+jwt.",
        );
    }
    let now = call.org.clock.now().as_second();
    let issuer = token.claim("iss").unwrap_or_default();
    let Some(provider) = providers::by_issuer(call.org, issuer, now) else {
        return refuse(
            "invalid_issuer",
            format!("No active security events provider has the issuer '{issuer}'."),
        );
    };
    if !is_for(&token.claims["aud"], call.base()) {
        return refuse(
            "invalid_audience",
            format!("The audience of the token must be {}.", call.base()),
        );
    }
    let keys = providers::keys(call.org, &provider, now);
    let kid = token.header("kid").unwrap_or_default();
    let Some(key) = keys.iter().find(|key| text(key, "/kid") == kid) else {
        return refuse(
            "invalid_key",
            format!("The provider does not publish a key '{kid}'."),
        );
    };
    let known = token
        .header("alg")
        .is_some_and(|alg| ALGORITHMS.contains(&alg));
    if !known || !token.signed_by(key) {
        return refuse(
            "authentication_failed",
            "The signature of the token can't be verified.",
        );
    }
    check_claims(&token, now)?;
    Ok((provider, token))
}

/// Whether an audience, one or several, is the org.
fn is_for(audience: &Value, base: &str) -> bool {
    let is_own = |one: &Value| {
        one.as_str()
            .is_some_and(|one| one.trim_end_matches('/') == base)
    };
    match audience {
        Value::Array(several) => several.iter().any(is_own),
        one => is_own(one),
    }
}

fn check_claims(token: &Jwt, now: i64) -> Result<(), Refusal> {
    let refused = |what: &str| {
        let beginning = "Failed claim validation in security event token.";
        refuse("invalid_request", format!("{beginning} {what}"))
    };
    let ty = Type::Named("SecurityEventTokenRequestJwtBody".to_owned());
    if let Err(fault) = schema::check("management", &ty, &token.claims, Fullness::Whole) {
        return refused(&fault.text());
    }
    if token.seconds("iat").is_none_or(|at| at > now + SKEW) {
        return refused("'iat': The token is issued in the future.");
    }
    let events = token.claims["events"].as_object();
    if events.is_none_or(|events| !events.keys().any(|event| react::is_known(event))) {
        return refused("'events': There is no event that is supported.");
    }
    Ok(())
}

/// Seconds that clocks may differ.
const SKEW: i64 = 300;
