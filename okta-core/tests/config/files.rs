//! Files, profiles and precedence.

use super::*;

#[test]
fn demand_59_builder_then_environment_then_project_then_home() {
    let place = Place::new()
        .home("okta:\n  client:\n    orgUrl: https://home.okta.com\n    userAgent: home\n    scopes: [home]\n    clientId: home\n")
        .project("okta:\n  client:\n    orgUrl: https://project.okta.com\n    userAgent: project\n    scopes:\n    - project\n")
        .file("project/.okta.yaml", "okta:\n  client: {scopes: dotted, requestTimeout: 7}\n");
    let config = place
        .loader(&[
            ("OKTA_CLIENT_ORGURL", "https://env.okta.com"),
            ("OKTA_CLIENT_USERAGENT", "env"),
        ])
        .load()
        .unwrap();
    let explanation = ClientBuilder::from_config(config)
        .org_url("https://code.okta.com")
        .explain();
    for (key, wanted, from) in [
        ("orgUrl", "https://code.okta.com", "builder"),
        ("userAgent", "env", "OKTA_CLIENT_USERAGENT"),
        ("scopes", "project", "project/okta.yaml:6"),
        ("requestTimeout", "7 s", "project/.okta.yaml:2"),
        ("clientId", "home", ".okta/okta.yaml:6"),
        ("connectionTimeout", "30 s", "default"),
    ] {
        assert_eq!(value(&explanation, key), wanted, "{explanation}");
        assert!(
            origin(&explanation, key).ends_with(from),
            "{key}: {explanation}"
        );
    }
    let org = explanation.get("orgUrl").unwrap();
    let ignored: Vec<&str> = org.ignored.iter().map(|one| &*one.value).collect();
    assert_eq!(
        ignored,
        [
            "https://env.okta.com",
            "https://project.okta.com",
            "https://home.okta.com"
        ]
    );
    assert!(
        org.ignored
            .iter()
            .all(|one| one.why == "builder counts more")
    );
    // The table has them all, and JSON too.
    let table = explanation.to_string();
    assert!(
        table.contains("ignored") && table.contains("project/okta.yaml:3"),
        "{table}"
    );
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["settings"][0]["ignored"].as_array().unwrap().len(), 3);
}

#[test]
fn demand_59_yaml_nulls_and_empty_files_are_absent() {
    let sample = "okta:\n  client:\n    orgUrl: 'https://acme.okta.com'\n    token: '00abc'\n    connectionTimeout: 30\n    proxy:\n      port: null\n      host: null\n      username: ~\n      password:\n    requestTimeout: 0\n    rateLimit:\n      maxRetries: 4\n";
    let place = Place::new().project(sample);
    ClientBuilder::from_config(place.loader(&[]).load().unwrap())
        .transport(Arc::new(Canned::new()))
        .build()
        .unwrap();
    for text in [
        "",
        "# nothing\n",
        "okta:\n",
        "okta:\n  client:\n",
        "---\n...\n",
    ] {
        let explanation = Place::new().project(text).explain(&[]);
        assert!(explanation.warnings.is_empty(), "{text}: {explanation}");
    }
}

const PROFILES: &str = "\
okta:
  client:
    orgUrl: https://acme.okta.com
    token: canary-of-acme
    requestTimeout: 11
  profiles:
    staging:
      orgUrl: https://staging.oktapreview.com
      token: canary-of-staging
      rateLimit: {maxRetries: 1}
    prod:
      client:
        orgUrl: https://prod.okta.com
        clientId: 0oaprod
        privateKey: prod.pem
        scopes: [okta.users.read]
";

#[test]
fn demand_59_profiles_by_code_and_by_variable() {
    let place = Place::new().project(PROFILES).home("okta:\n  profiles:\n    staging: {userAgent: home}\n    lab: {orgUrl: https://lab.okta.com}\n");
    let env = [
        ("OKTA_CLIENT_TOKEN", "canary-of-env"),
        ("OKTA_CLIENT_ORGURL", "https://env.okta.com"),
    ];

    // Chosen by a variable: other variables count more.
    let explanation = place.explain(&[("OKTA_CLIENT_PROFILE", "staging"), env[1]]);
    assert_eq!(value(&explanation, "orgUrl"), "https://env.okta.com");
    assert!(
        explanation
            .get("token")
            .unwrap()
            .origin
            .to_string()
            .ends_with("okta.yaml:9")
    );
    assert!(
        explanation
            .warnings
            .iter()
            .any(|line| line.contains("belong together")),
        "{explanation}"
    );

    // Chosen in code: the profile counts more.
    let config = place.loader(&env).profile("staging").load().unwrap();
    let explanation = config.explain();
    assert_eq!(
        value(&explanation, "orgUrl"),
        "https://staging.oktapreview.com"
    );
    assert!(origin(&explanation, "token").ends_with("okta.yaml:9"));
    assert_eq!(value(&explanation, "userAgent"), "home");
    assert_eq!(value(&explanation, "requestTimeout"), "11 s");
    assert_eq!(value(&explanation, "rateLimit.maxRetries"), "1");
    let ignored = &explanation.get("token").unwrap().ignored;
    assert_eq!(ignored.len(), 2);
    assert_eq!(ignored[1].why, "profile staging is chosen");
    assert!(
        !format!("{explanation} {explanation:?} {config:?}").contains("canary"),
        "{explanation}"
    );

    // Its key counts, not the environment's token.
    let explanation = place
        .loader(&env[..1])
        .profile("prod")
        .load()
        .unwrap()
        .explain();
    assert_eq!(
        value(&explanation, "authorizationMode"),
        "PrivateKey (by what else is set)"
    );
    assert_eq!(
        explanation.get("token").unwrap().unused.as_deref(),
        Some("the mode is PrivateKey")
    );

    // The org of a profile never gets the token beside it.
    let error = ClientBuilder::from_config(place.loader(&[]).profile("lab").load().unwrap())
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("OKTA_CLIENT_TOKEN is missing"),
        "{error}"
    );

    let error = place
        .loader(&[])
        .profile("nowhere")
        .load()
        .unwrap_err()
        .to_string();
    for word in ["nowhere", "lab", "prod", "staging", "okta.yaml:8"] {
        assert!(error.contains(word), "{error}");
    }
    let error = Config::from_vars(owned(&[("OKTA_CLIENT_PROFILE", "x")])).unwrap_err();
    assert!(error.to_string().contains("no profile"), "{error}");
}

#[test]
fn demand_59_unusable_files_are_errors_with_their_place() {
    let error = |place: &Place| {
        let error = place.loader(&[]).load().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let text = error(&Place::new().project("okta:\n  client:\n   token: [canary\n"));
    assert!(
        text.contains("okta.yaml:3:11") && !text.contains("canary"),
        "{text}"
    );
    let text = error(&Place::new().project("okta:\n  client:\n    a: b\n   token: canary\n"));
    assert!(text.contains("okta.yaml:4:"), "{text}");
    let text = error(&Place::new().project("just text"));
    assert!(text.contains("expected `okta:`"), "{text}");
    let text = error(&Place::new().project(&format!(
        "okta:\n  client:\n    userAgent: {}\n",
        "x".repeat(1 << 20)
    )));
    assert!(text.contains("1 MiB"), "{text}");
    let place = Place::new();
    std::fs::create_dir(place.0.join("project/okta.yaml")).unwrap();
    std::fs::write(place.0.join("home/.okta/okta.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    let text = error(&place);
    assert!(
        text.contains("cannot be read") && text.contains("not UTF-8"),
        "{text}"
    );
}
