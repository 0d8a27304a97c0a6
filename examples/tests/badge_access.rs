//! The badge story and the doctor as programs: what they say, and how they end.

mod common;

use std::process::Output;

use common::bare;
use okta_sandbox::{AccessRequestsFault, AccessRequestsOrg, Sandbox};
use serde_json::Value;

fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Finds lines in this order.
fn tells(story: &str, lines: &[&str]) {
    let mut rest = story;
    for line in lines {
        let at = rest.find(line);
        let at = at.unwrap_or_else(|| panic!("no {line:?} where it should be:\n{story}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn the_badge_story_is_told_to_its_end() {
    let output = bare(env!("CARGO_BIN_EXE_badge-access"))
        .output()
        .expect("runs");
    let story = text(&output);
    assert_eq!(output.status.code(), Some(0), "{story}");
    tells(
        &story,
        &[
            "request types are offered none of them",
            "● Call the doctor",
            "[WRONG] feature \"Okta Workflows actions in Access Requests\" is off",
            "[WRONG] app \"Okta Access Requests OAuth\" is not active",
            "[WRONG] role and resource set are not bound to the app",
            "POST /oauth2/v1/clients/",
            "a person: RunWorkflows(true)",
            "applied again: 0 calls, 0 writes",
            "request types are offered 4 flows",
        ],
    );
    tells(
        &story,
        &[
            "● First story",
            "`buildingRequested`: expected one of Headquarters, Lab, found \"Atlantis\"",
            "the API shows it as CUSTOM",
            "Max completes the task \"Approve access\": APPROVED",
            "the flow \"Badge: mail\" ran: SUCCEEDED",
            "mail to Finn: A badge for Ada Lovelace",
            "Finn completes the task \"Hand the badge out\": done",
            "the request is RESOLVED",
            "● Second story",
            "badge holders: {\"ada@example.com\": 1}",
            "29 days pass",
            "two more days pass",
            "badge holders: {}",
            "● Third story",
            "the flow \"Badge: count requests\" ran: FAILED",
            "GET /governance/api/v1/requests needs okta.governance.accessRequests.read",
            "the old token keeps its scopes",
            "the flow \"Badge: count requests\" ran: SUCCEEDED",
            "● The System Log shows it",
            "SUCCESS iam.role.create",
            "SUCCESS app.oauth2.client.privilege.grant",
            "SUCCESS workflows.user.delegatedflow.run by Okta Access Requests OAuth: Badge: mail",
            "SUCCESS access.request.resolve",
        ],
    );
}

#[test]
fn the_doctor_mends_its_own_sandbox() {
    let doctor = || bare(env!("CARGO_BIN_EXE_access-requests-doctor"));
    let output = doctor().arg("--dry-run").output().expect("runs");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("done:"), "{said}");

    // What people have to do keeps its status at 1.
    let output = doctor().arg("--json").output().expect("runs");
    let report: Value = serde_json::from_str(&text(&output)).expect("JSON");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["done"].as_array().map(Vec::len), Some(9), "{report}");
    let checks = report["after"]["checks"].as_array().expect("checks");
    for check in checks.iter().filter(|check| check["status"] == "fail") {
        assert!(check["repair"]["person"].is_string(), "{check}");
    }
}

/// On an org of its user the doctor asks first; nobody at the terminal means no.
#[tokio::test(flavor = "multi_thread")]
async fn an_org_is_changed_only_if_its_user_says_so() {
    let wanted = AccessRequestsOrg::healthy().with(AccessRequestsFault::BindingMissing);
    let sandbox = Sandbox::builder().access_requests(wanted).start().await;
    let sandbox = sandbox.expect("starts");
    let run = |arguments: &[&str]| {
        let mut command = bare(env!("CARGO_BIN_EXE_access-requests-doctor"));
        let output = command
            .args(arguments)
            .env("OKTA_CLIENT_ORGURL", sandbox.url())
            .env("OKTA_CLIENT_TOKEN", sandbox.api_token())
            .stdin(std::process::Stdio::null())
            .output();
        output.expect("runs").status.code()
    };
    let writes = || {
        let requests = sandbox.requests().into_iter();
        requests.filter(|entry| entry.method != "GET").count()
    };
    assert_eq!((run(&[]), writes()), (Some(1), 0));
    assert_eq!((run(&["--yes"]), writes()), (Some(0), 1));
    assert_eq!((run(&["--yes"]), writes()), (Some(0), 1));
}
