//! The whole text of an error, word by word, for every form in which the service, a proxy or the
//! network says no; and lists whose body is damaged.

mod common;

use common::*;
use okta_core::RetryPolicy;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::TransportFault;

async fn fail(answer: Answer) -> Error {
    let (client, _, _) = client_with(Canned::from_fn(move |_| answer.clone()), |b| {
        b.api_token("00canary").retry(RetryPolicy::none())
    });
    client.send(Get::of("1")).await.unwrap_err()
}

fn api(status: u16, code: &str, summary: &str, causes: &[&str]) -> Answer {
    let causes: Vec<_> = causes
        .iter()
        .map(|cause| serde_json::json!({ "errorSummary": cause }))
        .collect();
    let body = serde_json::json!({
        "errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeX", "errorCauses": causes
    });
    Answer::json(status, body.to_string()).header("x-okta-request-id", "req1")
}

/// `$kind`, what is said after the operation's name, and the hint (`None`: there is none).
macro_rules! texts {
    ($($name:ident: $answer:expr => $kind:ident, $text:literal, $hint:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let error = fail($answer).await;
            let hint: Option<&str> = $hint;
            let mut text = format!("GET /api/v1/things/{{id}} (things::Get): {}", $text);
            if let Some(hint) = hint {
                text = format!("{text}\nhint: {hint}");
            }
            assert_eq!(error.to_string(), text);
            assert_eq!(error.kind(), ErrorKind::$kind);
            assert_eq!(error.hint().as_deref(), hint);
        }
    )*};
}

texts! {
    demand_26_not_found: api(404, "E0000007", "Not found: Resource not found: 00u1 (User)", &[])
        => Api,
        "404 Not Found E0000007: Not found: Resource not found: 00u1 (User) [request req1, 1 attempt in 0.0 s]",
        Some("no object with this id, or the caller's admin role cannot see it");
    demand_26_several_causes: api(400, "E0000001", "Api validation failed: name", &["errors in the field: name", "errors in the field: agentType", "errors in the field: agentList"])
        => Api,
        "400 Bad Request E0000001: Api validation failed: name - errors in the field: name; errors in the field: agentType; errors in the field: agentList [request req1, 1 attempt in 0.0 s]",
        Some("a field or a precondition was refused; the causes name it");
    demand_26_cause_joined_to_the_summary: Answer::json(400, r#"{"errorCode":"E0000001","errorSummary":"Api validation failed: feature\nProvisioning is not supported.","errorLink":"E0000001","errorId":"oaeX"}"#)
        => Api,
        "400 Bad Request E0000001: Api validation failed: feature - Provisioning is not supported. [1 attempt in 0.0 s]",
        Some("a field or a precondition was refused; the causes name it");
    demand_26_cause_with_a_location: Answer::json(400, r#"{"errorCode":"E0000001","errorSummary":"Campaign Name is required","errorCauses":[{"errorSummary":"name: must be given","domain":"campaign","reason":"REQUIRED","locationType":"body","location":"name"}]}"#)
        => Api,
        "400 Bad Request E0000001: Campaign Name is required - name: must be given [1 attempt in 0.0 s]",
        Some("a field or a precondition was refused; the causes name it");
    demand_26_body_that_cannot_be_read: api(400, "E0000003", "The request body was not well-formed.", &[])
        => Api,
        "400 Bad Request E0000003: The request body was not well-formed. [request req1, 1 attempt in 0.0 s]",
        Some("a member of the body has a type or value that the service cannot read; compare it with the operation's request model");
    demand_26_expired_cursor: api(400, "E0000029", "Invalid paging request.", &["Invalid cursor."])
        => Api,
        "400 Bad Request E0000029: Invalid paging request. - Invalid cursor. [request req1, 1 attempt in 0.0 s]",
        Some("the cursor was not issued by this list, or it expired: start again from the first page");
    demand_26_unknown_token: api(401, "E0000011", "Invalid token provided", &[])
        => Api,
        "401 Unauthorized E0000011: Invalid token provided [request req1, 1 attempt in 0.0 s]",
        Some("the token is unknown, expired or revoked, or belongs to another org: create a new one or check the org URL");
    demand_26_feature_not_enabled: api(401, "E0000015", "You do not have permission to access the feature you are requesting", &[])
        => Api,
        "401 Unauthorized E0000015: You do not have permission to access the feature you are requesting [request req1, 1 attempt in 0.0 s]",
        Some("the org does not have the feature or licence of this endpoint (the service says 401, but the credential is fine); ask Okta to enable it");
    demand_26_role_missing: api(403, "E0000006", "You do not have permission to perform the requested action", &[])
        => Api,
        "403 Forbidden E0000006: You do not have permission to perform the requested action [request req1, 1 attempt in 0.0 s]",
        Some("the scope was right but the admin role is missing: assign a role that covers this resource to the service app or to the API token's owner");
    demand_26_role_missing_as_governance_says_it: api(403, "E0000004", "You do not have permission to perform the requested action", &[])
        => Api,
        "403 Forbidden E0000004: You do not have permission to perform the requested action [request req1, 1 attempt in 0.0 s]",
        Some("the scope was right but the admin role is missing: assign a role that covers this resource to the service app or to the API token's owner");
    demand_26_status_of_the_user: api(403, "E0000038", "This operation is not allowed in the user's current status.", &[])
        => Api,
        "403 Forbidden E0000038: This operation is not allowed in the user's current status. [request req1, 1 attempt in 0.0 s]",
        Some("the user's present status does not allow this step: read the user's status first");
    demand_26_app_still_active: api(403, "E0000056", "Delete application forbidden.", &["The application must be deactivated before deletion."])
        => Api,
        "403 Forbidden E0000056: Delete application forbidden. - The application must be deactivated before deletion. [request req1, 1 attempt in 0.0 s]",
        Some("deactivate the app before deleting it; built-in apps cannot be deleted");
    demand_26_wrong_method: api(405, "E0000022", "The endpoint does not support the provided HTTP method", &[])
        => Api,
        "405 Method Not Allowed E0000022: The endpoint does not support the provided HTTP method [request req1, 1 attempt in 0.0 s]",
        Some("the path exists, but not with this method");
    demand_26_conflict_of_a_campaign: api(409, "E0000195", "Api validation failed due to conflict: Campaign", &["Campaign must be scheduled before it can be started"])
        => Api,
        "409 Conflict E0000195: Api validation failed due to conflict: Campaign - Campaign must be scheduled before it can be started [request req1, 1 attempt in 0.0 s]",
        Some("the object's present state does not allow it; the causes name what stands against it");
    demand_26_code_with_another_meaning_in_governance: api(409, "E0000170", "An inactive campaign may not be ended.", &[])
        => Api,
        "409 Conflict E0000170: An inactive campaign may not be ended. [request req1, 1 attempt in 0.0 s]",
        None;
    demand_26_duplicate_role: api(409, "E0000090", "The role specified is already assigned to the user.", &[])
        => Api,
        "409 Conflict E0000090: The role specified is already assigned to the user. [request req1, 1 attempt in 0.0 s]",
        Some("the role is assigned already; nothing to do");
    demand_26_object_changed_meanwhile: api(412, "E0000231", "ETag value doesn't match.", &[])
        => Api,
        "412 Precondition Failed E0000231: ETag value doesn't match. [request req1, 1 attempt in 0.0 s]",
        Some("the object changed since it was read: read it again and repeat");
    demand_26_locked_policies: api(423, "E0000239", "Policy priorities are being reconciled. Please try again later.", &[])
        => Api,
        "423 Locked E0000239: Policy priorities are being reconciled. Please try again later. [request req1, 1 attempt in 0.0 s]",
        Some("policies or group rules are being written in parallel; repeat after some seconds, one writer at a time");
    demand_26_window_exhausted: api(429, "E0000047", "API call exceeded rate limit due to too many requests.", &[]).header("x-rate-limit-limit", "600").header("x-rate-limit-remaining", "0").header("x-rate-limit-reset", &(START + 60).to_string())
        => RateLimited,
        "rate limit reached: 429 Too Many Requests E0000047: API call exceeded rate limit due to too many requests. [request req1, resets at 2026-01-01T00:01:00Z, 1 attempt in 0.0 s]",
        Some("the rate limit is exhausted: wait for the reset, or lower the load");
    demand_26_concurrency_exhausted: api(429, "E0000047", "API call exceeded rate limit due to too many requests.", &[]).header("x-rate-limit-limit", "0").header("x-rate-limit-remaining", "0").header("x-rate-limit-reset", &START.to_string())
        => RateLimited,
        "rate limit reached: 429 Too Many Requests E0000047: API call exceeded rate limit due to too many requests. [request req1, resets at 2026-01-01T00:00:00Z, 1 attempt in 0.0 s]",
        Some("the rate limit is exhausted: wait for the reset, or lower the load");
    demand_26_text_message_just_sent: api(429, "E0000109", "An SMS message was recently sent.", &[])
        => RateLimited,
        "rate limit reached: 429 Too Many Requests E0000109: An SMS message was recently sent. [request req1, 1 attempt in 0.0 s]",
        Some("a message or call is already on its way to the user: wait before another");
    demand_26_fault_inside_the_service: api(500, "E0000009", "Internal Server Error", &[])
        => Api,
        "500 Internal Server Error E0000009: Internal Server Error [request req1, 1 attempt in 0.0 s]",
        Some("a fault inside the service; repeat later and give Okta support the request id");
    demand_26_read_only_mode: api(503, "E0000010", "Service is in read only mode", &[])
        => Api,
        "503 Service Unavailable E0000010: Service is in read only mode [request req1, 1 attempt in 0.0 s]",
        Some("the service is in maintenance and refuses writes; reads work, repeat the write later");
    demand_26_unknown_code: api(400, "E0009999", "Something new", &[])
        => Api,
        "400 Bad Request E0009999: Something new [request req1, 1 attempt in 0.0 s]",
        None;
    demand_26_oauth_body: Answer::json(400, r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured for the authorization server resource."}"#)
        => Api,
        "400 Bad Request invalid_scope: One or more scopes are not configured for the authorization server resource. [1 attempt in 0.0 s]",
        Some("a scope is unknown to the org's authorization server, or none was asked for: check the spelling and give the client at least one okta.* scope");
    demand_26_plain_body: Answer::json(404, r#"{"status":404,"message":"Resource not found"}"#)
        => Api,
        "404 Not Found: Resource not found [1 attempt in 0.0 s]",
        None;
    demand_26_governance_header_with_three_quotes: Answer::empty(403).header("www-authenticate", r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize""", realm="http://acme.okta.com", scope="okta.things.read", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/governance/api/v1/requests/1""#)
        => InsufficientScope,
        "the access token lacks a scope: okta.things.read needed: 403 Forbidden [1 attempt in 0.0 s]",
        Some("grant okta.things.read to the app that the token was issued to: POST https://acme.okta.com/api/v1/apps/{clientId}/grants {\"scopeId\":\"okta.things.read\",\"issuer\":\"https://acme.okta.com\"} once per scope, or Admin Console > Applications > the app > Okta API Scopes; then get a new token (one keeps the scopes it was issued with)");
    demand_26_token_challenged: Answer::empty(401).header("www-authenticate", r#"Bearer error="invalid_token", error_description="The access token is invalid""#)
        => Api,
        "401 Unauthorized invalid_token: The access token is invalid [1 attempt in 0.0 s]",
        Some("the access token is unknown, expired or revoked, or belongs to another org");
    demand_26_proof_demanded: Answer::empty(400).header("www-authenticate", r#"Bearer realm="http://acme.okta.com", error="invalid_request", error_description="The resource request requires a DPoP proof.""#)
        => Api,
        "400 Bad Request invalid_request: The resource request requires a DPoP proof. [1 attempt in 0.0 s]",
        Some("the token is bound to a DPoP key, which a static bearer token cannot prove: use a service app credential");
    demand_26_page_of_a_proxy: Answer::new(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>").header("content-type", "text/html")
        => Api,
        "502 Bad Gateway: 502 Bad Gateway, the body is an HTML page [1 attempt in 0.0 s]",
        Some("an HTML page came instead of JSON: a proxy or gateway answered, or the org URL is not an Okta org");
    demand_26_page_without_a_title: Answer::new(403, "<!DOCTYPE html><p>Blocked")
        => Api,
        "403 Forbidden, the body is an HTML page [1 attempt in 0.0 s]",
        Some("an HTML page came instead of JSON: a proxy or gateway answered, or the org URL is not an Okta org");
    demand_26_text_of_a_gateway: Answer::new(503, "upstream connect error or disconnect/reset before headers")
        => Api,
        "503 Service Unavailable, the body is not JSON [1 attempt in 0.0 s]",
        Some("a fault on the way or inside the service; repeat later and give Okta support the request id");
    demand_26_empty_body: Answer::empty(504)
        => Api,
        "504 Gateway Timeout [1 attempt in 0.0 s]",
        Some("a fault on the way or inside the service; repeat later and give Okta support the request id");
    demand_26_proxy_login: Answer::empty(407)
        => Api,
        "407 Proxy Authentication Required [1 attempt in 0.0 s]",
        Some("the proxy wants a user name and password");
    demand_26_truncated_error: Answer::json(400, r#"{"errorCode":"E0000001","errorSumm"#)
        => Api,
        "400 Bad Request, the body is not JSON [1 attempt in 0.0 s]",
        None;
    demand_26_json_without_an_error: Answer::json(400, r#"{"id":"1"}"#)
        => Api,
        "400 Bad Request, the body is JSON without an error object [1 attempt in 0.0 s]",
        None;
    demand_26_redirect: Answer::empty(302).header("location", "https://other.example/")
        => Api,
        "302 Found [1 attempt in 0.0 s]",
        Some("redirects are not followed, so that a token never leaves the org: check the org URL");
    demand_26_line_ends_and_control_characters: Answer::json(400, r#"{"errorCode":"E0000001","errorSummary":"first\r\nsecond \u001b[31mred","errorCauses":[{"errorSummary":"a\nb"}]}"#)
        => Api,
        "400 Bad Request E0000001: first; second [31mred - a; b [1 attempt in 0.0 s]",
        Some("a field or a precondition was refused; the causes name it");
    demand_26_truncated_success: Answer::json(200, r#"{"id":"1","na"#)
        => Decode,
        "unexpected answer: the text ends where the end of a string was expected at line 1 column 14 (byte 13): 200 OK [1 attempt in 0.0 s]",
        Some("the call itself succeeded; send_raw() gives the body as it came");
    demand_26_page_instead_of_an_object: Answer::json(200, "<html><head><title>Sign in</title></head></html>")
        => Decode,
        "unexpected answer: the body is an HTML page where JSON is promised: 200 OK [1 attempt in 0.0 s]",
        Some("a proxy, a gateway or a sign-in page answered, or the org URL is not an Okta org");
    demand_26_connection_never_opened: Answer::fault(TransportFault::NotSent)
        => Transport,
        "connection: canned fault NotSent [1 attempt in 0.0 s]",
        None;
    demand_26_connection_lost: Answer::fault(TransportFault::MaybeSent)
        => Transport,
        "connection: canned fault MaybeSent [1 attempt in 0.0 s]",
        None;
}

/// What is no list, in every way a body can be damaged.
const NO_LIST: &[&[u8]] = &[
    b"",
    b"   ",
    b"[",
    b"{",
    br#"[{"id":"1"}"#,
    br#"[{"id":"1"},"#,
    br#"[{"id":"1"}{"id":"2"}]"#,
    b"[]]",
    b"[] trailing",
    b"[]\0",
    b"null",
    b"true",
    b"0",
    br#""[]""#,
    b"not json",
    b"\xff\xfe[]",
    b"[\"\xff\"]",
    b"<!DOCTYPE html><html></html>",
    br#"{"error":"server_error"}"#,
    br#"{"errorCode":"E0000009","errorSummary":"Internal Server Error"}"#,
];

/// What is no wrapped list beyond that.
const NO_WRAPPED_LIST: &[&[u8]] = &[
    br#"{"data":{}}"#,
    br#"{"data":"[]"}"#,
    br#"{"data":["#,
    br#"{"data":[]"#,
    br#"{"data":[]}{"data":[]}"#,
    br#"{"data":null,"error":"server_error"}"#,
];

/// First page, stream and second page over a damaged body: an error each time.
macro_rules! assert_no_list {
    ($operation:ident, $body:expr) => {{
        let body: &'static [u8] = $body;
        let said = format!(
            "{} {:?}",
            stringify!($operation),
            String::from_utf8_lossy(body)
        );
        let (client, _, _) = client_with(Canned::from_fn(move |_| Answer::json(200, body)), |b| {
            b.api_token("00canary").retry(RetryPolicy::none())
        });
        let error = client
            .send($operation::new())
            .await
            .map(|page| page.items.len());
        let error = error.expect_err(&said);
        assert_eq!(error.kind(), ErrorKind::Decode, "{said}: {error}");
        assert_eq!(error.body(), body);
        assert!(error.hint().is_some(), "{said}: {error}");
        let all = $operation::new()
            .attach(&client)
            .items()
            .try_collect()
            .await;
        let error = all.map(|all| all.len()).expect_err(&said);
        assert_eq!(error.kind(), ErrorKind::Decode, "{said}: {error}");
        let count = $operation::new().attach(&client).count().await;
        assert_eq!(count.expect_err(&said).kind(), ErrorKind::Decode, "{said}");
    }};
}

#[tokio::test]
async fn demand_27_a_broken_answer_is_never_an_empty_list() {
    for body in NO_LIST {
        assert_no_list!(List, body);
        assert_no_list!(ListWrapped, body);
        // After a good page: its items, then the error, not the end.
        let answers = Canned::new()
            .on(
                "GET",
                "/api/v1/things?after=2&limit=200",
                Answer::json(200, *body),
            )
            .on("GET", "/api/v1/things", {
                let next = format!("<{ORG}/api/v1/things?after=2&limit=200>; rel=\"next\"");
                Answer::json(200, r#"[{"id":"a"}]"#).header("link", &next)
            });
        let (client, _, _) = client_with(answers, |b| {
            b.api_token("00canary").retry(RetryPolicy::none())
        });
        let mut items = List::new().attach(&client).items();
        assert!(items.try_next().await.unwrap().is_some());
        let said = String::from_utf8_lossy(body);
        let error = items.try_next().await.map(|item| item.is_some());
        assert_eq!(error.expect_err(&said).kind(), ErrorKind::Decode, "{said}");
    }
    for body in NO_WRAPPED_LIST {
        assert_no_list!(ListWrapped, body);
        assert_no_list!(List, body);
    }
    // A whole object without the list is read as no items, and noted.
    for body in ["{}", r#"{"data":null}"#] {
        let (client, _, _) = client(Canned::from_fn(move |_| Answer::json(200, body)));
        let page = client.send(ListWrapped::new()).await.unwrap();
        assert!(page.items.is_empty());
        assert_eq!(client.stats().drifts, 1, "{body}");
    }
}
