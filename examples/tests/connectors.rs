//! The connector examples as programs: what they tell, in order.

mod common;

use common::bare;

/// The program's story, which must hold these texts in this order.
fn tells(program: &str, texts: &[&str]) {
    let output = bare(program).output().expect("runs");
    let story = String::from_utf8(output.stdout).expect("text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{story}\n{errors}");
    let mut rest = story.as_str();
    for text in texts {
        let at = rest.find(text);
        let at = at.unwrap_or_else(|| panic!("no {text:?} where it should be:\n{story}"));
        rest = &rest[at + text.len()..];
    }
}

#[test]
fn a_salesforce_user_is_created_once_refreshed_and_deactivated() {
    tells(
        env!("CARGO_BIN_EXE_salesforce-onboarding"),
        &[
            "connect the app",
            "api refresh_token",
            "the event card fires",
            "user_assigned_to_application: ",
            "is Salesforce user 005",
            "is Salesforce user 005",
            "users in Salesforce: 2",
            "the access token ends",
            "→ 401",
            "POST /services/oauth2/token → 200",
            "unassign the user",
            "active in Salesforce: false",
            "the same user: true; users in Salesforce: 2",
        ],
    );
}

#[test]
fn a_badge_is_issued_once_and_opens_a_door() {
    tells(
        env!("CARGO_BIN_EXE_badge-connector"),
        &[
            "badge connector on http://127.0.0.1:",
            "issued: {",
            "again: ",
            "badges/issue_badge",
            "opened: [{",
            "ana@example.com",
        ],
    );
}
