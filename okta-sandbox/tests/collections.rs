//! Collections of resources, rules against having too much, labels.

mod common;
#[path = "common/entitled.rs"]
mod entitled;

use common::*;
use entitled::*;
use okta_sandbox::Sandbox;
use serde_json::json;

const COLLECTIONS: &str = "/governance/api/v1/collections";

#[tokio::test]
async fn a_collection_gives_what_is_in_it() {
    let sandbox = Sandbox::start().await.expect("starts");
    let at = setting(&sandbox).await;
    let admin = &at.admin;
    let body = json!({ "name": "Clerks", "description": "All of them" });
    let (status, collection) = admin.post(COLLECTIONS, body.clone()).await;
    assert_eq!(status, 201, "{collection}");
    assert_eq!(
        admin.post(COLLECTIONS, body).await.0,
        400,
        "the name is taken"
    );
    let own = format!("{COLLECTIONS}/{}", id(&collection));
    let ledger = format!("orn:okta:idp:00o1:apps:bookmark:{}", at.app);
    let resource = |indices: &[usize]| json!([{ "resourceOrn": ledger, "entitlements": [reference(&at.role, indices)] }]);
    let (status, added) = admin
        .post(&format!("{own}/resources"), resource(&[0]))
        .await;
    assert_eq!(status, 200, "{added}");
    let profile = &added["data"][0]["resourceProfile"];
    assert_eq!(profile["label"], "Ledger");
    let logo = profile["logo"][0]["href"].as_str().expect("a logo");
    assert!(logo.contains("/logos/"), "{logo}");
    assert_eq!(
        admin
            .post(&format!("{own}/resources"), resource(&[0]))
            .await
            .0,
        400,
        "twice"
    );
    let group = json!([{ "resourceOrn": "orn:okta:directory:00o1:groups:00g1" }]);
    let (status, body) = admin.post(&format!("{own}/resources"), group).await;
    assert_eq!((status.as_u16(), common::code(&body)), (400, "E0000028"));

    let (_, free) = admin
        .get(&format!(
            "{own}/catalog/users?filter=email%20sw%20%22ada%22"
        ))
        .await;
    assert_eq!(free["data"][0]["id"], at.user, "{free}");
    let (_, state) = admin.get("/_sandbox/state").await;
    let now: jiff::Timestamp = state["now"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    let soon = (now + jiff::SignedDuration::from_hours(2)).to_string();
    let principal = json!({ "externalId": at.user, "type": "OKTA_USER" });
    let assign =
        json!([{ "principal": principal, "expirationTime": soon, "timeZone": "America/Toronto" }]);
    let (status, assigned) = admin
        .post(&format!("{own}/assignments"), assign.clone())
        .await;
    assert_eq!(status, 201, "{assigned}");
    let (_, again) = admin.post(&format!("{own}/assignments"), assign).await;
    assert_eq!(again[0]["id"], assigned[0]["id"], "known already");
    let nobody =
        json!([{ "principal": { "externalId": "00u00000000000000000", "type": "OKTA_USER" } }]);
    assert_eq!(
        admin.post(&format!("{own}/assignments"), nobody).await.0,
        400
    );
    assert_eq!(at.has().await, ["Role b"]);
    assert!(at.assigned().await);
    let source = &at.access().await["additional"][0];
    assert_eq!(source["grant"]["metadata"]["collection"]["name"], "Clerks");
    assert_eq!(source["timeZone"], "America/Toronto");
    let (_, free) = admin
        .get(&format!(
            "{own}/catalog/users?filter=email%20sw%20%22ada%22"
        ))
        .await;
    assert_eq!(free["data"], json!([]));
    let (_, all) = admin.get(&format!("{COLLECTIONS}?include=counts")).await;
    assert_eq!(
        all["data"][0]["counts"],
        json!({ "principalAssignmentCount": 1, "resourceCounts": { "APPLICATION": 1 } })
    );

    let more =
        json!({ "entitlements": [reference(&at.role, &[1, 2]), reference(&at.license, &[0])] });
    let at_resource = format!("{own}/resources/{ledger}");
    let (status, body) = admin.put(&at_resource, more).await;
    assert_eq!(
        (status.as_u16(), &body["entitlementValueCount"]),
        (200, &json!(3)),
        "{body}"
    );
    assert_eq!(at.has().await, ["License b", "Role a", "Role c"]);

    let (_, listed) = admin.get(&format!("{COLLECTIONS}/assignments")).await;
    assert_eq!(
        listed["data"][0]["principalProfile"]["login"],
        "ada@example.com"
    );
    sandbox.advance_clock(2 * 3600 + 1);
    assert!(at.has().await.is_empty());
    assert!(!at.assigned().await, "the app goes with what gave it");
    let (_, listed) = admin.get(&format!("{own}/assignments")).await;
    assert_eq!(listed["data"], json!([]), "it is over");

    let (_, assigned) = admin
        .post(
            &format!("{own}/assignments"),
            json!([{ "principal": principal }]),
        )
        .await;
    let assignment = format!("{own}/assignments/{}", id(&assigned[0]));
    let steps =
        json!([{ "op": "REPLACE", "path": "/expirationTime", "value": "2099-01-01T00:00:00Z" }]);
    assert_eq!(
        answer(admin.request("PATCH", &assignment).json(&steps))
            .await
            .0,
        204
    );
    assert_eq!(
        at.access().await["additional"][0]["expirationTime"],
        "2099-01-01T00:00:00Z"
    );
    assert_eq!(admin.bare("DELETE", &assignment).await.0, 204);
    assert!(at.has().await.is_empty());
    admin
        .post(
            &format!("{own}/assignments"),
            json!([{ "principal": principal }]),
        )
        .await;
    assert_eq!(at.has().await.len(), 3);
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert!(at.has().await.is_empty());
    assert_eq!(admin.get(&own).await.0, 404);
    assert_eq!(admin.events("resource.collection.assign").await.len(), 3);
    assert_eq!(admin.events("resource.collection.unassign").await.len(), 1);
}

#[tokio::test]
async fn risk_rules_find_conflicts() {
    let sandbox = Sandbox::start().await.expect("starts");
    let at = setting(&sandbox).await;
    let admin = &at.admin;
    let rules = "/governance/api/v1/risk-rules";
    let criterion = |operation: &str, one| {
        json!({
            "name": "list", "attribute": "principal.effective_grants", "operation": operation,
            "value": { "type": "ENTITLEMENTS", "value": [one] },
        })
    };
    let rule = json!({
        "name": "Pay and approve", "description": "Not both", "type": "SEPARATION_OF_DUTIES",
        "resources": [{ "resourceOrn": format!("orn:okta:idp:00o1:apps:bookmark:{}", at.app) }],
        "conflictCriteria": { "and": [
            criterion("CONTAINS_ONE", reference(&at.license, &[0, 1])),
            criterion("CONTAINS_ALL", reference(&at.role, &[0, 1])),
        ] },
    });
    let (status, made) = admin.post(rules, rule.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        made["conflictCriteria"]["and"][1]["value"]["value"][0]["values"][0]["name"],
        "Role b"
    );
    let (status, body) = admin.post(rules, rule.clone()).await;
    assert_eq!((status.as_u16(), common::code(&body)), (400, "E0000028"));
    let mut half = rule.clone();
    half["name"] = json!("Half");
    half["conflictCriteria"]["and"] = json!([rule["conflictCriteria"]["and"][0]]);
    assert_eq!(admin.post(rules, half).await.0, 400);

    admin
        .post(
            GRANTS,
            at.grant("ENTITLEMENT", json!([reference(&at.license, &[1])])),
        )
        .await;
    admin
        .post(
            GRANTS,
            at.grant("ENTITLEMENT", json!([reference(&at.role, &[0])])),
        )
        .await;
    let assess = "/governance/api/v1/risk-rule-assessments";
    let ask = |index: usize| {
        json!({
            "principalOrn": format!("orn:okta:directory:00o1:users:{}", at.user),
            "resourceOrn": format!("orn:okta:governance:00o1:entitlement-values:{}", value(&at.role, index)),
        })
    };
    assert_eq!(
        admin.post(assess, ask(2)).await.1["data"],
        json!([]),
        "harmless"
    );
    let (status, found) = admin.post(assess, ask(1)).await;
    assert_eq!(
        (status.as_u16(), &found["data"][0]["ruleName"]),
        (200, &json!("Pay and approve")),
        "{found}"
    );

    let own = format!("{rules}/{}", id(&made));
    let mut other = made.clone();
    other["name"] = json!("Renamed");
    let (status, body) = admin.put(&own, other).await;
    assert_eq!(
        (status.as_u16(), &body["name"]),
        (200, &json!("Renamed")),
        "{body}"
    );
    let (_, listed) = admin
        .get(&format!("{rules}?filter=name%20sw%20%22Ren%22"))
        .await;
    assert_eq!(listed["metadata"]["total"], 1);
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.get(&own).await.0, 404);
    for event in ["create", "update", "delete"] {
        assert_eq!(
            admin
                .events(&format!("resource.risk_rule.{event}"))
                .await
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn labels_are_borne_by_resources() {
    let sandbox = Sandbox::start().await.expect("starts");
    let at = setting(&sandbox).await;
    let admin = &at.admin;
    let labels = "/governance/api/v1/labels";
    let body = json!({ "name": "Compliance", "values": [
        { "name": "SOX", "metadata": { "additionalProperties": { "backgroundColor": "blue" } } },
        { "name": "PII" },
    ] });
    let (status, label) = admin.post(labels, body.clone()).await;
    assert_eq!(status, 201, "{label}");
    assert_eq!(admin.post(labels, body).await.0, 400, "the name is taken");
    let wrong = json!({ "name": "x", "values": [{ "name": "y", "metadata": { "additionalProperties": { "backgroundColor": "plaid" } } }] });
    assert_eq!(admin.post(labels, wrong).await.0, 400);
    let own = format!("{labels}/{}", label["labelId"].as_str().expect("an id"));
    let sox = label["values"][0]["labelValueId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let app = format!("orn:okta:idp:00o1:apps:bookmark:{}", at.app);
    let value = format!(
        "orn:okta:governance:00o1:entitlement-values:{}",
        value(&at.role, 0)
    );
    let assign = "/governance/api/v1/resource-labels/assign";
    let body = json!({ "resourceOrns": [app, value], "labelValueIds": [sox] });
    let (status, assigned) = admin.post(assign, body.clone()).await;
    assert_eq!(status, 200, "{assigned}");
    assert_eq!(assigned["data"][0]["profile"]["name"], "Ledger");
    assert_eq!(
        assigned["data"][1]["labels"][0]["values"]
            .as_array()
            .expect("values")
            .len(),
        1
    );
    admin.post(assign, body.clone()).await;
    assert_eq!(
        admin.events("resource.label.assignment.update").await.len(),
        2,
        "not again"
    );
    let unknown =
        json!({ "resourceOrns": ["orn:okta:idp:00o1:apps:bookmark:0oa9"], "labelValueIds": [sox] });
    assert_eq!(admin.post(assign, unknown).await.0, 400);
    let borne =
        format!("/governance/api/v1/resource-labels?filter=labelValueId%20eq%20%22{sox}%22");
    let (_, all) = admin
        .get(&format!("{borne}%20and%20resourceType%20eq%20%22apps%22"))
        .await;
    assert_eq!(all["data"].as_array().expect("a list").len(), 1, "{all}");
    let values = format!(
        "{ENTITLEMENTS}/{}/values?filter=labelValueId%20eq%20%22{sox}%22",
        id(&at.role)
    );
    assert_eq!(admin.get(&values).await.1["data"][0]["name"], "Role b");
    assert_eq!(admin.bare("DELETE", &own).await.0, 400, "in use");
    let steps = json!([
        { "op": "REPLACE", "path": "/name", "value": "Law", "refType": "LABEL-CATEGORY" },
        { "op": "REPLACE", "path": "/values/lbl0/name", "value": { "name": "SOX 2" }, "refType": "LABEL-VALUE" },
    ]);
    let (status, body) = answer(admin.request("PATCH", &own).json(&steps)).await;
    assert_eq!(status, 400, "no such value: {body}");
    let steps = json!([
        { "op": "REPLACE", "path": "/name", "value": "Law", "refType": "LABEL-CATEGORY" },
        { "op": "REPLACE", "path": format!("/values/{sox}/name"), "value": { "name": "SOX 2" }, "refType": "LABEL-VALUE" },
    ]);
    let (status, body) = answer(admin.request("PATCH", &own).json(&steps)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["name"], &body["values"][0]["name"]),
        (&json!("Law"), &json!("SOX 2"))
    );
    let unassign = "/governance/api/v1/resource-labels/unassign";
    assert_eq!(
        admin
            .post(
                unassign,
                json!({ "resourceOrns": [app, value], "labelValueIds": [sox] })
            )
            .await
            .0,
        204
    );
    assert!(
        admin.get(&borne).await.1["data"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.get(&own).await.0, 404);
}
