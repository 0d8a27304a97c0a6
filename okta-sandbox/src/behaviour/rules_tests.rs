//! Who joins and leaves by group rules.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

struct Scene {
    bench: Bench,
    group: String,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let body = json!({ "profile": { "name": "Target" } });
        let (_, group) = bench.call("POST", "/api/v1/groups", Some(&body));
        let group = text(&group, "/id").to_owned();
        Self { bench, group }
    }

    fn user(&self, login: &str, department: &str) -> String {
        let body = json!({ "profile": {
            "firstName": "A", "lastName": "B", "email": login, "login": login,
            "department": department,
        } });
        let (status, user) = self.bench.call("POST", "/api/v1/users", Some(&body));
        assert_eq!(status, 200, "{user}");
        text(&user, "/id").to_owned()
    }

    fn rule(&self, name: &str, expression: &str) -> String {
        let body = json!({
            "type": "group_rule", "name": name,
            "conditions": { "expression": {
                "type": "urn:okta:expression:1.0", "value": expression,
            } },
            "actions": { "assignUserToGroups": { "groupIds": [self.group] } },
        });
        let (status, rule) = self.bench.call("POST", "/api/v1/groups/rules", Some(&body));
        assert_eq!(status, 200, "{rule}");
        let path = format!("/api/v1/groups/rules/{}", text(&rule, "/id"));
        self.step(&path, "activate");
        path
    }

    fn step(&self, rule: &str, verb: &str) {
        let target = format!("{rule}/lifecycle/{verb}");
        assert_eq!(self.bench.call("POST", &target, None).0, 204, "{verb}");
    }

    fn moves(&self, user: &str, department: &str) {
        let body = json!({ "profile": { "department": department } });
        let path = format!("/api/v1/users/{user}");
        assert_eq!(self.bench.call("POST", &path, Some(&body)).0, 200);
    }

    fn members(&self) -> Vec<String> {
        let path = format!("/api/v1/groups/{}/users", self.group);
        let (_, members) = self.bench.call("GET", &path, None);
        let members = members.as_array().into_iter().flatten();
        members.map(|m| text(m, "/id").to_owned()).collect()
    }

    fn membership(&self, method: &str, user: &str) {
        let path = format!("/api/v1/groups/{}/users/{user}", self.group);
        assert_eq!(self.bench.call(method, &path, None).0, 204);
    }
}

#[test]
fn expressions_are_read_as_they_are_written() {
    let scene = Scene::new();
    let user = scene.user("ann@example.com", "Research and Development");
    let everyone = scene.bench.shared.org().everyone.clone();
    let by_id = format!("isMemberOfAnyGroup(\"{everyone}\")");
    for (expression, fits) in [
        ("user.department == \"Research and Development\"", true),
        ("user.department == \"Sales || Marketing\"", false),
        (
            "user.login == \"x\" AND user.city == \"y\" OR user.firstName == \"A\"",
            true,
        ),
        (
            "user.firstName == \"A\" OR user.login == \"x\" AND user.city == \"y\"",
            true,
        ),
        (
            "(user.firstName == \"A\" OR user.city == \"x\") AND user.lastName == \"C\"",
            false,
        ),
        ("!(user.firstName == \"A\")", false),
        ("String.startsWith(user.department, \"Research\")", true),
        ("isMemberOfGroupName(\"Everyone\")", true),
        (by_id.as_str(), true),
        ("isMemberOfAnyGroup(\"00g0\")", false),
    ] {
        let rule = scene.rule("One", expression);
        assert_eq!(scene.members().contains(&user), fits, "{expression}");
        scene.step(&rule, "deactivate");
        let target = format!("{rule}?removeUsers=true");
        assert_eq!(scene.bench.call("DELETE", &target, None).0, 202);
        assert_eq!(scene.members(), [""; 0], "{expression}");
    }
}

#[test]
fn whom_no_rule_fits_any_more_leaves() {
    let scene = Scene::new();
    let (ann, bob) = (
        scene.user("ann@x.com", "Sales"),
        scene.user("bob@x.com", "Law"),
    );
    scene.membership("PUT", &bob);
    let first = scene.rule("Sales", "user.department == \"Sales\"");
    let second = scene.rule("Anns", "user.login == \"ann@x.com\" && user.city == \"Y\"");
    assert_eq!(scene.members(), [bob.clone(), ann.clone()]);
    scene.moves(&ann, "Law");
    assert_eq!(scene.members(), std::slice::from_ref(&bob));
    scene.moves(&bob, "Sales");
    scene.moves(&bob, "Law");
    assert_eq!(
        scene.members(),
        std::slice::from_ref(&bob),
        "a member by hand stays"
    );
    scene.moves(&ann, "Sales");
    scene.step(&first, "deactivate");
    scene.moves(&ann, "Law");
    assert_eq!(scene.members(), [bob.clone(), ann.clone()], "it is off");
    scene.step(&first, "activate");
    assert_eq!(scene.members(), std::slice::from_ref(&bob));
    scene.step(&second, "deactivate");
}

#[test]
fn a_rule_is_deleted_when_it_is_off_and_takes_along_what_it_gave() {
    let scene = Scene::new();
    let (ann, bob) = (
        scene.user("ann@x.com", "Sales"),
        scene.user("bob@x.com", "Sales"),
    );
    scene.membership("PUT", &bob);
    let rule = scene.rule("Sales", "user.department == \"Sales\"");
    let target = format!("{rule}?removeUsers=true");
    assert_eq!(scene.bench.call("DELETE", &target, None).0, 400);
    scene.step(&rule, "deactivate");
    scene.moves(&ann, "Law");
    assert_eq!(scene.bench.call("DELETE", &target, None).0, 202);
    assert_eq!(scene.members(), [bob]);
}

#[test]
fn who_is_taken_out_by_hand_is_excluded_once() {
    let scene = Scene::new();
    let (ann, bob) = (
        scene.user("ann@x.com", "Sales"),
        scene.user("bob@x.com", "Law"),
    );
    let rule = scene.rule("Sales", "user.department == \"Sales\"");
    scene.membership("DELETE", &bob);
    for _ in 0..2 {
        scene.membership("DELETE", &ann);
    }
    scene.moves(&ann, "Law");
    scene.moves(&ann, "Sales");
    let (_, rule): (u16, Value) = scene.bench.call("GET", &rule, None);
    let excluded = rule.pointer("/conditions/people/users/exclude");
    assert_eq!(excluded, Some(&json!([ann])));
    assert_eq!(scene.members(), [""; 0]);
}

#[test]
fn groups_tell_when_deactivation_changed_them() {
    let scene = Scene::new();
    let ann = scene.user("ann@x.com", "Sales");
    scene.membership("PUT", &ann);
    let path = format!("/api/v1/groups/{}", scene.group);
    let changed = || scene.bench.call("GET", &path, None).1["lastMembershipUpdated"].clone();
    let before = changed();
    scene.bench.shared.org().clock.advance(60);
    let target = format!("/api/v1/users/{ann}/lifecycle/deactivate");
    assert_eq!(scene.bench.call("POST", &target, None).0, 200);
    assert_ne!(changed(), before);
    assert_eq!(scene.members(), [""; 0]);
}
