//! What the service adds to policies and rules of each type.

use serde_json::{Value, json};

/// Settings that a policy of a type has when none are given.
pub(super) fn settings(kind: &str) -> Option<Value> {
    match kind {
        "PASSWORD" => Some(json!({
            "password": {
                "complexity": {
                    "minLength": 8, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1, "minSymbol": 0,
                    "excludeUsername": true, "dictionary": { "common": { "exclude": false } },
                    "excludeAttributes": [],
                },
                "age": { "maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4 },
                "lockout": {
                    "maxAttempts": 10, "autoUnlockMinutes": 0, "userLockoutNotificationChannels": [],
                    "showLockoutFailures": false,
                },
            },
            "recovery": { "factors": {
                "recovery_question": {
                    "status": "ACTIVE", "properties": { "complexity": { "minLength": 4 } },
                },
                "okta_email": {
                    "status": "ACTIVE", "properties": { "recoveryToken": { "tokenLifetimeMinutes": 60 } },
                },
                "okta_sms": { "status": "INACTIVE" }, "okta_call": { "status": "INACTIVE" },
            } },
            "delegation": { "options": { "skipUnlock": false } },
        })),
        "MFA_ENROLL" => Some(json!({
            "type": "AUTHENTICATORS",
            "authenticators": [
                { "key": "okta_password", "enroll": { "self": "REQUIRED" } },
                { "key": "okta_email", "enroll": { "self": "OPTIONAL" } },
                { "key": "okta_verify", "enroll": { "self": "OPTIONAL" } },
            ],
        })),
        _ => None,
    }
}

/// Conditions that a policy of a type has when none are given.
pub(super) fn conditions(kind: &str, everyone: &str) -> Value {
    let people = json!({ "groups": { "include": [everyone] } });
    match kind {
        "PASSWORD" => json!({ "people": people, "authProvider": { "provider": "OKTA" } }),
        "OKTA_SIGN_ON" | "MFA_ENROLL" => json!({ "people": people }),
        _ => Value::Null,
    }
}

/// The conditions and actions that the service adds to a rule of a type.
pub(super) fn rule(kind: &str, system: bool) -> Value {
    match kind {
        "ACCESS_POLICY" if system => json!({
            "conditions": null,
            "actions": { "appSignOn": {
                "access": "ALLOW",
                "verificationMethod": {
                    "factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
                },
                "keepMeSignedIn": { "postAuth": "NOT_ALLOWED" },
            } },
        }),
        "POST_AUTH_SESSION" if system => json!({
            "conditions": null, "actions": { "postAuthSession": { "failureActions": [] } },
        }),
        "POST_AUTH_SESSION" => json!({
            "conditions": { "people": { "users": { "exclude": [] } } },
            "actions": { "postAuthSession": {} },
        }),
        "ACCESS_POLICY" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
                "riskScore": { "level": "ANY" }, "userType": { "include": [], "exclude": [] },
            },
            "actions": { "appSignOn": {
                "access": "ALLOW",
                "verificationMethod": {
                    "factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
                },
                "keepMeSignedIn": { "postAuth": "NOT_ALLOWED" },
            } },
        }),
        "IDP_DISCOVERY" => json!({
            "conditions": {
                "network": { "connection": "ANYWHERE" }, "userIdentifier": { "patterns": [] },
                "app": { "include": [], "exclude": [] },
            },
            "actions": { "idp": {
                "providers": [], "matchCriteria": [], "idpSelectionType": "SPECIFIC",
            } },
        }),
        "PASSWORD" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
            },
            "actions": {
                "passwordChange": { "access": "ALLOW" },
                "selfServicePasswordReset": { "access": "ALLOW" },
                "selfServiceUnlock": { "access": "DENY" },
            },
        }),
        "SIGN_ON" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
                "authContext": { "authType": "ANY" }, "riskScore": { "level": "ANY" },
                "identityProvider": { "provider": "ANY" },
            },
            "actions": { "signon": {
                "access": "ALLOW", "requireFactor": false, "primaryFactor": "PASSWORD_IDP",
                "rememberDeviceByDefault": false,
                "session": {
                    "usePersistentCookie": false, "maxSessionIdleMinutes": 120,
                    "maxSessionLifetimeMinutes": 0,
                },
            } },
        }),
        "MFA_ENROLL" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
            },
            "actions": { "enroll": { "self": "CHALLENGE" } },
        }),
        _ => json!({ "conditions": null }),
    }
}
