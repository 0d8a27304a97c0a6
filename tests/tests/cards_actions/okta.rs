//! The Okta connector.

use super::assert_complete;
use super::case::{Case, ok, refused, wrong};
use super::world::{World, judge_all};

const NO: &str = "{}";
const APP: &str = r#"{"application":"-- Enter Application ID --"}"#;
const RULE: &str = r#"{"type":"group_rule","name":"Rule {n}","conditions":{"expression":{"type":"urn:okta:expression:1.0","value":"user.firstName==\"Nobody\""}},"actions":{"assignUserToGroups":{"groupIds":["{group}"]}}}"#;
const SEAT: &str = r##"{"definitions":{"custom":{"id":"#custom","type":"object","properties":{"seat":{"title":"Seat","type":"string"}}}}}"##;
const LINK: &str = r#"{"primary":{"name":"manager{n}","title":"Manager","description":"","type":"USER"},"associated":{"name":"subordinate{n}","title":"Subordinate","description":"","type":"USER"}}"#;

fn users() -> Vec<Case> {
    vec![
        ok("okta/activate_user", r#"{"send_email":"No"}"#, r#"{"user":{"id_or_login":"{staged}"}}"#)
            .step("staged", "POST /api/v1/users?activate=false", r#"{"profile":{"firstName":"C","lastName":"D","email":"st{n}@example.com","login":"st{n}@example.com"},"credentials":{"password":{"value":"Sandbox-1234"}}}"#)
            .calls("POST /api/v1/users/{staged}/lifecycle/activate?sendEmail=false")
            .gives(r#"{"response":{"status_code":200}}"#)
            .after("/api/v1/users/{staged}", "/status", "ACTIVE"),
        refused("okta/activate_user", 404, r#"{"send_email":true}"#, r#"{"user":{"id_or_login":"nobody"}}"#),
        wrong("okta/activate_user", "send_email", r#"{"send_email":"Perhaps"}"#, r#"{"user":{"id_or_login":"{user}"}}"#),
        ok("okta/deactivate_user", r#"{"send_email":"No"}"#, r#"{"user":{"id_or_login":"ana{n}@example.com"}}"#)
            .calls("POST /api/v1/users/ana{n}%40example.com/lifecycle/deactivate?sendEmail=false")
            .gives(r#"{"response":{"status_code":200}}"#)
            .after("/api/v1/users/{user}", "/status", "DEPROVISIONED"),
        refused("okta/deactivate_user", 404, r#"{"send_email":"No"}"#, r#"{"user":{"id_or_login":"nobody"}}"#),
        ok("okta/suspend_user", NO, r#"{"id_or_login":"{user}"}"#)
            .calls("POST /api/v1/users/{user}/lifecycle/suspend")
            .gives(r#"{"status_code":200}"#)
            .after("/api/v1/users/{user}", "/status", "SUSPENDED"),
        refused("okta/suspend_user", 404, NO, r#"{"id_or_login":"nobody"}"#),
        ok("okta/unsuspend_user", NO, r#"{"id_or_login":"{user}"}"#)
            .step("", "POST /api/v1/users/{user}/lifecycle/suspend", "")
            .calls("POST /api/v1/users/{user}/lifecycle/unsuspend")
            .gives(r#"{"status_code":200}"#)
            .after("/api/v1/users/{user}", "/status", "ACTIVE"),
        wrong("okta/unsuspend_user", "id_or_login", NO, r#"{"id_or_login":""}"#),
        ok("okta/delete_user", NO, r#"{"user":{"id":"{user}","send_email":"false"}}"#)
            .step("", "POST /api/v1/users/{user}/lifecycle/deactivate", "")
            .calls("DELETE /api/v1/users/{user}?sendEmail=false")
            .gives(r#"{"output":{"status_code":204}}"#)
            .gone("/api/v1/users/{user}"),
        refused("okta/delete_user", 404, NO, r#"{"user":{"id":"nobody"}}"#),
        ok("okta/clear_user_sessions", NO, r#"{"user":{"id":"{user}","revoke_oauth_tokens":true}}"#)
            .step_at("token", "/sessionToken", "POST /api/v1/authn", r#"{"username":"ana{n}@example.com","password":"Sandbox-1234"}"#)
            .step("session", "POST /api/v1/sessions", r#"{"sessionToken":"{token}"}"#)
            .calls("DELETE /api/v1/users/{user}/sessions?oauthTokens=true")
            .gives(r#"{"output":{"status_code":204}}"#)
            .gone("/api/v1/sessions/{session}"),
        refused("okta/clear_user_sessions", 404, NO, r#"{"user":{"id":"nobody"}}"#),
        ok("okta/read_user", NO, r#"{"id_or_login":"ana{n}@example.com"}"#)
            .calls("GET /api/v1/users/ana{n}%40example.com")
            .gives(r#"{"system_properties":{"id":"{user}","status":"ACTIVE","created":"*","credentials":{"password":true,"provider":{"type":"OKTA"}}},"profile_properties":{"user_profile_attributes":{"firstName":"Ana{n}"}}}"#),
        refused("okta/read_user", 404, NO, r#"{"id_or_login":"nobody"}"#),
        ok("okta/reset_password", r#"{"convert_to_federated_user":"No","send_email":"No"}"#, r#"{"user":{"id_or_username":"{user}"}}"#)
            .calls("POST /api/v1/users/{user}/lifecycle/reset_password?sendEmail=false")
            .gives(r#"{"reset_password":{"url":"*"},"response":{"status_code":200}}"#)
            .after("/api/v1/users/{user}", "/status", "RECOVERY"),
        refused("okta/reset_password", 404, r#"{"convert_to_federated_user":"No","send_email":"No"}"#, r#"{"user":{"id_or_username":"nobody"}}"#),
        ok("okta/create_user", r#"{"option":"in Group"}"#, r#"{"profile":{"username":"new{n}@example.com","first_name":"New","last_name":"User","primary_email":"new{n}@example.com","department":"Sales"},"group":{"group_ids":"{group}"},"activate":{"activate":"yes"}}"#)
            .calls("POST /api/v1/users?activate=true")
            .gives(r#"{"results":{"id":"*","raw_body":{"profile":{"department":"Sales"}},"created":"*"}}"#)
            .after("/api/v1/groups/{group}/users", "/0/profile/login", "new{n}@example.com"),
        ok("okta/create_user", r#"{"option":"with Password & Recovery Question"}"#, r#"{"profile":{"username":"q{n}@example.com","first_name":"Q","last_name":"U","primary_email":"q{n}@example.com"},"credentials":{"password":"Sandbox-1234","question":"Pet?","answer":"Rex-Rex"}}"#)
            .calls("POST /api/v1/users")
            .gives(r#"{"results":{"credentials":{"recovery_question":"Pet?"}}}"#)
            .after("/api/v1/users/q{n}@example.com", "/credentials/recovery_question/question", "Pet?"),
        wrong("okta/create_user", "credentials.password", r#"{"option":"with Password"}"#, r#"{"profile":{"username":"a","first_name":"b","last_name":"c","primary_email":"d"}}"#),
        ok("okta/update_user", r#"{"update_semantics":"Partial"}"#, r#"{"user":{"id":"{user}"},"option":{"pass_empty_values":"No"},"profile":{"nickName":"Nana","mobilePhone":""}}"#)
            .calls("POST /api/v1/users/{user}")
            .gives(r#"{"system_properties":{"id":"{user}"},"profile_properties":{"user_profile_attributes":{"nickName":"Nana"}}}"#)
            .after("/api/v1/users/{user}", "/profile/nickName", "Nana")
            .after("/api/v1/users/{user}", "/profile/firstName", "Ana{n}"),
        ok("okta/update_user", r#"{"update_semantics":"Strict"}"#, r#"{"user":{"id":"{user}"},"profile":{"user_profile_attributes":{"firstName":"Only","lastName":"These","email":"ana{n}@example.com","login":"ana{n}@example.com"}}}"#)
            .step("", "POST /api/v1/users/{user}", r#"{"profile":{"nickName":"Nana"}}"#)
            .calls("PUT /api/v1/users/{user}")
            .after("/api/v1/users/{user}", "/profile/firstName", "Only"),
        wrong("okta/update_user", "option.pass_empty_values", r#"{"update_semantics":"Strict"}"#, r#"{"user":{"id":"{user}"},"option":{"pass_empty_values":"No"}}"#),
        refused("okta/update_user", 404, r#"{"update_semantics":"Partial"}"#, r#"{"user":{"id":"nobody"},"profile":{"nickName":"x"}}"#),
    ]
}

fn groups() -> Vec<Case> {
    vec![
        ok("okta/create_group", NO, r#"{"group":{"name":"Made {n}","description":7}}"#)
            .calls("POST /api/v1/groups")
            .gives(r#"{"properties":{"id":"*","type":"OKTA_GROUP","profile":{"name":"Made {n}","description":"7"}}}"#)
            .after("/api/v1/groups?search=profile.name%20eq%20%22Made%20{n}%22", "/0/profile/name", "Made {n}"),
        refused("okta/create_group", 400, NO, r#"{"group":{"name":"Group {n}"}}"#),
        ok("okta/read_group", NO, r#"{"group":{"id":"{group}"}}"#)
            .calls("GET /api/v1/groups/{group}")
            .gives(r#"{"properties":{"id":"{group}","profile":{"name":"Group {n}"},"object_class":["okta:user_group"]}}"#),
        refused("okta/read_group", 404, NO, r#"{"group":{"id":"nothing"}}"#),
        ok("okta/update_group", NO, r#"{"group":{"id":"{group}","name":"Renamed {n}"}}"#)
            .calls("PUT /api/v1/groups/{group}")
            .gives(r#"{"properties":{"id":"{group}"}}"#)
            .after("/api/v1/groups/{group}", "/profile/name", "Renamed {n}"),
        refused("okta/update_group", 404, NO, r#"{"group":{"id":"nothing","name":"x"}}"#),
        ok("okta/delete_group", NO, r#"{"group":{"id":"{group}"}}"#)
            .calls("DELETE /api/v1/groups/{group}")
            .gives(r#"{"output":{"status_code":204}}"#)
            .gone("/api/v1/groups/{group}"),
        refused("okta/delete_group", 404, NO, r#"{"group":{"id":"nothing"}}"#),
        ok("okta/add_user_to_group", NO, r#"{"group":{"group_id":"{group}"},"user":{"user_id":"{user}"}}"#)
            .calls("PUT /api/v1/groups/{group}/users/{user}")
            .gives(r#"{"result":{"status":204}}"#)
            .after("/api/v1/groups/{group}/users", "/0/id", "{user}"),
        refused("okta/add_user_to_group", 404, NO, r#"{"group":{"group_id":"{group}"},"user":{"user_id":"nobody"}}"#),
        wrong("okta/add_user_to_group", "user.user_id", NO, r#"{"group":{"group_id":"{group}"}}"#),
        ok("okta/remove_user_from_group", NO, r#"{"group":{"id":"{group}"},"user":{"id":"{user}"}}"#)
            .step("", "PUT /api/v1/groups/{group}/users/{user}", "")
            .calls("DELETE /api/v1/groups/{group}/users/{user}")
            .gives(r#"{"status":204}"#)
            .after("/api/v1/groups/{group}/users", "", serde_json::json!([])),
        refused("okta/remove_user_from_group", 404, NO, r#"{"group":{"id":"nothing"},"user":{"id":"{user}"}}"#),
        ok("okta/list_group_members", r#"{"result_set":"First 200 Records"}"#, r#"{"group":{"group_id":"{group}"}}"#)
            .step("", "PUT /api/v1/groups/{group}/users/{user}", "")
            .calls("GET /api/v1/groups/{group}/users?limit=200")
            .gives(r#"{"result":{"users":[{"login":"ana{n}@example.com","first_name":"Ana{n}"}]}}"#),
        ok("okta/list_group_members", r#"{"result_set":"Stream Records"}"#, r#"{"group":{"group_id":"{group}"},"streaming":{"flow":"flow-1"},"list_criteria":{"record_limit":"1"}}"#)
            .step("", "PUT /api/v1/groups/{group}/users/{user}", "")
            .step("", "PUT /api/v1/groups/{group}/users/{user2}", "")
            .calls("GET /api/v1/groups/{group}/users")
            .gives(r#"{"result":{"records_streamed":1}}"#)
            .streams(1),
        wrong("okta/list_group_members", "list_criteria.record_limit", r#"{"result_set":"Stream Records"}"#, r#"{"group":{"group_id":"{group}"},"streaming":{"flow":"flow-1"},"list_criteria":{"record_limit":-1}}"#),
        ok("okta/get_users_groups", r#"{"result_set":"First 200 Records"}"#, r#"{"user":{"id":"{user}"}}"#)
            .calls("GET /api/v1/users/{user}/groups")
            .gives(r#"{"output":{"groups":[{"type":"BUILT_IN","profile":{"name":"Everyone"}}]}}"#),
        refused("okta/get_users_groups", 404, r#"{"result_set":"First 200 Records"}"#, r#"{"user":{"id":"nobody"}}"#),
        ok("okta/search_groups", r#"{"result_set":"First Matching Record"}"#, r#"{"inputs":{"name":"Group {n}","type":"OKTA_GROUP"}}"#)
            .calls("GET /api/v1/groups?limit=1")
            .gives(r#"{"result":{"id":"{group}","profile":{"name":"Group {n}"},"raw_object":{"id":"{group}"}}}"#),
        wrong("okta/search_groups", "inputs.type", r#"{"result_set":"First Matching Record"}"#, r#"{"inputs":{"type":"CLUB"}}"#),
    ]
}

fn rules() -> Vec<Case> {
    vec![
        ok("okta/create_group_rule", NO, r#"{"group_rule":{"name":"Rule {n}","expression_conditions":"user.firstName==\"X\"","assign_to_groups":["{group}"],"exclude_users":"{user}"}}"#)
            .calls("POST /api/v1/groups/rules")
            .gives(r#"{"properties":{"id":"*","status":"INACTIVE","expression_conditions":"user.firstName==\"X\"","excluded_users":["{user}"],"group_assignments":["{group}"]}}"#)
            .after("/api/v1/groups/rules?search=Rule%20{n}", "/0/conditions/people/users/exclude/0", "{user}")
            .after("/api/v1/groups/rules?search=Rule%20{n}", "/0/actions/assignUserToGroups/groupIds/0", "{group}"),
        wrong("okta/create_group_rule", "group_rule.name", NO, r#"{"group_rule":{"expression_conditions":"true","assign_to_groups":["{group}"]}}"#),
        ok("okta/update_group_rule", NO, r#"{"group_rule":{"id":"{rule}","name":"Renamed {n}","expression_conditions":"user.firstName==\"Y\"","assign_to_groups":["{group2}"],"exclude_users":[]}}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .calls("PUT /api/v1/groups/rules/{rule}")
            .gives(r#"{"properties":{"id":"{rule}","name":"Renamed {n}","expression_conditions":"user.firstName==\"Y\""}}"#)
            .after("/api/v1/groups/rules/{rule}", "/name", "Renamed {n}"),
        wrong("okta/update_group_rule", "group_rule.name", NO, r#"{"group_rule":{"id":"x","name":"This name has many more characters than fifty, which is the limit","expression_conditions":"true","assign_to_groups":[],"exclude_users":[]}}"#),
        ok("okta/read_group_rule", NO, r#"{"id":"{rule}"}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .calls("GET /api/v1/groups/rules/{rule}?expand=groupIdToGroupNameMap")
            .gives(r#"{"properties":{"id":"{rule}","name":"Rule {n}","group_assignments":[{"id":"{group}"}]}}"#),
        refused("okta/read_group_rule", 404, NO, r#"{"id":"nothing"}"#),
        ok("okta/activate_group_rule", NO, r#"{"group_rule":{"id":"{rule}"}}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .calls("POST /api/v1/groups/rules/{rule}/lifecycle/activate")
            .gives(r#"{"output":{"status_code":204}}"#)
            .after("/api/v1/groups/rules/{rule}", "/status", "ACTIVE"),
        refused("okta/activate_group_rule", 404, NO, r#"{"group_rule":{"id":"nothing"}}"#),
        ok("okta/deactivate_group_rule", NO, r#"{"group_rule":{"id":"{rule}"}}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .step("", "POST /api/v1/groups/rules/{rule}/lifecycle/activate", "")
            .calls("POST /api/v1/groups/rules/{rule}/lifecycle/deactivate")
            .gives(r#"{"output":{"status_code":204}}"#)
            .after("/api/v1/groups/rules/{rule}", "/status", "INACTIVE"),
        refused("okta/deactivate_group_rule", 404, NO, r#"{"group_rule":{"id":"nothing"}}"#),
        ok("okta/delete_group_rule", NO, r#"{"group_rule":{"id":"{rule}"}}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .calls("DELETE /api/v1/groups/rules/{rule}")
            .gives(r#"{"output":{"status_code":"*"}}"#)
            .gone("/api/v1/groups/rules/{rule}"),
        refused("okta/delete_group_rule", 404, NO, r#"{"group_rule":{"id":"nothing"}}"#),
        ok("okta/search_group_rules", r#"{"result_set":"First Matching Record"}"#, r#"{"inputs":{"search":"Rule {n}"}}"#)
            .step("rule", "POST /api/v1/groups/rules", RULE)
            .calls("GET /api/v1/groups/rules?search=Rule")
            .gives(r#"{"result":{"id":"{rule}","name":"Rule {n}","group_assignments":[{"id":"{group}"}]}}"#),
        wrong("okta/search_group_rules", "streaming.flow", r#"{"result_set":"Stream Matching Records"}"#, NO),
    ]
}

fn apps() -> Vec<Case> {
    vec![
        ok("okta/activate_application", NO, r#"{"id":"{app}"}"#)
            .step("", "POST /api/v1/apps/{app}/lifecycle/deactivate", "")
            .calls("POST /api/v1/apps/{app}/lifecycle/activate")
            .gives(r#"{"status_code":200}"#)
            .after("/api/v1/apps/{app}", "/status", "ACTIVE"),
        refused("okta/activate_application", 404, NO, r#"{"id":"nothing"}"#),
        ok("okta/deactivate_application", NO, r#"{"id":"{app}"}"#)
            .calls("POST /api/v1/apps/{app}/lifecycle/deactivate")
            .gives(r#"{"status_code":200}"#)
            .after("/api/v1/apps/{app}", "/status", "INACTIVE"),
        refused("okta/deactivate_application", 404, NO, r#"{"id":"nothing"}"#),
        ok("okta/delete_application", NO, r#"{"id":"{app}"}"#)
            .step("", "POST /api/v1/apps/{app}/lifecycle/deactivate", "")
            .calls("DELETE /api/v1/apps/{app}")
            .gives(r#"{"status_code":204}"#)
            .gone("/api/v1/apps/{app}"),
        refused("okta/delete_application", 404, NO, r#"{"id":"nothing"}"#),
        ok("okta/read_application", r#"{"application":"{app}"}"#, NO)
            .calls("GET /api/v1/apps/{app}")
            .gives(r#"{"application":{"id":"{app}","label":"App {n}","name":"bookmark"}}"#),
        wrong("okta/read_application", "application.id", APP, NO),
        ok("okta/search_applications", r#"{"result_set":"First Matching Record"}"#, r#"{"search":{"query":"App {n}"}}"#)
            .calls("GET /api/v1/apps?limit=1")
            .gives(r#"{"result":{"id":"*","label":"*"}}"#),
        wrong("okta/search_applications", "result_set", r#"{"result_set":"All"}"#, NO),
        ok("okta/assign_group_to_application", APP, r#"{"application":{"id":"{app}"},"group":{"id":"{group}"}}"#)
            .calls("PUT /api/v1/apps/{app}/groups/{group}")
            .gives(r#"{"group":{"id":"{group}"}}"#)
            .after("/api/v1/apps/{app}/groups", "/0/id", "{group}"),
        refused("okta/assign_group_to_application", 404, r#"{"application":"{app}"}"#, r#"{"group":{"id":"nothing"}}"#),
        ok("okta/read_assigned_group_for_application", APP, r#"{"application":{"id":"{app}"},"group":{"id":"{group}"}}"#)
            .step("", "PUT /api/v1/apps/{app}/groups/{group}", "{}")
            .calls("GET /api/v1/apps/{app}/groups/{group}")
            .gives(r#"{"group":{"id":"{group}"}}"#),
        refused("okta/read_assigned_group_for_application", 404, APP, r#"{"application":{"id":"{app}"},"group":{"id":"{group}"}}"#),
        ok("okta/remove_group_from_application", APP, r#"{"application":{"id":"{app}"},"group":{"id":"{group}"}}"#)
            .step("", "PUT /api/v1/apps/{app}/groups/{group}", "{}")
            .calls("DELETE /api/v1/apps/{app}/groups/{group}")
            .gives(r#"{"status":204}"#)
            .after("/api/v1/apps/{app}/groups", "", serde_json::json!([])),
        wrong("okta/remove_group_from_application", "group.id", APP, r#"{"application":{"id":"{app}"}}"#),
        ok("okta/list_groups_assigned_to_application", r#"{"application":"{app}","result_set":"First 200 Records"}"#, NO)
            .step("", "PUT /api/v1/apps/{app}/groups/{group}", "{}")
            .calls("GET /api/v1/apps/{app}/groups")
            .gives(r#"{"result":{"groups":[{"id":"{group}"}]}}"#),
        refused("okta/list_groups_assigned_to_application", 404, r#"{"application":"nothing","result_set":"First 200 Records"}"#, NO),
        ok("okta/list_applications_assigned_to_group", r#"{"result_set":"First 200 Records"}"#, r#"{"group":{"id":"{group}"}}"#)
            .step("", "PUT /api/v1/apps/{app}/groups/{group}", "{}")
            .calls("GET /api/v1/groups/{group}/apps")
            .gives(r#"{"result":{"applications":[{"id":"{app}","sign_on_mode":"BOOKMARK","label":"App {n}"}]}}"#),
        refused("okta/list_applications_assigned_to_group", 404, r#"{"result_set":"First 200 Records"}"#, r#"{"group":{"id":"nothing"}}"#),
        ok("okta/list_applications_assigned_to_user", r#"{"result_set":"First 200 Records"}"#, r#"{"user":{"id":"{user}"}}"#)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER"}"#)
            .calls("GET /api/v1/apps?filter=user.id")
            .gives(r#"{"result":{"applications":[{"id":"{app}"}]}}"#),
        wrong("okta/list_applications_assigned_to_user", "user.id", r#"{"result_set":"First 200 Records"}"#, NO),
        ok("okta/assign_user_to_application_for_sso", r#"{"application":"{app}"}"#, r#"{"user":{"user_id":"{user}","scope":"USER"},"credentials":{"username":"sso{n}"}}"#)
            .calls("POST /api/v1/apps/{app}/users")
            .gives(r#"{"system_properties":{"user_id":"{user}","scope":"USER","credentials":{"username":"sso{n}"}}}"#)
            .after("/api/v1/apps/{app}/users/{user}", "/credentials/userName", "sso{n}"),
        refused("okta/assign_user_to_application_for_sso", 404, r#"{"application":"{app}"}"#, r#"{"user":{"user_id":"nobody"}}"#),
        ok("okta/assign_user_to_application_for_sso_and_provisioning", APP, r#"{"application":{"app_id":"{app}"},"user":{"user_id":"{user}"},"profile_properties":{"profile":{"seat":"4A"}}}"#)
            .step("", "POST /api/v1/meta/schemas/apps/{app}/default", SEAT)
            .calls("POST /api/v1/apps/{app}/users")
            .gives(r#"{"system_properties":{"user_id":"{user}"},"profile_properties":{"profile":{"seat":"4A"}}}"#)
            .after("/api/v1/apps/{app}/users/{user}", "/profile/seat", "4A"),
        wrong("okta/assign_user_to_application_for_sso_and_provisioning", "profile_properties.profile", APP, r#"{"application":{"app_id":"{app}"},"user":{"user_id":"{user}"}}"#),
        ok("okta/get_assigned_user_for_application", APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"{user}"}}"#)
            .step("", "POST /api/v1/meta/schemas/apps/{app}/default", SEAT)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER","profile":{"seat":"5B"}}"#)
            .calls("GET /api/v1/apps/{app}/users/{user}")
            .gives(r#"{"system_properties":{"user_id":"{user}","status":"*"},"profile_properties":{"profile":{"seat":"5B"}}}"#),
        refused("okta/get_assigned_user_for_application", 404, APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"{user}"}}"#),
        ok("okta/remove_user_from_application", r#"{"application":"{app}"}"#, r#"{"user":{"user_id":"{user}","send_email":"No"}}"#)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER"}"#)
            .calls("DELETE /api/v1/apps/{app}/users/{user}?sendEmail=false")
            .gives(r#"{"result":{"status":204}}"#)
            .gone("/api/v1/apps/{app}/users/{user}"),
        refused("okta/remove_user_from_application", 404, r#"{"application":"nothing"}"#, r#"{"user":{"user_id":"{user}"}}"#),
        ok("okta/list_users_assigned_to_application", r#"{"application":"{app}","result_set":"First 500 Records"}"#, NO)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER"}"#)
            .calls("GET /api/v1/apps/{app}/users?limit=500")
            .gives(r#"{"result":{"users":[{"system_properties":{"user_id":"{user}","scope":"USER"}}]}}"#),
        refused("okta/list_users_assigned_to_application", 404, r#"{"application":"nothing","result_set":"First 500 Records"}"#, NO),
        ok("okta/update_application_credentials_for_an_assigned_user", APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"{user}"},"credentials":{"username":"changed{n}"}}"#)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER"}"#)
            .calls("POST /api/v1/apps/{app}/users/{user}")
            .gives(r#"{"system_properties":{"user_id":"{user}","credentials":{"username":"changed{n}"}}}"#)
            .after("/api/v1/apps/{app}/users/{user}", "/credentials/userName", "changed{n}"),
        wrong("okta/update_application_credentials_for_an_assigned_user", "credentials.username", APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"{user}"}}"#),
        ok("okta/update_application_profile_for_an_assigned_user", APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"{user}"},"profile_properties":{"profile":{"seat":"6C"}}}"#)
            .step("", "POST /api/v1/meta/schemas/apps/{app}/default", SEAT)
            .step("", "POST /api/v1/apps/{app}/users", r#"{"id":"{user}","scope":"USER"}"#)
            .calls("POST /api/v1/apps/{app}/users/{user}")
            .gives(r#"{"profile_properties":{"profile":{"seat":"6C"}}}"#)
            .after("/api/v1/apps/{app}/users/{user}", "/profile/seat", "6C"),
        refused("okta/update_application_profile_for_an_assigned_user", 404, APP, r#"{"application":{"id":"{app}"},"user":{"user_id":"nobody"},"profile_properties":{"profile":{"seat":"6C"}}}"#),
    ]
}

/// An app that users come from.
const SOURCE: &str =
    r#"{"name":"custom_identity_source","label":"Payroll {n}","signOnMode":"BROWSER_PLUGIN"}"#;

fn imports() -> Vec<Case> {
    vec![
        ok("okta/create_import_session", APP, r#"{"application":{"id":"{source}"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE)
            .calls("POST /api/v1/identity-sources/{source}/sessions")
            .gives(r#"{"session":{"id":"*","application_id":"{source}","status":"CREATED"}}"#)
            .after("/api/v1/identity-sources/{source}/sessions", "/0/status", "CREATED"),
        wrong("okta/create_import_session", "application.id", APP, NO),
        ok("okta/read_import_session", APP, r#"{"application":{"id":"{source}","session_id":"{session}"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE)
            .step("session", "POST /api/v1/identity-sources/{source}/sessions", "")
            .calls("GET /api/v1/identity-sources/{source}/sessions/{session}")
            .gives(r#"{"session":{"id":"{session}","application_id":"{source}"}}"#),
        refused("okta/read_import_session", 404, APP, r#"{"application":{"id":"{source}","session_id":"nothing"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE),
        ok("okta/list_import_sessions", r#"{"application":"{source}"}"#, NO)
            .step("source", "POST /api/v1/apps", SOURCE)
            .step("session", "POST /api/v1/identity-sources/{source}/sessions", "")
            .calls("GET /api/v1/identity-sources/{source}/sessions")
            .gives(r#"{"result":{"sessions":[{"id":"{session}","status":"CREATED"}]}}"#),
        wrong("okta/list_import_sessions", "application.id", APP, NO),
        ok("okta/delete_import_session", APP, r#"{"application":{"id":"{source}","session_id":"{session}"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE)
            .step("session", "POST /api/v1/identity-sources/{source}/sessions", "")
            .calls("DELETE /api/v1/identity-sources/{source}/sessions/{session}")
            .gives(r#"{"response":{"status_code":204}}"#)
            .after("/api/v1/identity-sources/{source}/sessions/{session}", "/status", "CLOSED"),
        refused("okta/delete_import_session", 404, APP, r#"{"application":{"id":"{source}","session_id":"nothing"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE),
        ok("okta/trigger_import_session", APP, r#"{"application":{"id":"{source}","session_id":"{session}"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE)
            .step("session", "POST /api/v1/identity-sources/{source}/sessions", "")
            .calls("POST /api/v1/identity-sources/{source}/sessions/{session}/start-import")
            .gives(r#"{"session":{"id":"{session}","status":"*"}}"#)
            .after("/api/v1/identity-sources/{source}/sessions/{session}", "/status", "TRIGGERED"),
        refused("okta/trigger_import_session", 404, APP, r#"{"application":{"id":"{source}","session_id":"nothing"}}"#)
            .step("source", "POST /api/v1/apps", SOURCE),
        ok("okta/bulk_user_import", r#"{"application":"{source}","import_operation":"Create & Update"}"#, r#"{"application":{"session_id":"{session}"},"data":{"users":[{"external_id":"e1","profile":{"user_name":"e1@example.com","email":"e1@example.com"}},{"external_id":2,"profile":{"userName":"e2@example.com","badge":"9"}}]}}"#)
            .step("source", "POST /api/v1/apps", SOURCE)
            .step("session", "POST /api/v1/identity-sources/{source}/sessions", "")
            .calls("POST /api/v1/identity-sources/{source}/sessions/{session}/bulk-upsert")
            .gives(r#"{"response":{"records_imported":2}}"#)
            // The data waits in the session, which no call shows.
            .after("/api/v1/identity-sources/{source}/sessions/{session}", "/status", "CREATED"),
        wrong("okta/bulk_user_import", "data.users[0].external_id", r#"{"application":"{app}","import_operation":"Create & Update"}"#, r#"{"application":{"session_id":"x"},"data":{"users":[{"profile":{}}]}}"#),
        ok("okta/map_profile_source_attributes", r#"{"application":"{app}","import_operation":"Create & Update"}"#, r#"{"import_data":{"external_id_key":{"externalId":"number"},"users":[{"number":7,"userName":"s@example.com","badge":"9"}]}}"#)
            .gives(r#"{"result":{"users":[{"external_id":"7","profile":{"user_name":"s@example.com","badge":"9"}}]}}"#),
        wrong("okta/map_profile_source_attributes", "import_data.users[0].externalId", r#"{"application":"{app}","import_operation":"Create & Update"}"#, r#"{"import_data":{"users":[{"userName":"s"}]}}"#),
    ]
}

fn links() -> Vec<Case> {
    let manual = r#"{"primary_name":"-- Enter Primary Name --"}"#;
    let link = |case: Case| {
        case.step("", "POST /api/v1/meta/schemas/user/linkedObjects", LINK)
            .step(
                "",
                "PUT /api/v1/users/{user2}/linkedObjects/manager{n}/{user}",
                "",
            )
    };
    vec![
        ok("okta/set_linked_object_value_for_primary", r#"{"primary_name":"manager{n}"}"#, r#"{"user":{"primary_user_id":"{user}","associated_user_id":"{user2}"}}"#)
            .step("", "POST /api/v1/meta/schemas/user/linkedObjects", LINK)
            .calls("PUT /api/v1/users/{user2}/linkedObjects/manager{n}/{user}")
            .gives(r#"{"status_code":204}"#)
            .after("/api/v1/users/{user2}/linkedObjects/manager{n}", "/0/_links/self/href", "{base}/api/v1/users/{user}"),
        wrong("okta/set_linked_object_value_for_primary", "linked_object.primary_name", manual, r#"{"user":{"primary_user_id":"{user}","associated_user_id":"{user2}"}}"#),
        link(ok("okta/get_primary_linked_object_value", manual, r#"{"user":{"associated_user_id":"{user2}"},"linked_object":{"primary_name":"manager{n}"}}"#))
            .calls("GET /api/v1/users/{user2}/linkedObjects/manager{n}")
            .gives(r#"{"primary_users":{"user_id":"{user}","user_self_link":"*"}}"#),
        refused("okta/get_primary_linked_object_value", 404, r#"{"primary_name":"manager{n}"}"#, r#"{"user":{"associated_user_id":"nobody"}}"#),
        link(ok("okta/get_associated_linked_object_values", r#"{"associated_name":"subordinate{n}"}"#, r#"{"user":{"primary_user_id":"{user}"}}"#))
            .calls("GET /api/v1/users/{user}/linkedObjects/subordinate{n}")
            .gives(r#"{"associated_users":{"user_id":"{user2}"}}"#),
        wrong("okta/get_associated_linked_object_values", "user.primary_user_id", r#"{"associated_name":"x"}"#, NO),
        link(ok("okta/delete_linked_object_value", r#"{"primary_name":"manager{n}"}"#, r#"{"user":{"associated_user_id":"{user2}"}}"#))
            .calls("DELETE /api/v1/users/{user2}/linkedObjects/manager{n}")
            .gives(r#"{"status_code":204}"#)
            .after("/api/v1/users/{user2}/linkedObjects/manager{n}", "", serde_json::json!([])),
        refused("okta/delete_linked_object_value", 404, r#"{"primary_name":"manager{n}"}"#, r#"{"user":{"associated_user_id":"nobody"}}"#),
    ]
}

fn searches() -> Vec<Case> {
    let first = r#"{"result_set":"First Matching Record"}"#;
    vec![
        ok("okta/find_users", first, r#"{"inputs":{"query":"ana{n}@"}}"#)
            .calls("GET /api/v1/users?q=ana{n}")
            .gives(r#"{"result":{"id":"{user}","login":"ana{n}@example.com","raw_output":{"id":"{user}"}}}"#),
        ok("okta/find_users", r#"{"result_set":"Stream Matching Records"}"#, r#"{"streaming":{"flow":"flow-1"},"search_criteria":{"record_limit":3}}"#)
            .calls("GET /api/v1/users")
            .gives(r#"{"result":{"records_streamed":3}}"#)
            .streams(3),
        wrong("okta/find_users", "streaming.flow", r#"{"result_set":"Stream Matching Records"}"#, NO),
        ok("okta/list_users_with_filter", first, r#"{"inputs":{"login":"ana{n}@example.com","status":"ACTIVE"}}"#)
            .calls("GET /api/v1/users?filter=status")
            .gives(r#"{"result":{"id":"{user}","status":"ACTIVE"}}"#),
        refused("okta/list_users_with_filter", 400, first, r#"{"inputs":{"custom_filters":"status eq"}}"#),
        ok("okta/list_users_with_search", r#"{"result_set":"First 200 Matching Records"}"#, r#"{"inputs":{"username":"ana{n}@example.com","lastName":"First"},"sort":{"sort_by":"Username","sort_order":"DESC"}}"#)
            .calls("GET /api/v1/users?sortBy=profile.login&sortOrder=desc")
            .gives(r#"{"result":{"users":[{"id":"{user}"}]}}"#),
        wrong("okta/list_users_with_search", "inputs.no_such", r#"{"result_set":"First Matching Record"}"#, r#"{"inputs":{"no_such":{"a":1}}}"#),
        ok("okta/search_system_logs", r#"{"search_by":"Expression","result_set":"First Matching Record"}"#, r#"{"search_by":{"event_type":"user.lifecycle.create","target_id":"{user}"},"sort":{"order":"DESCENDING"}}"#)
            .calls("GET /api/v1/logs?limit=1")
            .gives(r#"{"result":{"event_type":"user.lifecycle.create","uuid":"*","actor":{"id":"*"}}}"#),
        wrong("okta/search_system_logs", "date.since", r#"{"search_by":"Keyword","result_set":"First Matching Record"}"#, r#"{"date":{"since":"yesterday"}}"#),
        ok("okta/custom_api_action", r#"{"request_type":"GET"}"#, r#"{"request":{"relative_url":"/api/v1/users","query":{"limit":1}}}"#)
            .calls("GET /api/v1/users?limit=1")
            .gives(r#"{"response":{"status_code":200,"headers":{"content-type":"*"},"body":["*"]}}"#),
        ok("okta/custom_api_action", r#"{"request_type":"GET(Streaming)"}"#, r#"{"request":{"relative_url":"/api/v1/groups/{group}"},"streaming":{"flow":"flow-1"}}"#)
            // What is no list is read again as the one record that it is.
            .calls("GET /api/v1/groups/{group}")
            .calls("GET /api/v1/groups/{group}")
            .gives(r#"{"response":{"records_streamed":1}}"#)
            .streams(1),
        ok("okta/custom_api_action", r#"{"request_type":"POST"}"#, r#"{"request":{"relative_url":"api/v1/groups","body":{"profile":{"name":"Custom {n}"}}}}"#)
            .calls("POST /api/v1/groups")
            .gives(r#"{"response":{"body":{"profile":{"name":"Custom {n}"}}}}"#)
            .after("/api/v1/groups?search=profile.name%20eq%20%22Custom%20{n}%22", "/0/profile/name", "Custom {n}"),
        wrong("okta/custom_api_action", "request.relative_url", r#"{"request_type":"GET"}"#, r#"{"request":{"relative_url":"https://evil.example/"}}"#),
    ]
}

fn cases() -> Vec<Case> {
    [
        users(),
        groups(),
        rules(),
        apps(),
        imports(),
        links(),
        searches(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn every_action_of_the_okta_connector_runs() {
    let cases = cases();
    assert_complete("okta", &cases);
    judge_all(&mut World::start().await, &cases).await;
}
