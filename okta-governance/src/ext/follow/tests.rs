//! The loop against canned answers and virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::transport::TransportFault;
use okta_core::{Client, ErrorKind, RetryPolicy};

use super::*;
use crate::Governance;

const CAMPAIGN: &str = "/governance/api/v1/campaigns/ici1";
const REQUEST: &str = "/governance/api/v2/requests/req1";

fn status(status: &str) -> Answer {
    Answer::json(200, format!(r#"{{ "id": "ici1", "status": "{status}" }}"#))
}

fn campaigns(states: &[&str]) -> Canned {
    states.iter().fold(Canned::new(), |canned, state| {
        canned.on("GET", CAMPAIGN, status(state))
    })
}

fn setup(canned: Canned) -> (Client, Arc<Canned>, VirtualClock) {
    let clock = VirtualClock::starting_at("2027-01-01T00:00:00Z".parse().unwrap());
    let canned = Arc::new(canned);
    let client = Client::builder()
        .org_url("https://acme.okta.com")
        .api_token("00test")
        .transport(canned.clone())
        .clock(Arc::new(clock.clone()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    (client, canned, clock)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn launches_and_follows_to_active() {
    let canned = campaigns(&["SCHEDULED", "LAUNCHING", "LAUNCHING", "ACTIVE"]).on(
        "POST",
        "/governance/api/v1/campaigns/ici1/launch",
        Answer::empty(202),
    );
    let (client, canned, _) = setup(canned);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let follow = client
        .governance()
        .campaigns()
        .launch_and_follow("ici1")
        .on_change(move |change| log.lock().unwrap().push(change.state.to_string()));
    assert!(canned.requests().is_empty(), "nothing before it is awaited");
    let settled = run(follow.into_future()).unwrap();
    assert_eq!(settled.end, CampaignEnd::Active);
    assert_eq!(settled.reads, 4);
    assert_eq!(*seen.lock().unwrap(), ["SCHEDULED", "LAUNCHING", "ACTIVE"]);
    // Two waits of about a second, one of about a second and a half.
    let spent = settled.elapsed.as_secs_f64();
    assert!((2.8..=4.2).contains(&spent), "{spent}");
}

#[test]
fn the_run_of_a_recurring_campaign_is_followed() {
    let location = "https://acme-admin.okta.com/governance/api/v1/campaigns/ici2";
    let canned = Canned::new()
        .on(
            "POST",
            "/governance/api/v1/campaigns/ici1/launch",
            Answer::empty(202).header("location", location),
        )
        .on("GET", "/governance/api/v1/campaigns/ici2", status("ACTIVE"));
    let (client, _, _) = setup(canned);
    let follow = client.governance().campaigns().launch_and_follow("ici1");
    assert!(run(follow.into_future()).unwrap().is_success());
}

#[test]
fn a_failed_launch_is_told_with_its_states() {
    let (client, _, _) = setup(campaigns(&["LAUNCHING", "ERROR"]));
    let follow = client.governance().campaigns().follow_launch("ici1");
    let settled = run(follow.into_future()).unwrap();
    assert_eq!(settled.end, CampaignEnd::Failed);
    let error = settled.success().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "campaign ici1 did not end as hoped; states seen: LAUNCHING → ERROR"
    );
    assert_eq!(okta_core::Error::from(error).kind(), ErrorKind::Api);
}

#[test]
fn time_runs_out_and_the_last_state_is_kept() {
    let (client, canned, clock) = setup(campaigns(&["LAUNCHING"]));
    let follow = client.governance().campaigns().follow_launch("ici1");
    let error = run(follow.timeout(seconds(60)).into_future()).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(
        error.last_state().map(ToString::to_string).as_deref(),
        Some("LAUNCHING")
    );
    assert!(error.last_value().is_some());
    assert!(clock.elapsed() <= seconds(61), "{:?}", clock.elapsed());
    let reads = canned.requests().len();
    assert!((6..40).contains(&reads), "{reads}");
    assert_eq!(okta_core::Error::from(error).kind(), ErrorKind::Timeout);
}

#[test]
fn a_call_that_hangs_ends_with_the_time() {
    let (client, _, _) = setup(Canned::new().on("GET", CAMPAIGN, Answer::never()));
    let follow = client.governance().campaigns().follow("ici1");
    let error = run(follow.timeout(seconds(5)).into_future()).unwrap_err();
    assert!(error.is_timeout() && error.last_state().is_none());
}

#[test]
fn outages_are_bridged_but_not_for_ever() {
    let down = || Answer::json(503, "{}");
    let canned = campaigns(&["LAUNCHING"])
        .on("GET", CAMPAIGN, down())
        .on("GET", CAMPAIGN, Answer::fault(TransportFault::NotSent))
        .on("GET", CAMPAIGN, status("ACTIVE"));
    let (client, _, _) = setup(canned);
    let follow = client.governance().campaigns().follow_launch("ici1");
    assert!(run(follow.into_future()).unwrap().is_success());

    let (client, canned, _) = setup(campaigns(&["LAUNCHING"]).on("GET", CAMPAIGN, down()));
    let follow = client.governance().campaigns().follow_launch("ici1");
    let error = run(follow.into_future()).unwrap_err();
    assert_eq!(canned.requests().len(), 7);
    assert_eq!(error.history().len(), 1);
    assert_eq!(okta_core::Error::from(error).status().unwrap(), 503);
}

#[test]
fn not_found_is_an_error_unless_it_is_waited_for() {
    let missing = || Answer::json(404, r#"{ "errorCode": "E0000007", "errorSummary": "no" }"#);
    let canned = || {
        Canned::new()
            .on("GET", CAMPAIGN, missing())
            .on("GET", CAMPAIGN, status("ACTIVE"))
    };
    let (client, _, _) = setup(canned());
    let follow = client.governance().campaigns().follow_launch("ici1");
    let error = okta_core::Error::from(run(follow.into_future()).unwrap_err());
    assert!(error.is_not_found());

    let (client, _, _) = setup(canned());
    let follow = client.governance().campaigns().follow_launch("ici1");
    let patient = follow.wait_for_existence(seconds(10));
    assert!(run(patient.into_future()).unwrap().is_success());
}

#[test]
fn requests_are_followed_to_the_grant() {
    let answers = [
        r#"{ "status": "SUBMITTED" }"#,
        r#"{ "status": "PENDING" }"#,
        r#"{ "status": "APPROVED", "grantStatus": "PENDING" }"#,
        r#"{ "status": "APPROVED", "grantStatus": "GRANTED" }"#,
    ];
    let canned = || {
        answers.iter().fold(Canned::new(), |canned, answer| {
            canned.on("GET", REQUEST, Answer::json(200, *answer))
        })
    };
    let (client, _, _) = setup(canned());
    let requests = client.governance().requests_v2();
    let changes = run(requests.follow("req1").changes().collect::<Vec<_>>());
    let changes: Vec<_> = changes.into_iter().map(Result::unwrap).collect();
    let states: Vec<_> = changes.iter().map(|c| c.state.to_string()).collect();
    assert_eq!(
        states,
        [
            "SUBMITTED",
            "PENDING",
            "APPROVED, grant PENDING",
            "APPROVED, grant GRANTED"
        ]
    );
    assert_eq!(changes[3].end, Some(RequestEnd::Granted));
    assert_eq!(
        changes[1].previous.as_ref().map(ToString::to_string),
        Some("SUBMITTED".to_owned())
    );

    let (client, _, _) = setup(canned());
    let requests = client.governance().requests_v2();
    let settled = run(requests.follow_decision("req1").into_future()).unwrap();
    assert_eq!(settled.end, RequestEnd::Approved);
}

#[test]
fn every_other_end_of_a_request() {
    let ends = [
        (r#"{ "status": "DENIED" }"#, RequestEnd::Denied),
        (r#"{ "status": "CANCELED" }"#, RequestEnd::Canceled),
        (r#"{ "status": "EXPIRED" }"#, RequestEnd::Expired),
        (r#"{ "status": "REJECTED" }"#, RequestEnd::Rejected),
        (
            r#"{ "status": "APPROVED", "grantStatus": "FAILED" }"#,
            RequestEnd::GrantFailed,
        ),
        (
            r#"{ "status": "APPROVED", "grantStatus": "MANUAL_REQUIRED" }"#,
            RequestEnd::ManualGrant,
        ),
    ];
    for (body, end) in ends {
        let (client, _, _) = setup(Canned::new().on("GET", REQUEST, Answer::json(200, body)));
        let follow = client.governance().requests_v2().follow("req1");
        let settled = run(follow.into_future()).unwrap();
        assert_eq!(settled.end, end);
        assert!(!settled.is_success());
    }
}

#[test]
fn a_status_of_the_future_is_waited_out() {
    let canned = campaigns(&["PONDERING", "ACTIVE"]);
    let (client, _, _) = setup(canned);
    let follow = client.governance().campaigns().follow_launch("ici1");
    assert_eq!(run(follow.into_future()).unwrap().history.len(), 2);
}

#[test]
fn entitlement_settings_wait_for_the_goal() {
    let path = "/governance/api/v2/resources/orn/entitlement-settings";
    let settings = |states: &[&str]| {
        let canned = Canned::new().on("PATCH", path, status("OPTING_IN"));
        states.iter().fold(canned, |canned, state| {
            canned.on("GET", path, status(state))
        })
    };
    let follow = |states: &[&str]| {
        let (client, _, _) = setup(settings(states));
        let handle = client.governance().resources().entitlement_settings("orn");
        run(handle.opt_in_and_follow().into_future()).unwrap()
    };
    // The old state shows for a moment.
    let settled = follow(&["OPTED_OUT", "OPTING_IN", "OPTED_IN"]);
    assert!(settled.is_success());
    let failed = follow(&["OPTING_IN", "OPTED_OUT"]);
    assert_eq!(failed.end, EntitlementSettingsEnd::OptedOut);
    assert!(!failed.is_success());
}

#[test]
fn operations_and_version_1() {
    let path = "/governance/api/v1/operations/op1";
    let canned = Canned::new()
        .on("GET", path, status("RUNNING"))
        .on("GET", path, status("FAILED"));
    let (client, _, _) = setup(canned);
    let follow = client.governance().operations().follow("op1");
    assert_eq!(run(follow.into_future()).unwrap().end, OperationEnd::Failed);

    let path = "/governance/api/v1/requests/r1";
    let decided = |decision: &str| {
        Answer::json(
            200,
            format!(
                r#"{{ "type": "ACCESS_REQUEST", "requestStatus": "RESOLVED",
                     "approvals": [{{ "status": "COMPLETED", "decision": "{decision}" }}] }}"#
            ),
        )
    };
    for (decision, end) in [
        ("APPROVED", RequestV1End::Approved),
        ("DENIED", RequestV1End::Denied),
    ] {
        let (client, _, _) = setup(Canned::new().on("GET", path, decided(decision)));
        let follow = client.governance().requests().follow("r1");
        assert_eq!(run(follow.into_future()).unwrap().end, end);
    }
}

#[test]
fn dropping_stops_it() {
    let reads = Arc::new(AtomicUsize::new(0));
    let count = reads.clone();
    let canned = Canned::from_fn(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        status("LAUNCHING")
    });
    let (client, _, _) = setup(canned);
    run(async {
        let follow = client.governance().campaigns().follow_launch("ici1");
        let mut changes = follow.no_timeout().changes();
        assert!(changes.try_next().await.unwrap().is_some());
        drop(changes);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[test]
fn followers_move_between_threads() {
    fn sendable<T: Send + 'static>(_: &T) {}
    let (client, _, _) = setup(campaigns(&["ACTIVE"]));
    let campaigns = client.governance().campaigns();
    sendable(&campaigns.follow("ici1"));
    sendable(&campaigns.follow("ici1").into_future());
    sendable(&campaigns.follow("ici1").changes());
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<FollowError<CampaignWatch>>();
}
