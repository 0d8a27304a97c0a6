//! What is wrong or missing, and how it is said.

use super::*;

#[test]
fn demand_59_unknown_names_are_warnings_that_name_the_likely_one() {
    let place = Place::new().project("client: {token: x}\nokta:\n  orgUrl: https://acme.okta.com\n  oauth2: {issuer: x}\n  client:\n    orgurll: https://acme.okta.com\n    proxy:\n      hots: x\n    something:\n      else: 1\n");
    let explanation = place.explain(&[
        ("OKTA_CLIENT_TOKN", "canary"),
        ("OKTA_CLIENT_REQUESTTIMEOUT", "30000"),
    ]);
    let warnings = explanation.warnings.join("\n");
    for words in [
        "OKTA_CLIENT_TOKN is not a setting; OKTA_CLIENT_TOKEN was probably meant",
        "okta.yaml:1: `client` belongs below `okta:`",
        "okta.yaml:3: `okta.orgUrl` is not read: settings stand below `okta.client`",
        "okta.yaml:6: `okta.client.orgurll` is not a setting; orgUrl was probably meant",
        "okta.yaml:8: `okta.client.proxy.hots` is not a setting; proxy.host was probably meant",
        "okta.yaml:10: `okta.client.something.else` is not a setting",
        "plain numbers are seconds",
    ] {
        assert!(warnings.contains(words), "{words}\nin\n{warnings}");
    }
    assert!(!warnings.contains("oauth2") && !explanation.to_string().contains("canary"));
}

#[test]
fn demand_59_all_faults_stand_in_one_error_without_values() {
    let place = Place::new().project("okta:\n  client:\n    rateLimit:\n      maxRetries: [canary1]\n    proxy: {username: canary2}\n    token: {canary3}\n");
    let config = place
        .loader(&[
            ("OKTA_CLIENT_ORGURL", "https://{yourOktaDomain}"),
            ("OKTA_CLIENT_REQUESTTIMEOUT", "canary4"),
            ("OKTA_CLIENT_AUTHORIZATIONMODE", "canary5"),
            ("OKTA_CLIENT_DPOPENABLED", "canary6"),
            ("OKTA_CLIENT_PROXY_PORT", "99999"),
        ])
        .load()
        .unwrap();
    let explanation = config.explain();
    let error = ClientBuilder::from_config(config)
        .transport(Arc::new(Canned::new()))
        .build()
        .unwrap_err();
    let text = format!("{error} {error:?} {explanation}");
    for words in [
        "9 faults: authorizationMode",
        "rateLimit.maxRetries (",
        "okta.yaml:4): expected a text, found a list",
        "placeholder",
        "requestTimeout (OKTA_CLIENT_REQUESTTIMEOUT): expected a number",
        "authorizationMode (OKTA_CLIENT_AUTHORIZATIONMODE): expected SSWS",
        "dpopEnabled (OKTA_CLIENT_DPOPENABLED): expected true or false",
        "proxy.port (OKTA_CLIENT_PROXY_PORT): expected a port",
        "OKTA_CLIENT_PROXY_HOST is missing",
        "not both",
    ] {
        assert!(text.contains(words), "{words}\nin\n{text}");
    }
    // The user name of a proxy is no secret.
    for canary in ["canary1", "canary3", "canary4", "canary5", "canary6"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

#[test]
fn demand_59_what_is_missing_is_named() {
    let org = ("OKTA_CLIENT_ORGURL", "https://acme.okta.com");
    let id = ("OKTA_CLIENT_CLIENTID", "0oa1");
    let key = ("OKTA_CLIENT_PRIVATEKEY", "canary");
    for (vars, words) in [
        (vec![], "org URL"),
        (vec![], "OKTA_CLIENT_TOKEN"),
        (vec![org], "OKTA_CLIENT_TOKEN"),
        (
            vec![org, id],
            "OKTA_CLIENT_PRIVATEKEY, OKTA_CLIENT_SCOPES are missing",
        ),
        (vec![org, key], "OKTA_CLIENT_CLIENTID"),
        (vec![org, id, key], "OKTA_CLIENT_SCOPES"),
        (
            vec![org, id, key, ("OKTA_CLIENT_SCOPES", "a")],
            "neither PEM nor JSON",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_CLIENTID", "{clientId}"),
                key,
                ("OKTA_CLIENT_SCOPES", "a"),
            ],
            "neither PEM nor JSON",
        ),
        (
            vec![org, ("OKTA_CLIENT_AUTHORIZATIONMODE", "Bearer")],
            "OKTA_CLIENT_TOKEN",
        ),
        (
            vec![org, ("OKTA_CLIENT_AUTHORIZATIONMODE", "JWT"), id],
            "OKTA_CLIENT_CLIENTASSERTION, OKTA_CLIENT_SCOPES are missing",
        ),
        (
            vec![org, ("OKTA_CLIENT_TOKEN", "{apiToken}")],
            "placeholder",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_TOKEN", "x"),
                ("OKTA_CLIENT_PROXY_HOST", "p"),
                ("OKTA_CLIENT_PROXY_USERNAME", "u"),
            ],
            "not both",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_TOKEN", "x"),
                ("OKTA_CLIENT_CAFILE", "/no/such.pem"),
            ],
            "caFile: /no/such.pem cannot be read",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_TOKEN", "x"),
                ("OKTA_CLIENT_CLIENTCERTIFICATEKEY", "k.pem"),
            ],
            "clientCertificate is not",
        ),
    ] {
        let error = from_vars(&vars).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn demand_59_the_builder_mends_what_is_wrong_elsewhere() {
    let client = from_vars(&[
        ("OKTA_CLIENT_ORGURL", "https://{yourOktaDomain}"),
        ("OKTA_CLIENT_REQUESTTIMEOUT", "soon"),
        ("OKTA_CLIENT_PROXY_HOST", "user:canary@proxy"),
    ])
    .org_url(ORG)
    .api_token("00canary")
    .timeout(std::time::Duration::from_secs(9))
    .proxy("http://me:canary@proxy.example:3128")
    .build()
    .unwrap();
    let explanation = client.explain();
    assert_eq!(value(explanation, "orgUrl"), ORG);
    assert_eq!(value(explanation, "requestTimeout"), "9s");
    assert_eq!(
        value(explanation, "authorizationMode"),
        "that of the credential"
    );
    assert_eq!(
        value(explanation, "proxy.host"),
        "http://proxy.example:3128"
    );
    assert!(
        !format!("{explanation} {explanation:?}").contains("canary"),
        "{explanation}"
    );
}

#[test]
fn demand_34_plain_http_needs_a_word_from_the_user() {
    let vars = [
        ("OKTA_CLIENT_ORGURL", "http://wiremock:8080"),
        ("OKTA_CLIENT_TOKEN", "x"),
    ];
    assert!(
        from_vars(&vars)
            .build()
            .unwrap_err()
            .to_string()
            .contains("plain http")
    );
    for name in [
        "OKTA_TESTING_DISABLEHTTPSCHECK",
        "OKTA_CLIENT_DISABLEOKTADOMAINCHECK",
    ] {
        let client = from_vars(&[vars[0], vars[1], (name, "true")])
            .build()
            .unwrap();
        assert_eq!(client.org_url(), "http://wiremock:8080");
    }
    let admin = [
        ("OKTA_CLIENT_ORGURL", "https://acme-admin.okta.com"),
        ("OKTA_CLIENT_TOKEN", "x"),
    ];
    assert!(
        from_vars(&admin)
            .build()
            .unwrap_err()
            .to_string()
            .contains("Admin Console")
    );
}

const NAME: &str = "OKTA_(CLIENT|TESTING)_(ORGURL|TOKEN|SCOPES|PROXY_HOST|PROXY_PORT|REQUEST_TIMEOUT|DPOPENABLED|AUTHORIZATIONMODE|CLIENTID|PRIVATEKEY|KID|DISABLEHTTPSCHECK|CAFILE|[A-Z_]{0,8})";
const LINE: &str = "( {0,6})(okta|client|profiles|testing|p|proxy|host|port|token|orgUrl|scopes|privateKey|- x|<<|&a|\\*a|\\{|\\[|\\]|\\}|'|\"|\\||#)(:| |: | : )?[ -~äß\\x00]{0,12}";

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn demand_59_no_environment_panics(vars in proptest::collection::vec((NAME, ".{0,20}"), 0..8)) {
        if let Ok(config) = Config::from_vars(vars) {
            let _ = config.explain().to_string();
            let _ = ClientBuilder::from_config(config).transport(Arc::new(Canned::new())).build();
        }
    }

    #[test]
    fn demand_59_no_file_panics(lines in proptest::collection::vec(LINE, 0..12), profile in proptest::option::of("p")) {
        let place = Place::new().project(&lines.join("\n")).home(&format!("okta:\n  client:\n    {}", lines.join("\n    ")));
        let mut loader = place.loader(&[]);
        if let Some(name) = profile {
            loader = loader.profile(name);
        }
        if let Ok(config) = loader.load() {
            let _ = config.explain().to_string();
            let _ = ClientBuilder::from_config(config).transport(Arc::new(Canned::new())).build();
        }
    }
}
