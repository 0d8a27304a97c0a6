//! Rate limits that are met, and waited for.

use std::time::{Duration, Instant};

use okta_core::{Client, ErrorKind, RetryPolicy};
use okta_management::prelude::*;
use okta_sandbox::{RateLimits, Sandbox, SeedOrg};

async fn org() -> Sandbox {
    let limits = RateLimits::generous()
        .bucket("users-list", 2)
        .window_seconds(2);
    let seed = SeedOrg {
        users: 3,
        ..SeedOrg::default()
    };
    Sandbox::builder()
        .rate_limits(limits)
        .seed(seed)
        .start()
        .await
        .expect("starts")
}

/// Two clients share an allowance that neither of them knows all about.
#[tokio::test]
async fn demand_13_an_exhausted_window_is_waited_for() {
    let sandbox = org().await;
    let (one, two) = (super::admin(&sandbox), super::admin(&sandbox));
    let started = Instant::now();
    for _ in 0..3 {
        one.users()
            .list()
            .limit(1)
            .await
            .expect("a page, after a wait");
        two.users()
            .list()
            .limit(1)
            .await
            .expect("a page, after a wait");
    }
    let statuses: Vec<u16> = sandbox
        .requests()
        .iter()
        .map(|entry| entry.status)
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 6);
    let waits = one.stats().waits + two.stats().waits;
    assert!(waits >= 2, "{waits} waits, {statuses:?}");
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "three windows take more than one"
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "took {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn demand_15_without_patience_the_limit_is_an_error_that_says_when() {
    let sandbox = org().await;
    let client = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .retry(RetryPolicy::none())
        .build()
        .expect("a client");
    let other = super::admin(&sandbox);
    for _ in 0..2 {
        other.users().list().limit(1).await.expect("a page");
    }
    // A window may end between two calls; one of a few must meet it.
    let mut met = None;
    for _ in 0..6 {
        if let Err(error) = client.users().list().limit(1).await {
            met = Some(error);
            break;
        }
    }
    let error = met.expect("the limit was met");
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert!(error.reset_at().is_some(), "{error}");
}
