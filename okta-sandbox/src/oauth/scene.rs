//! A person and clients for tests of the authorization servers.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::exchange::Answer;
use crate::json::text;

pub(crate) const LOGIN: &str = "ann@example.com";
pub(crate) const SECRET: &str = "Correct1Horse";
pub(crate) const REDIRECT: &str = "https://app.example.com/callback";

/// An org with one person; the answers of its endpoints.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    pub(crate) user: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let bench = Bench::new();
        let body = json!({
            "profile": { "firstName": "Ann", "lastName": "Lee", "email": LOGIN, "login": LOGIN },
            "credentials": { "password": { "value": SECRET } },
        });
        let (status, user) = bench.call("POST", "/api/v1/users?activate=true", Some(&body));
        assert_eq!(status, 200, "{user}");
        let user = text(&user, "/id").to_owned();
        Self { bench, user }
    }

    /// A client that everybody may use, with a proof of itself and more settings.
    pub(crate) fn client(&self, method: &str, grants: &Value, more: &Value) -> (String, String) {
        let mut settings = json!({
            "application_type": "web", "grant_types": grants, "response_types": ["code"],
            "redirect_uris": [REDIRECT],
        });
        crate::json::merge(&mut settings, more);
        let body = json!({
            "name": "oidc_client", "label": "Client", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
            "settings": { "implicitAssignment": true, "oauthClient": settings },
        });
        let (status, app) = self.bench.call("POST", "/api/v1/apps", Some(&body));
        assert_eq!(status, 200, "{app}");
        let secret = text(&app, "/credentials/oauthClient/client_secret");
        (text(&app, "/id").to_owned(), secret.to_owned())
    }

    /// A form sent to an endpoint.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let media = "application/x-www-form-urlencoded";
        let answer = self.bench.with(&[], "POST", path, media, form.into_bytes());
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, body)
    }

    /// The person's tokens by password.
    pub(crate) fn by_password(&self, path: &str, client: (&str, &str), scope: &str) -> Value {
        let (status, tokens) = self.post(
            path,
            &[
                ("grant_type", "password"),
                ("client_id", client.0),
                ("client_secret", client.1),
                ("username", LOGIN),
                ("password", SECRET),
                ("scope", scope),
            ],
        );
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    /// A browser's request.
    pub(crate) fn browse(&self, cookie: &str, target: &str) -> Answer {
        let lines = [("cookie", cookie)];
        self.bench.with(&lines, "GET", target, "", Vec::new())
    }

    /// The cookie of a browser in which the person has signed in.
    pub(crate) fn sign_in(&self) -> String {
        let body = json!({ "username": LOGIN, "password": SECRET });
        let (_, answer) = self.bench.call("POST", "/api/v1/authn", Some(&body));
        let token = text(&answer, "/sessionToken");
        let target =
            format!("/login/sessionCookieRedirect?token={token}&redirectUrl=/app/UserHome");
        let answer = self.browse("", &target);
        let cookie = header(&answer, "set-cookie").split(';').next();
        cookie.unwrap_or_default().to_owned()
    }

    /// Whether the person's lifecycle takes a step.
    pub(crate) fn step(&self, verb: &str) {
        let target = format!("/api/v1/users/{}/lifecycle/{verb}", self.user);
        assert_eq!(self.bench.call("POST", &target, None).0, 200, "{verb}");
    }
}

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let found = answer.headers.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value)
}
