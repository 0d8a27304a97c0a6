//! Three calls with reqwest and serde alone: what `tests/benches/footprint.sh` weighs the SDK against.

use std::error::Error;

use reqwest::{Client, header::LINK};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: Option<String>,
    status: Option<String>,
    last_updated: Option<String>,
    #[serde(rename = "profile")]
    _profile: Option<Profile>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nick_name: Option<String>,
}

#[derive(Serialize)]
struct Change {
    profile: Profile,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| "a TLS provider is installed already")?;
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().unwrap_or_default();
    let (org, token) = (argument(), format!("SSWS {}", argument()));
    let client = Client::builder().build()?;
    let mut next = Some(format!("{org}/api/v1/users?limit=200"));
    while let Some(url) = next.take() {
        let answer = client
            .get(url)
            .header("authorization", &token)
            .send()
            .await?;
        let answer = answer.error_for_status()?;
        for link in answer.headers().get_all(LINK) {
            let link = link.to_str()?;
            if link.contains("rel=\"next\"") {
                next = link.split(['<', '>']).nth(1).map(str::to_owned);
            }
        }
        for user in answer.json::<Vec<User>>().await? {
            let Some(id) = user.id else { continue };
            let url = format!("{org}/api/v1/users/{id}");
            let read = client
                .get(&url)
                .header("authorization", &token)
                .send()
                .await?;
            let read: User = read.error_for_status()?.json().await?;
            let change = Change {
                profile: Profile {
                    nick_name: Some("n".to_owned()),
                    ..Default::default()
                },
            };
            let changed = client
                .post(&url)
                .header("authorization", &token)
                .json(&change)
                .send()
                .await?;
            let changed: User = changed.error_for_status()?.json().await?;
            println!("{:?} {:?}", read.status, changed.last_updated);
        }
    }
    Ok(())
}
