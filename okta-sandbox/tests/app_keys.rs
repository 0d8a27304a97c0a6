//! The keys that apps sign with.

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

async fn saml_app(admin: &Admin<'_>, label: &str) -> String {
    let app = json!({
        "label": label, "signOnMode": "SAML_2_0",
        "settings": { "signOn": {
            "ssoAcsUrl": "https://app.example/acs", "recipient": "https://app.example/acs",
            "destination": "https://app.example/acs", "audience": "app",
            "subjectNameIdTemplate": "${user.userName}",
            "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "responseSigned": true, "assertionSigned": true, "signatureAlgorithm": "RSA_SHA256",
            "digestAlgorithm": "SHA256",
            "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    format!("/api/v1/apps/{}", id(&app))
}

/// Checks that a key is a 2048-bit RSA key with the certificate that it says.
fn check(key: &Value) {
    let text = |name: &str| {
        key[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} of {key}"))
    };
    let decode = |name: &str| {
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        engine.decode(text(name)).expect("base64url")
    };
    let modulus = decode("n");
    assert_eq!(
        (modulus.len(), text("e"), text("kty")),
        (256, "AQAB", "RSA")
    );
    let certificate = key["x5c"][0].as_str().expect("a certificate");
    let certificate = STANDARD.decode(certificate).expect("base64");
    assert_eq!(certificate[0], 0x30, "DER");
    assert!(
        certificate.windows(256).any(|window| window == modulus),
        "the certificate holds the key"
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate);
    assert_eq!(decode("x5t#S256"), digest.as_ref());
}

#[tokio::test]
async fn apps_have_real_keys_and_share_them() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (first, second) = (saml_app(&admin, "One").await, saml_app(&admin, "Two").await);
    let keys = format!("{first}/credentials/keys");
    let (_, listed) = admin.get(&keys).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    check(&listed[0]);
    let kid = admin.get(&first).await.1["credentials"]["signing"]["kid"].clone();
    assert_eq!(listed[0]["kid"], kid);
    assert_eq!(admin.get(&keys).await.1, listed, "a key is made once");
    let year = |key: &Value, name: &str| -> i32 {
        key[name].as_str().expect("a date")[..4]
            .parse()
            .expect("a year")
    };
    assert_eq!(
        year(&listed[0], "expiresAt") - year(&listed[0], "created"),
        10
    );

    sandbox.advance_clock(60);
    let (status, fresh) = admin
        .bare("POST", &format!("{keys}/generate?validityYears=2"))
        .await;
    assert_eq!(status, 201, "{fresh}");
    check(&fresh);
    assert_eq!(year(&fresh, "expiresAt") - year(&fresh, "created"), 2);
    let (_, both) = admin.get(&keys).await;
    assert_eq!(both, json!([fresh, listed[0]]), "the newest comes first");
    let kid = fresh["kid"].as_str().expect("a kid");
    assert_eq!(admin.get(&format!("{keys}/{kid}")).await.1, fresh);
    let other = second.rsplit('/').next().expect("an id");
    let clone = format!("{keys}/{kid}/clone?targetAid={other}");
    let (status, copy) = admin.bare("POST", &clone).await;
    assert_eq!((status.as_u16(), &copy), (201, &fresh));
    assert_eq!(
        admin
            .get(&format!("{second}/credentials/keys/{kid}"))
            .await
            .1,
        fresh
    );

    let metadata = admin.request("GET", &format!("{first}/sso/saml/metadata"));
    let metadata = send(metadata.header("accept", "application/xml")).await;
    let metadata = metadata.text().await.expect("XML");
    assert!(metadata.contains(listed[0]["x5c"][0].as_str().expect("a certificate")));

    for (path, status) in [
        (format!("{keys}/generate?validityYears=11"), 400),
        (format!("{keys}/generate"), 400),
        (format!("{keys}/{kid}/clone?targetAid=none"), 404),
        (format!("{keys}/none/clone?targetAid={other}"), 404),
    ] {
        let (found, fault) = admin.bare("POST", &path).await;
        assert_eq!(found, status, "{path}: {fault}");
    }
}

/// Recorded orgs list their own key with every SAML app of the catalogue; SAML 2.0 apps sign with one
/// of their own.
#[tokio::test]
async fn apps_of_the_catalogue_share_the_key_of_the_org() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let mut kids = Vec::new();
    for (name, mode) in [
        ("pagerduty", "SAML_2_0"),
        ("sharepoint_onpremise", "SAML_1_1"),
        ("sharepoint_onpremise", "SAML_1_1"),
    ] {
        let app = json!({ "name": name, "label": name, "signOnMode": mode });
        let (status, app) = admin.post("/api/v1/apps", app).await;
        assert_eq!(status, 200, "{app}");
        let keys = format!("/api/v1/apps/{}/credentials/keys", id(&app));
        let (_, keys) = admin.get(&keys).await;
        let listed = keys.as_array().expect("keys").clone();
        listed.iter().for_each(check);
        assert_eq!(listed[0]["kid"], app["credentials"]["signing"]["kid"]);
        kids.push(
            listed
                .iter()
                .map(|key| key["kid"].clone())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(kids[0].len(), 2);
    assert_eq!(
        kids[1],
        kids[0][1..],
        "the org's key is the same everywhere"
    );
    assert_eq!(kids[2], kids[1]);
}
