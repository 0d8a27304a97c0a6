//! Every name and every notation of a value.

use super::*;

#[tokio::test]
async fn demand_59_an_api_token_from_the_environment() {
    let requests = sent(from_vars(&[
        ("OKTA_CLIENT_ORGURL", "https://acme.okta.com/"),
        ("OKTA_CLIENT_TOKEN", "00env"),
        ("OKTA_CLIENT_USERAGENT", "tool/1"),
        ("OKTA_CLIENT_REQUESTTIMEOUT", "0"),
    ]))
    .await;
    assert_eq!(requests[0].uri, "https://acme.okta.com/api/v1/things/1");
    assert_eq!(requests[0].headers["authorization"], "SSWS 00env");
    let agent = requests[0].headers["user-agent"].to_str().unwrap();
    assert!(
        agent.starts_with("okta-sdk-rust/") && agent.ends_with(" tool/1"),
        "{agent}"
    );
}

#[tokio::test]
async fn demand_59_every_spelling_of_every_sdk_is_read() {
    for (name, written, key, shown) in [
        (
            "OKTA_CLIENT_RATELIMIT_MAXRETRIES",
            "3",
            "rateLimit.maxRetries",
            "3",
        ),
        (
            "OKTA_CLIENT_RATE_LIMIT_MAX_RETRIES",
            " 3 ",
            "rateLimit.maxRetries",
            "3",
        ),
        (
            "OKTA_CLIENT_RATE_LIMIT_MAX_BACKOFF",
            "9",
            "rateLimit.maxBackoff",
            "9 s",
        ),
        ("OKTA_CLIENT_REQUEST_TIMEOUT", "9", "requestTimeout", "9 s"),
        (
            "OKTA_CLIENT_REQUESTTIMEOUT",
            "500ms",
            "requestTimeout",
            "500ms",
        ),
        (
            "OKTA_CLIENT_CONNECTION_TIMEOUT",
            "2m",
            "connectionTimeout",
            "2m",
        ),
        (
            "OKTA_CLIENT_OKTADOMAIN",
            "https://acme.okta.com",
            "orgUrl",
            "https://acme.okta.com",
        ),
        ("OKTA_CLIENT_PRIVATEKEYID", "k1", "privateKeyId", "k1"),
        ("OKTA_CLIENT_KEYID", "k1", "privateKeyId", "k1"),
        ("OKTA_CLIENT_KID", "k1", "privateKeyId", "k1"),
        (
            "OKTA_CLIENT_AUTHORIZATIONMODE",
            "privateKEY",
            "authorizationMode",
            "privateKEY",
        ),
        (
            "OKTA_CLIENT_AUTHENTICATIONSCHEME",
            "OAUTH2",
            "authorizationMode",
            "OAUTH2",
        ),
        ("OKTA_CLIENT_SCOPES", "a b,c", "scopes", "a b c"),
        ("OKTA_CLIENT_SCOPES", r#"["a", "b"]"#, "scopes", "a b"),
        ("OKTA_CLIENT_PROXY_PORT", "3128", "proxy.port", "3128"),
        (
            "OKTA_CLIENT_OAUTHTOKENRENEWALOFFSET",
            "5",
            "oauthTokenRenewalOffset",
            "5 min",
        ),
        (
            "OKTA_TESTING_DISABLE_HTTPS_CHECK",
            "true",
            "testing.disableHttpsCheck",
            "true",
        ),
        (
            "OKTA_TESTING_TESTINGDISABLEHTTPSCHECK",
            "true",
            "testing.disableHttpsCheck",
            "true",
        ),
    ] {
        let explanation = Config::from_vars(owned(&[(name, written)]))
            .unwrap()
            .explain();
        assert_eq!(value(&explanation, key), shown, "{name}");
        assert_eq!(origin(&explanation, key), name);
        assert!(explanation.warnings.is_empty(), "{explanation}");
    }
    // Settings that only exist elsewhere are known, and explained.
    let explanation = Config::from_vars(owned(&[
        ("OKTA_CLIENT_CACHE_DEFAULT_TTL", "300"),
        ("OKTA_CLIENT_TOKEN", " "),
        ("PATH", "/bin"),
    ]))
    .unwrap()
    .explain();
    assert!(
        explanation
            .get("cache.defaultTtl")
            .unwrap()
            .unused
            .as_ref()
            .unwrap()
            .contains("never cached")
    );
    assert!(explanation.get("token").is_none());
}

#[test]
fn demand_59_two_forms_in_one_place_follow_the_rule() {
    let explanation = Config::from_vars(owned(&[
        ("OKTA_CLIENT_KID", "third"),
        ("OKTA_CLIENT_KEYID", "second"),
        ("OKTA_CLIENT_PRIVATEKEYID", "first"),
        ("OKTA_CLIENT_REQUESTTIMEOUT", "1"),
        ("OKTA_CLIENT_REQUEST_TIMEOUT", "2"),
    ]))
    .unwrap()
    .explain();
    assert_eq!(value(&explanation, "privateKeyId"), "first");
    let ignored = &explanation.get("privateKeyId").unwrap().ignored;
    assert_eq!(
        ignored[0].origin,
        Source::Environment {
            name: "OKTA_CLIENT_KEYID".into()
        }
    );
    assert_eq!(ignored[1].why, "OKTA_CLIENT_PRIVATEKEYID counts more");
    assert_eq!(value(&explanation, "requestTimeout"), "1 s");
    // The same key twice in a file: the later line.
    let place = Place::new().project(
        "okta:\n  client:\n    token: a\n    userAgent: x\n    userAgent: y\n    user_agent: z\n",
    );
    let explanation = place.explain(&[]);
    assert_eq!(value(&explanation, "userAgent"), "y");
    assert_eq!(explanation.get("userAgent").unwrap().ignored.len(), 2);
    // The key's own kid gives way to a key id that is set.
    let explanation = Config::from_vars(owned(&[
        ("OKTA_CLIENT_PRIVATEKEY", EC_JWK),
        ("OKTA_CLIENT_KID", "mine"),
    ]))
    .unwrap()
    .explain();
    assert!(
        explanation.get("privateKeyId").unwrap().ignored[0]
            .why
            .contains("own kid"),
        "{explanation}"
    );
}

#[tokio::test]
async fn demand_59_private_keys_in_every_form() {
    let one_line = RSA.replace('\n', "\\n");
    let indented = RSA.replace('\n', "\n      ");
    let jwk: serde_json::Value = serde_json::from_str(RSA_JWK).unwrap();
    let members = jwk.as_object().unwrap();
    let yaml_map: String = members
        .iter()
        .map(|(key, value)| format!("\n      {key}: {value}"))
        .collect();
    let shouted: String = members
        .iter()
        .map(|(key, value)| format!("\n      {}: {value}", key.to_uppercase()))
        .collect();
    let python = RSA_JWK.replace('"', "'");
    let json_line = jwk.to_string();
    let place = Place::new()
        .file("project/app.pem", RSA)
        .file("home/.okta/home.pem", RSA);
    let head = "okta:\n  client:\n    orgUrl: https://acme.okta.com\n    clientId: 0oa1\n    scopes: [okta.things.read]\n    privateKey: ";
    let env = |key: &str| {
        vec![
            (
                "OKTA_CLIENT_ORGURL".to_owned(),
                "https://acme.okta.com".to_owned(),
            ),
            ("OKTA_CLIENT_CLIENTID".to_owned(), "0oa1".to_owned()),
            (
                "OKTA_CLIENT_SCOPES".to_owned(),
                "okta.things.read".to_owned(),
            ),
            ("OKTA_CLIENT_PRIVATEKEY".to_owned(), key.to_owned()),
        ]
    };
    let mut builders = Vec::new();
    for key in [
        RSA,
        &one_line,
        &json_line,
        &python,
        place.0.join("project/app.pem").to_str().unwrap(),
    ] {
        builders.push(ClientBuilder::from_config(
            Config::from_vars(env(key)).unwrap(),
        ));
    }
    for key in [
        format!("|\n      {indented}"),
        format!("\"{one_line}\""),
        yaml_map,
        shouted,
        format!("'{json_line}'"),
        "app.pem".to_owned(),
        "{keyFilePath: app.pem, algorithm: RS384, kid: k}".to_owned(),
    ] {
        let place = Place::new()
            .file("project/app.pem", RSA)
            .project(&format!("{head}{key}\n"));
        builders.push(ClientBuilder::from_config(
            place.loader(&[]).load().unwrap(),
        ));
        // Keys are read when the client is built; the files have to live until then.
        let requests = sent(builders.pop().unwrap()).await;
        assert_eq!(requests[1].headers["authorization"], "Bearer t", "{key}");
    }
    let home = place.home(&format!("{head}home.pem"));
    builders.push(ClientBuilder::from_config(home.loader(&[]).load().unwrap()));
    for builder in builders {
        let requests = sent(builder).await;
        let body = String::from_utf8_lossy(&requests[0].body).into_owned();
        assert!(
            body.contains("scope=okta.things.read") && body.contains("client_assertion="),
            "{body}"
        );
    }
}
