//! What the facts do not say about collections: prefixes of ids, the types that a 404 names,
//! first statuses.

use crate::table::Operation;

/// Prefix of ids by the last literal segment of the collection.
const PREFIXES: &[(&str, &str)] = &[
    ("api-tokens", "00T"),
    ("jwks", "pks"),
    ("mappings", "gPm"),
    ("tokens", "oar"),
    ("grants", "oag"),
    ("themes", "the"),
    ("customizations", "oel"),
    ("devices", "guo"),
    ("domains", "OcD"),
    ("email-domains", "OeD"),
    ("features", "ftr"),
    ("hook-keys", "HKY"),
    ("sessions", "aps"),
    ("factors", "fac"),
    ("authenticator-enrollments", "aen"),
    ("assignments", "cas"),
    ("integrations", "int"),
    ("security-access-reviews", "sar"),
    ("cases", "cas"),
];

/// The type that a 404 names, by the last literal segment of the collection.
const MISSING: &[(&str, &str)] = &[
    ("apps", "AppInstance"),
    ("identity-sources", "AppInstance"),
    ("users", "User"),
    ("groups", "UserGroup"),
    ("api-tokens", "Token"),
    ("devices", "Device"),
    ("sessions", "AppSession"),
    ("clients", "PublicClientApp"),
    ("policies", "Policy"),
    ("rules", "PolicyRule"),
    ("authorizationServers", "AuthorizationServer"),
    ("brands", "Brand"),
    ("idps", "IdpTrust"),
    ("eventHooks", "Webhook"),
    ("inlineHooks", "InlineHook"),
    ("tokens", "OAuth2RefreshToken"),
    ("grants", "OAuth2ScopeConsentGrant"),
    ("domains", "Domain"),
    ("email-domains", "EmailDomain"),
    ("hook-keys", "HookKey"),
    ("features", "Feature"),
    ("authenticators", "Authenticator"),
    ("factors", "UserFactor"),
];

/// The last literal segment of a path template.
pub(super) fn word(path: &str) -> &str {
    path.rsplit('/')
        .find(|s| !s.starts_with('{'))
        .unwrap_or_default()
}

/// The prefix of ids in a collection.
pub(super) fn prefix(collection: &str) -> String {
    let word = word(collection);
    match PREFIXES.iter().find(|(name, _)| *name == word) {
        Some((_, prefix)) => (*prefix).to_owned(),
        None => {
            let letters = word.chars().filter(char::is_ascii_alphabetic);
            let prefix: String = letters.map(|c| c.to_ascii_lowercase()).take(3).collect();
            format!("{prefix:x<3}")
        }
    }
}

/// The type that a 404 names.
pub(super) fn missing(collection: &str, schema: Option<&str>) -> String {
    let word = word(collection);
    match MISSING.iter().find(|(name, _)| *name == word) {
        Some((_, name)) => (*name).to_owned(),
        None => schema.unwrap_or("Resource").to_owned(),
    }
}

/// Statuses that new objects have although others stand first, or ACTIVE is one.
pub(super) fn first_status(collection: &str) -> Option<&'static str> {
    match word(collection) {
        "sessions" => Some("CREATED"),
        _ => None,
    }
}

/// Why the engine leaves an operation alone: what it answers is no matter of stored objects.
pub(super) fn left_out(operation: &Operation) -> Option<&'static str> {
    let path = operation.path;
    if operation.api == "oauth" {
        let stored = path.starts_with("/oauth2/v1/clients");
        return (!stored).then_some("a protocol step of signing in, not a resource");
    }
    if path.ends_with("/summary") {
        return Some(
            "its answer is the outcome of an evaluation by a model or rules, not stored data",
        );
    }
    if path.starts_with("/webauthn-registration/") {
        return Some("needs what a maker of security keys encrypts to the org");
    }
    None
}

/// Collections whose objects keep what a replace leaves out.
pub(super) fn keeps(collection: &str) -> bool {
    word(collection) == "themes"
}
