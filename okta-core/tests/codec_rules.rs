//! The rules of the model codec, one test each.
#![allow(missing_docs)]

mod models;

use models::*;
use okta_core::json::same_value;
use okta_core::model::*;

/// Decodes and encodes; the text must be the same value.
#[track_caller]
fn round<T: Value>(json: &str) -> (T, Vec<Drift>) {
    let (value, drift) = decode::<T>(json.as_bytes()).expect(json);
    let again = String::from_utf8(encode(&value)).unwrap();
    assert!(same_value(json, &again), "{json}\n{again}");
    (value, drift)
}

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
fn demand_03_enums_are_open() {
    let (user, drift) = round::<User>(r#"{"status":"Frozen \u00e9"}"#);
    assert_eq!(user.status.as_ref().map(Status::as_str), Some("Frozen é"));
    assert_eq!(
        (drift[0].kind, &*drift[0].found),
        (DriftKind::UnknownEnumValue, "string")
    );
    let (_, drift) = round::<User>(r#"{"status":"FROZEN"}"#);
    assert_eq!(
        (drift[0].path.as_str(), &*drift[0].found),
        ("$.status", "FROZEN")
    );
    assert_eq!(Status::VALUES, ["ACTIVE", "DEPROVISIONED"]);
}

#[test]
fn demand_04_unions_go_by_tag_wherever_it_stands() {
    let (app, drift) = round::<App>(
        r#"{"settings":{"a":[{"signOnMode":"AUTO_LOGIN"}]},"name":"x","label":"l","signOnMode":"SAML_2_0"}"#,
    );
    assert!(drift.is_empty(), "{drift:?}");
    let App::Saml(saml) = &app else { panic!() };
    assert_eq!(
        (saml.name.as_deref(), saml.base.name.as_ref()),
        (Some("x"), None),
        "own members shadow"
    );
    assert_eq!(
        (app.tag(), app.base().label.as_deref()),
        (Some("SAML_2_0"), Some("l"))
    );
    let (app, _) = round::<App>(r#"{"signOnMode":"SAML_1_1"}"#);
    assert!(matches!(app, App::Saml(_)));
    assert_eq!(app.tag(), Some("SAML_1_1"));
}

#[test]
fn shadows_hold_after_other_variants_were_read() {
    for _ in 0..3 {
        let (app, _) =
            round::<App>(r#"{"signOnMode":"AUTO_LOGIN","label":"l","name":"a","url":"u"}"#);
        assert!(app.base().name.is_some());
        let (app, _) = round::<App>(r#"{"signOnMode":"SAML_2_0","label":"l","name":"a"}"#);
        assert!(app.base().name.is_none());
    }
    let app = SamlApp {
        base: AppBase {
            name: Some(Json::default()),
            ..Default::default()
        },
        ..Default::default()
    };
    assert!(!app.to_json().contains("name"));
}

#[test]
fn demand_04_unions_without_a_known_tag_keep_the_base() {
    for (json, found) in [
        (r#"{"label":"l","signOnMode":"NEW","x":1}"#, "NEW"),
        (r#"{"label":"l","signOnMode":null}"#, "no tag"),
        (r#"{"label":"l"}"#, "no tag"),
        (r#"{"label":"l","signOnMode":{"a":1}}"#, "no tag"),
    ] {
        let (app, drift) = round::<App>(json);
        let App::Other(other) = &app else {
            panic!("{json}")
        };
        assert_eq!(other.label.as_deref(), Some("l"));
        assert!(
            drift
                .iter()
                .any(|drift| drift.kind == DriftKind::UnknownTag && drift.found == found),
            "{drift:?}"
        );
    }
    let (user, _) =
        round::<User>(r#"{"apps":[5,null,{"signOnMode":"AUTO_LOGIN","url":"u"}],"app":"x"}"#);
    assert!(user.app.is_none());
    assert!(matches!(
        user.apps.as_deref(),
        Some([App::Other(_), App::Other(_), App::AutoLogin(_)])
    ));
}

#[test]
fn demand_04_two_levels_of_unions() {
    let (app, drift) = round::<App>(
        r#"{"signOnMode":"OPENID_CONNECT","kind":"web","redirect":["r"],"label":"l","id":null}"#,
    );
    assert!(drift.is_empty(), "{drift:?}");
    let App::Oidc(oidc) = &app else { panic!() };
    assert!(matches!(&**oidc, Oidc::Web(web) if web.redirect.is_some()));
    assert_eq!(app.base().label.as_deref(), Some("l"));
    assert_eq!(oidc.base().kind.as_deref(), Some("web"));
    let mut app = app;
    app.base_mut().label = Some("m".into());
    assert!(encode(&app).windows(3).any(|part| part == b"\"m\""));
}

#[test]
fn hand_built_variants_write_their_tag() {
    let app: App = SamlApp {
        settings: Some(Map::new()),
        ..Default::default()
    }
    .into();
    assert_eq!(
        String::from_utf8(encode(&app)).unwrap(),
        r#"{"signOnMode":"SAML_2_0","settings":{}}"#
    );
    assert_eq!(app.tag(), Some("SAML_2_0"));
    let web: App = Oidc::from(OidcWeb::default()).into();
    let json = String::from_utf8(encode(&web)).unwrap();
    assert!(
        same_value(&json, r#"{"signOnMode":"OPENID_CONNECT","kind":"web"}"#),
        "{json}"
    );
    assert!(
        matches!(decode::<App>(json.as_bytes()).unwrap().0, App::Oidc(oidc) if matches!(*oidc, Oidc::Web(_)))
    );
    assert_eq!(
        SamlApp::from_json("{}").unwrap().to_json(),
        "{}",
        "decoded without a tag"
    );
    let field: Field = FieldText {
        value: Some("v".into()),
        ..Default::default()
    }
    .into();
    assert_eq!(
        String::from_utf8(encode(&field)).unwrap(),
        r#"{"type":"TEXT","value":"v"}"#
    );
    let (field, drift) = round::<Field>(r#"{"value":"v","type":"TEXT"}"#);
    assert!(drift.is_empty(), "{drift:?}");
    assert_eq!(field.tag(), Some("TEXT"));
}

#[test]
fn demand_04_choices_go_by_kind_or_members() {
    assert!(matches!(round::<Audience>(r#""a""#).0, Audience::One(_)));
    assert!(matches!(round::<Audience>(r#"["a"]"#).0, Audience::Many(_)));
    assert!(matches!(round::<Audience>("5").0, Audience::Number(5)));
    for other in ["[1]", "{}", "null", "true", "99999999999999999999"] {
        let (value, drift) = round::<Audience>(other);
        assert!(matches!(value, Audience::Other(_)));
        assert_eq!(drift.len(), 1);
    }
    assert!(matches!(
        round::<GroupProfile>(r#"{"a":1,"objectSid":"s"}"#).0,
        GroupProfile::ActiveDirectory(_)
    ));
    assert!(matches!(
        round::<GroupProfile>(r#"{"a":{"objectSid":"s"}}"#).0,
        GroupProfile::Okta(_)
    ));
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

#[test]
fn demand_01_pages_lose_nothing() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let body = format!(r#"[{{"id":"1"}},5,null,{deep},{{"id":"2","odd":1}}]"#);
    let page = decode_items::<User>(body.as_bytes(), None).unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(
        page.undecodable
            .iter()
            .map(|item| item.index)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(page.undecodable[2].json.as_str(), deep);
    assert_eq!(
        (page.drift[0].path.as_str(), page.drift[0].index),
        ("$[].odd", Some(4))
    );
    let page = decode_items::<Group>(
        br#"{"total":1,"data":[{"id":"1","z":1}],"next":null}"#,
        Some("data"),
    )
    .unwrap();
    assert_eq!(page.items[0].id.as_deref(), Some("1"));
    assert_eq!(
        (page.envelope.get("total"), page.envelope.get("next")),
        (Some("1"), Some("null"))
    );
    assert_eq!(page.drift[0].path, "$.data[].z");
    let page = decode_items::<Group>(b"{}", Some("data")).unwrap();
    assert_eq!(page.drift[0].kind, DriftKind::MissingItems);
    for bad in ["{\"data\":5}", "[", "5", "[{\"id\":tru}]"] {
        assert!(
            decode_items::<Group>(bad.as_bytes(), Some("data")).is_err(),
            "{bad}"
        );
    }
    assert!(decode_items::<Group>(b"{}", None).is_err());
    let page = decode_items::<String>(br#"["a",1,"b"]"#, None).unwrap();
    assert_eq!((page.items.len(), page.undecodable.len()), (2, 1));
}

#[test]
fn recode_is_type_erased() {
    let recode: fn(&[u8]) -> Result<Recoded, DecodeError> = recode::<Vec<User>>;
    let recoded = recode(br#"[{"id":1,"x":2}]"#).unwrap();
    assert_eq!((recoded.raw_fallbacks, recoded.drift.len()), (1, 2));
    assert_eq!(recoded.json, br#"[{"id":1,"x":2}]"#);
}

#[test]
fn equality_is_by_json_value() {
    let one = User::from_json(r#"{"a":1,"id":"x","b":{"p":1,"q":2.0},"tags":null}"#).unwrap();
    let two = User::from_json(r#"{"tags":null,"b":{"q":2,"p":1e0},"id":"x","a":1.0}"#).unwrap();
    assert_eq!(one, two);
    assert_ne!(
        one,
        User::from_json(r#"{"a":1,"id":"x","b":{"p":1,"q":2.0}}"#).unwrap()
    );
    assert_eq!(one.extra, two.extra);
}

#[test]
fn demand_33_debug_hides_secrets() {
    let user = User::from_json(
        r#"{"id":"1","credentials":{"password":{"value":"hunter2"},"answer":5,"unknown":"hunter3"},"tags":null}"#,
    )
    .unwrap();
    let text = format!("{user:?} {:?}", user.credentials.as_ref().unwrap().password);
    assert!(!text.contains("hunter") && !text.contains('5'), "{text}");
    assert!(
        text.contains("<redacted>") && text.contains("unknown") && text.contains("tags: null"),
        "{text}"
    );
}

#[test]
fn demand_05_custom_attributes() {
    let mut profile = Profile::from_json(r#"{"login":"l","costCenter":"c","n":1}"#).unwrap();
    assert_eq!(
        profile.get::<String>("costCenter").unwrap().as_deref(),
        Some("c")
    );
    assert_eq!(
        profile.get::<String>("login").unwrap().as_deref(),
        Some("l")
    );
    assert!(profile.get::<i64>("login").is_err());
    profile.set("costCenter", 5).unwrap();
    profile.set("login", "m").unwrap();
    assert!(profile.set("login", 5).is_err());
    // What was there stays.
    assert_eq!(
        profile.get::<String>("login").unwrap().as_deref(),
        Some("m")
    );
    assert!(profile.unset("n") && !profile.unset("n"));
    assert!(same_value(
        &profile.to_json(),
        r#"{"login":"m","costCenter":5}"#
    ));
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Mine {
        #[serde(rename = "costCenter")]
        cost_center: i64,
    }
    let mut mine: Mine = profile.view().unwrap();
    mine.cost_center += 1;
    profile.merge(&mine).unwrap();
    assert!(same_value(
        &profile.to_json(),
        r#"{"login":"m","costCenter":6}"#
    ));
    assert_eq!(profile.members().len(), 2);
}

#[test]
fn demand_06_diff_is_minimal() {
    let before = User::from_json(r#"{"id":"1","profile":{"login":"a","email":"e","x":1},"tags":["a"],"app":{"signOnMode":"SAML_2_0","label":"l","name":"n"}}"#).unwrap();
    assert_eq!(before.diff(&before).to_json(), "{}");
    let mut after = before.clone();
    let profile = after.profile.as_mut().unwrap();
    profile.email = None;
    profile.set("x", 2).unwrap();
    after.tags = Some(vec![]);
    after.app.as_mut().unwrap().base_mut().label = Some("m".into());
    let diff = before.diff(&after).to_json();
    assert!(
        same_value(
            &diff,
            r#"{"profile":{"email":null,"x":2},"tags":[],"app":{"signOnMode":"SAML_2_0","label":"m"}}"#
        ),
        "{diff}"
    );
}

#[test]
fn conversion_keeps_what_the_other_model_does_not_know() {
    let user = User::from_json(r#"{"id":"1","tags":["a"],"z":1}"#).unwrap();
    let group: Group = user.convert().unwrap();
    assert_eq!(group.id.as_deref(), Some("1"));
    assert_eq!(group.convert::<User>().unwrap(), user);
}

#[test]
fn serde_both_ways() {
    let json = serde_json::json!({"id": "1", "x": [1, 2.5], "tags": null, "app": {"signOnMode": "SAML_2_0"}, "logins": "odd"});
    let user: User = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(user.id.as_deref(), Some("1"));
    assert_eq!(serde_json::to_value(&user).unwrap(), json);
}

#[test]
fn yaml_both_ways() {
    let yaml = "id: '1'\nlogins: 5\nscore: 0.1\ntags: null\nx:\n- 1\n- {y: true}\napp:\n  signOnMode: SAML_2_0\n";
    let user: User = serde_norway::from_str(yaml).unwrap();
    assert_eq!((user.logins, user.score), (Some(5), Some(0.1)));
    assert!(matches!(user.app, Some(App::Saml(_))));
    let again: User = serde_norway::from_str(&serde_norway::to_string(&user).unwrap()).unwrap();
    assert_eq!(user, again);
    assert_eq!(again.to_json(), user.to_json());
    // Floats keep their last bit on the way out.
    let odd = Json::from_text("-2.046992495766549e15").unwrap();
    assert_eq!(
        serde_json::to_value(&odd).unwrap().as_f64(),
        Some(-2.046992495766549e15)
    );
}

#[test]
fn required_members() {
    assert_eq!(
        User::default().try_id().unwrap_err().to_string(),
        "User has no id, which the specification requires"
    );
}

#[test]
fn more_members_than_null_bits() {
    let json = format!(
        "{{{}}}",
        (0..70)
            .map(|at| format!("\"m{at}\":null"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let (mut wide, drift) = round::<Wide>(&json);
    assert!(drift.is_empty(), "{drift:?}");
    wide.m69 = Some(1);
    assert!(wide.to_json().contains("\"m69\":1") && !wide.to_json().contains("\"m69\":null"));
    wide.set_null("m69").unwrap();
    assert!(wide.m69.is_none() && wide.to_json().contains("\"m69\":null"));
    assert!(wide.unset("m69") && !wide.to_json().contains("m69"));
}

#[test]
fn the_deepest_model_fits_a_small_stack() {
    let json = format!("{}{{}}{}", "{\"manager\":".repeat(127), "}".repeat(127));
    let worker = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            let user = User::from_json(&json).unwrap();
            assert_eq!(user.to_json(), json);
            assert!(format!("{user:#?}").len() > 1000);
            assert!(user == user.clone());
        });
    worker.unwrap().join().unwrap();
}

#[test]
fn a_long_name_does_not_fill_the_drift_report() {
    let name = "é".repeat(10_000);
    let text = format!(r#"{{"{name}":1}}"#);
    let (user, drift) = okta_core::model::decode::<User>(text.as_bytes()).unwrap();
    assert_eq!(user.to_json(), text);
    assert!(drift[0].path.len() < 300, "{}", drift[0].path.len());
    assert!(drift[0].path.starts_with("$.é"));
}
