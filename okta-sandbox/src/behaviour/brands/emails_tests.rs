//! Email templates: names, settings, customizations, previews.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

fn templates(bench: &Bench) -> String {
    let (_, brands) = bench.call("GET", "/api/v1/brands", None);
    format!("/api/v1/brands/{}/templates/email", text(&brands, "/0/id"))
}

fn content(language: &str, default: bool) -> Value {
    json!({
        "language": language, "isDefault": default, "subject": "Welcome to $org.name!",
        "body": "<p>Hi ${user.profile.firstName}. $${user.nobody} <a href=\"$!{activationLink}\">here</a></p>",
    })
}

#[test]
fn templates_are_known_by_name_and_tell_more_when_expanded() {
    let bench = Bench::new();
    let own = templates(&bench);
    let (status, refused) = bench.call("GET", &format!("{own}/NoSuchEmail/customizations"), None);
    assert_eq!((status, text(&refused, "/errorCode")), (404, "E0000007"));
    let (_, all) = bench.call(
        "GET",
        &format!("{own}?limit=200&expand=customizationCount"),
        None,
    );
    assert!(all[0]["_embedded"]["settings"].is_null(), "{all}");
    assert_eq!(all[0]["_embedded"]["customizationCount"], 0);
    let (_, one) = bench.call(
        "GET",
        &format!("{own}/UserActivation?expand=settings"),
        None,
    );
    assert_eq!(one["_embedded"]["settings"]["recipients"], "ALL_USERS");
}

#[test]
fn recipients_are_checked_and_kept() {
    let bench = Bench::new();
    let own = templates(&bench);
    let put = |name: &str, recipients: &str| {
        let body = json!({ "recipients": recipients });
        bench.call("PUT", &format!("{own}/{name}/settings"), Some(&body))
    };
    assert_eq!(put("PasswordChanged", "NO_USERS").0, 200);
    let (_, kept) = bench.call("GET", &format!("{own}/PasswordChanged/settings"), None);
    assert_eq!(kept["recipients"], "NO_USERS");
    assert_eq!(put("PasswordChanged", "SOME_USERS").0, 400);
    let (status, refused) = put("EmailChallenge", "NO_USERS");
    assert_eq!((status, text(&refused, "/errorCode")), (422, "E0000189"));
}

#[test]
fn a_template_has_one_customization_a_language_and_one_default() {
    let bench = Bench::new();
    let own = format!("{}/UserActivation/customizations", templates(&bench));
    let (status, english) = bench.call("POST", &own, Some(&content("en", false)));
    assert_eq!(
        (status, &english["isDefault"]),
        (201, &json!(true)),
        "the first is the default"
    );
    let code = |body: &Value| {
        let (status, refused) = bench.call("POST", &own, Some(body));
        (status, text(&refused, "/errorCode").to_owned())
    };
    assert_eq!(code(&content("EN", false)), (409, "E0000183".to_owned()));
    assert_eq!(code(&content("fr", true)), (409, "E0000182".to_owned()));
    assert_eq!(
        code(&content("not a tag", false)),
        (400, "E0000236".to_owned())
    );
    assert_eq!(code(&content("gsw", false)), (400, "E0000001".to_owned()));
    let mut bare = content("fr", false);
    bare["body"] = json!("<p>activationLink</p>");
    assert_eq!(code(&bare), (400, "E0000001".to_owned()));
    let (_, french) = bench.call("POST", &own, Some(&content("fr", false)));
    let english = format!("{own}/{}", text(&english, "/id"));
    let french = format!("{own}/{}", text(&french, "/id"));
    let (status, refused) = bench.call("PUT", &english, Some(&content("en", false)));
    assert_eq!((status, text(&refused, "/errorCode")), (409, "E0000185"));
    let (status, refused) = bench.call("DELETE", &english, None);
    assert_eq!((status, text(&refused, "/errorCode")), (409, "E0000184"));
    assert_eq!(
        bench.call("PUT", &french, Some(&content("fr", true))).0,
        200
    );
    let (_, now) = bench.call("GET", &english, None);
    assert_eq!(now["isDefault"], false, "the default moved");
    assert_eq!(bench.call("DELETE", &english, None).0, 204);
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    assert_eq!(bench.call("GET", &own, None).1, json!([]));
}

#[test]
fn previews_and_tests_speak_to_the_caller() {
    let bench = Bench::new();
    let own = format!("{}/UserActivation", templates(&bench));
    let (_, me) = bench.call("GET", "/api/v1/users/me", None);
    let hello = format!("Hi {}", text(&me, "/profile/firstName"));
    let (_, before) = bench.call("GET", &format!("{own}/default-content/preview"), None);
    assert!(text(&before, "/body").contains(&hello), "{before}");
    let path = format!("{own}/customizations");
    let (_, made) = bench.call("POST", &path, Some(&content("en", true)));
    let (_, shown) = bench.call(
        "GET",
        &format!("{path}/{}/preview", text(&made, "/id")),
        None,
    );
    let body = text(&shown, "/body");
    assert!(
        body.contains(&hello) && body.contains("/welcome/"),
        "{body}"
    );
    assert!(
        body.contains("$${user.nobody}"),
        "unknown variables stay: {body}"
    );
    assert_eq!(text(&shown, "/subject"), "Welcome to Sandbox!");
    assert_eq!(
        bench
            .call("POST", &format!("{own}/test?language=fr"), None)
            .0,
        204
    );
    let mails = crate::access_requests::mailbox::mails(
        &bench.shared.org(),
        Some(text(&me, "/profile/email")),
    );
    assert_eq!(mails[0]["subject"], "Welcome to Sandbox!");
    assert_eq!(text(&mails[0], "/body"), body);
}
