//! Private keys in every form, and what is said about those that are none.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_core::auth::{Algorithm, Signer};
use okta_core::{ErrorKind, PrivateKey};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("keys/", $name))
    };
}

/// Signs, and checks the signature with the key's public JWK.
async fn signs(key: &PrivateKey) {
    let message = b"header.claims";
    let signature = key.sign(message).await.unwrap();
    let jwk: serde_json::Value = serde_json::from_str(&key.public_jwk()).unwrap();
    assert!(jwk.get("d").is_none());
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    if jwk["kty"] == "RSA" {
        let public = RsaPublicKeyComponents {
            n: member("n"),
            e: member("e"),
        };
        let scheme = match key.algorithm() {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
            _ => &RSA_PSS_2048_8192_SHA512,
        };
        public.verify(scheme, message, &signature).unwrap();
        return;
    }
    let point = [vec![4], member("x"), member("y")].concat();
    let scheme = match key.algorithm() {
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        _ => &ECDSA_P521_SHA512_FIXED,
    };
    UnparsedPublicKey::new(scheme, point)
        .verify(message, &signature)
        .unwrap();
}

#[tokio::test]
async fn demand_22_every_form_of_one_key_is_the_same_key() {
    for (algorithm, forms) in [
        (
            Algorithm::Rs256,
            vec![
                key!("rsa_pkcs8.pem"),
                key!("rsa_pkcs1.pem"),
                key!("rsa.jwk.json"),
            ],
        ),
        (
            Algorithm::Es256,
            vec![
                key!("ec_p256_pkcs8.pem"),
                key!("ec_p256_sec1.pem"),
                key!("ec_p256.jwk.json"),
            ],
        ),
        (
            Algorithm::Es384,
            vec![
                key!("ec_p384_pkcs8.pem"),
                key!("ec_p384_sec1.pem"),
                key!("ec_p384.jwk.json"),
            ],
        ),
        (
            Algorithm::Es512,
            vec![
                key!("ec_p521_pkcs8.pem"),
                key!("ec_p521_sec1.pem"),
                key!("ec_p521.jwk.json"),
            ],
        ),
    ] {
        let mut thumbprints = Vec::new();
        for form in forms {
            let one_line = form.replace('\n', "\\n");
            let quoted = format!("\"{one_line}\"");
            let blanks = form.replace('\n', " ");
            let windows = form.replace('\n', "\r\n");
            let mut texts = vec![form.to_owned(), windows, blanks];
            if form.contains("-----") {
                texts.extend([one_line, quoted]);
            }
            for text in texts {
                let key = PrivateKey::parse(&text).unwrap();
                assert_eq!(key.algorithm(), algorithm);
                signs(&key).await;
                thumbprints.push(key.thumbprint());
            }
        }
        thumbprints.dedup();
        assert_eq!(thumbprints.len(), 1, "{algorithm}");
    }
    signs(&PrivateKey::parse(key!("ec_with_parameters.pem")).unwrap()).await;
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // The example of RFC 7638 section 3.1 has no private half; the same recipe by hand:
    let key = PrivateKey::parse(key!("ec_p256.jwk.json")).unwrap();
    let jwk: serde_json::Value = serde_json::from_str(&key.public_jwk()).unwrap();
    let text = format!(
        r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#,
        jwk["x"], jwk["y"]
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    assert_eq!(key.thumbprint(), URL_SAFE_NO_PAD.encode(digest));
}

#[tokio::test]
async fn demand_21_key_ids_and_algorithms() {
    let jwk = PrivateKey::parse(key!("rsa.jwk.json")).unwrap();
    assert_eq!(jwk.key_id(), Some("rsa-1"));
    let explicit = PrivateKey::parse_with_key_id(key!("rsa.jwk.json"), "mine").unwrap();
    assert_eq!(explicit.key_id(), Some("mine"));
    assert_eq!(
        PrivateKey::parse(key!("rsa_pkcs8.pem")).unwrap().key_id(),
        None
    );
    let picked = PrivateKey::parse_with_key_id(key!("two.jwks.json"), "ec_p256").unwrap();
    assert_eq!(
        (picked.key_id(), picked.algorithm()),
        (Some("ec_p256"), Algorithm::Es256)
    );
    let error = PrivateKey::parse(key!("two.jwks.json"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("rsa-1, ec_p256"), "{error}");
    let error = PrivateKey::parse_with_key_id(key!("two.jwks.json"), "nope")
        .unwrap_err()
        .to_string();
    assert!(error.contains("nope") && error.contains("rsa-1"), "{error}");
    let stronger = jwk.clone().with_algorithm(Algorithm::Rs512).unwrap();
    signs(&stronger).await;
    for algorithm in Algorithm::ALL {
        let changed = jwk.clone().with_algorithm(algorithm);
        if algorithm.as_str().starts_with("ES") {
            let error = changed.unwrap_err().to_string();
            assert!(error.contains("RSA key of 2048 bits does not sign with ES"));
            assert!(error.contains("PS512"), "{error}");
        } else {
            signs(&changed.unwrap()).await;
        }
    }
    let error = PrivateKey::parse(key!("ec_p384.jwk.json"))
        .unwrap()
        .with_algorithm(Algorithm::Es256)
        .unwrap_err()
        .to_string();
    assert!(error.contains("P-384") && error.contains("signs with ES384"));
    let by_alg = key!("rsa.jwk.json").replace("RS256", "RS512");
    assert_eq!(
        PrivateKey::parse(&by_alg).unwrap().algorithm(),
        Algorithm::Rs512
    );
}

#[tokio::test]
async fn demand_22_generated_keys_are_kept_as_pem_and_registered_as_jwks() {
    // Making RSA keys takes long: two of the six will do.
    for algorithm in Algorithm::ALL {
        if matches!(
            algorithm,
            Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps256 | Algorithm::Ps384
        ) {
            continue;
        }
        let key = PrivateKey::generate(algorithm).unwrap();
        assert_eq!(key.key_id(), Some(key.thumbprint().as_str()));
        signs(&key).await;
        let pem = key.to_pkcs8_pem().unwrap();
        assert!(pem.expose().lines().all(|line| line.len() <= 64));
        let kept = PrivateKey::parse_with_key_id(pem.expose(), key.key_id().unwrap())
            .unwrap()
            .with_algorithm(algorithm)
            .unwrap();
        assert_eq!(kept.public_jwks(), key.public_jwks());
        let set: serde_json::Value = serde_json::from_str(&key.public_jwks()).unwrap();
        let jwk = &set["keys"][0];
        assert_eq!(jwk["alg"], algorithm.as_str());
        assert_eq!(jwk["kid"], key.key_id().unwrap());
        for secret in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(jwk.get(secret).is_none(), "{secret}");
        }
    }
}

#[test]
fn files_are_read_by_path() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/ec_p256_sec1.pem");
    assert!(PrivateKey::from_file(path, None).is_ok());
    assert_eq!(
        PrivateKey::from_any(path, Some("k")).unwrap().key_id(),
        Some("k")
    );
    assert!(PrivateKey::from_any(key!("ec_p256_sec1.pem"), None).is_ok());
    let error = PrivateKey::from_file("/no/such/key.pem", None).unwrap_err();
    assert!(error.to_string().contains("/no/such/key.pem"), "{error}");
    let error = PrivateKey::from_any("keys/missing.pem", None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

#[test]
fn demand_22_wrong_input_is_named_and_never_shown() {
    let cut = &key!("rsa_pkcs8.pem")[..900];
    let not_base64 = key!("rsa_pkcs8.pem").replace("MII", "!!!");
    let swapped = key!("rsa.jwk.json").replace("\"p\":", "\"p2\":");
    let broken = {
        let other: serde_json::Value = serde_json::from_str(key!("ec_p384.jwk.json")).unwrap();
        let mut jwk: serde_json::Value = serde_json::from_str(key!("ec_p256.jwk.json")).unwrap();
        let y = jwk["x"].clone();
        jwk["y"] = y;
        assert_ne!(other, jwk);
        jwk.to_string()
    };
    let public = {
        let mut jwk: serde_json::Value = serde_json::from_str(key!("ec_p256.jwk.json")).unwrap();
        jwk.as_object_mut().unwrap().remove("d");
        jwk.to_string()
    };
    for (text, words) in [
        ("", "empty"),
        ("canary canary", "neither PEM nor JSON"),
        (key!("public_rsa.pem"), "public key"),
        (key!("public_ec.pem"), "public key"),
        (key!("certificate.pem"), "certificate"),
        (key!("request.pem"), "certificate request"),
        (key!("encrypted_pkcs8.pem"), "encrypted"),
        (key!("encrypted_pkcs1.pem"), "encrypted"),
        (key!("rsa_1024.pem"), "1024 bits"),
        (key!("ec_secp256k1.pem"), "secp256k1"),
        (key!("ed25519.pem"), "Ed25519"),
        ("ssh-ed25519 AAAAcanary me@host", "SSH public key"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "OpenSSH",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "broken",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
            "broken",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
            "broken",
        ),
        (cut, "cut off"),
        (not_base64.as_str(), "not base64"),
        (r#"{"kty":"oct","k":"canarycanary"}"#, "symmetric"),
        (r#"{"kty":"OKP","crv":"Ed25519","d":"canary"}"#, "Ed25519"),
        (r#"{"kty":"XYZ","d":"canary"}"#, "unknown kind"),
        (public.as_str(), "public JWK"),
        (swapped.as_str(), "\"p\""),
        (broken.as_str(), "belong together"),
        (
            r#"{"type":"service_account","private_key":"canary"}"#,
            "not a key",
        ),
        (r#"{"keys":[]}"#, "without a private key"),
        (r#"{"keys":"canary"}"#, "not a list"),
        (r#"{"kty":"EC","d":7}"#, "should be text"),
        (
            r#"{"kty":"EC","crv":"P-999","d":"AAAA","x":"AAAA","y":"AAAA"}"#,
            "curve",
        ),
        (r#"{"kty":"canary""#, "ends too early"),
        ("[1,2]", "an array"),
    ] {
        let error = PrivateKey::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(words), "{words}: {shown}");
        assert!(error.hint().unwrap().contains("BEGIN PRIVATE KEY"));
        assert!(
            !shown.contains("canary") && !shown.contains("MII"),
            "{shown}"
        );
        // No piece of the text of any length that matters.
        for piece in text.split_whitespace().filter(|piece| piece.len() > 30) {
            assert!(!shown.contains(piece), "{shown}");
        }
    }
    let odd = key!("rsa.jwk.json").replace("RS256", "HS256");
    assert!(
        PrivateKey::parse(&odd)
            .unwrap_err()
            .to_string()
            .contains("HS256")
    );
    let odd = key!("rsa.jwk.json").replace("RS256", "ES256");
    assert!(
        PrivateKey::parse(&odd)
            .unwrap_err()
            .to_string()
            .contains("ES256")
    );
}

#[test]
fn demand_33_debug_shows_no_key_material() {
    let key = PrivateKey::parse(key!("rsa.jwk.json")).unwrap();
    let shown = format!("{key:?}");
    assert!(
        shown.contains("RSA key of 2048 bits") && shown.len() < 120,
        "{shown}"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(-----BEGIN (RSA |EC |)PRIVATE KEY-----)?[A-Za-z0-9+/={}\":, \\n-]{0,200}(-----END PRIVATE KEY-----)?") {
        let _ = PrivateKey::parse(&text);
    }

    #[test]
    fn no_der_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), flip in 0usize..1200, value: u8) {
        let body = base64::engine::general_purpose::STANDARD.encode(&bytes);
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            let _ = PrivateKey::parse(&format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----"));
        }
        // A good key with one byte changed.
        let mut text = key!("ec_p256_pkcs8.pem").as_bytes().to_vec();
        let at = 28 + flip % 180;
        text[at] = b'A' + value % 26;
        let _ = PrivateKey::parse(&String::from_utf8_lossy(&text));
    }
}
