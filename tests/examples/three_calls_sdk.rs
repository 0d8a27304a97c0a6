//! Three calls with the SDK: what `tests/benches/footprint.sh` weighs against the same calls by hand.

use okta_core::Client;
use okta_management::{
    models::{UpdateUserRequest, UserProfile},
    prelude::*,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> okta_core::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().unwrap_or_default();
    let client = Client::builder()
        .org_url(argument())
        .api_token(argument())
        .build()?;
    let mut users = client.users().list().limit(200).items();
    while let Some(user) = users.try_next().await? {
        let Some(id) = user.id else { continue };
        let read = client.users().get(&id).await?;
        let change = UpdateUserRequest {
            profile: Some(UserProfile {
                nick_name: Some("n".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let changed = client.users().update(&id, &change).await?;
        println!("{:?} {:?}", read.status, changed.last_updated);
    }
    Ok(())
}
