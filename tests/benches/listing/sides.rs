//! Ours, and what one writes by hand.

#[path = "../rivals/measure.rs"]
mod measure;
#[rustfmt::skip]
#[path = "../codec/twin.rs"]
#[allow(dead_code, clippy::all, unreachable_pub)]
mod twin;

use okta_core::Client;
use okta_management::prelude::*;
use serde::de::DeserializeOwned;

pub(crate) fn run(side: &str, what: &str, url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (count, text) = match (side, what) {
            ("twin", "users") => {
                by_hand::<twin::User>(&format!("{url}/api/v1/users"), |user| user.m5.as_deref())
                    .await
            }
            ("twin", _) => {
                by_hand::<twin::LogEvent>(&format!("{url}/api/v1/logs"), |event| {
                    event.m14.as_deref()
                })
                .await
            }
            (side, what) => ours(side, what, url).await,
        };
        measure::report(count, text);
    });
}

async fn ours(side: &str, what: &str, url: &str) -> (usize, usize) {
    let client = Client::builder()
        .org_url(url)
        .api_token("00bench")
        .build()
        .expect("a client");
    let (mut count, mut text) = (0, 0);
    let mut see = |id: Option<&str>| {
        count += 1;
        text += id.map_or(0, str::len);
    };
    match (side, what) {
        ("count", what) => {
            let count = match what {
                "users" => client.users().list().count().await,
                _ => client.logs().list().count().await,
            };
            let count = usize::try_from(count.expect("a count")).expect("a number");
            // Nothing is decoded, so that there are no ids to look at.
            return (count, crate::pages::expected(what).1);
        }
        (side, "users") => {
            let mut users = client.users().list().items();
            if side == "prefetch" {
                users = users.prefetch();
            }
            while let Some(user) = users.try_next().await.expect("a user") {
                see(user.id.as_deref());
            }
        }
        (side, _) => {
            let mut events = client.logs().list().limit(1000).items();
            if side == "prefetch" {
                events = events.prefetch();
            }
            while let Some(event) = events.try_next().await.expect("an event") {
                see(event.uuid.as_deref());
            }
        }
    }
    (count, text)
}

async fn by_hand<T: DeserializeOwned>(
    first: &str,
    id: impl Fn(&T) -> Option<&str>,
) -> (usize, usize) {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("a provider");
    let client = reqwest::Client::new();
    let (mut count, mut text) = (0, 0);
    let mut next = Some(first.to_owned());
    while let Some(url) = next {
        let response = client
            .get(&url)
            .header("authorization", "SSWS 00bench")
            .header("accept", "application/json")
            .send()
            .await
            .expect("an answer")
            .error_for_status()
            .expect("a success");
        next = response
            .headers()
            .get_all("link")
            .iter()
            .filter_map(|link| link.to_str().ok())
            .flat_map(|link| link.split(','))
            .find(|link| link.contains("rel=\"next\""))
            .and_then(|link| Some(link.split_once('<')?.1.split_once('>')?.0.to_owned()));
        let list: Vec<T> = response.json().await.expect("a page");
        for item in &list {
            count += 1;
            text += id(item).map_or(0, str::len);
        }
    }
    (count, text)
}
