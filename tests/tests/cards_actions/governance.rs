//! The Identity Governance connector.

use super::assert_complete;
use super::case::{Case, ok, refused, wrong};
use super::world::{World, judge_all};

const NO: &str = "{}";
const FIRST: &str = r#"{"result_set":"First Matching Record"}"#;
const ONCE: &str = r#"{"schedule_type":"Once","resources":"Application","review_entitlements":"No","scope":"Users","exclude_users":"No","first_level_reviewer":"User","add_another_level":"No"}"#;
const CAMPAIGN: &str = r#"{"name":"Campaign {n}","campaignType":"RESOURCE","scheduleSettings":{"type":"ONE_OFF","startDate":"2030-01-01T00:00:00.000Z","durationInDays":14,"timeZone":"UTC"},"resourceSettings":{"type":"APPLICATION","targetResources":[{"resourceId":"{app}","resourceType":"APPLICATION"}]},"reviewerSettings":{"type":"USER","reviewerId":"{user2}"},"remediationSettings":{"accessApproved":"NO_ACTION","accessRevoked":"NO_ACTION","noResponse":"NO_ACTION"}}"#;
const ENTITLEMENT: &str = r#"{"name":"Role {n}","externalValue":"role{n}","dataType":"string","multiValue":false,"parent":{"externalId":"{app}","type":"APPLICATION"},"values":[{"name":"Reader {n}","externalValue":"reader{n}"}]}"#;
const BUNDLE: &str = r#"{"name":"Bundle {n}","target":{"externalId":"{app}","type":"APPLICATION"},"entitlements":[{"id":"{entitlement}","values":[{"id":"{value}"}]}]}"#;

fn campaign(case: Case) -> Case {
    case.step(
        "",
        "POST /api/v1/apps/{app}/users",
        r#"{"id":"{user}","scope":"USER"}"#,
    )
    .step("campaign", "POST /governance/api/v1/campaigns", CAMPAIGN)
}

/// A campaign that was launched, and its first review.
fn reviewed(case: Case) -> Case {
    campaign(case)
        .step(
            "",
            "POST /governance/api/v1/campaigns/{campaign}/launch",
            "",
        )
        .step_at(
            "review",
            "/data/0/id",
            "GET /governance/api/v1/reviews?filter=campaignId%20eq%20%22{campaign}%22",
            "",
        )
}

fn entitled(case: Case) -> Case {
    opted_in(case)
        .step(
            "entitlement",
            "POST /governance/api/v1/entitlements",
            ENTITLEMENT,
        )
        .step_at(
            "value",
            "/data/0/id",
            "GET /governance/api/v1/entitlements/{entitlement}/values",
            "",
        )
}

/// The app has its entitlements managed.
fn opted_in(case: Case) -> Case {
    case.step(
        "",
        "PATCH /governance/api/v2/resources/{app_orn}/entitlement-settings",
        r#"{"status":"OPTED_IN"}"#,
    )
}

fn campaigns() -> Vec<Case> {
    vec![
        campaign(ok("okta_identity_governance/launch_campaign", NO, r#"{"campaign":{"id":"{campaign}"}}"#))
            .calls("POST /governance/api/v1/campaigns/{campaign}/launch")
            .gives(r#"{"response":{"status_code":202}}"#)
            .after("/governance/api/v1/campaigns/{campaign}", "/status", "LAUNCHING"),
        refused("okta_identity_governance/launch_campaign", 404, NO, r#"{"campaign":{"id":"nothing"}}"#),
        ok("okta_identity_governance/create_resource_campaign", ONCE, r#"{"campaign":{"name":"Made {n}","create_auditor_package":"No","resourceSettings":{"targetResources":[{"resourceId":"{app}","resourceType":"APPLICATION"}]},"reviewerSettings":{"reviewerId":"{user2}"}},"schedule_settings":{"start_date":"2030-01-01 08:00:00","time_zone":"Europe/Paris","duration_in_days":"14"}}"#)
            .calls("POST /governance/api/v1/campaigns")
            .gives(r#"{"campaign":{"id":"*","raw_output":{"name":"Made {n}","campaignType":"RESOURCE","scheduleSettings":{"durationInDays":14}}}}"#)
            .makes("made", "/campaign/id")
            .after("/governance/api/v1/campaigns/{made}", "/resourceSettings/targetResources/0/resourceId", "{app}")
            .after("/governance/api/v1/campaigns/{made}", "/scheduleSettings/startDate", "2030-01-01T09:00:00+01:00"),
        wrong("okta_identity_governance/create_resource_campaign", "schedule_settings.duration_in_days", ONCE, r#"{"campaign":{"name":"x","create_auditor_package":"No"},"schedule_settings":{"start_date":"2030-01-01","time_zone":"UTC","duration_in_days":91}}"#),
        ok("okta_identity_governance/create_user_campaign", r#"{"schedule_type":"Recurring","scope":"Users","resources":"Apps","exclude_resources":"No","first_level_reviewer":"User","add_another_level":"No"}"#, r#"{"campaign":{"name":"Of users {n}","reviewerSettings":{"reviewerId":"{user2}"},"principalScopeSettings":{"userIds":["{user}"]}},"schedule_settings":{"start_date":"2030-01-01T00:00:00Z","time_zone":"UTC","duration_in_days":7},"recurrence_settings":{"interval":"P1M"}}"#)
            .calls("POST /governance/api/v1/campaigns")
            .gives(r#"{"campaign":{"id":"*","raw_output":{"campaignType":"USER","scheduleSettings":{"type":"RECURRING","recurrence":{"interval":"P1M"}}}}}"#)
            .makes("made", "/campaign/id")
            .after("/governance/api/v1/campaigns/{made}", "/principalScopeSettings/userIds/0", "{user}"),
        wrong("okta_identity_governance/create_user_campaign", "campaign.name", r#"{"schedule_type":"Once","scope":"Users","resources":"Apps","exclude_resources":"No","add_another_level":"No"}"#, r#"{"schedule_settings":{"start_date":"2030-01-01","time_zone":"UTC","duration_in_days":7}}"#),
        reviewed(ok("okta_identity_governance/search_reviews", FIRST, r#"{"search":{"campaign_id":"{campaign}","decision":"Unreviewed"}}"#))
            .calls("GET /governance/api/v1/reviews?filter=campaignId")
            .gives(r#"{"result":{"id":"{review}","campaign_id":"{campaign}","decision":"Unreviewed","raw_output":{"decision":"UNREVIEWED"}}}"#),
        wrong("okta_identity_governance/search_reviews", "search.decision", FIRST, r#"{"search":{"decision":"Maybe"}}"#),
        reviewed(ok("okta_identity_governance/retrieve_review", NO, r#"{"review":{"id":"{review}"}}"#))
            .calls("GET /governance/api/v1/reviews/{review}")
            .gives(r#"{"review":{"id":"{review}","campaign_id":"{campaign}"}}"#),
        refused("okta_identity_governance/retrieve_review", 404, NO, r#"{"review":{"id":"nothing"}}"#),
        reviewed(ok("okta_identity_governance/reassign_review", NO, r#"{"campaign":{"id":"{campaign}"},"reassign":{"current_reviewers":"{review}","new_reviewer":"{user}","justification":"away"}}"#))
            .calls("POST /governance/api/v1/campaigns/{campaign}/reviews/reassign")
            .gives(r#"{"reviews":{"reviews":[{"id":"{review}"}]}}"#)
            .after("/governance/api/v1/reviews/{review}", "/reviewerProfile/id", "{user}"),
        refused("okta_identity_governance/reassign_review", 404, NO, r#"{"campaign":{"id":"nothing"},"reassign":{"current_reviewers":["x"],"new_reviewer":"{user}","justification":"away"}}"#),
    ]
}

fn entitlements() -> Vec<Case> {
    vec![
        opted_in(ok("okta_identity_governance/create_entitlement", NO, r#"{"entitlement":{"name":"Seat {n}","external_value":"seat{n}","parent_external_id":"{app}","multi_value":"true","data_type":"string"},"entitlement_value":{"name":"Window {n}","external_value":"window{n}"}}"#))
            .calls("POST /governance/api/v1/entitlements")
            .gives(r#"{"entitlement":{"id":"*","name":"Seat {n}","data_type":"array","multi_value":true}}"#)
            .after("/governance/api/v1/entitlements?filter=parent.externalId%20eq%20%22{app}%22", "/data/0/externalValue", "seat{n}")
            .after("/governance/api/v1/entitlements?filter=parent.externalId%20eq%20%22{app}%22", "/data/0/multiValue", true),
        wrong("okta_identity_governance/create_entitlement", "entitlement_value.external_value", NO, r#"{"entitlement":{"name":"a","external_value":"b","parent_external_id":"c","multi_value":false,"data_type":"string"},"entitlement_value":{"name":"d"}}"#),
        entitled(ok("okta_identity_governance/search_entitlements", r#"{"result_set":"First 200 Matching Records","search_by":"Equals"}"#, r#"{"parent":{"external_id":"{app}"},"search":{"name":"Role {n}"}}"#))
            .calls("GET /governance/api/v1/entitlements?filter=parent.externalId")
            .gives(r#"{"result":{"entitlements":[{"id":"{entitlement}","name":"Role {n}"}]}}"#),
        wrong("okta_identity_governance/search_entitlements", "parent.external_id", FIRST, NO),
        entitled(ok("okta_identity_governance/search_entitlement_values", r#"{"result_set":"Stream Matching Records"}"#, r#"{"entitlement":{"id":"{entitlement}"},"streaming":{"flow":"flow-1"}}"#))
            .calls("GET /governance/api/v1/entitlements/{entitlement}/values")
            .gives(r#"{"result":{"records_streamed":1}}"#)
            .streams(1),
        refused("okta_identity_governance/search_entitlement_values", 404, FIRST, r#"{"entitlement":{"id":"nothing"}}"#),
        entitled(ok("okta_identity_governance/create_bundle", r#"{"entitlement_number":1}"#, r#"{"bundle":{"name":"Bundle {n}"},"target_resource":{"id":"{app}"},"entitlements":{"entitlement_id_1":"{entitlement}","entitlement_values_1":"{value}"}}"#))
            .calls("POST /governance/api/v1/entitlement-bundles")
            .gives(r#"{"bundle":{"id":"*","name":"Bundle {n}","target":{"external_id":"{app}"}}}"#)
            .after("/governance/api/v1/entitlement-bundles?filter=name%20eq%20%22Bundle%20{n}%22", "/data/0/entitlements/0/values/0/id", "{value}")
            .after("/governance/api/v1/entitlement-bundles?filter=name%20eq%20%22Bundle%20{n}%22", "/data/0/entitlements/0/id", "{entitlement}")
            .after("/governance/api/v1/entitlement-bundles?filter=name%20eq%20%22Bundle%20{n}%22", "/data/0/target/externalId", "{app}"),
        wrong("okta_identity_governance/create_bundle", "entitlements.entitlement_id_n", r#"{"entitlement_number":"2"}"#, r#"{"bundle":{"name":"b"},"target_resource":{"id":"x"},"entitlements":{"entitlement_id_1":"e","entitlement_values_1":["v"]}}"#),
        entitled(ok("okta_identity_governance/search_entitlement_bundles", r#"{"result_set":"First Matching Record","search_by":"Starts With"}"#, r#"{"search":{"name":"Bundle {n}"}}"#))
            .step("bundle", "POST /governance/api/v1/entitlement-bundles", BUNDLE)
            .calls("GET /governance/api/v1/entitlement-bundles?filter=name")
            .gives(r#"{"result":{"id":"{bundle}","name":"Bundle {n}"}}"#),
        wrong("okta_identity_governance/search_entitlement_bundles", "search_by", FIRST, NO),
    ]
}

/// The catalog's first entry.
fn entry(case: Case) -> Case {
    case.step_at(
        "entry",
        "/data/0/id",
        "GET /governance/api/v2/catalogs/default/entries?filter=not(parent%20pr)",
        "",
    )
}

fn requests() -> Vec<Case> {
    vec![
        wrong(
            "okta_identity_governance/create_request",
            "catalog_entry.id",
            r#"{"catalog_id":"x","user_id":"{user}"}"#,
            r#"{"requested_for":{"id":"{user}"}}"#,
        ),
        // No other case has made a request yet.
        entry(ok(
            "okta_identity_governance/search_requests",
            r#"{"result_set":"First 200 Matching Records","search_by":"Greater Than"}"#,
            r#"{"search":{"last_updated":"2020-01-01"}}"#,
        ))
        .step("request", "POST /governance/api/v2/requests", r#"{"requested":{"type":"CATALOG_ENTRY","entryId":"{entry}"},"requestedFor":{"type":"OKTA_USER","externalId":"{user}"}}"#)
        .calls("GET /governance/api/v2/requests?filter=lastUpdated")
        .gives(r#"{"result":{"requests":[{"id":"{request}"}]}}"#),
        entry(ok(
            "okta_identity_governance/create_request",
            r#"{"catalog_id":"{entry}","user_id":"{user}"}"#,
            r#"{"catalog_entry":{"id":"{entry}"},"requested_for":{"id":"{user}"}}"#,
        ))
        .calls("POST /governance/api/v2/requests")
        .gives(r#"{"request":{"id":"*"}}"#)
        .after("/governance/api/v2/requests?filter=requestedFor.externalId%20eq%20%22{user}%22", "/data/0/requested/entryId", "{entry}"),
        wrong(
            "okta_identity_governance/search_requests",
            "search.last_updated",
            r#"{"result_set":"First Matching Record","search_by":"Greater Than"}"#,
            NO,
        ),
        ok(
            "okta_identity_governance/custom_api_action",
            r#"{"request_type":"GET"}"#,
            r#"{"relative_url":"/governance/api/v1/campaigns","query":{"limit":"1"}}"#,
        )
        .calls("GET /governance/api/v1/campaigns?limit=1")
        .gives(r#"{"response":{"status_code":200,"body":{"data":"*"}}}"#),
        refused(
            "okta_identity_governance/custom_api_action",
            404,
            r#"{"request_type":"DELETE"}"#,
            r#"{"relative_url":"/governance/api/v1/campaigns/nothing"}"#,
        ),
    ]
}

#[tokio::test]
async fn every_action_of_the_identity_governance_connector_runs() {
    let cases: Vec<Case> = [campaigns(), entitlements(), requests()]
        .into_iter()
        .flatten()
        .collect();
    assert_complete("okta_identity_governance", &cases);
    judge_all(&mut World::start().await, &cases).await;
}
