//! Pools as seeded, and updates as the clock goes on.

use serde_json::{Value, json};

use super::POOLS;
use crate::bench::Bench;
use crate::json::text;

const POOL: &str = "0oa1pool000000000001";

/// An org with a pool of three agents.
fn bench() -> Bench {
    let bench = Bench::new();
    let agent = |id: &str, version: &str| {
        json!({
            "id": id, "name": id, "version": version, "operationalStatus": "OPERATIONAL",
            "lastConnection": 1_766_430_781_000_i64,
        })
    };
    let agents = [
        agent("a1", "3.9.0"),
        agent("a2", "3.20.1"),
        agent("a3", "3.10.0"),
    ];
    let pool = json!({ "id": POOL, "name": "east", "type": "AD", "agents": agents });
    bench.shared.org().shelf(POOLS).put(POOL, pool);
    bench
}

fn updates() -> String {
    format!("{POOLS}/{POOL}/updates")
}

fn wanted(agents: &[&str], enabled: bool) -> Value {
    let agents: Vec<Value> = agents
        .iter()
        .map(|id| json!({ "id": id, "poolId": POOL }))
        .collect();
    json!({ "name": "Update", "agentType": "AD", "enabled": enabled, "agents": agents })
}

fn made(bench: &Bench, body: &Value) -> (String, Value) {
    let (status, made) = bench.call("POST", &updates(), Some(body));
    assert_eq!(status, 200, "{made}");
    (format!("{}/{}", updates(), text(&made, "/id")), made)
}

fn advance(bench: &Bench, seconds: i64) {
    bench.shared.org().clock.advance(seconds);
}

/// The status of an update and those of its agents.
fn state(bench: &Bench, path: &str) -> (String, Vec<String>) {
    let (_, update) = bench.call("GET", path, None);
    let agents = update["agents"].as_array().expect("agents").iter();
    let agents = agents.map(|one| text(one, "/updateStatus").to_owned());
    (text(&update, "/status").to_owned(), agents.collect())
}

fn step(bench: &Bench, path: &str, verb: &str) -> (u16, String) {
    let (status, update) = bench.call("POST", &format!("{path}/{verb}"), None);
    (status, text(&update, "/status").to_owned())
}

fn set_agent(bench: &Bench, index: usize, status: &str) {
    let mut org = bench.shared.org();
    let pool = org.shelf(POOLS).get_mut(POOL).expect("a pool");
    pool["agents"][index]["operationalStatus"] = json!(status);
}

#[test]
fn pools_tell_how_their_agents_do() {
    let bench = bench();
    let status = |bench: &Bench| {
        let (_, all) = bench.call("GET", POOLS, None);
        let pool = &all[0];
        let counts = (
            pool["disruptedAgents"].as_u64(),
            pool["inactiveAgents"].as_u64(),
        );
        (text(pool, "/operationalStatus").to_owned(), counts)
    };
    assert_eq!(
        status(&bench),
        ("OPERATIONAL".to_owned(), (Some(0), Some(0)))
    );
    set_agent(&bench, 0, "DISRUPTED");
    assert_eq!(status(&bench), ("DEGRADED".to_owned(), (Some(1), Some(0))));
    for index in 0..3 {
        set_agent(&bench, index, "INACTIVE");
    }
    assert_eq!(status(&bench), ("INACTIVE".to_owned(), (Some(0), Some(3))));
    let of = |query: &str| {
        let (_, all) = bench.call("GET", &format!("{POOLS}?{query}"), None);
        all.as_array().map(Vec::len)
    };
    assert_eq!((of("poolType=AD"), of("poolType=LDAP")), (Some(1), Some(0)));
    assert_eq!(
        bench.call("GET", &format!("{POOLS}?poolType=X"), None).0,
        400
    );
    assert_eq!(
        bench
            .call("GET", &format!("{POOLS}?limitPerPoolType=0"), None)
            .0,
        400
    );
}

#[test]
fn a_page_has_so_many_pools_of_a_type() {
    let bench = bench();
    for (id, kind) in [("p2", "LDAP"), ("p3", "AD"), ("p4", "AD"), ("p5", "LDAP")] {
        let pool = json!({ "id": id, "name": id, "type": kind, "agents": [] });
        bench.shared.org().shelf(POOLS).put(id, pool);
    }
    let mut target = format!("{POOLS}?limitPerPoolType=1");
    let mut pages = Vec::new();
    loop {
        let answer = bench.raw("GET", &target, Vec::new());
        let page: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let ids = page.as_array().expect("pools").iter();
        pages.push(
            ids.map(|pool| text(pool, "/id").to_owned())
                .collect::<Vec<_>>(),
        );
        let links = answer.headers.iter().filter(|(name, _)| *name == "link");
        let Some((_, next)) = links
            .into_iter()
            .find(|(_, line)| line.contains("\"next\""))
        else {
            break;
        };
        let url = next
            .trim_start_matches('<')
            .split('>')
            .next()
            .expect("a URL");
        target = url[url.find("/api").expect("a path")..].to_owned();
    }
    assert_eq!(pages, [vec![POOL, "p2"], vec!["p3"], vec!["p4", "p5"]]);
}

#[test]
fn an_update_takes_agent_after_agent() {
    let bench = bench();
    let (own, made) = made(&bench, &wanted(&["a1", "a3"], true));
    assert_eq!(made["status"], "InProgress", "{made}");
    assert_eq!(made["targetVersion"], "3.20.1");
    assert_eq!(made["agents"][0]["isLatestGAedVersion"], false);
    assert_eq!(state(&bench, &own).1, ["InProgress", "Scheduled"]);
    assert_eq!(step(&bench, &own, "activate").0, 400);
    assert_eq!(bench.call("DELETE", &own, None).0, 400, "it runs");
    advance(&bench, 61);
    assert_eq!(state(&bench, &own).1, ["Success", "InProgress"]);
    assert_eq!(step(&bench, &own, "pause"), (200, "Paused".to_owned()));
    advance(&bench, 600);
    assert_eq!(state(&bench, &own).0, "Paused");
    assert_eq!(step(&bench, &own, "retry").0, 400);
    assert_eq!(step(&bench, &own, "resume"), (200, "InProgress".to_owned()));
    advance(&bench, 61);
    assert_eq!(
        state(&bench, &own),
        ("Success".to_owned(), vec!["Success".to_owned(); 2])
    );
    let (_, pools) = bench.call("GET", POOLS, None);
    let versions: Vec<&str> = (0..3)
        .map(|n| text(&pools[0]["agents"][n], "/version"))
        .collect();
    assert_eq!(versions, ["3.20.1", "3.20.1", "3.20.1"]);
    for verb in ["pause", "resume", "stop", "retry", "activate", "deactivate"] {
        assert_eq!(step(&bench, &own, verb).0, 400, "{verb}");
    }
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    assert_eq!(bench.call("GET", &own, None).0, 404);
    let path = "/api/v1/logs?filter=eventType%20co%20%22auto_update%22";
    assert_eq!(
        bench.call("GET", path, None).1.as_array().map(Vec::len),
        Some(3)
    );
}

#[test]
fn an_agent_out_of_reach_fails_the_update_until_it_is_back() {
    let bench = bench();
    set_agent(&bench, 0, "INACTIVE");
    let (own, _) = made(&bench, &wanted(&["a1", "a3"], true));
    advance(&bench, 61);
    assert_eq!(
        state(&bench, &own),
        (
            "Failed".to_owned(),
            vec!["Failed".to_owned(), "Cancelled".to_owned()]
        )
    );
    let settings = format!("{}/settings", updates());
    let body = json!({ "agentType": "AD", "continueOnError": true });
    let (status, set) = bench.call("POST", &settings, Some(&body));
    assert_eq!((status, &set["continueOnError"]), (200, &json!(true)));
    assert_eq!(step(&bench, &own, "retry"), (200, "InProgress".to_owned()));
    advance(&bench, 121);
    assert_eq!(
        state(&bench, &own),
        (
            "Failed".to_owned(),
            vec!["Failed".to_owned(), "Success".to_owned()]
        )
    );
    set_agent(&bench, 0, "OPERATIONAL");
    assert_eq!(step(&bench, &own, "retry").0, 200);
    advance(&bench, 61);
    assert_eq!(state(&bench, &own).0, "Success");
}

#[test]
fn a_schedule_says_when_an_update_begins() {
    let bench = bench();
    let mut body = wanted(&["a1"], false);
    body["schedule"] =
        json!({ "cron": "0 3 * * WED", "timezone": "Asia/Calcutta", "duration": 1020, "delay": 0 });
    body["targetVersion"] = json!("");
    let (own, made) = made(&bench, &body);
    assert_eq!(
        (&made["status"], &made["_links"]),
        (&json!("Scheduled"), &json!({}))
    );
    assert!(
        made["schedule"]["delay"].is_null() && made["begins"].is_null(),
        "{made}"
    );
    let week = 7 * 24 * 3600 + 120;
    advance(&bench, week);
    assert_eq!(state(&bench, &own).0, "Scheduled", "not enabled");
    assert_eq!(
        step(&bench, &own, "activate"),
        (200, "Scheduled".to_owned())
    );
    assert_eq!(
        step(&bench, &own, "deactivate"),
        (200, "Scheduled".to_owned())
    );
    assert_eq!(step(&bench, &own, "activate").0, 200);
    let of = |scheduled: bool| {
        let (_, all) = bench.call("GET", &format!("{}?scheduled={scheduled}", updates()), None);
        all.as_array().map(Vec::len)
    };
    assert_eq!((of(true), of(false)), (Some(1), Some(0)));
    advance(&bench, week);
    assert_eq!(state(&bench, &own).0, "Success");
    let (_, done) = bench.call("GET", &own, None);
    assert!(
        text(&done, "/schedule/lastUpdated").ends_with(":31:00.000Z"),
        "{done}"
    );
    let (status, again) = bench.call("POST", &own, Some(&body));
    assert_eq!((status, &again["status"]), (200, &json!("Scheduled")));
    assert_eq!(step(&bench, &own, "stop"), (200, "Cancelled".to_owned()));
    assert_eq!(state(&bench, &own).1, ["Cancelled"]);
}

#[test]
fn updates_are_of_agents_of_their_pool() {
    let bench = bench();
    let refused = |body: &Value| {
        let (status, refused) = bench.call("POST", &updates(), Some(body));
        (status, refused["errorCauses"].to_string())
    };
    let (status, causes) = refused(&json!({ "enabled": true }));
    assert_eq!(status, 400);
    for field in ["name", "agentType", "agentList"] {
        assert!(
            causes.contains(&format!("errors in the field: {field}")),
            "{causes}"
        );
    }
    let (_, causes) = refused(&wanted(&["a1", "a9"], true));
    assert!(causes.contains("agentList"), "{causes}");
    let mut other = wanted(&["a1"], true);
    other["agentType"] = json!("LDAP");
    assert!(refused(&other).1.contains("agentType"));
    let mut odd = wanted(&["a1"], true);
    odd["schedule"] = json!({ "cron": "every day" });
    assert!(refused(&odd).1.contains("schedule"));
    let lost = format!("{POOLS}/0oa0/updates");
    assert_eq!(bench.call("GET", &lost, None), (200, json!([])));
    let (status, missing) = bench.call("POST", &lost, Some(&wanted(&["a1"], true)));
    assert_eq!((status, text(&missing, "/errorCode")), (404, "E0000007"));
    assert!(text(&missing, "/errorSummary").ends_with("0oa0 (AppInstance)"));
}

#[test]
fn settings_follow_the_agents_until_they_are_set() {
    let bench = bench();
    let path = format!("{}/settings", updates());
    let (_, first) = bench.call("GET", &path, None);
    let expected = json!({
        "agentType": "AD", "continueOnError": false, "latestVersion": "3.20.1",
        "minimalSupportedVersion": "3.9.0", "poolId": POOL, "poolName": "east",
        "releaseChannel": "GA",
    });
    assert_eq!(first, expected);
    let body = json!({ "agentType": "AD", "releaseChannel": "EA", "latestVersion": "3.21.0" });
    assert_eq!(bench.call("POST", &path, Some(&body)).0, 200);
    let (_, now) = bench.call("GET", &path, None);
    assert_eq!(
        (&now["releaseChannel"], &now["latestVersion"]),
        (&json!("EA"), &json!("3.21.0"))
    );
    let (_, update) = made(&bench, &wanted(&["a2"], false));
    assert_eq!(update["targetVersion"], "3.21.0");
    for body in [
        json!({}),
        json!({ "agentType": "IWA" }),
        json!({ "agentType": "AD", "releaseChannel": "NIGHTLY" }),
        json!({ "agentType": "AD", "latestVersion": "3.9.0", "minimalSupportedVersion": "3.10.0" }),
    ] {
        assert_eq!(bench.call("POST", &path, Some(&body)).0, 400, "{body}");
    }
    let lost = format!("{POOLS}/0oa0/updates/settings");
    assert_eq!(bench.call("GET", &lost, None).0, 404);
}
