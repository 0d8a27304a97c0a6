//! The collections that need no rules of their own.

use serde_json::{Value, json};

use super::{Kind, Lifecycle, Links, PLAIN, Stamps, finish};
use crate::behaviour::presets;
use crate::oauth::server::SERVERS;
use crate::paging::Size;

fn nothing() -> Value {
    json!({})
}

/// What a brand shows beside its name.
pub(super) fn brand() -> Value {
    json!({
        "removePoweredByOkta": false, "customPrivacyPolicyUrl": null, "agreeToCustomPrivacyPolicy": false,
        "isDefault": false,
        "defaultApp": { "appInstanceId": null, "appLinkName": null, "classicApplicationUri": null },
    })
}

/// All kinds.
pub(super) static KINDS: &[Kind] = &[
    Kind {
        collection: "/api/v1/zones",
        prefix: "nzo",
        missing: "NetworkZone",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        defaults: || json!({ "system": false, "usage": "POLICY" }),
        unique: Some("/name"),
        event: Some("zone"),
        finish: finish::zone,
        rests_first: true,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/eventHooks",
        prefix: "who",
        missing: "Webhook",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        stamps: Stamps::TimesAndMaker,
        links: Links::Steps,
        extra_links: &[("verify", "lifecycle/verify")],
        defaults: || {
            json!({
                "verificationStatus": "UNVERIFIED", "description": null, "events": { "filter": null },
                "channel": { "config": { "headers": [], "method": "POST" } },
            })
        },
        secrets: &[("/channel/config/authScheme", "value")],
        event: Some("event_hook"),
        check: finish::check_event_hook,
        past_tense: true,
        rests_first: true,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/inlineHooks",
        prefix: "cal",
        missing: "InlineHook",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        links: Links::Steps,
        extra_links: &[("execute", "execute")],
        defaults: || json!({ "channel": { "config": { "headers": [], "method": "POST" } } }),
        secrets: &[("/channel/config/authScheme", "value")],
        event: Some("inline_hook"),
        past_tense: true,
        rests_first: true,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/trustedOrigins",
        prefix: "tos",
        missing: "TrustedOrigin",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        stamps: Stamps::TimesAndPeople,
        defaults: nothing,
        unique: Some("/name"),
        event: Some("security.trusted_origin"),
        size: Size::new(20, 200),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/realms",
        prefix: "guo",
        missing: "Realm",
        links: Links::Rel,
        defaults: || json!({ "isDefault": false, "profile": { "domains": [] } }),
        unique: Some("/profile/name"),
        event: Some("directory.realm.lifecycle"),
        finish: finish::realm,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/realm-assignments",
        prefix: "rul",
        missing: "RealmAssignment",
        event: Some("directory.realm.assignment"),
        status: Some("INACTIVE"),
        lifecycle: Lifecycle::NoContent,
        links: Links::Rel,
        defaults: || json!({ "isDefault": false }),
        size: Size::new(20, 200),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/device-assurances",
        prefix: "dae",
        missing: "DeviceAssurancePolicyEntity",
        stamps: Stamps::Dates,
        defaults: || json!({ "displayRemediationMode": "HIDE" }),
        unsaid_after_replace: &["createdDate", "createdBy"],
        unique: Some("/name"),
        event: Some("device.assurance.policy"),
        made: "add",
        show: finish::show_device_assurance,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/behaviors",
        prefix: "bhv",
        missing: "BehaviorSettings",
        event: Some("security.behavior.settings"),
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        defaults: nothing,
        unique: Some("/name"),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/captchas",
        prefix: "cap",
        missing: "Captcha",
        event: Some("system.captcha"),
        created: 201,
        stamps: Stamps::Nothing,
        links: Links::Hints(&["GET", "POST", "PUT", "DELETE"]),
        defaults: nothing,
        secrets: &[("", "secretKey")],
        most: Some((
            1,
            "E0000166",
            "CAPTCHA count limit reached. At most one CAPTCHA instance is allowed per Org. \
             Please remove existing CAPTCHA to create a new one.",
        )),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/push-providers",
        prefix: "ppc",
        missing: "PushProviderConfigEntity",
        stamps: Stamps::LastDate,
        defaults: nothing,
        secrets: &[
            ("/configuration", "serviceAccountJson"),
            ("/configuration", "tokenSigningKey"),
        ],
        finish: finish::push_provider,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/templates/sms",
        prefix: "cst",
        missing: "SmsTemplate",
        links: Links::None,
        defaults: nothing,
        unsaid_after_replace: &["translations"],
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/logStreams",
        prefix: "0oa",
        missing: "LogStream",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::EmptyBody,
        links: Links::Method,
        defaults: nothing,
        event: Some("system.log_stream.lifecycle"),
        size: Size::new(20, 200),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/security-events-providers",
        prefix: "sse",
        missing: "SecurityEventsProvider",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        stamps: Stamps::Nothing,
        defaults: nothing,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/meta/uischemas",
        prefix: "uis",
        missing: "UISchemaEntity",
        lenient_delete: true,
        defaults: nothing,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/meta/schemas/user/linkedObjects",
        missing: "LinkedObjectProperty",
        key: Some("/primary/name"),
        created: 201,
        stamps: Stamps::Nothing,
        links: Links::Steps,
        defaults: nothing,
        unique: Some("/primary/name"),
        event: Some("directory.linked_object"),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/idps",
        prefix: "0oa",
        missing: "IdpTrust",
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::Object,
        links: Links::Steps,
        defaults: nothing,
        unique: Some("/name"),
        event: Some("system.idp.lifecycle"),
        finish: finish::identity_provider,
        null_after_replace: &["created"],
        show: finish::show_identity_provider,
        size: Size::new(20, 200),
        ..PLAIN
    },
    Kind {
        collection: SERVERS,
        prefix: "aus",
        missing: "AuthorizationServer",
        created: 201,
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::NoContent,
        defaults: || json!({ "issuerMode": "DYNAMIC", "default": false }),
        unique: Some("/name"),
        event: Some("oauth2.as"),
        finish: finish::authorization_server,
        furnish: finish::authorization_server_contents,
        show: finish::show_authorization_server,
        past_tense: true,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/brands",
        prefix: "bnd",
        missing: "Brand",
        created: 201,
        stamps: Stamps::Nothing,
        defaults: brand,
        unique: Some("/name"),
        event: Some("system.brand"),
        finish: finish::brand,
        furnish: presets::brand,
        show: finish::show_brand,
        size: Size::new(20, 200),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/authorizationServers/{authServerId}/policies",
        prefix: "00p",
        missing: "Policy",
        event: Some("policy.lifecycle"),
        created: 201,
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::NoContent,
        defaults: || json!({ "system": false, "description": null, "priority": 1 }),
        unique: Some("/name"),
        show: finish::show_access_policy,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules",
        prefix: "0pr",
        missing: "PolicyRule",
        event: Some("policy.rule"),
        made: "add",
        created: 201,
        status: Some("ACTIVE"),
        lifecycle: Lifecycle::NoContent,
        defaults: || {
            json!({
                "system": false, "priority": 1,
                "conditions": { "people": { "users": { "exclude": [] } }, "scopes": { "include": [] } },
            })
        },
        unique: Some("/name"),
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/authorizationServers/{authServerId}/scopes",
        prefix: "scp",
        missing: "OAuth2Scope",
        created: 201,
        stamps: Stamps::Nothing,
        defaults: || {
            json!({
                "description": null, "system": false, "default": false, "metadataPublish": "NO_CLIENTS",
            })
        },
        unique: Some("/name"),
        event: Some("oauth2.scope"),
        past_tense: true,
        ..PLAIN
    },
    Kind {
        collection: "/api/v1/authorizationServers/{authServerId}/claims",
        prefix: "ocl",
        missing: "OAuth2Claim",
        created: 201,
        stamps: Stamps::Nothing,
        defaults: || {
            json!({
                "status": "ACTIVE", "system": false, "alwaysIncludeInToken": true,
                "apiResourceId": null,
                "conditions": { "scopes": [] },
            })
        },
        unique: Some("/name"),
        event: Some("oauth2.claim"),
        past_tense: true,
        ..PLAIN
    },
];
