//! Members: known, unknown, null, misfits, names, numbers.

use super::*;

#[test]
fn known_members_are_typed() {
    let (user, drift) = round::<User>(
        r#" { "id" : "1", "status":"ACTIVE","created":"2013-06-24T16:39:18.000Z","profile":{"login":"a","cost":1},
            "tags":["a","b"],"logins":5,"score":0.5,"active":true,"labels":{"a":"b"},"anything":[1,{"x":null}]}"#,
    );
    assert!(drift.is_empty(), "{drift:?}");
    assert_eq!(user.id.as_deref(), Some("1"));
    assert_eq!(user.status, Some(Status::Active));
    assert_eq!(
        user.created.as_ref().unwrap().get().unwrap().as_second(),
        1_372_091_958
    );
    assert_eq!(
        user.tags.as_deref(),
        Some(&["a".to_owned(), "b".to_owned()][..])
    );
    assert_eq!(
        user.profile.as_ref().unwrap().get::<i64>("cost").unwrap(),
        Some(1)
    );
}

#[test]
fn demand_06_unknown_members_are_kept_and_reported_once() {
    let (users, drift) = round::<Vec<User>>(
        r#"[{"id":"1","new":{"a":[1]}},{"new":{"a":2}},{"profile":{"custom":1}}]"#,
    );
    assert_eq!(users[0].extra.get("new"), Some(r#"{"a":[1]}"#));
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert_eq!(
        (drift[0].path.as_str(), drift[0].kind),
        ("$[].new", DriftKind::UnknownMember)
    );
    assert_eq!((drift[0].index, drift[0].count), (Some(0), 2));
}

#[test]
fn demand_02_misfits_are_kept_as_text() {
    let (mut user, drift) = round::<User>(
        r#"{"id":7,"tags":["a",1],"logins":"many","profile":[],"active":"true","manager":{"id":[]}}"#,
    );
    assert_eq!(
        (
            user.id.as_ref(),
            user.tags.as_ref(),
            user.logins,
            user.active
        ),
        (None, None, None, None)
    );
    assert_eq!(drift.len(), 6, "{drift:?}");
    assert!(drift.iter().all(|drift| drift.kind == DriftKind::WrongType));
    assert!(drift.iter().any(|drift| drift.path == "$.manager.id"
        && drift.expected == "string"
        && drift.found == "array"));
    user.id = Some("x".into());
    assert!(user.to_json().contains(r#""id":"x""#) && !user.to_json().contains('7'));
}

#[test]
fn demand_07_null_is_remembered_until_a_value_is_set() {
    let (mut user, drift) =
        round::<User>(r#"{"id":null,"tags":null,"profile":null,"matrix":null}"#);
    assert!(drift.is_empty());
    user.id = Some("1".into());
    assert!(same_value(
        &user.to_json(),
        r#"{"id":"1","tags":null,"profile":null,"matrix":null}"#
    ));
    user.id = None;
    assert!(user.to_json().contains(r#""id":null"#));
    assert!(user.unset("id"));
    assert!(!user.to_json().contains(r#""id""#));
}

#[test]
fn demand_07_set_null_is_checked() {
    let mut user = User::default();
    user.set_null("tags").unwrap();
    assert_eq!(user.to_json(), r#"{"tags":null}"#);
    assert!(user.set_null("tagz").unwrap_err().is_unknown_member());
    let mut profile = Profile::default();
    profile.set_null("costCenter").unwrap();
    assert_eq!(profile.to_json(), r#"{"costCenter":null}"#);
}

#[test]
fn demand_01_elements_that_are_no_objects() {
    let (user, drift) = round::<User>(
        r#"{"groups":[{"id":"1"},null,5,"x",[],{"id":"2"}],"byName":{"a":null,"b":3}}"#,
    );
    let groups = user.groups.unwrap();
    assert_eq!(groups.len(), 6);
    assert_eq!(groups[2].extra.whole(), Some("5"));
    assert_eq!(drift[0].path, "$.groups[]");
    assert_eq!(drift[0].index, Some(1));
}

#[test]
fn the_last_of_equal_names_counts() {
    for (json, last) in [
        (r#"{"id":"a","id":"b"}"#, r#"{"id":"b"}"#),
        (r#"{"id":"a","id":5}"#, r#"{"id":5}"#),
        (r#"{"id":5,"id":"a"}"#, r#"{"id":"a"}"#),
        (r#"{"id":"a","id":null}"#, r#"{"id":null}"#),
        (r#"{"id":null,"id":"a"}"#, r#"{"id":"a"}"#),
        (r#"{"id":null,"id":5}"#, r#"{"id":5}"#),
        (r#"{"id":5,"id":null}"#, r#"{"id":null}"#),
        (r#"{"id":5,"id":[6]}"#, r#"{"id":[6]}"#),
        (r#"{"x":1,"x":2}"#, r#"{"x":2}"#),
        (r#"{"x":1,"\u0078":2}"#, r#"{"x":2}"#),
        (r#"{"id":"a","\u0069d":"b"}"#, r#"{"id":"b"}"#),
        (
            r#"{"profile":{"login":"a"},"profile":{"email":"b"}}"#,
            r#"{"profile":{"email":"b"}}"#,
        ),
        (r#"{"labels":{"a":"1","a":"2"}}"#, r#"{"labels":{"a":"2"}}"#),
    ] {
        let (user, _) = round::<User>(json);
        assert_eq!(user.to_json(), last);
        let mut user = user;
        user.unset("id");
        assert!(!user.to_json().contains("\"id\""), "{json}");
    }
}

#[test]
fn demand_02_numbers_go_by_value() {
    let (user, drift) =
        round::<User>(r#"{"logins":5.0,"score":5,"counts":[1e2,-0,50e-1],"matrix":[[-0.0,1e-7]]}"#);
    assert!(drift.is_empty(), "{drift:?}");
    assert_eq!(
        user.to_json(),
        r#"{"counts":[100,0,5],"logins":5,"score":5,"matrix":[[-0,1e-7]]}"#
    );
    for lossy in [
        r#"{"logins":9223372036854775808}"#,
        r#"{"logins":0.5}"#,
        r#"{"score":0.1000000000000000055511151231257827}"#,
        r#"{"score":1e400}"#,
        r#"{"score":9007199254740993}"#,
        r#"{"counts":[1,9223372036854775808]}"#,
    ] {
        let (user, drift) = round::<User>(lossy);
        assert_eq!(drift.len(), 1);
        assert_eq!(
            (user.logins, user.score, user.counts.clone()),
            (None, None, None)
        );
        assert_eq!(user.to_json(), lossy);
    }
}

#[test]
fn strings_and_names_with_anything_in_them() {
    round::<User>(
        r#"{"id":"\u0000\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀","":1,"\u0022\n":{"":2},"a\\b":3}"#,
    );
    for bad in ["{\"x\":\"\n\"}", r#"{"x":"\x"}"#] {
        assert!(decode::<User>(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn errors_say_where_and_never_what() {
    let error = decode::<User>(b"{\n \"manager\": {\"tags\": [\"secret\", nul]}}").unwrap_err();
    assert_eq!(
        (error.line(), error.column(), error.path().as_str()),
        (2, 33, "$.manager.tags")
    );
    assert!(!error.to_string().contains("secret"));
    for bad in [
        "",
        "{",
        "[",
        "{\"a\"}",
        "{\"a\":1,}",
        "[1,]",
        "01",
        "1.",
        "tru",
        "{} x",
        "\u{feff}\u{feff}1",
        "{\"a\":+1}",
        "{a:1}",
    ] {
        assert!(decode::<User>(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(decode::<User>(b"\xef\xbb\xbf{}").is_ok());
    assert!(decode::<User>(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn depth_is_capped_across_models_and_text() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    };
    assert!(decode::<Json>(deep("[", "]", 128).as_bytes()).is_ok());
    assert!(decode::<Json>(deep("[", "]", 129).as_bytes()).is_err());
    assert!(decode::<Json>(deep("[{\"a\":", "}]", 64).as_bytes()).is_ok());
    assert!(decode::<User>(deep("{\"manager\":", "}", 128).as_bytes()).is_ok());
    assert!(decode::<User>(deep("{\"manager\":", "}", 129).as_bytes()).is_err());
    assert!(decode::<User>(deep("{\"manager\":{\"x\":", "}}", 65).as_bytes()).is_err());
    assert!(decode::<User>(deep("{\"manager\":", "}", 100_000).as_bytes()).is_err());
    assert!(decode::<User>(deep("{\"x\":[", "]}", 100_000).as_bytes()).is_err());
    let (user, _) = round::<User>(&deep("{\"manager\":", "}", 128));
    assert!(!format!("{user:?}").is_empty());
}
