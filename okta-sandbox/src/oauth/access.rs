//! Who calls a resource, and whether the token's scopes suffice.

use super::authority::{Grant, ORG};
use super::dpop::{self, Expected, Refusal};
use super::jwt::{ALGORITHMS, Jwt};
use super::scopes;
use super::server::Server;
use super::sign_in::is_active;
use crate::behaviour::api_services;
use crate::exchange::{Request, form_pairs};
use crate::fault::Fault;
use crate::json::text;
use crate::limits::Share;
use crate::org::Org;
use crate::table::Operation;

/// The authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Nobody: a public operation.
    Anonymous,
    /// The owner of an API token.
    Token { user_id: String, token_id: String },
    /// A service app.
    Client { client_id: String, token_id: String },
    /// A signed-in user, through a client or at a page.
    User { user_id: String, client_id: String },
}

impl Principal {
    /// The id of the user or the client; blank for nobody.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Anonymous => "",
            Self::Token { user_id, .. } | Self::User { user_id, .. } => user_id,
            Self::Client { client_id, .. } => client_id,
        }
    }
}

/// Writes `WWW-Authenticate` in the service's own forms.
struct Challenge<'a> {
    scheme: &'static str,
    request: &'a Request,
    operation: &'a Operation,
}

impl Challenge<'_> {
    fn fault(&self, status: u16, error: &str, description: &str) -> Fault {
        let host = self.request.host();
        let scope = self.operation.scopes.first().copied().unwrap_or_default();
        let path = &self.request.path;
        // Governance services close the first parameter with two stray quotes.
        let stray = if self.operation.api == "governance" {
            "\"\""
        } else {
            ""
        };
        let algorithms = match self.scheme {
            "DPoP" => format!("algs=\"{}\", ", ALGORITHMS.join(" ")),
            _ => String::new(),
        };
        let header = format!(
            "{} {algorithms}authorization_uri=\"http://{host}/oauth2/v1/authorize\"{stray}, \
             realm=\"http://{host}\", scope=\"{scope}\", error=\"{error}\", \
             error_description=\"{description}\", resource=\"{path}\"",
            self.scheme
        );
        Fault::challenge(status, header)
    }
}

/// Splits `Authorization` into scheme and credentials; `SSWS` may lack the space.
fn credentials(header: &str) -> Option<(&'static str, &str)> {
    for scheme in ["SSWS", "Bearer", "DPoP"] {
        let Some(head) = header.get(..scheme.len()) else {
            continue;
        };
        let rest = &header[scheme.len()..];
        let fits = rest.starts_with(' ') || scheme == "SSWS";
        if head.eq_ignore_ascii_case(scheme) && fits {
            return Some((scheme, rest.trim()));
        }
    }
    None
}

/// The scheme of a request's `Authorization`, for the journal.
pub(crate) fn scheme(request: &Request) -> Option<&'static str> {
    credentials(request.header("authorization")?).map(|(scheme, _)| scheme)
}

/// The caller whose share of the rate limits a request uses. Credentials are not checked yet.
pub(crate) fn share(org: &Org, request: &Request) -> Option<Share> {
    let principal = match request.header("authorization").map(credentials) {
        Some(Some(("SSWS", token))) => org.api_tokens.get(token).map(|(id, _)| id.clone())?,
        Some(Some((_, token))) => {
            let now = org.clock.now().as_second();
            org.authority.grant(token, now)?.client_id.clone()
        }
        Some(None) | None if request.path.ends_with("/v1/token") => {
            let pairs = form_pairs(&String::from_utf8_lossy(&request.body));
            let field = |name: &str| {
                pairs
                    .iter()
                    .find(|(k, _)| k == name)
                    .map(|(_, v)| v.as_str())
            };
            let assertion = field("client_assertion").and_then(Jwt::parse);
            match assertion.as_ref().and_then(|jwt| jwt.claim("iss")) {
                Some(issuer) => issuer.to_owned(),
                None => field("client_id")?.to_owned(),
            }
        }
        Some(None) | None => return None,
    };
    let limits = org.shelves.get("/api/v1/principal-rate-limits");
    let mut limits = limits.into_iter().flat_map(|shelf| shelf.values());
    let own = limits.find(|l| l["principalId"] == principal.as_str());
    let percent = own.and_then(|l| l["defaultPercentage"].as_u64());
    Some(Share {
        percent: percent.and_then(|p| u32::try_from(p).ok()),
        principal,
    })
}

/// True if a request comes with a token that the org knows.
pub(crate) fn is_known(org: &Org, request: &Request) -> bool {
    match request.header("authorization").and_then(credentials) {
        Some(("SSWS", token)) => org.api_tokens.get(token).is_some(),
        Some((_, token)) => {
            let now = org.clock.now().as_second();
            org.authority.grant(token, now).is_some()
        }
        None => false,
    }
}

/// Finds the caller and checks scopes.
pub(crate) fn admit(
    org: &mut Org,
    request: &Request,
    operation: &Operation,
) -> Result<Principal, Fault> {
    if operation.public {
        return Ok(Principal::Anonymous);
    }
    let Some(header) = request.header("authorization") else {
        return Err(Fault::code("E0000005", &[]));
    };
    match credentials(header) {
        Some(("SSWS", _)) if operation.api == "oauth" && operation.scopes == ["openid"] => {
            let text = "The access token is invalid.";
            Err(refuse(request, operation, 401, "invalid_token", text))
        }
        Some(("SSWS", token)) => api_token(org, token),
        Some((scheme, token)) => access_token(org, request, operation, scheme, token),
        None => Err(Fault::code("E0000005", &[])),
    }
}

fn api_token(org: &Org, token: &str) -> Result<Principal, Fault> {
    let may_act = |user: &str| {
        let user = org.users.get(user);
        user.is_some_and(|u| !matches!(text(u, "/status"), "SUSPENDED" | "DEPROVISIONED"))
    };
    match org.api_tokens.get(token) {
        Some((token_id, user_id)) if may_act(user_id) => Ok(Principal::Token {
            user_id: user_id.clone(),
            token_id: token_id.clone(),
        }),
        _ => Err(Fault::code("E0000011", &[])),
    }
}

fn access_token(
    org: &mut Org,
    request: &Request,
    operation: &Operation,
    scheme: &'static str,
    token: &str,
) -> Result<Principal, Fault> {
    let challenge = Challenge {
        scheme,
        request,
        operation,
    };
    let now = org.clock.now().as_second();
    let grant = org.authority.grant(token, now).cloned();
    let grant = grant
        .filter(|g| is_client_active(org, &g.client_id))
        .ok_or_else(|| challenge.fault(401, "invalid_token", "The access token is invalid."))?;
    if grant.server != expected_server(org, request, operation) {
        let text = "The access token provided has an invalid issuer.";
        return Err(challenge.fault(401, "invalid_token", text));
    }
    match (scheme, &grant.bound_to) {
        ("Bearer", Some(_)) => {
            let text = "The resource request requires a DPoP proof.";
            return Err(challenge.fault(400, "invalid_request", text));
        }
        ("DPoP", None) => {
            let text = "The presented access_token is not DPoP bound.";
            return Err(challenge.fault(401, "invalid_token", text));
        }
        ("DPoP", Some(bound_to)) => proof(org, request, &challenge, token, bound_to, now)?,
        _ => {}
    }
    let missing = operation.scopes.iter().any(|needed| {
        !grant
            .scopes
            .iter()
            .any(|have| scopes::satisfies(have, needed))
    });
    if missing {
        let text = "The access token provided does not contain the required scopes.";
        return Err(challenge.fault(403, "insufficient_scope", text));
    }
    match grant.user_id {
        None => Ok(Principal::Client {
            client_id: grant.client_id,
            token_id: grant.token_id,
        }),
        Some(user_id) if is_active(org, &user_id) => Ok(Principal::User {
            user_id,
            client_id: grant.client_id,
        }),
        Some(_) => Err(challenge.fault(401, "invalid_token", "The access token is invalid.")),
    }
}

/// True if a client may act: an active app, or an API service integration.
pub(super) fn is_client_active(org: &Org, id: &str) -> bool {
    org.apps
        .get(id)
        .is_some_and(|app| app["status"] == "ACTIVE")
        || api_services::find(org, id).is_some()
}

/// The server whose tokens an operation takes: a custom one's userinfo takes its own only.
fn expected_server(org: &Org, request: &Request, operation: &Operation) -> String {
    let named = request
        .segments
        .get(1)
        .filter(|_| operation.path.starts_with("/oauth2/{"));
    let server = named.and_then(|id| Server::stored(org, id, "").ok());
    server.map_or_else(|| ORG.to_owned(), |s| s.id)
}

/// What the access token of a request allows, if it has a live one.
pub(crate) fn presented<'o>(org: &'o Org, request: &Request) -> Option<&'o Grant> {
    let (_, token) = credentials(request.header("authorization")?)?;
    org.authority.grant(token, org.clock.now().as_second())
}

/// A refusal in the form of the request's scheme.
pub(crate) fn refuse(
    request: &Request,
    operation: &Operation,
    status: u16,
    error: &str,
    description: &str,
) -> Fault {
    let scheme = match scheme(request) {
        Some("DPoP") => "DPoP",
        _ => "Bearer",
    };
    let challenge = Challenge {
        scheme,
        request,
        operation,
    };
    challenge.fault(status, error, description)
}

fn proof(
    org: &mut Org,
    request: &Request,
    challenge: &Challenge<'_>,
    token: &str,
    bound_to: &str,
    now: i64,
) -> Result<(), Fault> {
    let refused = |text: &str| challenge.fault(400, "invalid_dpop_proof", text);
    if request.headers.get_all("dpop").iter().count() > 1 {
        return Err(refused("Multiple DPoP proof JWT headers are not allowed."));
    }
    let Some(proof) = request.header("dpop") else {
        return Err(refused("The DPoP proof JWT header is missing."));
    };
    let url = format!("{}{}", request.base, request.path);
    let expected = Expected {
        method: &request.method,
        url: &url,
        token: Some(token),
        nonce: org.settings.dpop_nonce_at_resources,
        now,
    };
    match dpop::check(&mut org.authority, proof, &expected) {
        Ok(thumbprint) if thumbprint == bound_to => Ok(()),
        Ok(_) => Err(refused(
            "The access_token is not bound to the provided DPoP proof.",
        )),
        Err(Refusal::Invalid(text)) => Err(refused(&text)),
        Err(Refusal::Nonce) => {
            let header = "DPoP error=\"use_dpop_nonce\", \
                          error_description=\"Authorization server requires nonce in DPoP proof\"";
            let nonce = org.authority.nonce(now);
            Err(Fault::challenge(400, header.to_owned()).with_nonce(&nonce))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::credentials;

    #[test]
    fn schemes() {
        assert_eq!(credentials("SSWS 00a"), Some(("SSWS", "00a")));
        assert_eq!(credentials("SSWS00a"), Some(("SSWS", "00a")));
        assert_eq!(credentials("bearer x"), Some(("Bearer", "x")));
        assert_eq!(credentials("Bearerx"), None);
        assert_eq!(credentials("Basic eA=="), None);
    }
}
