//! Refresh tokens, consents and clients as the Management API shows them: of an app, of an
//! authorization server's client, of a user.

use serde_json::{Value, json};

use crate::behaviour::users;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};
use crate::log::{app_target, named as target, user_target};
use crate::oauth::authority::{Consent, ORG, Refresh};
use crate::oauth::server::Server;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listOAuth2TokensForApplication"
        | "listRefreshTokensForAuthorizationServerAndClient"
        | "listRefreshTokensForUserAndClient" => list_tokens,
        "getOAuth2TokenForApplication"
        | "getRefreshTokenForAuthorizationServerAndClient"
        | "getRefreshTokenForUserAndClient" => get_token,
        "revokeOAuth2TokensForApplication"
        | "revokeRefreshTokensForAuthorizationServerAndClient"
        | "revokeTokensForUserAndClient" => revoke_tokens,
        "revokeOAuth2TokenForApplication"
        | "revokeRefreshTokenForAuthorizationServerAndClient"
        | "revokeTokenForUserAndClient" => revoke_token,
        "listOAuth2ClientsForAuthorizationServer" | "listUserClients" => list_clients,
        "listUserGrants" | "listGrantsForUserAndClient" => list_grants,
        "getUserGrant" => get_grant,
        "revokeUserGrants" | "revokeGrantsForUserAndClient" => revoke_grants,
        "revokeUserGrant" => revoke_grant,
        _ => return None,
    })
}

const PAGE: Size = Size::new(20, 200);

/// Whose tokens or consents a path is about.
#[derive(Debug, Default)]
struct Whose {
    client: Option<String>,
    server: Option<String>,
    user: Option<String>,
    /// The path of the collection of tokens or grants.
    own: String,
    /// The parameter that names one of them.
    last: usize,
}

impl Whose {
    fn fits(&self, server: &str, client: &str, user: &str) -> bool {
        let same = |wanted: &Option<String>, have: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == have)
        };
        same(&self.server, server) && same(&self.client, client) && same(&self.user, user)
    }
}

fn client(call: &Call<'_>, id: &str) -> Result<Option<String>, Fault> {
    let app = call.org.apps.get(id);
    let app = app.filter(|app| app.pointer("/settings/oauthClient").is_some());
    let app = app.ok_or_else(|| Fault::not_found(id, "PublicClientApp"))?;
    Ok(Some(text(app, "/id").to_owned()))
}

fn whose(call: &Call<'_>) -> Result<Whose, Fault> {
    let path = call.operation.path;
    let first = call.parameter(0);
    let mut whose = Whose::default();
    let kind = match path.contains("/grants") {
        true => "grants",
        false => "tokens",
    };
    let by_client = path.contains("/clients/{");
    let start = if path.starts_with("/api/v1/apps/") {
        whose.client = client(call, first)?;
        format!("/api/v1/apps/{first}")
    } else if path.starts_with("/api/v1/users/") {
        let user = users::resolve(call, first)?;
        let start = format!("/api/v1/users/{user}");
        whose.user = Some(user);
        start
    } else {
        let server = Server::stored(call.org, first, call.base())?;
        let start = format!("/api/v1/authorizationServers/{}", server.id);
        whose.server = Some(server.id);
        start
    };
    whose.own = match by_client {
        true => {
            let id = call.parameter(1);
            whose.client = client(call, id)?;
            format!("{start}/clients/{id}/{kind}")
        }
        false => format!("{start}/{kind}"),
    };
    whose.last = if by_client { 2 } else { 1 };
    Ok(whose)
}

fn time(seconds: i64) -> String {
    clock::zero_millis(jiff::Timestamp::from_second(seconds).unwrap_or_default())
}

/// The live refresh tokens, oldest first.
fn tokens(call: &Call<'_>, whose: &Whose) -> Vec<Refresh> {
    let now = call.org.clock.now().as_second();
    let all = call.org.authority.refresh.values();
    let mut own: Vec<Refresh> = all
        .filter(|t| t.rotated.is_none() && t.alive(now))
        .filter(|t| whose.fits(&t.server, &t.client_id, &t.user_id))
        .cloned()
        .collect();
    own.sort_by(|a, b| (a.issued, &a.id).cmp(&(b.issued, &b.id)));
    own
}

fn titled(href: String, title: &str) -> Value {
    json!({ "href": href, "title": title })
}

/// The links to app, client and user that tokens and consents share.
fn links(call: &Call<'_>, own: &str, client_id: &str, user_id: &str) -> Value {
    let base = call.base();
    let label = call.org.apps.get(client_id);
    let label = label.map_or("", |app| text(app, "/label"));
    let name = call.org.users.get(user_id).map(|user| {
        let part = |member: &str| text(user, &format!("/profile/{member}")).to_owned();
        format!("{} {}", part("firstName"), part("lastName"))
    });
    json!({
        "app": titled(format!("{base}/api/v1/apps/{client_id}"), label),
        "self": { "href": format!("{base}{own}") },
        "client": titled(format!("{base}/oauth2/v1/clients/{client_id}"), label),
        "user": titled(format!("{base}/api/v1/users/{user_id}"), &name.unwrap_or_default()),
    })
}

/// A scope of a server as an embedded object; the org's own have no id but their name.
fn scope(call: &Call<'_>, server: &Server, name: &str) -> Value {
    let mut defined = server.collection(call.org, "scopes");
    let Some(found) = defined.find(|s| text(s, "/name") == name) else {
        return json!({ "id": name, "name": name });
    };
    let id = text(found, "/id");
    let href = format!(
        "{}/api/v1/authorizationServers/{}/scopes/{id}",
        call.base(),
        server.id
    );
    json!({
        "id": id, "name": name, "displayName": at(found, "/displayName"),
        "description": at(found, "/description"), "_links": { "scope": titled(href, name) },
    })
}

fn token_view(call: &Call<'_>, whose: &Whose, token: &Refresh) -> Value {
    let own = format!("{}/{}", whose.own, token.id);
    let ends = [
        (token.issued, token.lifetime),
        (token.last_used, token.idle),
    ];
    let ends = ends.into_iter().filter(|(_, seconds)| *seconds > 0);
    let expires = ends.map(|(start, seconds)| start + seconds).min();
    let mut shown = json!({
        "id": token.id, "status": "ACTIVE", "created": time(token.issued),
        "lastUpdated": time(token.last_used), "expiresAt": expires.map(time),
        "clientId": token.client_id, "userId": token.user_id, "scopes": token.scopes,
        "_links": links(call, &own, &token.client_id, &token.user_id),
    });
    let revoke = json!({
        "href": format!("{}{own}", call.base()), "hints": { "allow": ["DELETE"] },
    });
    shown["_links"]["revoke"] = revoke;
    if let Ok(server) = Server::by_id(call.org, &token.server, call.base()) {
        shown["issuer"] = json!(server.issuer);
        if !server.is_org() {
            let href = format!("{}/api/v1/authorizationServers/{}", call.base(), server.id);
            shown["_links"]["authorizationServer"] = titled(href, &server.issuer);
        }
        let expand = call.request.query("expand").unwrap_or_default();
        if expand.starts_with("scope") {
            let scopes = token.scopes.iter().map(|name| scope(call, &server, name));
            shown["_embedded"] = json!({ "scopes": scopes.collect::<Vec<Value>>() });
        }
    }
    shown
}

fn list_tokens(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let own = tokens(call, &whose);
    call.list(PAGE, (0..).zip(own), |token| {
        token_view(call, &whose, &token)
    })
}

fn named_token(call: &Call<'_>, whose: &Whose) -> Result<Refresh, Fault> {
    let id = call.parameter(whose.last);
    let found = tokens(call, whose).into_iter().find(|t| t.id == id);
    found.ok_or_else(|| Fault::not_found(id, "OAuth2RefreshToken"))
}

fn get_token(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let token = named_token(call, &whose)?;
    Ok(Answer::ok(&token_view(call, &whose, &token)))
}

/// Ends sign-ins: the refresh tokens, and the access tokens that came with them.
fn revoke(call: &mut Call<'_>, tokens: &[Refresh]) -> Outcome {
    let families = tokens.iter().map(|token| token.family.as_str()).collect();
    call.org.authority.revoke_families(&families);
    for token in tokens {
        let id = token.id.as_str();
        let mut targets = vec![target("refresh_token", id, "unknown", "Refresh token")];
        targets.extend(call.org.users.get(&token.user_id).map(user_target));
        if let Ok(server) = Server::by_id(call.org, &token.server, call.base()) {
            call.log(&server.event("token.revoke"), targets);
        }
    }
    Ok(Answer::no_content())
}

fn revoke_tokens(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let own = tokens(call, &whose);
    revoke(call, &own)
}

fn revoke_token(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let token = named_token(call, &whose)?;
    revoke(call, &[token])
}

/// The consents with their clients, users and servers, oldest first.
fn consents(call: &Call<'_>, whose: &Whose) -> Vec<(String, Consent)> {
    let mut own = Vec::new();
    for (key, given) in call.org.authority.consents.iter() {
        let mut parts = key.split(' ');
        let mut part = || parts.next().unwrap_or_default();
        let (user, client, server) = (part(), part(), part());
        if whose.fits(server, client, user) {
            own.extend(given.iter().map(|c| (key.to_owned(), c.clone())));
        }
    }
    own.sort_by(|a, b| (a.1.given, &a.1.id).cmp(&(b.1.given, &b.1.id)));
    own
}

fn grant_view(call: &Call<'_>, (key, consent): &(String, Consent)) -> Value {
    let mut parts = key.split(' ');
    let mut part = || parts.next().unwrap_or_default();
    let (user, client, server) = (part(), part(), part());
    let own = format!("/api/v1/users/{user}/grants/{}", consent.id);
    let at = time(consent.given);
    let mut shown = json!({
        "id": consent.id, "status": "ACTIVE", "created": at, "lastUpdated": at,
        "clientId": client, "userId": user, "scopeId": consent.scope, "source": "END_USER",
        "_links": links(call, &own, client, user),
    });
    shown["_links"]["self"]["hints"] = json!({ "allow": ["GET", "DELETE"] });
    if let Ok(server) = Server::by_id(call.org, server, call.base()) {
        shown["issuer"] = json!(server.issuer);
        if call.request.query("expand") == Some("scope") {
            shown["_embedded"] = json!({ "scope": scope(call, &server, &consent.scope) });
        }
    }
    shown
}

fn list_grants(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let mut own = consents(call, &whose);
    if let Some(scope) = call.request.query("scopeId") {
        own.retain(|(_, consent)| consent.scope == scope);
    }
    call.list(PAGE, (0..).zip(own), |consent| grant_view(call, &consent))
}

fn named_grant(call: &Call<'_>) -> Result<(String, Consent), Fault> {
    let whose = whose(call)?;
    let id = call.parameter(whose.last);
    let found = consents(call, &whose).into_iter().find(|(_, c)| c.id == id);
    found.ok_or_else(|| Fault::not_found(id, "OAuth2ScopeConsentGrant"))
}

fn get_grant(call: &mut Call<'_>) -> Outcome {
    let grant = named_grant(call)?;
    Ok(Answer::ok(&grant_view(call, &grant)))
}

/// Takes consents back. The org's own server has no event for that.
fn withdraw(call: &mut Call<'_>, grants: &[(String, Consent)], event: &str) -> Outcome {
    for (key, consent) in grants {
        let consents = &mut call.org.authority.consents;
        if let Some(given) = consents.get_mut(key) {
            given.retain(|c| c.id != consent.id);
            if given.is_empty() {
                consents.remove(key);
            }
        }
        let mut parts = key.split(' ');
        let mut part = || parts.next().unwrap_or_default();
        let (user, client, server) = (part(), part(), part());
        if server != ORG {
            let scope = target("Scope", &consent.scope, "unknown", &consent.scope);
            let user = call.org.users.get(user).map(user_target);
            let app = call.org.apps.get(client).map(app_target);
            call.log(event, user.into_iter().chain(app).chain([scope]).collect());
        }
    }
    Ok(Answer::no_content())
}

fn revoke_grants(call: &mut Call<'_>) -> Outcome {
    let whose = whose(call)?;
    let event = match whose.client {
        Some(_) => "app.oauth2.as.consent.revoke.user.client",
        None => "app.oauth2.as.consent.revoke.user",
    };
    let own = consents(call, &whose);
    withdraw(call, &own, event)
}

fn revoke_grant(call: &mut Call<'_>) -> Outcome {
    let grant = named_grant(call)?;
    withdraw(call, &[grant], "app.oauth2.as.consent.revoke")
}

fn list_clients(call: &mut Call<'_>) -> Outcome {
    let mut whose = whose(call)?;
    let clients = whose.own.trim_end_matches("tokens").to_owned() + "clients";
    let mut ids: Vec<String> = tokens(call, &whose)
        .into_iter()
        .map(|t| t.client_id)
        .collect();
    let of_user = whose.user.is_some();
    if of_user {
        let consents = consents(call, &whose);
        let client = |(key, _): &(String, Consent)| key.split(' ').nth(1).map(str::to_owned);
        ids.extend(consents.iter().filter_map(client));
    }
    whose.own.clear();
    ids.sort();
    ids.dedup();
    let base = call.base();
    let view = |id: String| {
        let app = call.org.apps.get(&id).cloned().unwrap_or_default();
        let setting = |name: &str| at(&app, &format!("/settings/oauthClient/{name}"));
        let hinted = |what: &str| {
            let href = format!("{base}{clients}/{id}/{what}");
            json!({ "href": href, "hints": { "allow": ["GET", "DELETE"] } })
        };
        let client = format!("{base}/oauth2/v1/clients/{id}");
        let mut shown = json!({
            "client_id": id, "client_name": app["label"], "client_uri": setting("client_uri"),
            "logo_uri": setting("logo_uri"),
            "_links": { "client": titled(client, text(&app, "/label")), "tokens": hinted("tokens") },
        });
        if of_user {
            shown["_links"]["grants"] = hinted("grants");
        }
        shown
    };
    call.list(PAGE, (0..).zip(ids), view)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Consent;
    use crate::json::text;
    use crate::oauth::scene::Scene;

    #[test]
    fn consents_that_are_taken_back_are_told_of() {
        let scene = Scene::new();
        let (client, _) = scene.client("none", &json!(["authorization_code"]), &json!({}));
        let (_, servers) = scene
            .bench
            .call("GET", "/api/v1/authorizationServers", None);
        let server = text(&servers, "/0/id").to_owned();
        let give = |server: &str, ids: &[&str]| {
            let consent = |id: &&str| Consent {
                id: (*id).to_owned(),
                scope: format!("scope {id}"),
                given: 1,
            };
            let key = format!("{} {client} {server}", scene.user);
            let given = ids.iter().map(consent).collect();
            scene
                .bench
                .shared
                .org()
                .authority
                .consents
                .insert(key, given);
        };
        let events = |event: &str| {
            let org = scene.bench.shared.org();
            let all = org.log.placed();
            all.filter(|(_, one)| text(one, "/eventType") == event)
                .count()
        };
        let user = format!("/api/v1/users/{}", scene.user);
        let delete = |path: &str| {
            scene
                .bench
                .call("DELETE", &format!("{user}/{path}"), None)
                .0
        };
        give(&server, &["a", "b"]);
        give("org", &["c"]);
        assert_eq!(delete("grants/a"), 204);
        assert_eq!(events("app.oauth2.as.consent.revoke"), 1);
        assert_eq!(delete(&format!("clients/{client}/grants")), 204);
        assert_eq!(
            events("app.oauth2.as.consent.revoke.user.client"),
            1,
            "not of the org's"
        );
        give(&server, &["d", "e"]);
        assert_eq!(delete("grants"), 204);
        assert_eq!(events("app.oauth2.as.consent.revoke.user"), 2);
        let left: Value = scene.bench.call("GET", &format!("{user}/grants"), None).1;
        assert_eq!(left, json!([]));
        assert_eq!(scene.bench.shared.org().authority.consents.len(), 0);
    }
}
