//! Certificate signing requests, with a certificate authority that answers them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    CertificateParams, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData,
    SignatureAlgorithm,
};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::exchange::Answer;
use crate::json::text;
use crate::oauth::jwk;

const APP: &str = "/api/v1/apps";
const IDP: &str = "/api/v1/idps";

fn app(bench: &Bench) -> String {
    let body = json!({
        "label": "Signs", "signOnMode": "SAML_2_0", "settings": { "signOn": {
            "ssoAcsUrl": "https://sp.example.com/acs", "recipient": "https://sp.example.com/acs",
            "destination": "https://sp.example.com/acs", "audience": "sp", "subjectNameIdTemplate": "${user.userName}",
            "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "responseSigned": true, "assertionSigned": true, "signatureAlgorithm": "RSA_SHA256",
            "digestAlgorithm": "SHA256", "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
        } },
    });
    let (status, app) = bench.call("POST", APP, Some(&body));
    assert_eq!(status, 200, "{app}");
    format!("{APP}/{}", text(&app, "/id"))
}

fn provider(bench: &Bench) -> String {
    let body = json!({ "type": "OIDC", "name": "Elsewhere", "protocol": {
        "type": "OIDC", "scopes": ["openid"], "issuer": { "url": "https://idp.example.com" },
        "endpoints": {
            "authorization": { "url": "https://idp.example.com/authorize", "binding": "HTTP-REDIRECT" },
            "token": { "url": "https://idp.example.com/token", "binding": "HTTP-POST" },
            "jwks": { "url": "https://idp.example.com/keys", "binding": "HTTP-REDIRECT" },
        },
        "credentials": { "client": { "client_id": "id", "client_secret": "secret" } },
    }, "policy": {
        "provisioning": { "action": "AUTO", "groups": { "action": "NONE" } },
        "subject": { "userNameTemplate": { "template": "idpuser.email" }, "matchType": "USERNAME" },
    } });
    let (status, provider) = bench.call("POST", IDP, Some(&body));
    assert_eq!(status, 200, "{provider}");
    format!("{IDP}/{}", text(&provider, "/id"))
}

fn wish() -> Value {
    json!({
        "subject": {
            "countryName": "US", "stateOrProvinceName": "California", "localityName": "San Francisco",
            "organizationName": "Okta, Inc.", "organizationalUnitName": "Dev", "commonName": "SP Issuer",
        },
        "subjectAltNames": { "dnsNames": ["dev.okta.com"] },
    })
}

/// The element that DER begins with, its content, and what follows it.
fn cut(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (head, length) = match der[1] {
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        short => (2, usize::from(short)),
    };
    let end = head + length;
    (&der[..end], &der[head..end], &der[end..])
}

/// A request as an authority reads it.
struct Asked {
    signed: Vec<u8>,
    subject: Vec<u8>,
    key: Vec<u8>,
    attributes: Vec<u8>,
    signature: Vec<u8>,
}

impl Asked {
    fn read(csr: &str) -> Self {
        let der = STANDARD.decode(csr).expect("base64");
        let (_, content, rest) = cut(&der);
        assert!(rest.is_empty());
        let (signed, info, rest) = cut(content);
        let (_, _, rest) = cut(rest);
        let (_, signature, _) = cut(rest);
        let (version, _, info) = cut(info);
        assert_eq!(version, [2, 1, 0]);
        let (_, subject, info) = cut(info);
        let (_, key, attributes) = cut(info);
        let (_, _, bits) = cut(key);
        Self {
            signed: signed.to_vec(),
            subject: subject.to_vec(),
            key: cut(bits).1[1..].to_vec(),
            attributes: attributes.to_vec(),
            signature: signature[1..].to_vec(),
        }
    }

    fn jwk(&self) -> Value {
        let (_, content, _) = cut(&self.key);
        let (_, n, rest) = cut(content);
        let (_, e, _) = cut(rest);
        json!({ "kty": "RSA", "n": jwk::encode(&n[1..]), "e": jwk::encode(e) })
    }
}

impl PublicKeyData for Asked {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

/// A certificate of the test's own authority for the key of a request.
fn certificate(csr: &str, from: i32, until: (i32, u8, u8)) -> Vec<u8> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let authority = Issuer::new(CertificateParams::default(), key);
    let mut parameters = CertificateParams::default();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
    let made = parameters.signed_by(&Asked::read(csr), &authority);
    made.expect("a certificate").der().to_vec()
}

fn generate(bench: &Bench, owner: &str) -> (String, Value) {
    let (status, made) = bench.call("POST", &format!("{owner}/credentials/csrs"), Some(&wish()));
    assert_eq!(status, 201, "{made}");
    (
        format!("{owner}/credentials/csrs/{}", text(&made, "/id")),
        made,
    )
}

fn publish(bench: &Bench, csr: &str, media: &str, body: &[u8]) -> (u16, Value) {
    let target = format!("{csr}/lifecycle/publish");
    let answer = bench.send("POST", &target, media, body.to_vec());
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let found = answer.headers.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value)
}

fn events(bench: &Bench, app: &str) -> Vec<String> {
    let id = app.rsplit('/').next().unwrap_or_default();
    let (_, events) = bench.call("GET", "/api/v1/logs?limit=1000", None);
    let events = events.as_array().cloned().unwrap_or_default();
    events
        .iter()
        .filter(|event| text(event, "/target/0/id") == id)
        .map(|event| text(event, "/eventType").to_owned())
        .filter(|event| event.contains(".csr."))
        .collect()
}

#[test]
fn a_request_is_signed_by_the_key_that_it_is_for_and_says_what_was_asked() {
    let bench = Bench::new();
    let app = app(&bench);
    let (own, made) = generate(&bench, &app);
    assert_eq!((text(&made, "/kty"), text(&made, "/id").len()), ("RSA", 43));
    let link = text(&made, "/_links/publish/href");
    assert!(
        link.ends_with(&format!("{own}/lifecycle/publish")),
        "{link}"
    );
    assert!(made["key"].is_null() && made["n"].is_null(), "{made}");
    let asked = Asked::read(text(&made, "/csr"));
    assert!(jwk::verify(
        &asked.jwk(),
        "RS256",
        &asked.signed,
        &asked.signature
    ));
    let subject = String::from_utf8_lossy(&asked.subject).into_owned();
    let mut at = 0;
    for part in [
        "\x13\x02US",
        "\x0c\x0aCalifornia",
        "San Francisco",
        "Okta, Inc.",
        "Dev",
        "SP Issuer",
    ] {
        let found = subject[at..].find(part);
        at += found.unwrap_or_else(|| panic!("{part} in {subject:?}")) + part.len();
    }
    let attributes = String::from_utf8_lossy(&asked.attributes).into_owned();
    assert!(attributes.contains("\x0cdev.okta.com"), "{attributes:?}");
    let (_, all) = bench.call("GET", &format!("{app}/credentials/csrs"), None);
    assert_eq!(all, json!([made]));
    let (_, keys) = bench.call("GET", &format!("{app}/credentials/keys"), None);
    assert!(
        keys.as_array().is_some_and(|keys| keys.len() == 1),
        "{keys}"
    );
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    let (status, gone) = bench.call("GET", &own, None);
    assert_eq!((status, text(&gone, "/errorCode")), (404, "E0000007"));
    assert_eq!(
        events(&bench, &app),
        [
            "app.app_instance.csr.generate",
            "app.app_instance.csr.revoke"
        ]
    );
}

#[test]
fn the_bare_request_is_for_whoever_accepts_it() {
    let bench = Bench::new();
    let target = format!("{}/credentials/csrs", app(&bench));
    let body = wish().to_string().into_bytes();
    let made = bench.accepting(
        "application/pkcs10",
        "POST",
        &target,
        "application/json",
        body,
    );
    assert_eq!(
        (made.status, made.media),
        (201, Some("application/pkcs10; filename=okta.p10"))
    );
    assert_eq!(header(&made, "content-transfer-encoding"), "base64");
    let location = header(&made, "location");
    let own = &location[location.find("/api/").expect("a path")..];
    let (status, shown) = bench.call("GET", own, None);
    assert_eq!(status, 200);
    assert_eq!(text(&shown, "/csr").as_bytes(), made.body);
    let bare = bench.accepting(
        "application/pkcs10;q=1, application/json;q=0.5",
        "GET",
        own,
        "application/json",
        Vec::new(),
    );
    assert_eq!(bare.body, made.body);
}

#[test]
fn names_that_no_certificate_can_have_are_refused() {
    let bench = Bench::new();
    let target = format!("{}/credentials/csrs", app(&bench));
    for name in ["", "no spaces.example.com", "a..b", "grüße.example.com"] {
        let mut body = wish();
        body["subjectAltNames"]["dnsNames"] = json!(["*.example.com", name]);
        let (status, refused) = bench.call("POST", &target, Some(&body));
        assert_eq!(
            (status, text(&refused, "/errorCode")),
            (400, "E0000001"),
            "{name}"
        );
    }
    assert_eq!(bench.call("GET", &target, None).1, json!([]));
    assert_eq!(
        bench
            .call(
                "POST",
                &format!("{APP}/none/credentials/csrs"),
                Some(&wish())
            )
            .0,
        404
    );
}

#[test]
fn a_certificate_makes_the_request_a_key_that_can_sign() {
    let bench = Bench::new();
    for (owner, kid) in [
        (app(&bench), "/credentials/signing/kid"),
        (provider(&bench), "/protocol/credentials/signing/kid"),
    ] {
        let (own, made) = generate(&bench, &owner);
        let csr = text(&made, "/csr");
        let good = certificate(csr, 2020, (2051, 1, 1));
        let (status, key) = publish(&bench, &own, "application/pkix-cert", &good);
        assert_eq!(status, 201, "{key}");
        let asked = Asked::read(csr).jwk();
        assert_eq!((&key["n"], &key["e"]), (&asked["n"], &asked["e"]));
        assert_eq!(key["x5c"], json!([STANDARD.encode(&good)]));
        assert_eq!(key["x5t#S256"], jwk::sha256(&good));
        assert_eq!(
            (text(&key, "/expiresAt"), text(&key, "/use")),
            ("2051-01-01T00:00:00.000Z", "sig")
        );
        assert_eq!(bench.call("GET", &own, None).0, 404, "the request is done");
        let keys = format!("{owner}/credentials/keys");
        let (_, all) = bench.call("GET", &keys, None);
        assert!(
            all.as_array().is_some_and(|all| all.contains(&key)),
            "{all}"
        );
        let (_, mut object) = bench.call("GET", &owner, None);
        let credentials = match owner.starts_with(APP) {
            true => &mut object["credentials"],
            false => &mut object["protocol"]["credentials"],
        };
        credentials["signing"] = json!({ "kid": key["kid"] });
        let (status, object) = bench.call("PUT", &owner, Some(&object));
        assert_eq!(
            (status, text(&object, kid)),
            (200, text(&key, "/kid")),
            "{object}"
        );
        if owner.starts_with(APP) {
            let metadata = format!("{owner}/sso/saml/metadata");
            let metadata = bench.accepting("application/xml", "GET", &metadata, "", Vec::new());
            let metadata = String::from_utf8(metadata.body).expect("text");
            assert!(metadata.contains(text(&key, "/x5c/0")), "{metadata}");
            assert_eq!(
                events(&bench, &owner),
                [
                    "app.app_instance.csr.generate",
                    "app.app_instance.csr.publish"
                ]
            );
        } else {
            let (_, active) = bench.call("GET", &format!("{keys}/active"), None);
            assert_eq!(active, json!([key]));
        }
    }
}

#[test]
fn a_certificate_comes_in_any_of_its_forms() {
    let bench = Bench::new();
    let owner = app(&bench);
    let pem = |der: &[u8]| jwk::pem("CERTIFICATE", der);
    for (media, form, length) in [
        ("application/x-x509-ca-cert", 0, 1),
        ("application/x-x509-ca-cert", 1, 1),
        ("application/pkix-cert; charset=utf-8", 2, 1),
        ("application/x-pem-file", 3, 2),
    ] {
        let (own, made) = generate(&bench, &owner);
        let der = certificate(text(&made, "/csr"), 2020, (2051, 1, 1));
        let body = match form {
            0 => der,
            1 => STANDARD.encode(der).into_bytes(),
            2 => URL_SAFE_NO_PAD.encode(der).into_bytes(),
            _ => format!("its chain:\n{}{}", pem(&der), pem(&der)).into_bytes(),
        };
        let (status, key) = publish(&bench, &own, media, &body);
        assert_eq!(status, 201, "{media} {key}");
        assert_eq!(key["x5c"].as_array().map(Vec::len), Some(length));
    }
}

#[test]
fn only_a_lasting_certificate_of_the_same_key_is_taken() {
    let bench = Bench::new();
    let owner = app(&bench);
    let (own, made) = generate(&bench, &owner);
    let (_, other) = generate(&bench, &owner);
    let media = "application/pkix-cert";
    let cause = |body: &[u8]| {
        let (status, refused) = publish(&bench, &own, media, body);
        assert_eq!(
            (status, text(&refused, "/errorCode")),
            (400, "E0000001"),
            "{refused}"
        );
        assert_eq!(
            text(&refused, "/errorSummary"),
            "Api validation failed: certificate"
        );
        text(&refused, "/errorCauses/0/errorSummary").to_owned()
    };
    let no_certificate = "The certificate is not a valid X.509 certificate.";
    let good = certificate(text(&made, "/csr"), 2020, (2051, 1, 1));
    for body in [&b"{}"[..], b"MIIB", b"0\x82", &good[..good.len() / 3]] {
        assert_eq!(cause(body), no_certificate);
    }
    let of_other = certificate(text(&other, "/csr"), 2020, (2051, 1, 1));
    assert_eq!(cause(&of_other), "The certificate doesn't match the CSR.");
    let old = certificate(text(&made, "/csr"), 2010, (2020, 1, 1));
    let short = "The certificate must be valid for more than 90 days.";
    assert_eq!(cause(&old), short);
    let (status, refused) = publish(&bench, &own, "application/json", b"{}");
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000021"));
    assert_eq!(bench.call("GET", &own, None).1, made, "it stays");
    assert_eq!(publish(&bench, &own, media, &good).0, 201);
    assert_eq!(publish(&bench, &own, media, &good).0, 404);
}
