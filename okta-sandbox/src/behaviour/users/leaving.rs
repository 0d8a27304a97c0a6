//! What ends with a user.

use serde_json::Value;

use crate::behaviour::governance::leftovers;
use crate::behaviour::presets::TOKENS;
use crate::behaviour::{identity_providers, resource_sets, sessions, small, subscriptions};
use crate::json::text;
use crate::oauth::lockout;
use crate::org::Org;

/// A user who is deactivated loses sessions and tokens for good: none of them works again when the
/// user comes back.
pub(super) fn sign_out(org: &mut Org, user: &str) {
    org.authority.end_sessions(user);
    org.authority.revoke_user(user);
    sessions::end_of(org, user);
    org.api_tokens.retain(|_, (_, owner)| owner != user);
    let shelf = org.shelf(TOKENS);
    let own = shelf
        .values()
        .filter(|token| text(token, "/userId") == user);
    let own: Vec<String> = own.map(|token| text(token, "/id").to_owned()).collect();
    for token in own {
        shelf.remove(&token);
    }
}

/// Removes a user with all that hangs on them.
pub(super) fn remove(org: &mut Org, user: &Value) {
    let id = text(user, "/id");
    sign_out(org, id);
    org.logins
        .remove(&text(user, "/profile/login").to_lowercase());
    org.users.remove(id);
    org.members.remove_right(id);
    org.members_by_rule.remove_right(id);
    org.app_users.remove_right(id);
    org.passwords.remove(id);
    super::credentials::keep_answer(org, id, None);
    super::classification::forget(org, id);
    subscriptions::forget(org, id);
    small::forget(org, id);
    resource_sets::forget_member(org, &format!("/users/{id}"));
    org.authority.forget_user(id);
    org.remove_below(&format!("/api/v1/users/{id}/"));
    identity_providers::unlink_everywhere(org, id);
    lockout::forget(org, id);
    leftovers::forget_user(org, id);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    fn person(bench: &Bench, login: &str) -> String {
        let body = json!({
            "profile": { "firstName": "A", "lastName": "B", "email": login, "login": login },
            "credentials": { "password": { "value": "Correct1Horse" } },
        });
        let (status, user) = bench.call("POST", "/api/v1/users?activate=true", Some(&body));
        assert_eq!(status, 200, "{user}");
        format!("/api/v1/users/{}", text(&user, "/id"))
    }

    fn token_of(bench: &Bench, user: &str) -> String {
        let id = user.rsplit('/').next().expect("an id");
        let mut org = bench.shared.org();
        let token = crate::ids::api_token();
        let entry = (org.dice.id("00T"), id.to_owned());
        let shown = crate::behaviour::presets::token(&entry.0, id, "Mine", "2026-01-01T00:00:00Z");
        org.shelf(super::TOKENS).put(&entry.0, shown);
        org.api_tokens.insert(token.clone(), entry);
        format!("SSWS {token}")
    }

    fn me(bench: &Bench, token: &str) -> u16 {
        let lines = [("authorization", token), ("accept", "application/json")];
        bench
            .with(&lines, "GET", "/api/v1/users/me", "", Vec::new())
            .status
    }

    #[test]
    fn api_tokens_work_while_their_user_may_act_and_do_not_come_back() {
        let bench = Bench::new();
        let user = person(&bench, "ann@example.com");
        let token = token_of(&bench, &user);
        let step = |verb: &str| {
            let target = format!("{user}/lifecycle/{verb}");
            assert_eq!(bench.call("POST", &target, None).0, 200, "{verb}");
        };
        assert_eq!(me(&bench, &token), 200);
        step("suspend");
        assert_eq!(me(&bench, &token), 401);
        step("unsuspend");
        assert_eq!(me(&bench, &token), 200);
        step("deactivate");
        assert_eq!(me(&bench, &token), 401);
        step("activate?sendEmail=false");
        assert_eq!(me(&bench, &token), 401, "it was taken back");
        let (_, all) = bench.call("GET", "/api/v1/api-tokens", None);
        assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    }

    #[test]
    fn sessions_do_not_outlive_a_deactivation() {
        let bench = Bench::new();
        let user = person(&bench, "ann@example.com");
        let sign_in = json!({ "username": "ann@example.com", "password": "Correct1Horse" });
        let (_, answer) = bench.call("POST", "/api/v1/authn", Some(&sign_in));
        let target = format!(
            "/login/sessionCookieRedirect?token={}&redirectUrl=/app/UserHome",
            text(&answer, "/sessionToken")
        );
        let answer = bench.with(&[], "GET", &target, "", Vec::new());
        let cookie = answer
            .headers
            .iter()
            .find(|(name, _)| *name == "set-cookie");
        let cookie = cookie.map_or("", |(_, value)| value);
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let home = || {
            let lines = [("cookie", cookie.as_str())];
            bench.with(&lines, "GET", "/app/UserHome", "", Vec::new())
        };
        assert_eq!(home().status, 200);
        for verb in ["deactivate", "activate?sendEmail=false"] {
            bench.call("POST", &format!("{user}/lifecycle/{verb}"), None);
        }
        assert_eq!(home().status, 302, "signed out");
    }

    #[test]
    fn a_new_password_ends_sessions_where_asked_to() {
        let bench = Bench::new();
        let user = person(&bench, "ann@example.com");
        let cleared = || {
            let org = bench.shared.org();
            let events = org.log.placed();
            let told = |event: &serde_json::Value| event["eventType"] == "user.session.clear";
            events.filter(|(_, event)| told(event)).count()
        };
        let mut body = json!({
            "oldPassword": { "value": "Correct1Horse" }, "newPassword": { "value": "Other2Horses" },
        });
        let change = format!("{user}/credentials/change_password");
        assert_eq!(bench.call("POST", &change, Some(&body)).0, 200);
        assert_eq!(cleared(), 0);
        body = json!({
            "oldPassword": { "value": "Other2Horses" }, "newPassword": { "value": "Third3Horse" },
            "revokeSessions": true,
        });
        assert_eq!(bench.call("POST", &change, Some(&body)).0, 200);
        assert_eq!(cleared(), 1);
        let expire = format!("{user}/lifecycle/expire_password_with_temp_password");
        assert_eq!(bench.call("POST", &expire, None).0, 200);
        assert_eq!(cleared(), 1);
        let target = format!("{expire}?revokeSessions=true");
        assert_eq!(bench.call("POST", &target, None).0, 200);
        assert_eq!(cleared(), 2);
        let reset = format!("{user}/lifecycle/reset_password?sendEmail=false&revokeSessions=true");
        assert_eq!(bench.call("POST", &reset, None).0, 200);
        assert_eq!(cleared(), 3);
    }

    #[test]
    fn nothing_of_a_deleted_user_stays() {
        let bench = Bench::new();
        let user = person(&bench, "ann@example.com");
        bench.turn_on("phone_number");
        let factor = json!({ "factorType": "sms", "profile": { "phoneNumber": "+15551234567" } });
        bench.call("POST", &format!("{user}/factors"), Some(&factor));
        let role = json!({ "type": "USER_ADMIN" });
        let (status, _) = bench.call("POST", &format!("{user}/roles"), Some(&role));
        assert_eq!(status, 201);
        let provider = json!({
            "type": "GOOGLE", "name": "Google",
            "protocol": { "type": "OIDC", "scopes": ["openid"], "credentials": { "client": {
                "client_id": "x", "client_secret": "y",
            } } },
            "policy": { "subject": { "userNameTemplate": { "template": "idpuser.email" } } },
        });
        let (status, provider) = bench.call("POST", "/api/v1/idps", Some(&provider));
        assert_eq!(status, 200, "{provider}");
        let id = user.rsplit('/').next().expect("an id");
        let link = format!("/api/v1/idps/{}/users/{id}", text(&provider, "/id"));
        let (status, _) = bench.call("POST", &link, Some(&json!({ "externalId": "1" })));
        assert_eq!(status, 200);
        let definition = json!({
            "primary": { "name": "manager", "title": "M", "description": "", "type": "USER" },
            "associated": { "name": "report", "title": "R", "description": "", "type": "USER" },
        });
        let definitions = "/api/v1/meta/schemas/user/linkedObjects";
        assert_eq!(bench.call("POST", definitions, Some(&definition)).0, 201);
        let boss = person(&bench, "bob@example.com");
        let boss = boss.rsplit('/').next().expect("an id");
        let linked = format!("{user}/linkedObjects/manager/{boss}");
        assert_eq!(bench.call("PUT", &linked, None).0, 204);
        let lite = json!({ "type": "LITE" });
        assert_eq!(
            bench
                .call("PUT", &format!("{user}/classification"), Some(&lite))
                .0,
            200
        );
        let risk = json!({ "riskLevel": "HIGH" });
        assert_eq!(
            bench.call("PUT", &format!("{user}/risk"), Some(&risk)).0,
            201
        );
        let quiet = format!("{user}/subscriptions/OKTA_UPDATE/unsubscribe");
        assert_eq!(bench.call("POST", &quiet, None).0, 200);
        let group = json!({ "profile": { "name": "One" } });
        let (_, group) = bench.call("POST", "/api/v1/groups", Some(&group));
        let owners = format!("/api/v1/groups/{}/owners", text(&group, "/id"));
        let owner = json!({ "id": id, "type": "USER" });
        assert_eq!(bench.call("POST", &owners, Some(&owner)).0, 201);
        for _ in 0..2 {
            assert_eq!(bench.call("DELETE", &user, None).0, 204);
        }
        let reports = format!("/api/v1/users/{boss}/linkedObjects/report");
        assert_eq!(bench.call("GET", &reports, None).1, json!([]));
        assert_eq!(bench.call("GET", &owners, None).1, json!([]));
        let org = bench.shared.org();
        let left = org.shelves.iter().filter(|(path, shelf)| {
            let of_them = shelf.values().any(|one| one.to_string().contains(id));
            path.contains(id) || shelf.contains(id) || of_them
        });
        assert_eq!(left.map(|(path, _)| path).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn roles_do_not_outlive_a_deactivation() {
        let bench = Bench::new();
        let user = person(&bench, "ann@example.com");
        let roles = format!("{user}/roles");
        for kind in ["USER_ADMIN", "SUPER_ADMIN"] {
            let role = json!({ "type": kind });
            assert_eq!(bench.call("POST", &roles, Some(&role)).0, 201);
        }
        for verb in ["deactivate", "activate?sendEmail=false"] {
            let target = format!("{user}/lifecycle/{verb}");
            assert_eq!(bench.call("POST", &target, None).0, 200, "{verb}");
        }
        assert_eq!(bench.call("GET", &roles, None).1, json!([]));
        let org = bench.shared.org();
        let events = org.log.placed();
        let told =
            |event: &serde_json::Value| event["eventType"] == "user.account.privilege.revoke";
        assert_eq!(events.filter(|(_, event)| told(event)).count(), 2);
    }
}
