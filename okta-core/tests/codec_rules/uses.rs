//! What is done with decoded values; limits.

use super::*;

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
