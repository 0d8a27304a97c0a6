//! OAuth endpoints of the stand-in.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use url::Url;

use super::org::{Code, Org, Refresh, Session};
use super::{Answer, answer, assertion, text};
use crate::oauth::challenge;

/// Client id of the stand-in's connected app.
pub const CLIENT_ID: &str = "3MVG9standin";
/// Its secret.
pub const CLIENT_SECRET: &str = "standin-secret";
/// Its callback URL.
pub const REDIRECT_URI: &str = "https://oauth.workflows.example/callback";

pub(super) fn get<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields
        .iter()
        .find(|(found, _)| found == name)
        .map_or("", |(_, value)| value)
}

fn error(code: &str, description: &str) -> Answer {
    answer(
        StatusCode::BAD_REQUEST,
        json!({"error": code, "error_description": description}),
    )
}

/// The admin signs in and agrees at once.
pub(super) fn authorize(org: &mut Org, query: &[(String, String)]) -> Answer {
    let redirect = get(query, "redirect_uri");
    if get(query, "client_id") != CLIENT_ID || redirect != REDIRECT_URI {
        // An error page, no redirect: the app cannot be trusted.
        return text(StatusCode::BAD_REQUEST, "redirect_uri_mismatch");
    }
    let scope = get(query, "scope").to_owned();
    let known = [
        "api",
        "web",
        "full",
        "refresh_token",
        "offline_access",
        "openid",
    ];
    let mut back = match Url::parse(redirect) {
        Ok(back) => back,
        Err(_) => return text(StatusCode::BAD_REQUEST, "redirect_uri_mismatch"),
    };
    if scope.split_whitespace().any(|one| !known.contains(&one)) {
        back.query_pairs_mut()
            .append_pair("error", "invalid_scope")
            .append_pair("state", get(query, "state"));
    } else {
        let code = format!("aPrx{}==", org.next());
        let user = org
            .records
            .get("User")
            .and_then(|users| users.keys().next().cloned())
            .unwrap_or_default();
        org.codes.insert(
            code.clone(),
            Code {
                redirect_uri: redirect.to_owned(),
                challenge: Some(get(query, "code_challenge").to_owned())
                    .filter(|text| !text.is_empty()),
                scope,
                user,
            },
        );
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", get(query, "state"));
    }
    Answer {
        location: Some(back.to_string()),
        ..text(StatusCode::FOUND, "")
    }
}

pub(super) fn token(
    org: &mut Org,
    form: &[(String, String)],
    login: &str,
    instance: &str,
) -> Answer {
    let grant = get(form, "grant_type");
    if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return match assertion::user(org, get(form, "assertion"), login) {
            Ok(user) => issue(org, &user, "api", None, None, instance),
            Err((code, description)) => error(code, description),
        };
    }
    if get(form, "client_id") != CLIENT_ID {
        return error("invalid_client_id", "client identifier invalid");
    }
    if get(form, "client_secret") != CLIENT_SECRET {
        return error("invalid_client", "invalid client credentials");
    }
    match grant {
        "authorization_code" => {
            let Some(code) = org.codes.remove(get(form, "code")) else {
                return error("invalid_grant", "invalid authorization code");
            };
            if code.redirect_uri != get(form, "redirect_uri") {
                return error(
                    "redirect_uri_mismatch",
                    "redirect_uri must match configuration",
                );
            }
            let verifier = get(form, "code_verifier");
            if code
                .challenge
                .is_some_and(|wanted| challenge(verifier) != wanted)
            {
                return error("invalid_grant", "invalid code verifier");
            }
            let refreshes = code
                .scope
                .split_whitespace()
                .any(|one| matches!(one, "refresh_token" | "offline_access"));
            let refresh = refreshes.then(|| {
                let token = format!("5Aep{}", org.next());
                let kept = Refresh {
                    user: code.user.clone(),
                    scope: code.scope.clone(),
                };
                org.refreshes.insert(token.clone(), kept);
                token
            });
            issue(
                org,
                &code.user,
                &code.scope,
                refresh.as_deref(),
                refresh.as_deref(),
                instance,
            )
        }
        "refresh_token" => {
            let token = get(form, "refresh_token").to_owned();
            let Some(found) = org.refreshes.get(&token).cloned() else {
                return error("invalid_grant", "expired access/refresh token");
            };
            let active = org
                .records
                .get("User")
                .and_then(|users| users.get(&found.user))
                .is_some_and(|user| user["IsActive"] == true);
            if !active {
                return error("inactive_user", "user is inactive");
            }
            if !org.switches.rotate_refresh_tokens {
                return issue(org, &found.user, &found.scope, Some(&token), None, instance);
            }
            org.refreshes.remove(&token);
            let fresh = format!("5Aep{}", org.next());
            org.refreshes.insert(fresh.clone(), found.clone());
            issue(
                org,
                &found.user,
                &found.scope,
                Some(&fresh),
                Some(&fresh),
                instance,
            )
        }
        _ => error("unsupported_grant_type", "grant type not supported"),
    }
}

fn issue(
    org: &mut Org,
    user: &str,
    scope: &str,
    refresh: Option<&str>,
    shown: Option<&str>,
    instance: &str,
) -> Answer {
    let token = format!("00DHs0000000001!AQ{}", org.next());
    let until = org.now() + SignedDuration::from_secs(org.switches.token_seconds);
    org.sessions.insert(
        token.clone(),
        Session {
            user: user.to_owned(),
            until,
            refresh: refresh.map(str::to_owned),
        },
    );
    let mut body = json!({
        "access_token": token, "instance_url": instance, "id": format!("{instance}/id/00DHs0000000001MAA/{user}"),
        "token_type": "Bearer", "issued_at": org.now().as_millisecond().to_string(), "signature": "c3RhbmRpbg==",
        "scope": scope,
    });
    if let Some(shown) = shown {
        body["refresh_token"] = shown.into();
    }
    answer(StatusCode::OK, body)
}

pub(super) fn revoke(org: &mut Org, form: &[(String, String)]) -> Answer {
    let token = get(form, "token");
    if org.refreshes.remove(token).is_some() {
        org.sessions
            .retain(|_, session| session.refresh.as_deref() != Some(token));
        return text(StatusCode::OK, "");
    }
    match org.sessions.remove(token) {
        Some(_) => text(StatusCode::OK, ""),
        None => answer(StatusCode::BAD_REQUEST, json!({"error": "invalid_token"})),
    }
}

pub(super) fn userinfo(org: &Org, token: &str) -> Answer {
    let session = org
        .sessions
        .get(token)
        .filter(|session| session.until > org.now());
    match session {
        Some(session) => {
            let user = org
                .records
                .get("User")
                .and_then(|users| users.get(&session.user));
            let username = user.map(|user| user["Username"].clone());
            answer(
                StatusCode::OK,
                json!({"user_id": session.user, "organization_id": "00DHs0000000001MAA", "preferred_username": username, "active": true}),
            )
        }
        None => text(StatusCode::FORBIDDEN, "Bad_OAuth_Token"),
    }
}
