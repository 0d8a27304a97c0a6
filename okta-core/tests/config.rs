//! From environment variables to a client.

mod common;

use std::sync::Arc;

use common::*;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::{ClientBuilder, Config};

fn builder(vars: &[(&str, &str)]) -> okta_core::Result<ClientBuilder> {
    let vars = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ClientBuilder::from_config(Config::from_vars(vars)?)
}

#[tokio::test]
async fn an_api_token_from_the_environment() {
    let transport = Arc::new(Canned::from_fn(|_| Answer::json(200, "{}")));
    let client = builder(&[
        ("OKTA_CLIENT_ORGURL", "https://acme.okta.com/"),
        ("OKTA_CLIENT_TOKEN", "00env"),
        ("OKTA_CLIENT_USERAGENT", "tool/1"),
        ("OKTA_CLIENT_REQUESTTIMEOUT", "0"),
    ])
    .unwrap()
    .transport(transport.clone())
    .build()
    .unwrap();
    client.send(Get::of("1")).await.unwrap();
    let request = &transport.requests()[0];
    assert_eq!(request.uri, "https://acme.okta.com/api/v1/things/1");
    assert_eq!(request.headers["authorization"], "SSWS 00env");
    assert!(
        request.headers["user-agent"]
            .to_str()
            .unwrap()
            .ends_with("tool/1")
    );
}

#[tokio::test]
async fn a_service_app_from_the_environment() {
    let one_line = include_str!("keys/rsa_pkcs8.pem").replace('\n', "\\n");
    let transport = Arc::new(Canned::from_fn(|request| {
        if request.uri.path() == "/oauth2/v1/token" {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            assert!(
                body.contains("scope=okta.groups.read+okta.users.read"),
                "{body}"
            );
            return Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            );
        }
        Answer::json(200, "{}")
    }));
    let client = builder(&[
        ("OKTA_CLIENT_ORGURL", "https://acme.okta.com"),
        ("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey"),
        ("OKTA_CLIENT_CLIENTID", "0oa1"),
        ("OKTA_CLIENT_SCOPES", "okta.users.read,okta.groups.read"),
        ("OKTA_CLIENT_PRIVATEKEY", &one_line),
        ("OKTA_CLIENT_KEYID", "k1"),
    ])
    .unwrap()
    .transport(transport.clone())
    .build()
    .unwrap();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests()[1].headers["authorization"], "Bearer t");
}

#[test]
fn what_is_missing_is_named() {
    let org = ("OKTA_CLIENT_ORGURL", "https://acme.okta.com");
    for (vars, words) in [
        (vec![], "org URL"),
        (vec![org], "OKTA_CLIENT_TOKEN"),
        (
            vec![org, ("OKTA_CLIENT_CLIENTID", "0oa1")],
            "OKTA_CLIENT_PRIVATEKEY",
        ),
        (
            vec![org, ("OKTA_CLIENT_PRIVATEKEY", "canary")],
            "OKTA_CLIENT_CLIENTID",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_CLIENTID", "0oa1"),
                ("OKTA_CLIENT_PRIVATEKEY", "canary"),
            ],
            "OKTA_CLIENT_SCOPES",
        ),
        (
            vec![
                org,
                ("OKTA_CLIENT_CLIENTID", "0oa1"),
                ("OKTA_CLIENT_PRIVATEKEY", "canary"),
                ("OKTA_CLIENT_SCOPES", "a"),
            ],
            "neither PEM nor JSON",
        ),
        (
            vec![org, ("OKTA_CLIENT_AUTHORIZATIONMODE", "Bearer")],
            "OKTA_CLIENT_TOKEN",
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
    ] {
        let error = builder(&vars).and_then(ClientBuilder::build).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_environment_panics(vars in proptest::collection::vec(("OKTA_CLIENT_(ORGURL|TOKEN|SCOPES|PROXY_PORT|REQUEST_TIMEOUT|DPOPENABLED|AUTHORIZATIONMODE|CLIENTID|PRIVATEKEY)", ".{0,20}"), 0..6)) {
        let _ = Config::from_vars(vars).and_then(ClientBuilder::from_config).and_then(ClientBuilder::build);
    }
}
