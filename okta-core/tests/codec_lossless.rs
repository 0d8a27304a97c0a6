//! Any JSON survives any model, and nothing panics.
#![allow(missing_docs)]

mod models;

use models::*;
use okta_core::json::{Reader, same_value};
use okta_core::model::*;
use proptest::prelude::*;

/// Names that models know, so that known members meet values of every type, and names that they do not.
fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "id",
        "status",
        "created",
        "profile",
        "credentials",
        "tags",
        "counts",
        "logins",
        "score",
        "active",
        "labels",
        "byName",
        "groups",
        "_embedded",
        "anything",
        "manager",
        "app",
        "apps",
        "audience",
        "groupProfile",
        "matrix",
        "login",
        "email",
        "secondEmail",
        "password",
        "value",
        "parent",
        "children",
        "label",
        "signOnMode",
        "name",
        "settings",
        "url",
        "kind",
        "redirect",
        "type",
        "objectSid",
        "extra",
        "base",
        "",
    ]);
    let escaped = prop::sample::select(vec![
        r"\u0069d",
        r"i\u0064",
        r"\n",
        r#"\""#,
        r"\ud83d\ude00",
        r"a\/b",
        "é",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => escaped.prop_map(str::to_owned), 1 => "[a-z ]{0,9}"]
}

fn scalar() -> impl Strategy<Value = String> {
    let texts = prop::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "5.0",
        "-0.0",
        "1e2",
        "1E-7",
        "9223372036854775807",
        "9223372036854775808",
        "0.1",
        "0.10000000000000001",
        "123456789012345678901234567890",
        "1e308",
        "2.5e-320",
        "\"ACTIVE\"",
        "\"SAML_2_0\"",
        "\"SAML_1_1\"",
        "\"AUTO_LOGIN\"",
        "\"OPENID_CONNECT\"",
        "\"web\"",
        "\"TEXT\"",
        "\"\"",
        r#""\u0000\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
        "\"2013-06-24T16:39:18.000Z\"",
        "[]",
        "{}",
    ]);
    prop_oneof![
        6 => texts.prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        2 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => Just(""), 1 => Just(" \n\t\r")]
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((name(), value, space(), space()), 0..9).prop_map(|members| {
        let members = members.into_iter().map(|(name, value, left, right)| {
            format!("{left}\"{name}\"{right}:{left}{value}{right}")
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(6, 120, 9, |inner| {
        prop_oneof![
            1 => prop::collection::vec((inner.clone(), space()), 0..5).prop_map(|items| {
                let items = items.into_iter().map(|(item, space)| format!("{space}{item}{space}"));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }),
            3 => object(inner),
        ]
    })
}

/// `serde_json` may read a float one bit off, depending on how it is written.
fn near(left: Option<f64>, right: Option<f64>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if (left - right).abs() <= left.abs() * 1e-14)
}

/// A second opinion on equality: `serde_json` values, numbers as near as it can tell.
fn same_for_serde(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value as V;
    match (left, right) {
        (V::Number(left), V::Number(right)) => left == right || near(left.as_f64(), right.as_f64()),
        (V::Array(left), V::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same_for_serde(left, right))
        }
        (V::Object(left), V::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| {
                    right
                        .get(name)
                        .is_some_and(|right| same_for_serde(left, right))
                })
        }
        _ => left == right,
    }
}

#[track_caller]
fn lossless<T: Value>(json: &str) {
    let Ok((value, _)) = decode::<T>(json.as_bytes()) else {
        panic!("{json}: {:?}", decode::<T>(json.as_bytes()).err())
    };
    let again = String::from_utf8(encode(&value)).unwrap();
    assert!(same_value(json, &again), "{json}\n{again}");
    let (left, right) = (serde_json::from_str(json), serde_json::from_str(&again));
    let (left, right): (serde_json::Value, serde_json::Value) = (left.unwrap(), right.unwrap());
    assert!(same_for_serde(&left, &right), "{json}\n{again}");
    let twice = decode::<T>(again.as_bytes()).unwrap().0;
    assert!(same_value(
        &again,
        std::str::from_utf8(&encode(&twice)).unwrap()
    ));
    let _ = format!("{value:?}");
}

fn all(json: &str) {
    lossless::<User>(json);
    lossless::<App>(json);
    lossless::<SamlApp>(json);
    lossless::<OidcWeb>(json);
    lossless::<Oidc>(json);
    lossless::<Field>(json);
    lossless::<Group>(json);
    lossless::<Profile>(json);
    lossless::<Audience>(json);
    lossless::<GroupProfile>(json);
    lossless::<Json>(json);
    lossless::<Map<User>>(&format!("{{\"a\":{json}}}"));
    lossless::<Vec<App>>(&format!("[{json}]"));
}

/// Whatever happens, it is an answer and not a panic; what decodes is lossless.
fn anything(bytes: &[u8]) {
    fn one<T: Value>(bytes: &[u8]) {
        if let Ok((value, _)) = decode::<T>(bytes) {
            let again = encode(&value);
            let source = std::str::from_utf8(bytes)
                .unwrap()
                .trim_start_matches('\u{feff}');
            assert!(
                same_value(source, std::str::from_utf8(&again).unwrap()),
                "{source}"
            );
        }
    }
    one::<Json>(bytes);
    one::<User>(bytes);
    one::<Vec<App>>(bytes);
    one::<Map<Vec<i64>>>(bytes);
    let _ = recode::<Vec<User>>(bytes);
    let _ = decode_items::<User>(bytes, None);
    let _ = decode_items::<App>(bytes, Some("apps"));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let mut reader = Reader::from_text(text);
        while reader.key().is_ok() {}
    }
    // The same texts are JSON for serde_json; its numbers end where floats do.
    let ours = decode::<Json>(bytes).is_ok();
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(_) => assert!(ours, "{bytes:?}"),
        Err(error) if error.to_string().contains("out of range") => {}
        Err(error) if error.to_string().contains("recursion") => {}
        // Half a surrogate pair: no text of Rust's holds it, but as JSON it is well formed, and kept.
        Err(error)
            if ["surrogate", "end of hex escape"]
                .iter()
                .any(|half| error.to_string().contains(half)) =>
        {
            let formed = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
            assert_eq!(
                ours,
                formed && std::str::from_utf8(bytes).is_ok(),
                "{bytes:?}"
            );
        }
        Err(_) => assert!(!ours || bytes.starts_with(b"\xef\xbb\xbf"), "{bytes:?}"),
    }
}

const BODIES: [&str; 3] = [
    r#"{"id":"00u1","status":"ACTIVE","created":"2013-06-24T16:39:18.000Z","tags":["a","b\n\u00e9\ud83d\ude00"],"logins":-12,
        "score":1.5e3,"active":true,"profile":{"login":"isaac@example.com","costCenter":null},"_embedded":{"x":[{"y":{}}]},
        "credentials":{"password":{},"answer":"a"},"groups":[{"id":"1","children":[{"id":"2"}]},null],"matrix":[[1,2.5],[]]}"#,
    r#"[{"id":"0oa","label":"l","signOnMode":"SAML_2_0","settings":{"app":{"url":"https:\/\/x"}}},{"signOnMode":"OPENID_CONNECT","kind":"web"}]"#,
    r#"{"apps":[{"id":"1"},5,{"signOnMode":null}],"a":[1,2,3],"total":2}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_are_lossless(json in object(value())) {
        all(&json);
    }

    #[test]
    fn any_value_is_lossless(json in value()) {
        all(&json);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        anything(&bytes);
    }

    #[test]
    fn json_like_text_is_answered(text in r#"[\[\]{}:,"\\0-9eE+.\-ntrufalsd \n]{0,60}"#) {
        anything(text.as_bytes());
    }

    #[test]
    fn damaged_bodies_are_answered(body in 0..BODIES.len(), cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8u8), 0..4), truncate in any::<bool>()) {
        let mut bytes = BODIES[body].as_bytes().to_vec();
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, bit) in flips {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        }
        anything(&bytes);
    }

    #[test]
    fn diff_leads_to_the_other_value(before in object(value()), after in object(value())) {
        let before = Profile::from_json(&before).unwrap();
        let after = Profile::from_json(&after).unwrap();
        let diff = before.diff(&after);
        // Applying the diff gives `after`, but for nulls, which stand for what is gone.
        let mut applied = before.clone();
        applied.merge(&diff).unwrap();
        for (name, value) in after.members() {
            let got = applied.members().into_iter().find(|member| member.0 == name).map(|member| member.1);
            prop_assert!(got.is_some_and(|got| same_without_nulls(got.as_str(), value.as_str())), "{}", name);
        }
    }
}

/// Equal but for members that are null on one side and absent on the other.
fn same_without_nulls(left: &str, right: &str) -> bool {
    fn strip(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(members) => members
                .into_iter()
                .filter(|member| !member.1.is_null())
                .map(|(name, value)| (name, strip(value)))
                .collect(),
            other => other,
        }
    }
    let parse = |text: &str| strip(serde_json::from_str(text).unwrap());
    same_for_serde(&parse(left), &parse(right))
}

#[test]
fn truncated_at_every_byte() {
    for body in BODIES {
        for end in 0..body.len() {
            anything(&body.as_bytes()[..end]);
        }
    }
}

#[test]
fn many_equal_and_unequal_names_stay_fast() {
    let members: Vec<String> = (0..60_000)
        .map(|at| format!("\"k{}\":{at}", at % 50_000))
        .collect();
    let json = format!("{{{}}}", members.join(","));
    let started = std::time::Instant::now();
    lossless::<User>(&json);
    assert!(started.elapsed().as_secs() < 20);
}
