//! Half a surrogate pair (`"\ud800"`) is valid JSON that no `String` can hold: its member stays raw, the rest decodes.

mod models;

use models::{App, Group, Profile, User};
use okta_core::model::*;

/// Decodes, checks that it encodes to the same value, and gives it with its drift.
fn lossless<T: Value>(json: &str) -> (T, Vec<Drift>) {
    let (value, drift) = decode::<T>(json.as_bytes()).expect("decodes");
    let back = String::from_utf8(encode(&value)).expect("UTF-8");
    assert!(okta_core::json::same_value(json, &back), "{json}\n{back}");
    (value, drift)
}

#[test]
fn a_typed_member_stays_raw() {
    let (user, drift) = lossless::<User>(r#"{"id":"\ud800","logins":3}"#);
    assert_eq!((user.id, user.logins), (None, Some(3)));
    assert_eq!(user.extra.get("id"), Some(r#""\ud800""#));
    assert_eq!(drift[0].path, "$.id");
    for json in [
        r#"{"status":"A\udfff"}"#,
        r#"{"created":"\ud800\u0041"}"#,
        r#"{"tags":["a","\ud83d"]}"#,
        r#"{"anything":{"a":["\udc00"]},"logins":3}"#,
        r#"{"audience":"\ud800\ud800"}"#,
        r#"{"new":"\ud800","\ud800":1}"#,
        r#"{"profile":{"login":"\ud800x","email":"e"}}"#,
    ] {
        lossless::<User>(json);
    }
}

#[test]
fn a_key_of_a_map_makes_the_map_raw() {
    let (user, drift) = lossless::<User>(r#"{"labels":{"\ud800":"a","b":"c"},"logins":3}"#);
    assert_eq!((user.labels, user.logins), (None, Some(3)));
    assert_eq!(drift[0].path, "$.labels");
}

#[test]
fn unknown_names_are_kept_apart() {
    let (profile, _) = lossless::<Profile>(r#"{"\ud800":1,"\ud801":2,"\udfff":3,"\ufffd":4}"#);
    assert_eq!(profile.extra.iter().count(), 4);
    assert_eq!(profile.members().len(), 4);
}

#[test]
fn a_tag_behind_odd_names_is_found() {
    let (app, _) = lossless::<App>(r#"{"\ud800":1,"label":"\udc00","signOnMode":"SAML_2_0"}"#);
    assert!(matches!(app, App::Saml(_)));
    let (app, _) = lossless::<App>(r#"{"signOnMode":"\ud800","id":"1"}"#);
    assert!(matches!(app, App::Other(_)));
    assert_eq!(app.base().id.as_deref(), Some("1"));
}

#[test]
fn one_odd_record_loses_no_list() {
    let body = br#"[{"id":"1"},{"id":"\ud800"},{"id":"3"}]"#;
    let page = decode_items::<Group>(body, None).expect("a page");
    assert_eq!((page.items.len(), page.undecodable.len()), (3, 0));
    assert_eq!(page.items[2].id.as_deref(), Some("3"));
    let page = decode_items::<String>(br#"["a","\ud800","c"]"#, None).expect("a page");
    assert_eq!(page.items, ["a", "c"]);
    assert_eq!(page.undecodable[0].json.as_str(), r#""\ud800""#);
}

#[test]
fn equality_and_difference_see_halves() {
    let user =
        |id: &str| User::from_json(format!(r#"{{"id":"{id}","logins":1}}"#)).expect("a user");
    assert_eq!(user(r"\ud800"), user(r"\uD800"));
    assert_ne!(user(r"\ud800"), user(r"\ud801"));
    assert_ne!(user(r"\ud800"), user(r"\ufffd"));
    let mut after = user(r"\ud800");
    after.logins = Some(2);
    assert_eq!(user(r"\uD800").diff(&after).to_json(), r#"{"logins":2}"#);
}

#[test]
fn what_is_no_escape_stays_an_error() {
    for json in [
        r#"{"id":"\ud8"}"#,
        r#"{"id":"\ud800\u12"}"#,
        r#"{"new":"\ux000"}"#,
    ] {
        assert!(decode::<User>(json.as_bytes()).is_err(), "{json}");
    }
}
