//! Authenticators: which an org may have, what is refused, what is told.

use serde_json::{Value, json};

use crate::bench::{Bench, code, events};
use crate::json::text;

const ALL: &str = "/api/v1/authenticators";

fn id_of(bench: &Bench, key: &str) -> String {
    let (_, all) = bench.call("GET", ALL, None);
    let mut all = all.as_array().expect("a list").iter();
    let found = all.find(|one| one["key"] == key);
    text(found.expect("an authenticator"), "/id").to_owned()
}

fn path_of(bench: &Bench, key: &str) -> String {
    format!("{ALL}/{}", id_of(bench, key))
}

fn duo() -> Value {
    json!({ "key": "duo", "name": "Duo Security", "provider": { "type": "DUO", "configuration": {
        "host": "https://api-1.duosecurity.com", "integrationKey": "public", "secretKey": "hidden",
    } } })
}

fn tac(least: u32, usual: u32, most: u32) -> Value {
    json!({ "key": "tac", "name": "Temporary Access Code", "provider": { "type": "tac", "configuration": {
        "minTtl": least, "defaultTtl": usual, "maxTtl": most, "length": 16, "multiUseAllowed": true,
        "complexity": { "numbers": true, "letters": true, "specialCharacters": false },
    } } })
}

#[test]
fn an_org_begins_with_some_and_has_one_of_a_key() {
    let bench = Bench::new();
    let (_, all) = bench.call("GET", ALL, None);
    let keys: Vec<&str> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(one, "/key"))
        .collect();
    assert_eq!(keys.len(), 7);
    let post = |body: Value| bench.call("POST", ALL, Some(&body));
    for key in ["okta_email", "okta_password", "phone_number", "nonsense"] {
        let refused = post(json!({ "key": key, "name": "Another" }));
        assert_eq!(code(&refused), (400, "E0000001"), "{key}");
        let summary = text(&refused.1, "/errorSummary");
        assert!(summary.ends_with("AuthenticatorCatalog"), "{summary}");
    }
    assert_eq!(code(&post(json!({ "name": "A" }))), (400, "E0000001"));
    let twin = post(json!({ "key": "google_otp", "name": "Another" }));
    assert_eq!(code(&twin), (409, "E0000157"));
    let wrong = post(json!({ "key": "yubikey_token", "name": "Y", "type": "app" }));
    assert_eq!(code(&wrong), (400, "E0000001"));
    let (status, made) = post(json!({ "key": "yubikey_token", "name": "Keys" }));
    assert_eq!((status, text(&made, "/status")), (200, "ACTIVE"));
    assert_eq!(text(&made, "/type"), "security_key");
    let path = format!("{ALL}?activate=false");
    for name in ["First", "Second"] {
        let body = json!({ "key": "custom_otp", "name": name });
        let (_, made) = bench.call("POST", &path, Some(&body));
        assert_eq!(text(&made, "/status"), "INACTIVE", "{made}");
    }
    assert_eq!(
        code(&post(json!({ "key": "custom_otp" }))),
        (400, "E0000001")
    );
    assert_eq!(
        events(&bench, "security.authenticator"),
        [
            "security.authenticator.lifecycle.create",
            "security.authenticator.lifecycle.activate",
            "security.authenticator.lifecycle.create",
            "security.authenticator.lifecycle.create",
        ]
    );
}

#[test]
fn providers_are_complete_and_their_secrets_stay_hidden() {
    let bench = Bench::new();
    let post = |body: &Value| bench.call("POST", ALL, Some(body));
    let mut bare = duo();
    bare["provider"]["configuration"]["secretKey"] = Value::Null;
    let refused = post(&bare);
    let cause = text(&refused.1, "/errorCauses/0/errorSummary").to_owned();
    assert_eq!(
        (refused.0, cause.as_str()),
        (400, "secretKey: The field cannot be left blank")
    );
    bare["provider"]["type"] = json!("PUSH");
    assert_eq!(code(&post(&bare)), (400, "E0000001"));
    let mut more = duo();
    more["provider"]["configuration"]["colour"] = json!("red");
    let (status, made) = post(&more);
    assert_eq!(status, 200, "{made}");
    let configuration = json!({
        "host": "https://api-1.duosecurity.com", "userNameTemplate": { "template": "oktaId" },
    });
    assert_eq!(made["provider"]["configuration"], configuration);
    let own = path_of(&bench, "duo");
    let change = json!({ "name": "Duo", "provider": { "type": "DUO", "configuration": { "host": "https://b" } } });
    let (status, changed) = bench.call("PUT", &own, Some(&change));
    assert_eq!(
        (status, text(&changed, "/provider/configuration/host")),
        (200, "https://b"),
        "the secrets are still there: {changed}"
    );
    assert_eq!(code(&post(&tac(20, 10, 30))), (400, "E0000001"));
    assert_eq!(code(&post(&tac(5, 10, 30))), (400, "E0000001"));
    assert_eq!(post(&tac(10, 20, 30)).0, 200);
    let body = json!({ "key": "onprem_mfa", "name": "On-Prem MFA", "provider": {
        "type": "DEL_OATH",
        "configuration": { "hostName": "localhost", "authPort": 999, "sharedSecret": "s" },
    } });
    let (_, made) = post(&body);
    let configuration = &made["provider"]["configuration"];
    assert!(
        text(configuration, "/instanceId").starts_with("0oa"),
        "{made}"
    );
    assert!(configuration["sharedSecret"].is_null());
}

#[test]
fn a_custom_app_needs_terms_an_app_and_a_push_provider() {
    let bench = Bench::new();
    let app = json!({
        "name": "oidc_client", "label": "Native", "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "none" } },
        "settings": { "oauthClient": {
            "application_type": "native", "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "redirect_uris": ["com.example:/callback"],
        } },
    });
    let (status, app) = bench.call("POST", "/api/v1/apps", Some(&app));
    assert_eq!(status, 200, "{app}");
    let push =
        json!({ "name": "Push", "providerType": "FCM", "configuration": { "fileName": "a.json" } });
    let (_, push) = bench.call("POST", "/api/v1/push-providers", Some(&push));
    let mut body = json!({
        "key": "custom_app", "name": "Ours", "settings": { "appInstanceId": app["id"] },
        "provider": { "type": "PUSH", "configuration": { "fcm": { "id": push["id"] } } },
    });
    let post = |body: &Value| bench.call("POST", ALL, Some(body));
    assert_eq!(code(&post(&body)), (400, "E0000001"), "terms");
    body["agreeToTerms"] = json!(true);
    let mut other = body.clone();
    other["provider"]["configuration"]["fcm"]["id"] = json!("ppcNobody");
    assert_eq!(code(&post(&other)), (400, "E0000001"), "push provider");
    other = body.clone();
    other["settings"]["userVerification"] = json!("DISCOURAGED");
    assert_eq!(code(&post(&other)), (400, "E0000001"), "verification");
    let (status, made) = post(&body);
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["settings"]["oauthClientId"], app["id"]);
    assert_eq!(made["settings"]["userVerification"], "PREFERRED");
    assert!(made["agreeToTerms"].is_null() && made["_links"]["enroll"].is_object());
    let path = format!("/api/v1/push-providers/{}", text(&push, "/id"));
    let used = bench.call("DELETE", &path, None);
    assert_eq!(code(&used), (409, "E0000187"));
}

#[test]
fn an_identity_provider_stands_behind_one_authenticator_and_stays() {
    let bench = Bench::new();
    let idp = json!({ "type": "OIDC", "name": "Partner", "protocol": {
        "type": "OIDC", "scopes": ["openid"], "issuer": { "url": "https://idp.example.com" },
        "credentials": { "client": { "client_id": "c", "client_secret": "s" } },
        "endpoints": {
            "authorization": { "url": "https://idp.example.com/authorize", "binding": "HTTP-REDIRECT" },
            "token": { "url": "https://idp.example.com/token", "binding": "HTTP-POST" },
            "jwks": { "url": "https://idp.example.com/keys", "binding": "HTTP-REDIRECT" },
        },
    }, "policy": {
        "provisioning": { "action": "DISABLED" }, "accountLink": { "action": "AUTO" },
        "subject": { "userNameTemplate": { "template": "idpuser.email" }, "matchType": "USERNAME" },
    } });
    let (status, idp) = bench.call("POST", "/api/v1/idps", Some(&idp));
    assert_eq!(status, 200, "{idp}");
    let post = |idp: &Value, name: &str| {
        let body = json!({ "key": "external_idp", "name": name, "provider": {
            "type": "CLAIMS", "configuration": { "idpId": idp },
        } });
        bench.call("POST", ALL, Some(&body))
    };
    assert_eq!(code(&post(&json!("0oaNobody"), "A")), (404, "E0000007"));
    let (status, made) = post(&idp["id"], "A");
    assert_eq!((status, text(&made, "/type")), (200, "federated"), "{made}");
    assert_eq!(code(&post(&idp["id"], "B")), (409, "E0000230"));
    let own = format!("/api/v1/idps/{}", text(&idp, "/id"));
    let off = || bench.call("POST", &format!("{own}/lifecycle/deactivate"), None);
    assert_eq!(code(&off()), (403, "E0000167"));
    assert_eq!(code(&bench.call("DELETE", &own, None)), (403, "E0000167"));
    let path = format!("{ALL}/{}/lifecycle/deactivate", text(&made, "/id"));
    assert_eq!(bench.call("POST", &path, None).0, 200);
    assert_eq!(off().0, 200, "nobody uses it now");
}

#[test]
fn a_replace_keeps_settings_that_it_does_not_name() {
    let bench = Bench::new();
    let own = path_of(&bench, "okta_email");
    let put = |body: Value| bench.call("PUT", &own, Some(&body));
    let (_, changed) = put(json!({ "name": "Mail", "settings": { "allowedFor": "any" } }));
    assert_eq!(
        changed["settings"],
        json!({ "allowedFor": "any", "tokenLifetimeInMinutes": 5 })
    );
    assert_eq!(text(&changed, "/name"), "Mail");
    let whole = bench.call("GET", &own, None).1;
    assert_eq!(put(whole).0, 200, "what was read may be sent back");
    let bad = put(json!({ "name": "Mail", "settings": { "allowedFor": "fun" } }));
    assert_eq!(code(&bad), (400, "E0000001"));
    let bad = put(json!({ "name": "Mail", "settings": { "tokenLifetimeInMinutes": 100 } }));
    assert_eq!(code(&bad), (400, "E0000001"));
    assert_eq!(code(&put(json!({ "name": " " }))), (400, "E0000001"));
    let other = put(json!({ "name": "Mail", "key": "okta_verify" }));
    assert_eq!(code(&other), (400, "E0000001"));
    assert_eq!(
        events(&bench, "security.authenticator"),
        ["security.authenticator.lifecycle.update"],
        "changes alone are told"
    );
    let missing = bench.call("GET", &format!("{ALL}/autNobody"), None);
    assert_eq!(
        (missing.0, text(&missing.1, "/errorSummary")),
        (
            404,
            "Not found: Resource not found: autNobody (Authenticator)"
        )
    );
}

#[test]
fn what_policies_use_stays_on() {
    let bench = Bench::new();
    let step = |key: &str, step: &str| {
        let own = path_of(&bench, key);
        bench.call("POST", &format!("{own}/lifecycle/{step}"), None)
    };
    let refused = step("okta_email", "deactivate");
    assert_eq!(code(&refused), (403, "E0000148"));
    assert_eq!(
        text(&refused.1, "/errorCauses/0/errorSummary"),
        "Authenticator Enrollment Policies: Default Policy"
    );
    assert_eq!(
        code(&step("okta_password", "deactivate")),
        (400, "E0000001")
    );
    assert_eq!(code(&step("google_otp", "deactivate")), (400, "E0000001"));
    let (status, on) = step("google_otp", "activate");
    assert_eq!((status, text(&on, "/status")), (200, "ACTIVE"));
    assert!(on["_links"]["deactivate"].is_object() && on["_links"]["activate"].is_null());
    assert_eq!(step("google_otp", "deactivate").1["status"], "INACTIVE");
    assert_eq!(step("phone_number", "activate").0, 200);
    let methods = format!("{}/methods", path_of(&bench, "phone_number"));
    let (_, methods) = bench.call("GET", &methods, None);
    assert_eq!(
        (&methods[0]["status"], &methods[1]["status"]),
        (&json!("ACTIVE"), &json!("INACTIVE")),
        "an authenticator that is on has a method that is on"
    );
}

#[test]
fn the_last_method_stays_on() {
    let bench = Bench::new();
    let own = format!("{}/methods", path_of(&bench, "okta_verify"));
    let step =
        |ty: &str, step: &str| bench.call("POST", &format!("{own}/{ty}/lifecycle/{step}"), None);
    let (_, codes) = bench.call("GET", &format!("{own}/totp"), None);
    assert!(codes["_links"]["deactivate"].is_null(), "{codes}");
    assert_eq!(code(&step("totp", "deactivate")), (400, "E0000001"));
    let (_, push) = step("push", "activate");
    assert_eq!(text(&push, "/status"), "ACTIVE");
    assert!(push["_links"]["deactivate"].is_object(), "{push}");
    assert_eq!(code(&step("totp", "deactivate")), (400, "E0000001"));
    assert_eq!(step("push", "deactivate").1["status"], "INACTIVE");
    assert_eq!(code(&step("sms", "activate")), (404, "E0000007"));
    let change = json!({ "type": "push", "settings": { "transactionTypes": ["LOGIN", "CIBA"] } });
    let (_, changed) = bench.call("PUT", &format!("{own}/push"), Some(&change));
    assert_eq!(
        changed["settings"],
        json!({ "algorithms": ["ES256", "RS256"], "keyProtection": "ANY", "transactionTypes": ["LOGIN", "CIBA"] })
    );
    let bad = json!({ "type": "push", "settings": { "keyProtection": "SOFT" } });
    let refused = bench.call("PUT", &format!("{own}/push"), Some(&bad));
    assert_eq!(code(&refused), (400, "E0000001"));
    assert_eq!(events(&bench, "security.authenticator").len(), 3);
}

#[test]
fn the_relying_party_is_verified_before_it_is_used() {
    let bench = Bench::new();
    let own = format!("{}/methods/webauthn", path_of(&bench, "webauthn"));
    let put = |rp: Value| {
        let body = json!({ "type": "webauthn", "settings": { "rpId": rp } });
        bench.call("PUT", &own, Some(&body))
    };
    let verify = || bench.call("POST", &format!("{own}/verify-rp-id-domain"), None);
    assert_eq!(code(&verify()), (400, "E0000001"), "there is no domain");
    let bad = put(json!({ "domain": { "name": "no domain" } }));
    assert_eq!(code(&bad), (400, "E0000001"));
    let domain = json!({ "domain": { "name": "Keys.Example.com" } });
    let (_, set) = put(domain);
    let record = &set["settings"]["rpId"]["domain"]["dnsRecord"];
    assert_eq!(text(record, "/fqdn"), "_oktaverification.keys.example.com");
    assert!(set["_links"]["verify-rp-id-domain"].is_object(), "{set}");
    assert_eq!(code(&put(json!({ "enabled": true }))), (400, "E0000001"));
    assert_eq!(verify().0, 204);
    let (_, on) = put(json!({ "enabled": true }));
    let domain = json!({ "name": "keys.example.com", "validationStatus": "VERIFIED" });
    assert_eq!(on["settings"]["rpId"]["domain"], domain);
    assert_eq!(on["settings"]["attachment"], "ANY");
    let other = put(json!({ "domain": { "name": "other.example.com" } }));
    assert_eq!(code(&other), (400, "E0000001"), "one in use stays");
    let (_, off) = put(json!({ "enabled": false, "domain": { "name": "other.example.com" } }));
    assert_eq!(
        text(&off, "/settings/rpId/domain/validationStatus"),
        "NOT_STARTED"
    );
}

#[test]
fn models_of_security_keys_belong_to_webauthn() {
    let bench = Bench::new();
    let other = format!("{}/aaguids", path_of(&bench, "okta_email"));
    assert_eq!(code(&bench.call("GET", &other, None)), (401, "E0000015"));
    let own = format!("{}/aaguids", path_of(&bench, "webauthn"));
    let id = "cb69481e-8ff7-4039-93ec-0a2729111111";
    let mut body = json!({
        "aaguid": id, "name": "Ours", "authenticatorCharacteristics": { "fipsCompliant": true },
    });
    let post = |body: &Value| bench.call("POST", &own, Some(body));
    assert_eq!(
        code(&post(&json!({ "aaguid": "short" }))),
        (400, "E0000001")
    );
    let mut bad = body.clone();
    bad["attestationRootCertificates"] = json!([{ "x5c": "bm90aGluZw==" }]);
    assert_eq!(code(&post(&bad)), (400, "E0000001"));
    let pair = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Root of Keys");
    let made = parameters.self_signed(&pair).expect("a certificate");
    use base64::Engine as _;
    let text_of = base64::engine::general_purpose::STANDARD.encode(made.der());
    body["attestationRootCertificates"] = json!([{ "x5c": text_of }]);
    let (status, made) = post(&body);
    assert_eq!(status, 200, "{made}");
    let root = &made["attestationRootCertificates"][0];
    assert_eq!(
        (text(root, "/iss"), text(&made, "/name")),
        ("Root of Keys", "Ours")
    );
    assert!(!text(root, "/x5t#S256").is_empty() && !text(root, "/exp").is_empty());
    assert_eq!(code(&post(&body)), (400, "E0000001"), "there already");
    let one = format!("{own}/{id}");
    let part = json!({ "authenticatorCharacteristics": { "hardwareProtected": true } });
    let (_, changed) = bench.call("PATCH", &one, Some(&part));
    assert_eq!(
        changed["authenticatorCharacteristics"],
        json!({ "fipsCompliant": true, "hardwareProtected": true })
    );
    let (_, replaced) = bench.call("PUT", &one, Some(&json!({ "name": "Theirs" })));
    assert!(replaced["attestationRootCertificates"].is_null() && replaced["name"] == "Theirs");
    assert_eq!(bench.call("DELETE", &one, None).0, 204);
    assert_eq!(code(&bench.call("GET", &one, None)), (404, "E0000007"));
    assert_eq!(events(&bench, "security.authenticator").len(), 4);
}
