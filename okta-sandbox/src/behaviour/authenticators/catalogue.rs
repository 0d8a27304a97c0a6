//! The authenticators that an org may have, by key: their types, names, methods and settings.

use serde_json::{Value, json};

/// How many of a key an org has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// One from the start, which nobody adds.
    BuiltIn,
    One,
    Many,
}

/// What is the same for all authenticators of a key.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) key: &'static str,
    pub(super) ty: &'static str,
    pub(super) name: &'static str,
    pub(super) amount: Amount,
    pub(super) methods: &'static [&'static str],
}

const fn family(
    key: &'static str,
    ty: &'static str,
    name: &'static str,
    amount: Amount,
    methods: &'static [&'static str],
) -> Family {
    Family {
        key,
        ty,
        name,
        amount,
        methods,
    }
}

use Amount::{BuiltIn, Many, One};

static FAMILIES: [Family; 17] = [
    family("okta_email", "email", "Email", BuiltIn, &["email"]),
    family(
        "okta_verify",
        "app",
        "Okta Verify",
        BuiltIn,
        &["totp", "push", "signed_nonce"],
    ),
    family(
        "okta_password",
        "password",
        "Password",
        BuiltIn,
        &["password"],
    ),
    family("phone_number", "phone", "Phone", BuiltIn, &["sms", "voice"]),
    family(
        "webauthn",
        "security_key",
        "Security Key or Biometric",
        One,
        &["webauthn"],
    ),
    family(
        "security_question",
        "security_question",
        "Security Question",
        BuiltIn,
        &["security_question"],
    ),
    family("google_otp", "app", "Google Authenticator", One, &["otp"]),
    family("duo", "app", "Duo Security", One, &["duo"]),
    family("custom_app", "app", "Custom App", Many, &["push"]),
    family("custom_otp", "security_key", "Custom OTP", Many, &["otp"]),
    family(
        "external_idp",
        "federated",
        "IdP Authenticator",
        Many,
        &["idp"],
    ),
    family(
        "smart_card_idp",
        "federated",
        "Smart Card Authenticator",
        One,
        &["cert"],
    ),
    family("onprem_mfa", "security_key", "On-Prem MFA", One, &["otp"]),
    family("rsa_token", "security_key", "RSA SecurID", One, &["otp"]),
    family("symantec_vip", "app", "Symantec VIP", One, &["otp"]),
    family("yubikey_token", "security_key", "Yubikey", One, &["otp"]),
    family("tac", "tac", "Temporary Access Code", One, &["tac"]),
];

/// Keys of a new org's authenticators, with whether they are on.
pub(super) const AT_FIRST: [(&str, bool); 7] = [
    ("okta_email", true),
    ("okta_verify", true),
    ("okta_password", true),
    ("phone_number", false),
    ("webauthn", false),
    ("security_question", true),
    ("google_otp", false),
];

pub(super) fn find(key: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.key == key)
}

/// The settings of a new authenticator; null where its key has none.
pub(super) fn settings(key: &str) -> Value {
    match key {
        "okta_email" => json!({ "allowedFor": "recovery", "tokenLifetimeInMinutes": 5 }),
        "okta_verify" => json!({
            "compliance": { "fips": "OPTIONAL" }, "userVerification": "PREFERRED", "appInstanceId": "",
            "channelBinding": { "style": "NUMBER_CHALLENGE", "required": "NEVER" },
            "userVerificationMethods": ["BIOMETRICS", "PIN"],
        }),
        "phone_number" => json!({ "allowedFor": "any" }),
        "security_question" => json!({ "allowedFor": "recovery" }),
        "custom_app" => json!({ "userVerification": "PREFERRED" }),
        "google_otp" | "duo" => json!({}),
        _ => Value::Null,
    }
}

/// The settings of a new method; null where it has none.
pub(super) fn method_settings(method: &str) -> Value {
    match method {
        "totp" => json!({
            "timeIntervalInSeconds": 30, "encoding": "Base32", "algorithm": "HMACSHA1", "passCodeLength": 6,
        }),
        "push" => json!({
            "algorithms": ["ES256", "RS256"], "keyProtection": "ANY", "transactionTypes": ["LOGIN"],
        }),
        "signed_nonce" => json!({
            "algorithms": ["ES256", "RS256"], "keyProtection": "ANY", "showSignInWithOV": "NEVER",
        }),
        "webauthn" => json!({ "userVerification": "DISCOURAGED", "attachment": "ANY" }),
        _ => Value::Null,
    }
}

/// Whether a method is on when its authenticator is new.
pub(super) fn begins_active(key: &str, method: &str) -> bool {
    match key {
        // One-time codes are the part of Okta Verify that is always there.
        "okta_verify" => method == "totp",
        "phone_number" => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn the_specification_knows_keys_types_and_methods() {
        let known = |name: &str| &schema::schema("management", name).expect(name).values;
        let base = schema::schema("management", "AuthenticatorBase").expect("authenticators");
        for family in &FAMILIES {
            let unpublished = family.key == "rsa_token";
            assert!(
                base.tagged.contains_key(family.key) || unpublished,
                "{family:?}"
            );
            assert!(known("AuthenticatorType").iter().any(|ty| ty == family.ty));
            for method in family.methods {
                assert!(known("AuthenticatorMethodType").iter().any(|m| m == method));
            }
        }
    }
}
