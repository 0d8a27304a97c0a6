//! From the surroundings to a client: names, values, precedence, profiles, faults, explanation.

mod acts;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod files;
mod names;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::*;
use okta_core::config::{Explanation, Loader, Source};
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::{ClientBuilder, Config};

const RSA: &str = include_str!("../keys/rsa_pkcs8.pem");
const RSA_JWK: &str = include_str!("../keys/rsa.jwk.json");
const EC_JWK: &str = include_str!("../keys/ec_p256.jwk.json");

fn owned(vars: &[(&str, &str)]) -> Vec<(String, String)> {
    vars.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn from_vars(vars: &[(&str, &str)]) -> ClientBuilder {
    ClientBuilder::from_config(Config::from_vars(owned(vars)).unwrap())
}

/// A project directory and a home of their own.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("config-{number}-{}", std::process::id()));
        std::fs::create_dir_all(root.join("project")).unwrap();
        std::fs::create_dir_all(root.join("home/.okta")).unwrap();
        Self(root)
    }

    fn project(self, text: &str) -> Self {
        self.file("project/okta.yaml", text)
    }

    fn home(self, text: &str) -> Self {
        self.file("home/.okta/okta.yaml", text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        std::fs::write(self.0.join(path), text).unwrap();
        self
    }

    fn loader(&self, vars: &[(&str, &str)]) -> Loader {
        Config::loader()
            .directory(self.0.join("project"))
            .home(self.0.join("home"))
            .vars(owned(vars))
    }

    fn explain(&self, vars: &[(&str, &str)]) -> Explanation {
        self.loader(vars).load().unwrap().explain()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn value<'a>(explanation: &'a Explanation, key: &str) -> &'a str {
    &explanation
        .get(key)
        .unwrap_or_else(|| panic!("{key}: {explanation}"))
        .value
}

fn origin(explanation: &Explanation, key: &str) -> String {
    explanation.get(key).unwrap().origin.to_string()
}

/// Answers the token endpoint and everything else; gives the requests.
async fn sent(builder: ClientBuilder) -> Vec<okta_core::transport::HttpRequest> {
    let transport = Arc::new(Canned::from_fn(|request| match request.uri.path() {
        "/oauth2/v1/token" => Answer::json(
            200,
            r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
        ),
        _ => Answer::json(200, "{}"),
    }));
    let client = builder.transport(transport.clone()).build().unwrap();
    client.send(Get::of("1")).await.unwrap();
    transport.requests()
}
