//! What the generated crates promise beside single operations.

use std::collections::BTreeSet;

use okta_core::model::{Model as _, decode, encode};
use okta_governance::models::RequestTypeApprovalSettingsNone;
use okta_management::models::{Application, GroupProfile, PolicyRule, SamlApplication};

#[test]
fn demand_30_all_operations_are_listed_once() {
    let names: BTreeSet<&str> = okta_management::OPERATIONS
        .iter()
        .chain(okta_governance::OPERATIONS)
        .map(|entry| entry.info.rust_name)
        .collect();
    assert_eq!(okta_management::OPERATIONS.len(), 772);
    assert_eq!(okta_governance::OPERATIONS.len(), 162);
    assert_eq!(names.len(), 934);
}

#[test]
fn variants_built_by_hand_write_their_tag() {
    let application = Application::from(SamlApplication::default());
    assert_eq!(encode(&application), br#"{"signOnMode":"SAML_2_0"}"#);
    assert_eq!(application.tag(), Some("SAML_2_0"));
    let settings = RequestTypeApprovalSettingsNone::default();
    assert_eq!(settings.to_json(), r#"{"type":"NONE"}"#);
}

#[test]
fn demand_04_unions_keep_what_they_do_not_know() {
    let text = br#"{"type":"SOMETHING_NEW","id":"1","name":"n","more":[1,null]}"#;
    let (rule, drift) = decode::<PolicyRule>(text).expect("any object decodes");
    assert_eq!(rule.base().name.as_deref(), Some("n"));
    assert!(matches!(rule, PolicyRule::Other(_)));
    let again: serde_json::Value = serde_json::from_slice(&encode(&rule)).expect("JSON");
    let before: serde_json::Value = serde_json::from_slice(text).expect("JSON");
    assert_eq!(again, before);
    assert!(!drift.is_empty());
}

#[test]
fn group_profiles_are_told_apart_by_their_members() {
    let directory = br#"{"name":"a","samAccountName":"b"}"#;
    let plain = br#"{"name":"a","custom":"b"}"#;
    let (profile, _) = decode::<GroupProfile>(directory).expect("a profile");
    assert!(matches!(profile, GroupProfile::ActiveDirectory(_)));
    let (profile, drift) = decode::<GroupProfile>(plain).expect("a profile");
    assert!(matches!(profile, GroupProfile::User(_)));
    assert!(drift.is_empty(), "custom attributes are expected");
}
