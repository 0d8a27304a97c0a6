//! Settings of other SDKs do something here, or `explain()` says why they do not.

use super::*;
use okta_core::observe::LevelFilter;
use okta_core::testing::VirtualClock;
use okta_core::transport::HttpRequest;

const ORG_URL: (&str, &str) = ("OKTA_CLIENT_ORGURL", "https://acme.okta.com");
const ID: (&str, &str) = ("OKTA_CLIENT_CLIENTID", "0oa1");
const SCOPES: (&str, &str) = ("OKTA_CLIENT_SCOPES", "okta.things.read");

fn form(request: &HttpRequest) -> std::collections::HashMap<String, String> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

/// `{"sub":"0oa2"}` between two parts that nobody here reads.
const ASSERTION: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwb2EyIn0.c2ln";

#[tokio::test]
async fn demand_59_a_client_secret_makes_a_service_app() {
    let secret = ("OKTA_CLIENT_CLIENTSECRET", "canary+secret");
    let mode = |name| ("OKTA_CLIENT_AUTHORIZATIONMODE", name);
    for vars in [
        vec![ORG_URL, ID, SCOPES, secret],
        vec![ORG_URL, ID, SCOPES, secret, mode("client_secret_basic")],
        // An API token of the same place is not what the mode says.
        vec![
            ORG_URL,
            ID,
            SCOPES,
            secret,
            mode("ClientSecret"),
            ("OKTA_CLIENT_TOKEN", "00t"),
        ],
    ] {
        let requests = sent(from_vars(&vars)).await;
        // 0oa1:canary%2Bsecret
        assert_eq!(
            requests[0].headers["authorization"],
            "Basic MG9hMTpjYW5hcnklMkJzZWNyZXQ="
        );
        assert_eq!(form(&requests[0])["scope"], "okta.things.read");
        assert_eq!(requests[1].headers["authorization"], "Bearer t");
    }
    let vars = [ORG_URL, ID, SCOPES, secret, mode("client_secret_post")];
    let requests = sent(from_vars(&vars)).await;
    assert_eq!(form(&requests[0])["client_secret"], "canary+secret");
    assert!(!requests[0].headers.contains_key("authorization"));

    let explanation = from_vars(&vars).explain();
    assert!(explanation.get("clientSecret").unwrap().unused.is_none());
    assert!(!format!("{explanation} {explanation:?}").contains("canary"));
    let error = from_vars(&[ORG_URL, secret, SCOPES]).build().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("OKTA_CLIENT_CLIENTID is missing"),
        "{error}"
    );
    // The secret of one place, and a key of a more important one.
    let place = Place::new().project("okta:\n  client:\n    clientSecret: s\n");
    let key = ("OKTA_CLIENT_PRIVATEKEY", EC_JWK);
    let explanation = place.explain(&[ORG_URL, ID, SCOPES, key]);
    assert!(value(&explanation, "authorizationMode").starts_with("PrivateKey"));
    let unused = explanation.get("clientSecret").unwrap().unused.clone();
    assert_eq!(unused.as_deref(), Some("the mode is PrivateKey"));
}

#[tokio::test]
async fn demand_59_a_client_assertion_is_sent_as_it_is_or_as_its_file_says() {
    let assertion = ("OKTA_CLIENT_CLIENTASSERTION", ASSERTION);
    for vars in [
        vec![ORG_URL, SCOPES, assertion],
        vec![
            ORG_URL,
            SCOPES,
            assertion,
            ("OKTA_CLIENT_AUTHORIZATIONMODE", "JWT"),
        ],
    ] {
        let builder = from_vars(&vars);
        let explanation = builder.explain();
        assert_eq!(value(&explanation, "clientAssertion"), "[redacted]");
        assert!(!explanation.to_string().contains("eyJ"));
        let requests = sent(builder).await;
        let form = form(&requests[0]);
        assert_eq!(form["client_assertion"], ASSERTION);
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        assert_eq!(requests[1].headers["authorization"], "Bearer t");
    }

    // A file is read anew for each token.
    let place = Place::new()
        .file("project/assertion.jwt", &format!("{ASSERTION}\n"))
        .project("okta:\n  client:\n    clientAssertion: assertion.jwt\n");
    let transport = Arc::new(Canned::from_fn(|request| match request.uri.path() {
        "/oauth2/v1/token" if request.body.windows(4).any(|part| part == b"zzzz") => Answer::json(
            401,
            r#"{"error":"invalid_client","error_description":"The client_assertion token has already been used."}"#,
        ),
        "/oauth2/v1/token" => Answer::json(200, r#"{"token_type":"Bearer","access_token":"t"}"#),
        _ => Answer::json(200, "{}"),
    }));
    let config = place.loader(&[ORG_URL, SCOPES]).load().unwrap();
    let client = ClientBuilder::from_config(config)
        .transport(transport.clone())
        .build()
        .unwrap();
    client.send(Get::of("1")).await.unwrap();
    let place = place.file("project/assertion.jwt", "e30.e30.zzzz");
    let error = client.renew_token().await.unwrap_err();
    assert_eq!(
        form(&transport.requests()[2])["client_assertion"],
        "e30.e30.zzzz"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("the file must hold a new assertion"),
        "{error}"
    );
    assert!(!error.to_string().contains("zzzz"), "{error}");
    let place = place.file("project/assertion.jwt", "canary in clear");
    let error = client.renew_token().await.unwrap_err().to_string();
    assert!(
        error.contains("assertion.jwt") && !error.contains("canary"),
        "{error}"
    );
    drop(place);

    for (odd, what) in [
        ("canary", "no signed JWT"),
        ("e30.e30.canary", "does not name its client"),
    ] {
        let assertion = ("OKTA_CLIENT_CLIENTASSERTION", odd);
        let error = from_vars(&[ORG_URL, SCOPES, assertion])
            .build()
            .unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn demand_59_rate_limit_enable_switches_pacing() {
    // Nothing is left for 30 s.
    let spent = || {
        Canned::from_fn(|_| {
            Answer::json(200, "{}")
                .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
                .header("x-rate-limit-limit", "600")
                .header("x-rate-limit-remaining", "0")
                .header("x-rate-limit-reset", &(START + 30).to_string())
        })
    };
    let token = ("OKTA_CLIENT_TOKEN", "00t");
    let waited = async |builder: ClientBuilder| {
        let clock: VirtualClock = clock();
        let builder = builder.transport(Arc::new(spent()));
        let client = builder.clock(Arc::new(clock.clone())).build().unwrap();
        client.send(Get::of("1")).await.unwrap();
        client.send(Get::of("1")).await.unwrap();
        client.stats().waited.as_secs()
    };
    for (name, enable, paced) in [
        ("OKTA_CLIENT_RATE_LIMIT_ENABLE", "true", true),
        ("OKTA_CLIENT_RATE_LIMIT_ENABLE", "false", false),
        ("OKTA_CLIENT_RATELIMIT_ENABLE", "false", false),
    ] {
        let builder = from_vars(&[ORG_URL, token, (name, enable)]);
        assert_eq!(value(&builder.explain(), "rateLimit.enable"), enable);
        assert_eq!(waited(builder).await >= 30, paced, "{name}={enable}");
    }
    // Code counts more.
    let off = ("OKTA_CLIENT_RATE_LIMIT_ENABLE", "false");
    let builder = from_vars(&[ORG_URL, token, off]).pacing(okta_core::Pacing::default());
    assert_eq!(origin(&builder.explain(), "rateLimit.enable"), "builder");
    assert!(waited(builder).await >= 30);
}

#[test]
fn demand_59_log_levels_in_every_notation() {
    let token = ("OKTA_CLIENT_TOKEN", "00t");
    let level = |vars: &[(&str, &str)]| {
        let vars = [&[ORG_URL, token], vars].concat();
        from_vars(&vars).build().unwrap().log_level()
    };
    assert_eq!(level(&[]), LevelFilter::TRACE);
    for (written, read) in [
        ("INFO", LevelFilter::INFO),
        ("logging.WARNING", LevelFilter::WARN),
        ("10", LevelFilter::DEBUG),
        ("50", LevelFilter::ERROR),
        ("off", LevelFilter::OFF),
    ] {
        assert_eq!(level(&[("OKTA_CLIENT_LOGGING_LOGLEVEL", written)]), read);
        assert_eq!(level(&[("OKTA_CLIENT_LOGGING_LOG_LEVEL", written)]), read);
    }
    let enabled = |on| ("OKTA_CLIENT_LOGGING_ENABLED", on);
    let debug = ("OKTA_CLIENT_LOGGING_LOGLEVEL", "DEBUG");
    assert_eq!(level(&[enabled("true")]), LevelFilter::TRACE);
    assert_eq!(level(&[enabled("true"), debug]), LevelFilter::DEBUG);
    assert_eq!(level(&[enabled("false"), debug]), LevelFilter::OFF);
    let explanation = from_vars(&[ORG_URL, token, enabled("false"), debug]).explain();
    let unused = explanation.get("logging.logLevel").unwrap().unused.clone();
    assert_eq!(unused.as_deref(), Some("logging.enabled is false"));
    let builder = from_vars(&[ORG_URL, token, enabled("false")]).log_level(LevelFilter::WARN);
    let unused = builder
        .explain()
        .get("logging.enabled")
        .unwrap()
        .unused
        .clone();
    assert_eq!(unused.as_deref(), Some("the builder's log level counts"));
    assert_eq!(builder.build().unwrap().log_level(), LevelFilter::WARN);
    let canary = ("OKTA_CLIENT_LOGGING_LOGLEVEL", "canary");
    let error = from_vars(&[ORG_URL, token, canary]).build().unwrap_err();
    assert!(error.to_string().contains("expected TRACE"), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn demand_59_the_proof_key_is_renewed_after_the_interval() {
    let interval = |text| ("OKTA_CLIENT_DPOPKEYROTATIONINTERVAL", text);
    let key = ("OKTA_CLIENT_PRIVATEKEY", EC_JWK);
    let dpop = |on| ("OKTA_CLIENT_DPOPENABLED", on);
    let keys = async |vars: &[(&str, &str)]| {
        let transport = Arc::new(Canned::from_fn(|request| match request.uri.path() {
            "/oauth2/v1/token" => Answer::json(200, r#"{"token_type":"DPoP","access_token":"t"}"#),
            _ => Answer::json(200, "{}"),
        }));
        let clock = clock();
        let client = from_vars(&[&[ORG_URL, ID, SCOPES, key, dpop("true")], vars].concat())
            .transport(transport.clone())
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        for _ in 0..2 {
            client.send(Get::of("1")).await.unwrap();
            clock.advance(std::time::Duration::from_secs(4000));
        }
        let proofs = transport.requests().into_iter();
        let mut keys: Vec<String> = proofs
            .filter_map(|request| {
                let proof = request.headers.get("dpop")?.to_str().ok()?.to_owned();
                Some(proof.split('.').next()?.to_owned())
            })
            .collect();
        assert_eq!(keys.len(), 4);
        keys.dedup();
        keys.len()
    };
    assert_eq!(keys(&[interval("3600")]).await, 2);
    assert_eq!(keys(&[interval("2h")]).await, 1);
    assert_eq!(keys(&[]).await, 1);

    let vars = [ORG_URL, ID, SCOPES, key, dpop("false"), interval("86400")];
    let explanation = from_vars(&vars).explain();
    assert!(explanation.warnings.is_empty(), "{explanation}");
    let row = explanation.get("dpopKeyRotationInterval").unwrap();
    assert_eq!(row.unused.as_deref(), Some("dpopEnabled is false"));
    let error = from_vars(&[ORG_URL, ID, SCOPES, key, interval("60")])
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("3600 to 7776000"), "{error}");
}

#[test]
fn demand_59_what_has_no_effect_says_why() {
    let explanation = from_vars(&[
        ORG_URL,
        ("OKTA_CLIENT_TOKEN", "00t"),
        ("OKTA_CLIENT_CACHE_ENABLED", "true"),
        ("OKTA_CLIENT_CACHE_DEFAULT_TTL", "300"),
        ("OKTA_CLIENT_CACHE_DEFAULTTTI", "300"),
        ("OKTA_CLIENT_ENCRYPTION_TYPE", "RSA"),
    ])
    .explain();
    for (key, why) in [
        ("cache.enabled", "never cached"),
        ("cache.defaultTtl", "never cached"),
        ("cache.defaultTti", "never cached"),
        ("encryptionType", "follows from the key"),
    ] {
        let unused = explanation.get(key).unwrap().unused.clone().unwrap();
        assert!(unused.contains(why), "{key}: {unused}");
        assert!(explanation.to_string().contains(&unused), "{explanation}");
    }
    assert!(explanation.warnings.is_empty() && explanation.faults.is_empty());
}
