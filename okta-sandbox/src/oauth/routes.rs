//! Which behaviour answers what: published operations by id, pages by path.

use super::{approvals, authorize, ciba, device, direct, sign_in, token, tokens, wellknown};
use crate::call::Handler;
use crate::exchange::Request;
use crate::table::Operation;

/// The behaviour of a published operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "token" | "tokenCustomAS" => token::token,
        "authorize" | "authorizeWithPost" | "authorizeCustomAS" | "authorizeCustomASWithPost" => {
            authorize::authorize
        }
        "par" | "parCustomAS" => authorize::par,
        "bcAuthorize" | "bcAuthorizeCustomAS" => ciba::authorize,
        "primary-authenticate"
        | "primary-authenticate-custom-as"
        | "oob-authenticate"
        | "oob-authenticate-custom-as" => direct::primary,
        "challenge" | "challenge-custom-as" => direct::challenge,
        "deviceAuthorize" | "deviceAuthorizeCustomAS" => device::authorize,
        "introspect" | "introspectCustomAS" => tokens::introspect,
        "revoke" | "revokeCustomAS" => tokens::revoke,
        "userinfo" | "userinfoCustomAS" => tokens::userinfo,
        "logout" | "logoutWithPost" | "logoutCustomAS" | "logoutCustomASWithPost" => tokens::logout,
        "globalTokenRevocation" => tokens::revoke_everywhere,
        "oauthKeys" | "oauthKeysCustomAS" => wellknown::keys,
        "getWellknownOrgMetadata" => wellknown::organization,
        "getWellKnownOpenIDConfiguration"
        | "getWellKnownOpenIDConfigurationCustomAS"
        | "getWellKnownOAuthConfigurationCustomAS" => wellknown::metadata,
        "listAuthorizationServerKeys" => wellknown::list_server_keys,
        "getAuthorizationServerKey" => wellknown::get_server_key,
        "rotateAuthorizationServerKeys" => wellknown::rotate_server_keys,
        _ => return None,
    })
}

/// Paths that no specification lists. `{…}` stands for one segment.
const PAGES: [(&str, &str, &str, Handler); 17] = [
    ("GET", "/login/login.htm", "signInPage", sign_in::page),
    ("POST", "/login/login.htm", "signIn", sign_in::submit),
    ("GET", "/login/signout", "signOut", sign_in::sign_out),
    (
        "GET",
        "/login/sessionCookieRedirect",
        "sessionCookieRedirect",
        sign_in::cookie_redirect,
    ),
    ("GET", "/app/UserHome", "userHome", sign_in::home),
    (
        "POST",
        "/api/v1/authn",
        "primaryAuthentication",
        sign_in::primary,
    ),
    (
        "GET",
        "/oauth2/v1/authorize/redirect",
        "authorizeRedirect",
        authorize::redirect,
    ),
    (
        "POST",
        "/oauth2/v1/authorize/consent",
        "authorizeConsent",
        authorize::consent,
    ),
    (
        "GET",
        "/oauth2/{authorizationServerId}/v1/authorize/redirect",
        "authorizeRedirectCustomAS",
        authorize::redirect,
    ),
    (
        "POST",
        "/oauth2/{authorizationServerId}/v1/authorize/consent",
        "authorizeConsentCustomAS",
        authorize::consent,
    ),
    ("GET", "/app/approvals", "approvalsPage", approvals::page),
    ("POST", "/app/approvals", "approve", approvals::submit),
    ("GET", "/activate", "activatePage", device::page),
    ("POST", "/activate", "activate", device::submit),
    (
        "GET",
        "/.well-known/oauth-authorization-server",
        "getWellKnownOAuthConfiguration",
        wellknown::metadata,
    ),
    (
        "POST",
        "/oauth2/v1/userinfo",
        "userinfoWithPost",
        tokens::userinfo,
    ),
    (
        "POST",
        "/oauth2/{authorizationServerId}/v1/userinfo",
        "userinfoCustomASWithPost",
        tokens::userinfo,
    ),
];

static OPERATIONS: [Operation; PAGES.len()] = operations();

const fn operations() -> [Operation; PAGES.len()] {
    const EMPTY: Operation = Operation {
        id: "",
        method: "",
        path: "",
        api: "oauth",
        scopes: &[],
        public: true,
        paged: false,
        success: 200,
        identity_engine: false,
    };
    let mut all = [EMPTY; PAGES.len()];
    let mut at = 0;
    while at < PAGES.len() {
        all[at].method = PAGES[at].0;
        all[at].path = PAGES[at].1;
        all[at].id = PAGES[at].2;
        // The two that need a token.
        if at >= PAGES.len() - 2 {
            all[at].public = false;
            all[at].scopes = &["openid"];
        }
        at += 1;
    }
    all
}

/// The page, its parameters and its behaviour, if a request is for one.
pub(crate) fn page(request: &Request) -> Option<(&'static Operation, Vec<String>, Handler)> {
    OPERATIONS.iter().zip(PAGES).find_map(|(operation, page)| {
        let mut parameters = Vec::new();
        let mut have = request.segments.iter();
        for want in operation.path.split('/').skip(1) {
            match have.next() {
                Some(segment) if want.starts_with('{') => parameters.push(segment.clone()),
                Some(segment) if want == segment => {}
                _ => return None,
            }
        }
        let fits = have.next().is_none() && operation.method == request.method;
        fits.then_some((operation, parameters, page.3))
    })
}
