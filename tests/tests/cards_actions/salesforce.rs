//! The Salesforce connector, against the stand-in.

use okta_workflows::salesforce::SalesforceConnector;
use okta_workflows::salesforce::stand_in::{Entry, StandIn};
use okta_workflows::{CardCall, Registry};
use serde_json::{Value, json};

use super::assert_complete;
use super::case::{Case, Failure, ok, over, refused, wrong};
use super::judge::{Seen, assert_schema, assert_state, judge};
use super::world::{Names, fill, parse};

const NO: &str = "{}";
const D: &str = "/services/data/v67.0";

/// `after`: object, pointer below the record whose id comes first, expected value.
fn records() -> Vec<Case> {
    vec![
        ok("salesforce/create_record", r#"{"record_type":"Contact"}"#, r#"{"record_fields":{"LastName":"New","Email":"new@example.com"}}"#)
            .calls("POST /sobjects/Contact")
            .gives(r#"{"new_record":{"record_id":"*"}}"#)
            .after("Contact", "/LastName", "New"),
        refused("salesforce/create_record", 400, r#"{"record_type":"Contact"}"#, r#"{"record_fields":{"Email":"no-name@example.com"}}"#),
        ok("salesforce/build_record_object", r#"{"record_type":"Contact"}"#, r#"{"record_fields":{"LastName":"Built"}}"#)
            .gives(r#"{"output":{"record_object":{"attributes":{"type":"Contact"},"LastName":"Built"}}}"#),
        wrong("salesforce/build_record_object", "record_type", NO, r#"{"record_fields":{"LastName":"Built"}}"#),
        ok("salesforce/create_multiple_records", NO, r#"{"records":{"record_objects":[{"attributes":{"type":"Contact"},"LastName":"One"},{"attributes":{"type":"Account"},"Name":"Two"}]}}"#)
            .calls("POST /composite/sobjects")
            .gives(r#"{"new_records":{"record_ids":["*","*"]}}"#)
            .after("Account", "/Name", "Two"),
        refused("salesforce/create_multiple_records", 200, NO, r#"{"records":{"record_objects":[{"attributes":{"type":"Contact"},"LastName":"One"},{"attributes":{"type":"Contact"}}]}}"#)
            .calls("POST /composite/sobjects")
            // Told by the error's hint.
            .after("Contact", "/LastName", "One"),
        ok("salesforce/read_record", r#"{"record_type":"Lead"}"#, r#"{"read":{"record_id":"{lead}"}}"#)
            .calls("GET /sobjects/Lead/{lead}")
            .gives(r#"{"record":{"record_fields":{"Id":"{lead}","LastName":"Of the case"}}}"#),
        refused("salesforce/read_record", 404, r#"{"record_type":"Lead"}"#, r#"{"read":{"record_id":"00QHs0000000000AAA"}}"#),
        ok("salesforce/update_record", r#"{"record_type":"Lead"}"#, r#"{"update":{"record_id":"{lead}"},"record":{"Company":"Changed"}}"#)
            .calls("PATCH /sobjects/Lead/{lead}")
            .after("Lead/{lead}", "/Company", "Changed"),
        refused("salesforce/update_record", 400, r#"{"record_type":"Lead"}"#, r#"{"update":{"record_id":"{lead}"},"record":{"NoSuchField":"x"}}"#),
        ok("salesforce/delete_record", r#"{"record_type":"Lead"}"#, r#"{"record":{"record_id":"{lead}"}}"#)
            .calls("DELETE /sobjects/Lead/{lead}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .gone("Lead/{lead}"),
        refused("salesforce/delete_record", 405, r#"{"record_type":"User"}"#, r#"{"record":{"record_id":"{user}"}}"#),
        ok("salesforce/search_records", r#"{"record_type":"Lead"}"#, r#"{"fields":{"LastName":"Of the case","IsConverted":"false"}}"#)
            .calls("GET /sobjects/Lead/describe")
            .calls("GET /query?IsConverted = false AND LastName = 'Of the case'")
            .gives(r#"{"records":{"record_i_ds":["{lead}"]}}"#),
        refused("salesforce/search_records", 404, r#"{"record_type":"Nothing"}"#, r#"{"fields":{"LastName":"x"}}"#),
        ok("salesforce/execute_query", NO, r#"{"query":{"query":"SELECT Id, LastName FROM Lead WHERE LastName LIKE 'Of %' ORDER BY LastName LIMIT 5"}}"#)
            .calls("GET /query?SELECT Id, LastName")
            .gives(r#"{"results":{"records":[{"Id":"{lead}","LastName":"Of the case"}]}}"#),
        refused("salesforce/execute_query", 400, NO, r#"{"query":{"query":"SELECT Id FORM Lead"}}"#),
        ok("salesforce/search_leads", NO, r#"{"fields":{"Email":"case@example.com"}}"#)
            .calls("GET /sobjects/Lead/describe")
            .calls("GET /query?FROM Lead WHERE Email = 'case@example.com'")
            .gives(r#"{"leads":{"lead_i_ds":["{lead}"]}}"#),
        // The field is unknown only after the object was described: Salesforce is asked, the query is not made.
        over("salesforce/search_leads", NO, r#"{"fields":{"Email":"x"}}"#),
        wrong("salesforce/search_leads", "no_such", NO, r#"{"no_such":{"Email":"x"}}"#),
        ok("salesforce/transfer_leads", r#"{"ignore_assignment_rules":"Yes"}"#, r#"{"transfer_from":{"user_id":"{admin}"},"transfer_to":{"user_id":"{user}"}}"#)
            .calls("GET /query?SELECT Id FROM Lead WHERE OwnerId = '{admin}' AND IsConverted = false")
            .calls("PATCH /composite/sobjects")
            .after("Lead/{lead}", "/OwnerId", "{user}"),
        wrong("salesforce/transfer_leads", "transfer_to.user_id", r#"{"ignore_assignment_rules":"No"}"#, r#"{"transfer_from":{"user_id":"{admin}"}}"#),
        ok("salesforce/upload_document", NO, r#"{"file":{"name":"Notes","extension":"txt","file_content":"SGVsbG8="}}"#)
            .calls("POST /sobjects/Document")
            .gives(r#"{"document":{"record_id":"*"}}"#)
            .after("Document", "/Body", "Hello"),
        wrong("salesforce/upload_document", "file.file_content", NO, r#"{"file":{"name":"Notes","file_content":"not base64!"}}"#),
    ]
}

fn users() -> Vec<Case> {
    vec![
        ok("salesforce/create_user", r#"{"profile":"Profile Name","role":"Role Name"}"#, r#"{"user":{"first_name":"Eva","last_name":"New","username":"eva.new@example.com","email":"eva@example.com","profile_name":"Standard User","role_name":"Sales","language":"en_US","time_zone":"Europe/Paris","FederationIdentifier":"eva"}}"#)
            .calls("GET /query?FROM Profile WHERE Name = 'Standard User'")
            .calls("GET /query?FROM UserRole WHERE Name = 'Sales'")
            .calls("POST /sobjects/User")
            .gives(r#"{"user":{"user_id":"*"}}"#)
            .after("User", "/Alias", "eva.new"),
        wrong("salesforce/create_user", "user.profile_id", r#"{"profile":"Profile ID","role":"Role ID"}"#, r#"{"user":{"first_name":"E","last_name":"N","username":"e","email":"e","language":"en_US","time_zone":"UTC"}}"#),
        refused("salesforce/create_user", 400, r#"{"profile":"Profile ID","role":"Role ID"}"#, r#"{"user":{"first_name":"E","last_name":"N","username":"user{n}@example.com","email":"e@example.com","profile_id":"{profile}","language":"en_US","time_zone":"UTC"}}"#),
        ok("salesforce/update_user", NO, r#"{"user":{"user_id":"{user}","first_name":"Renamed","city":"Oslo","profile_name":"System Administrator"}}"#)
            .calls("GET /query?FROM Profile WHERE Name = 'System Administrator'")
            .calls("PATCH /sobjects/User/{user}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .after("User/{user}", "/City", "Oslo")
            .after("User/{user}", "/LastName", "Case"),
        wrong("salesforce/update_user", "user.first_name", NO, r#"{"user":{"user_id":"{user}"}}"#),
        ok("salesforce/read_user", NO, r#"{"user":{"user_id":"{user}"}}"#)
            .calls("GET /sobjects/User/{user}")
            .gives(r#"{"user":{"user_fields":{"Id":"{user}","LastName":"Case"}}}"#),
        refused("salesforce/read_user", 404, NO, r#"{"user":{"user_id":"nobody"}}"#),
        ok("salesforce/search_users", r#"{"search_by":"Username"}"#, r#"{"query":{"value":"USER{n}@example.com"}}"#)
            .calls("GET /sobjects/User/describe")
            .calls("GET /query?FROM User WHERE Username = 'USER{n}@example.com'")
            .calls("GET /query?SELECT IsFrozen FROM UserLogin")
            .gives(r#"{"result":{"user_id":"{user}","last_name":"Case","is_active":true,"is_frozen":false}}"#),
        ok("salesforce/search_users", r#"{"search_by":"Email"}"#, r#"{"query":{"value":"nobody's@example.com"}}"#)
            .calls("GET /sobjects/User/describe")
            .calls("GET /query?nobody\\'s@example.com"),
        wrong("salesforce/search_users", "search_by", r#"{"search_by":"Phone"}"#, r#"{"query":{"value":"x"}}"#),
        ok("salesforce/deactivate_user", NO, r#"{"user":{"user_id":"{user}"}}"#)
            .calls("PATCH /sobjects/User/{user}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .after("User/{user}", "/IsActive", false),
        refused("salesforce/deactivate_user", 404, NO, r#"{"user":{"user_id":"nobody"}}"#),
        ok("salesforce/activate_user", NO, r#"{"user":{"user_id":"{inactive}"}}"#)
            .calls("PATCH /sobjects/User/{inactive}")
            .after("User/{inactive}", "/IsActive", true),
        refused("salesforce/activate_user", 404, NO, r#"{"user":{"user_id":"nobody"}}"#),
        ok("salesforce/freeze_user", NO, r#"{"user":{"user_id":"{user}"}}"#)
            .calls("GET /query?FROM UserLogin")
            .calls("PATCH /sobjects/UserLogin/{login}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .after("UserLogin/{login}", "/IsFrozen", true),
        wrong("salesforce/freeze_user", "user.user_id", NO, NO),
        ok("salesforce/unfreeze_user", NO, r#"{"user":{"user_id":"{user}"}}"#)
            .calls("GET /query?FROM UserLogin WHERE UserId = '{user}'")
            .calls("PATCH /sobjects/UserLogin/{login}")
            .after("UserLogin/{login}", "/IsFrozen", false),
        wrong("salesforce/unfreeze_user", "user.user_id", NO, NO),
        ok("salesforce/remove_user_entitlements", r#"{"remove":"Permission Set Assignment"}"#, r#"{"assignment":{"permission_set_assignment":"{assignment}"}}"#)
            .calls("DELETE /sobjects/PermissionSetAssignment/{assignment}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .gone("PermissionSetAssignment/{assignment}"),
        ok("salesforce/remove_user_entitlements", r#"{"remove":"Feature Licenses"}"#, r#"{"remove":{"user_id":"{admin}","feature_licenses":"Marketing User"}}"#)
            .calls("GET /sobjects/User/describe")
            .calls("PATCH /sobjects/User/{admin}")
            .after("User/{admin}", "/UserPermissionsMarketingUser", false),
        wrong("salesforce/remove_user_entitlements", "assignment.permission_set_license_assignment_id", r#"{"remove":"Permission Set License Assignment"}"#, NO),
    ]
}

/// Cards without inputs cannot be given wrong ones: Salesforce refuses their session.
fn lists() -> Vec<Case> {
    vec![
        ok("salesforce/get_all_permission_sets", NO, NO).calls("GET /query?FROM PermissionSet").gives(r#"{"permission_sets":{"name":["Reports"],"id":["*"]}}"#),
        over("salesforce/get_all_permission_sets", NO, NO),
        ok("salesforce/get_all_permission_set_licenses", NO, NO).calls("GET /query?FROM PermissionSetLicense").gives(r#"{"permission_set_licenses":{"name":["Insights"]}}"#),
        over("salesforce/get_all_permission_set_licenses", NO, NO),
        ok("salesforce/get_all_feature_licenses", NO, NO).calls("GET /sobjects/User/describe").gives(r#"{"feature_licenses":{"name":["Marketing User","Knowledge User"],"id":["UserPermissionsMarketingUser","UserPermissionsKnowledgeUser"]}}"#),
        over("salesforce/get_all_feature_licenses", NO, NO),
        ok("salesforce/get_all_profiles", NO, NO).calls("GET /query?FROM Profile").gives(r#"{"profiles":{"name":["System Administrator","Standard User"]}}"#),
        over("salesforce/get_all_profiles", NO, NO),
        ok("salesforce/get_all_roles", NO, NO).calls("GET /query?FROM UserRole").gives(r#"{"roles":{"name":["CEO","Sales"]}}"#),
        over("salesforce/get_all_roles", NO, NO),
        ok("salesforce/get_all_public_groups", NO, NO).calls("GET /query?Type = 'Regular'").gives(r#"{"public_groups":{"name":["Everybody"]}}"#),
        over("salesforce/get_all_public_groups", NO, NO),
        ok("salesforce/get_multiselect_values_custom_fields", NO, r#"{"custom_field":{"label":"Regions"}}"#).calls("GET /sobjects/User/describe").gives(r#"{"output":{"multiselect_values":{"Regions":["North","South"]}}}"#),
        over("salesforce/get_multiselect_values_custom_fields", NO, NO),
        ok("salesforce/custom_api_action", r#"{"request_type":"GET"}"#, r#"{"relative_url":"sobjects/Lead/{lead}"}"#).calls("GET /sobjects/Lead/{lead}").gives(r#"{"response":{"status_code":200,"body":{"Id":"{lead}"}}}"#),
        refused("salesforce/custom_api_action", 404, r#"{"request_type":"DELETE"}"#, r#"{"relative_url":"/services/data/v67.0/sobjects/Nothing/1"}"#),
        wrong("salesforce/custom_api_action", "relative_url", r#"{"request_type":"GET"}"#, r#"{"relative_url":"https://evil.example/"}"#),
    ]
}

fn seen(entry: Entry) -> Seen {
    Seen {
        method: entry.method,
        path: entry.path,
        query: entry.query,
        status: entry.status,
    }
}

struct World {
    org: StandIn,
    registry: Registry,
    names: Names,
}

impl World {
    /// An org of its own for each case: starting one takes a millisecond.
    async fn start(number: usize) -> Self {
        let org = StandIn::start().await.expect("starts");
        let connection = org
            .connect(&["api", "refresh_token"])
            .await
            .expect("connects");
        let registry = Registry::new().with(SalesforceConnector::new(connection));
        // The version is asked for once a connection, at its first call.
        let profiles = registry.run("salesforce/get_all_profiles", CardCall::default());
        profiles.await.expect("profiles");
        let first = |object: &str| {
            org.records(object)[0]["Id"]
                .as_str()
                .expect("an id")
                .to_owned()
        };
        let profile = org.records("Profile")[1]["Id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let mut names = Names::from([
            ("n".to_owned(), number.to_string()),
            ("admin".to_owned(), first("User")),
            ("assignment".to_owned(), first("PermissionSetAssignment")),
            ("profile".to_owned(), profile.clone()),
        ]);
        let user = |name: &str, active: bool| {
            let user = json!({
                "Username": format!("{name}{number}@example.com"), "LastName": "Case", "Email": format!("{name}@example.com"),
                "Alias": name, "ProfileId": profile, "IsActive": active,
            });
            org.add("User", &user)
        };
        for (name, id) in [
            ("user", user("user", true)),
            ("inactive", user("inactive", false)),
        ] {
            names.insert(name.to_owned(), id);
        }
        let login = org.add("UserLogin", &json!({"UserId": names["user"]}));
        let lead = json!({"LastName": "Of the case", "Company": "Acme", "Email": "case@example.com", "OwnerId": names["admin"]});
        names.insert("lead".to_owned(), org.add("Lead", &lead));
        names.insert("login".to_owned(), login);
        Self {
            org,
            registry,
            names,
        }
    }

    async fn judge(&self, case: &Case) {
        let card = case.card;
        if matches!(case.failure, Some(Failure::Connection(_))) {
            // The session is over, and so is the refresh token.
            self.org.end_all_sessions();
        }
        self.org.clear_requests();
        let before = self.org.state();
        let object = |text: &str| {
            parse(text, &self.names)
                .as_object()
                .cloned()
                .expect("an object")
        };
        let call = CardCall {
            options: object(case.options),
            inputs: object(case.inputs),
        };
        assert_schema(case, &call);
        let outcome = self.registry.run(card, call).await.map(Value::from);
        if let (Some(Failure::Status(_)), Err(error)) = (case.failure, &outcome) {
            let refusal = error.salesforce().expect("a refusal");
            assert!(!refusal.errors().is_empty(), "{error}");
        }
        let (tokens, journal): (Vec<Seen>, Vec<Seen>) = self
            .org
            .requests()
            .into_iter()
            .map(seen)
            .partition(|seen| seen.path == "/services/oauth2/token");
        let refused = matches!(case.failure, Some(Failure::Connection(_)));
        let statuses: Vec<u16> = tokens.iter().map(|seen| seen.status).collect();
        assert_eq!(statuses, if refused { vec![400] } else { vec![] }, "{card}");
        judge(case, &self.names, D, outcome, &journal);
        assert_state(case, &journal, &before, &self.org.state());
        for (place, pointer, value) in &case.after {
            let place = fill(place, &self.names);
            let (object, id) = place.split_once('/').unwrap_or((&place, ""));
            let records = self.org.records(object);
            let found = match id {
                "" => records.last(),
                id => records.iter().find(|record| record["Id"] == id),
            };
            if *pointer == "gone" {
                assert!(found.is_none(), "{card}: {place} is there");
                continue;
            }
            let wanted: Value =
                serde_json::from_str(&fill(&value.to_string(), &self.names)).expect("JSON");
            let found = found.unwrap_or_else(|| panic!("{card}: no {place}"));
            assert_eq!(found.pointer(pointer), Some(&wanted), "{card}: {found:#}");
        }
    }
}

#[tokio::test]
async fn every_action_of_the_salesforce_connector_runs() {
    let cases: Vec<Case> = [records(), users(), lists()]
        .into_iter()
        .flatten()
        .collect();
    assert_complete("salesforce", &cases);
    let mut failed = 0;
    for (number, case) in cases.iter().enumerate() {
        let world = World::start(number).await;
        let judged = std::panic::AssertUnwindSafe(world.judge(case));
        failed += usize::from(futures_util::FutureExt::catch_unwind(judged).await.is_err());
    }
    assert_eq!(
        failed,
        0,
        "{failed} of {} cases failed; each is told above",
        cases.len()
    );
}
