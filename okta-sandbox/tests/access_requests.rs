//! Request types that run delegated flows: what has to be right, what happens then, what the logs
//! and the mailbox show.

mod common;

use common::{Admin, client, id};
use okta_sandbox::{
    AccessRequestsFault as Fault, AccessRequestsOrg, ConsoleStep, DelegatedFlow, DelegatedRun,
    FlowInput, Sandbox,
};
use serde_json::{Value, json};

/// A flow that mails whoever shall hand a badge out.
fn badge() -> DelegatedFlow {
    DelegatedFlow::new("Badge", |run: DelegatedRun| async move {
        let text = format!("{} for {}", run.text("building"), run.text("requester"));
        run.send_mail(run.text("assignee"), "Badge wanted", &text);
        Ok(json!({}))
    })
    .input(FlowInput::Text("requester"))
    .input(FlowInput::Text("building"))
    .input(FlowInput::Text("assignee"))
    .input(FlowInput::DateTime("end"))
}

fn definition() -> Value {
    json!({
        "name": "Badge access", "team": "Facilities",
        "fields": [
            { "name": "requesterEmail", "from": "requester.email" },
            { "name": "buildingRequested", "type": "SELECT", "options": ["HQ", "Lab"] },
            { "name": "assigneeEmail", "from": "assignee.email" },
            { "name": "endDate", "type": "DATE-TIME", "required": false },
        ],
        "steps": [
            { "type": "APPROVAL", "approver": "MANAGER" },
            { "type": "RUN_WORKFLOW", "flow": "Badge", "inputs": {
                "requester": "requesterEmail", "building": "buildingRequested",
                "assignee": "assigneeEmail", "end": "endDate",
            } },
            { "type": "TIMER", "until": "endDate" },
            { "type": "TASK", "label": "Take the badge back" },
        ],
    })
}

async fn org(wanted: AccessRequestsOrg) -> Sandbox {
    let sandbox = Sandbox::builder().access_requests(wanted);
    let sandbox = sandbox.start().await.expect("starts");
    sandbox.add_delegated(&badge());
    // The flow is newer than the last sync.
    sandbox
}

async fn healthy() -> Sandbox {
    let sandbox = org(AccessRequestsOrg::healthy()).await;
    sandbox.console(&ConsoleStep::Sync).expect("syncs");
    sandbox
}

/// Why request types are not offered the flow.
fn reason(sandbox: &Sandbox) -> Option<String> {
    let flow = sandbox.offered_flows().remove(0);
    assert_eq!(flow["offered"], flow["reason"].is_null());
    flow["reason"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_flow_is_offered_only_where_all_is_right() {
    let words = |fault: Fault| match fault {
        Fault::NoGovernance => Some("no Identity Governance"),
        Fault::WorkflowsFeatureOff => Some("Workflows actions in Access Requests\" is off"),
        Fault::AppAdminsFeatureOff => Some("Assign admin roles to apps\" is off"),
        Fault::AccessRequestsAppAbsent => Some("There is no app"),
        Fault::AccessRequestsAppInactive => Some("is not active"),
        Fault::RoleMissing | Fault::RoleWithoutRun => Some("no role with the permission"),
        Fault::ResourceSetMissing | Fault::BindingMissing | Fault::BoundToAPerson => {
            Some("no role")
        }
        Fault::ResourceSetWithoutFlow => Some("No resource set"),
        Fault::RunWorkflowsOff => Some("\"Run a workflow\" is off"),
        Fault::NotSynced => Some("has not taken the flow"),
        // These keep the flow from working, or a type from being made, not from being offered.
        _ => None,
    };
    for fault in Fault::ALL {
        let sandbox = org(AccessRequestsOrg::healthy().with(fault)).await;
        if fault != Fault::NotSynced {
            sandbox.console(&ConsoleStep::Sync).expect("syncs");
        }
        let why = reason(&sandbox);
        match words(fault) {
            Some(words) => assert!(
                why.as_ref().is_some_and(|why| why.contains(words)),
                "{fault:?}: {why:?}"
            ),
            None => assert_eq!(why, None, "{fault:?}"),
        }
    }
    let sandbox = org(AccessRequestsOrg::healthy().old_permission_names()).await;
    sandbox.console(&ConsoleStep::Sync).expect("syncs");
    assert_eq!(reason(&sandbox), None, "the old names still count");
}

#[tokio::test]
async fn flows_are_taken_over_every_day_or_on_demand() {
    let sandbox = org(AccessRequestsOrg::healthy()).await;
    assert!(reason(&sandbox).is_some());
    sandbox.advance_clock(23 * 3600);
    assert!(reason(&sandbox).is_some());
    sandbox.advance_clock(3600 + 1);
    assert_eq!(reason(&sandbox), None);

    let sandbox = org(AccessRequestsOrg::healthy().only_flow("another")).await;
    sandbox.console(&ConsoleStep::Sync).expect("syncs");
    assert!(reason(&sandbox).is_some_and(|why| why.contains("No resource set")));
}

/// Ada, whose manager is Max.
async fn people(admin: &Admin<'_>) -> (String, String) {
    let max = id(&admin.user("max@example.com").await);
    let ada = id(&admin.user("ada@example.com").await);
    let body = json!({ "profile": { "managerId": "max@example.com" } });
    let (status, _) = admin.post(&format!("/api/v1/users/{ada}"), body).await;
    assert_eq!(status, 200);
    (ada, max)
}

async fn file(admin: &Admin<'_>, kind: &Value, ada: &str, end: Option<&str>) -> Value {
    let field = |name: &str| {
        let fields = kind["fields"].as_array().expect("fields");
        let found = fields.iter().find(|field| field["prompt"] == name);
        found.expect("a field")["id"].clone()
    };
    let mut values = vec![json!({ "id": field("buildingRequested"), "value": ["Lab"] })];
    if let Some(end) = end {
        values.push(json!({ "id": field("endDate"), "value": end }));
    }
    let body = json!({
        "requestTypeId": kind["id"], "subject": "Badge for the lab", "requesterUserIds": [ada],
        "requesterFieldValues": values,
    });
    let (status, request) = admin.post("/governance/api/v1/requests", body).await;
    assert_eq!(status, 201, "{request}");
    request
}

#[tokio::test]
async fn a_request_goes_by_its_steps() {
    let sandbox = healthy().await;
    let admin = Admin::new(&sandbox);
    let (ada, max) = people(&admin).await;
    let kind = sandbox.define_request_type(&definition()).expect("defined");
    let path = format!("/governance/api/v1/request-types/{}", id(&kind));
    let (_, shown) = admin.get(&path).await;
    for settings in ["requestSettings", "approvalSettings", "resourceSettings"] {
        assert_eq!(shown[settings], json!({ "type": "CUSTOM" }));
    }
    assert_eq!(shown["lastUpdateSource"], "WEB");

    let end = "2099-03-01T12:00:00Z";
    let request = file(&admin, &kind, &ada, Some(end)).await;
    assert_eq!(
        (&request["type"], request.get("approvals")),
        (&json!("CUSTOM"), None)
    );
    let filled = |name: &str| {
        let values = request["requesterFieldValues"].as_array().expect("values");
        let found = values.iter().find(|value| value["prompt"] == name);
        found.expect("a value")["value"].clone()
    };
    assert_eq!(filled("requesterEmail"), "ada@example.com");
    let path = format!("/governance/api/v1/requests/{}", id(&request));

    // The manager decides, by the task that the API shows.
    assert!(
        sandbox.mail_to("max@example.com")[0]["subject"] == "Approve access: Badge for the lab"
    );
    let (_, tasks) = admin.get("/governance/api/v2/tasks").await;
    assert_eq!(
        (
            &tasks["data"][0]["type"],
            &tasks["data"][0]["assignees"][0]["externalId"]
        ),
        (&json!("APPROVAL"), &json!(max))
    );
    let task = format!("/governance/api/v2/tasks/{}", id(&tasks["data"][0]));
    let resolve = format!("{task}/resolve");
    assert_eq!(admin.post(&resolve, json!({})).await.0, 400);
    let (status, done) = admin.post(&resolve, json!({ "value": "APPROVED" })).await;
    assert_eq!(
        (status.as_u16(), &done["status"]),
        (200, &json!("COMPLETED"))
    );
    assert_eq!(
        admin.post(&resolve, json!({ "value": "APPROVED" })).await.0,
        400
    );

    let runs = sandbox.flow_runs().await;
    assert_eq!(
        (&runs[0]["status"], &runs[0]["inputs"]["end"]),
        (&json!("SUCCEEDED"), &json!(end))
    );
    let mail = sandbox.mailbox();
    let mail = mail.iter().find(|mail| mail["subject"] == "Badge wanted");
    assert_eq!(mail.expect("a mail")["body"], "Lab for ada@example.com");

    assert_eq!(
        sandbox.request_steps(&id(&request)).expect("steps")["state"],
        "TIMER"
    );
    sandbox.advance_clock(80 * 366 * 24 * 3600);
    assert_eq!(
        sandbox.request_steps(&id(&request)).expect("steps")["state"],
        "TASK"
    );
    assert_eq!(admin.get(&path).await.1["requestStatus"], "PENDING");
    sandbox.decide(&id(&request), "DONE").expect("done");
    assert_eq!(admin.get(&path).await.1["requestStatus"], "RESOLVED");
    assert!(sandbox.decide(&id(&request), "DONE").is_err());
    sandbox.advance_clock(-80 * 366 * 24 * 3600);
    for (event, count) in [
        ("access.request.create", 1),
        ("workflows.user.delegatedflow.run", 1),
    ] {
        assert_eq!(admin.events(event).await.len(), count, "{event}");
    }
    let run = &admin.events("workflows.user.delegatedflow.run").await[0];
    assert_eq!(run["actor"]["displayName"], "Okta Access Requests OAuth");
}

#[tokio::test]
async fn a_denial_ends_a_request_and_no_flow_runs() {
    let sandbox = healthy().await;
    let admin = Admin::new(&sandbox);
    let (ada, _) = people(&admin).await;
    let kind = sandbox.define_request_type(&definition()).expect("defined");
    let request = file(&admin, &kind, &ada, None).await;
    sandbox.decide(&id(&request), "DENIED").expect("denied");
    let path = format!("/governance/api/v1/requests/{}", id(&request));
    assert_eq!(admin.get(&path).await.1["requestStatus"], "RESOLVED");
    assert!(sandbox.flow_runs().await.is_empty());
    assert_eq!(admin.events("access.request.resolve").await.len(), 1);
}

#[tokio::test]
async fn a_binding_that_is_gone_stops_the_step_until_it_is_back() {
    let sandbox = healthy().await;
    let admin = Admin::new(&sandbox);
    let (ada, _) = people(&admin).await;
    let kind = sandbox.define_request_type(&definition()).expect("defined");
    let (_, apps) = admin.get("/api/v1/apps?limit=200").await;
    let apps = apps.as_array().expect("apps").iter();
    let mut app = apps.filter(|app| app["label"] == "Okta Access Requests OAuth");
    let roles = format!(
        "/oauth2/v1/clients/{}/roles",
        id(app.next().expect("an app"))
    );
    let (_, bound) = admin.get(&roles).await;
    let role = &bound[0];
    let gone = admin
        .bare("DELETE", &format!("{roles}/{}", id(role)))
        .await
        .0;
    assert_eq!(gone, 204);

    let request = id(&file(&admin, &kind, &ada, None).await);
    sandbox.decide(&request, "APPROVED").expect("approved");
    assert!(sandbox.flow_runs().await.is_empty());
    let steps = sandbox.request_steps(&request).expect("steps");
    assert_eq!(steps["state"], "FAILED");
    let events = admin.events("workflows.user.delegatedflow.run").await;
    assert_eq!(events[0]["outcome"]["result"], "FAILURE");
    assert!(
        sandbox.define_request_type(&definition()).is_err(),
        "not offered"
    );

    let body =
        json!({ "type": "CUSTOM", "role": role["role"], "resource-set": role["resource-set"] });
    assert_eq!(admin.post(&roles, body).await.0, 201);
    let steps = sandbox.retry_request(&request).expect("goes on");
    assert_eq!(steps["state"], "TASK", "no end date: nothing to wait for");
    assert_eq!(sandbox.flow_runs().await.len(), 1);
    sandbox.define_request_type(&definition()).expect("offered");
}

#[tokio::test]
async fn the_connection_keeps_the_scopes_it_was_authorized_with() {
    let wanted = AccessRequestsOrg::healthy().with(Fault::ScopesNotGranted);
    let sandbox = org(wanted).await;
    let admin = Admin::new(&sandbox);
    sandbox.add_delegated(&DelegatedFlow::new("Ask", |run: DelegatedRun| async move {
        let url = format!("{}/governance/api/v1/requests", run.org_url);
        let token = run.okta_token.ok_or("no connection")?;
        let answer = client().get(url).bearer_auth(token).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let said = answer.headers().get("www-authenticate");
        let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
        match answer.status().as_u16() {
            200 => Ok(json!({})),
            status => Err(format!("{status} {said}")),
        }
    }));
    let last = async || {
        sandbox.run_delegated("Ask", &json!({})).expect("begins");
        let mut runs = sandbox.flow_runs().await;
        runs.pop().expect("a run")
    };
    let refused = last().await;
    let error = refused["error"].as_str().expect("refused");
    assert!(
        error.starts_with("403 Bearer authorization_uri=")
            && error.contains("authorize\"\"\", realm="),
        "{error}"
    );
    let (_, apps) = admin.get("/api/v1/apps?limit=200").await;
    let apps = apps.as_array().expect("apps").iter();
    let mut app = apps.filter(|app| app["name"] == "flow");
    let grants = format!("/api/v1/apps/{}/grants", id(app.next().expect("an app")));
    let grant = json!({
        "issuer": sandbox.url(), "scopeId": "okta.governance.accessRequests.read",
    });
    assert_eq!(admin.post(&grants, grant).await.0, 200);
    assert_eq!(last().await["status"], "FAILED", "the old scopes still");
    sandbox.console(&ConsoleStep::Reauthorize).expect("done");
    assert_eq!(last().await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn the_console_is_reached_by_http_too() {
    let seed = json!({ "accessRequests": { "faults": ["run-workflows-off", "no-team"] } });
    let sandbox = Sandbox::builder().seed_json(seed);
    let sandbox = sandbox.start().await.expect("starts");
    sandbox.add_delegated(&badge());
    let control = async |method: &str, path: &str, body: Value| {
        let url = format!("{}/_sandbox/{path}", sandbox.url());
        let method = method.parse().expect("a method");
        common::answer(client().request(method, url).json(&body)).await
    };
    for (step, status) in [
        (json!({ "step": "sync" }), 204),
        (json!({ "step": "run-workflows", "on": true }), 204),
        (
            json!({ "step": "create-team", "name": "Facilities", "members": [] }),
            204,
        ),
        (
            json!({ "step": "create-team", "name": "Other", "members": ["00u0"] }),
            400,
        ),
        (json!({ "step": "dance" }), 400),
    ] {
        assert_eq!(
            control("POST", "admin-step", step.clone()).await.0,
            status,
            "{step}"
        );
    }
    let (_, flows) = control("GET", "flows", Value::Null).await;
    assert_eq!(flows[0]["offered"], true, "{flows}");
    let mut unknown = definition();
    unknown["steps"][1]["inputs"] = json!({ "colour": "endDate" });
    let (status, said) = control("POST", "request-types", unknown).await;
    assert_eq!(status, 400);
    assert!(said.to_string().contains("colour"), "{said}");
    let (status, _) = control("POST", "request-types", definition()).await;
    assert_eq!(status, 201);
    let (_, mails) = control("GET", "mailbox", Value::Null).await;
    assert_eq!(mails, json!([]));
    let bad = json!({ "accessRequests": { "faults": ["role-mising"] } });
    assert_eq!(control("POST", "seed", bad).await.0, 400);
}

#[tokio::test]
async fn without_a_licence_the_api_says_so() {
    let wanted = AccessRequestsOrg::healthy().with(Fault::NoGovernance);
    let sandbox = org(wanted).await;
    let admin = Admin::new(&sandbox);
    let (status, body) = admin.get("/governance/api/v1/teams").await;
    assert_eq!((status.as_u16(), common::code(&body)), (401, "E0000015"));
    sandbox
        .console(&ConsoleStep::LicenseGovernance)
        .expect("done");
    assert_eq!(admin.get("/governance/api/v1/teams").await.0, 200);
}
