//! Unions, choices and enums.

use super::*;

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
