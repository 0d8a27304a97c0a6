//! Each fault alone, and each two of them.

use okta_sandbox::{AccessRequestsFault as Fault, AccessRequestsOrg};
use okta_workflows::access_requests::{CheckId, Flows, Repair, Status};
use serde_json::Value;

use super::world::{World, finding, of};

#[tokio::test]
async fn nothing_is_wrong_with_a_healthy_org() {
    let world = World::with(&[]).await;
    let (diagnosis, plan) = world.doctor.examine().await;
    assert_eq!(diagnosis.exit_status(), 0, "{diagnosis}");
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn demand_42_each_fault_alone_is_found_and_repaired() {
    for fault in Fault::ALL {
        let world = World::with(&[fault]).await;
        let (diagnosis, plan) = world.doctor.examine().await;
        let (id, status) = finding(fault);
        let check = of(&diagnosis, id);
        assert_eq!(check.status, status, "{fault:?}: {diagnosis}");
        let planned = plan.steps.iter().any(|step| step.mends == id);
        match &check.repair {
            Some(Repair::Calls) => assert!(planned, "{fault:?}: {plan}"),
            Some(Repair::Person(text)) => assert!(!planned && !text.is_empty(), "{fault:?}"),
            other => panic!("{fault:?}: {other:?}"),
        }
        if status == Status::Fail {
            assert_eq!(diagnosis.exit_status(), 1, "{fault:?}");
            assert!(
                check.evidence.iter().all(|seen| seen.request_id.is_some())
                    && !check.evidence.is_empty(),
                "{fault:?}: {check}"
            );
        }
        world.heal(fault.name()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_two_faults_are_found_and_repaired() {
    let all = Fault::ALL;
    let pairs =
        (0..all.len()).flat_map(|one| (one + 1..all.len()).map(move |two| [all[one], all[two]]));
    let mut running = tokio::task::JoinSet::new();
    for pair in pairs {
        if running.len() >= 8 {
            running.join_next().await.expect("one runs").expect("heals");
        }
        running.spawn(two_faults(pair));
    }
    running.join_all().await;
}

async fn two_faults(pair: [Fault; 2]) {
    let what = format!("{} and {}", pair[0].name(), pair[1].name());
    let world = World::with(&pair).await;
    let diagnosis = world.doctor.diagnose().await;
    for fault in pair {
        // One fault may hide another, but then it does not pass.
        let check = of(&diagnosis, finding(fault).0);
        assert_ne!(check.status, Status::Pass, "{what}: {diagnosis}");
    }
    world.heal(&what).await;
}

#[tokio::test]
async fn everything_at_once() {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    let diagnosis = world.doctor.diagnose().await;
    for fault in Fault::ALL {
        let check = of(&diagnosis, finding(fault).0);
        // There is a licence, or nothing could be wrong.
        let passes = fault == Fault::NoGovernance;
        assert_eq!(check.status == Status::Pass, passes, "{fault:?}: {check}");
    }
    world.heal("everything").await;
}

#[tokio::test]
async fn old_permission_names_pass_and_are_told() {
    let wanted = AccessRequestsOrg::healthy().old_permission_names();
    let world = World::new(wanted).await;
    let (diagnosis, plan) = world.doctor.examine().await;
    let role = of(&diagnosis, CheckId::Role);
    assert_eq!(role.status, Status::Pass);
    assert!(
        role.finding.contains("okta.workflows.invoke;")
            && role
                .finding
                .contains("okta.workflows.flows.invoke replaces"),
        "{role}"
    );
    assert!(plan.is_empty());
}

#[tokio::test]
async fn one_flow_only() {
    let world = World::with(&[Fault::ResourceSetMissing]).await;
    let id = world.sandbox.offered_flows()[0]["id"].clone();
    let id = id.as_str().expect("an id");
    let doctor = world.doctor.clone().flows(Flows::One(id.to_owned()));
    let orn = format!("orn:okta:workflow:{}:flows:{id}", world.sandbox.org_id());
    let plan = doctor.plan().await;
    let set = plan
        .steps
        .iter()
        .find(|step| step.mends == CheckId::ResourceSet);
    assert_eq!(set.expect("a set").body["resources"][0], orn);
    let treated = doctor.apply().await.expect("applies");
    assert_eq!(of(&treated.after, CheckId::Binding).status, Status::Pass);
    assert!(doctor.plan().await.is_empty());
    // A set with one flow is not one with all.
    assert!(!world.doctor.plan().await.is_empty());
}

/// Roles and sets that are in the way stay as they are: others may rest on them.
#[tokio::test]
async fn what_is_there_is_not_changed() {
    let faults = [Fault::RoleWithoutRun, Fault::ResourceSetWithoutFlow];
    let world = World::with(&faults).await;
    let doctor = world.doctor.clone().labels("Flow runner", "Flows");
    let read = async |path: String| -> Value {
        world
            .client
            .call("GET", path)
            .await
            .expect("reads")
            .json()
            .expect("JSON")
    };
    let (roles, sets) = ("/api/v1/iam/roles", "/api/v1/iam/resource-sets");
    let (role, set) = (
        read(roles.into()).await["roles"][0].clone(),
        read(sets.into()).await["resource-sets"][0].clone(),
    );
    let below = async || {
        let (role, set) = (role["id"].as_str(), set["id"].as_str());
        (
            read(format!("{roles}/{}/permissions", role.expect("an id"))).await,
            read(format!("{sets}/{}/resources", set.expect("an id"))).await,
        )
    };
    let before = below().await;
    let treated = doctor.apply().await.expect("applies");
    let made: Vec<&str> = treated.done.iter().map(|(step, _)| &*step.what).collect();
    assert!(
        made[0].contains("\"Flow runner (2)\"") && made[1].contains("\"Flows (2)\""),
        "{made:?}"
    );
    assert_eq!(below().await, before);
    assert_eq!(of(&treated.after, CheckId::Binding).status, Status::Pass);
}
