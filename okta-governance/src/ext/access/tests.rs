//! Values and the fields they go to.

use jiff::ToSpan;
use okta_core::model::Model;
use serde_json::{Value, json};

use super::*;
use crate::ext::Invalid;
use crate::models::{CatalogEntryRequestFields, RequestTypeFull};

const USER: &str = "00ub0oNGTSWTBKOLGLNR";
const ENTRY: &str = "cenp2rjyxK1Js2Fc41d5";
const COLOUR: &str = "11111111-1111-4111-8111-111111111111";
const WHY: &str = "22222222-2222-4222-8222-222222222222";

fn fields() -> Fields {
    let fields = CatalogEntryRequestFields::from_json(
        r#"{ "data": [
            { "id": "badgeColor", "type": "SELECT", "label": "Badge", "choices": ["RED", "BLUE"], "required": true },
            { "id": "sites", "type": "MULTISELECT", "choices": ["A", "B", "C"], "required": false },
            { "id": "startsOn", "type": "ISO_DATE", "required": false },
            { "id": "OKTA_ACCESS_DURATION", "type": "DURATION", "maximumValue": "P7D", "required": false },
            { "id": "mentor", "type": "OKTA_USER_ID", "required": false },
            { "id": "cost", "type": "TEXT", "value": "4711", "readOnly": true, "required": true },
            { "id": "future", "type": "HOLOGRAM", "required": false }
        ] }"#,
    );
    Fields::from(&fields.unwrap())
}

fn kind() -> Fields {
    let kind = RequestTypeFull::from_json(format!(
        r#"{{ "requestSettings": {{ "type": "EVERYONE", "requesterFields": [
            {{ "id": "{COLOUR}", "type": "SELECT", "prompt": "Colour", "options": [{{ "value": "RED" }}] }},
            {{ "id": "{WHY}", "type": "TEXT", "prompt": "Why", "required": false }}
        ] }} }}"#
    ));
    Fields::from(&kind.unwrap())
}

fn request() -> AccessRequest {
    AccessRequest::new(ENTRY, USER)
}

fn value(model: &impl Model) -> Value {
    serde_json::from_str(&model.to_json()).unwrap()
}

/// Places, expectations and findings.
fn problems(invalid: &Invalid) -> Vec<(&str, &str, &str)> {
    let problems = invalid.problems().iter();
    problems
        .map(|p| (p.at(), p.expected(), p.found()))
        .collect()
}

#[test]
fn every_type_in_its_form() {
    let request = request()
        .field("Badge", FieldValue::select("BLUE"))
        .field("sites", FieldValue::multi_select(["A", "C"]))
        .field("startsOn", FieldValue::date(jiff::civil::date(2027, 3, 1)))
        .for_days(7)
        .field("mentor", FieldValue::user_id(USER))
        .build_with(&fields())
        .unwrap();
    assert_eq!(
        value(&request),
        json!({
            "requested": { "type": "CATALOG_ENTRY", "entryId": ENTRY },
            "requestedFor": { "type": "OKTA_USER", "externalId": USER },
            "requesterFieldValues": [
                { "id": "badgeColor", "label": "Badge", "type": "SELECT", "value": "BLUE" },
                { "id": "sites", "type": "MULTISELECT", "values": ["A", "C"] },
                { "id": "startsOn", "type": "ISO_DATE", "value": "2027-03-01T00:00:00Z" },
                { "id": "OKTA_ACCESS_DURATION", "type": "DURATION", "value": "P7D" },
                { "id": "mentor", "type": "OKTA_USER_ID", "value": USER },
            ],
        })
    );
}

#[test]
fn dates_and_durations() {
    let text = |value: FieldValue| value.single().unwrap();
    let at: jiff::Timestamp = "2027-03-01T09:30:15.75+02:00".parse().unwrap();
    assert_eq!(text(FieldValue::date(at)), "2027-03-01T07:30:15Z");
    assert_eq!(text(FieldValue::duration(1.week())), "P1W");
    assert_eq!(text(FieldValue::hours(12)), "PT12H");
    for wrong in ["7 days", "", "P0D", "-P1D", "P1DT12H"] {
        let invalid = request()
            .field("d", FieldValue::duration_text(wrong))
            .build()
            .unwrap_err();
        assert_eq!(invalid.problems().len(), 1, "{wrong:?}");
    }
}

#[test]
fn what_is_missing_unknown_and_of_the_wrong_type() {
    let invalid = request()
        .field("startsOn", FieldValue::text("soon"))
        .field("sites", FieldValue::multi_select(["A", "D"]))
        .field("colour", FieldValue::select("BLUE"))
        .field("cost", FieldValue::text("1"))
        .for_days(8)
        .build_with(&fields())
        .unwrap_err();
    let names = "one of the fields badgeColor (\"Badge\"), sites, startsOn, OKTA_ACCESS_DURATION, mentor, \
                 cost, future";
    assert_eq!(
        problems(&invalid),
        [
            ("startsOn", "a value of type ISO_DATE", "TEXT \"soon\""),
            ("sites", "one of A, B, C", "\"D\""),
            ("colour", names, "no field of this name"),
            (
                "cost",
                "\"4711\" or nothing, as the field is read-only",
                "TEXT \"1\""
            ),
            ("OKTA_ACCESS_DURATION", "at most P7D", "P8D"),
            (
                "badgeColor",
                "a value of type SELECT, one of RED, BLUE",
                "nothing"
            ),
        ]
    );
}

#[test]
fn a_field_has_one_value() {
    let invalid = request()
        .field("badgeColor", FieldValue::select("RED"))
        .field("Badge", FieldValue::select("BLUE"))
        .build_with(&fields())
        .unwrap_err();
    assert_eq!(problems(&invalid), [("Badge", "one value", "a second one")]);
}

#[test]
fn types_of_the_future_are_not_judged() {
    let request = request()
        .field("badgeColor", FieldValue::select("RED"))
        .field("future", FieldValue::text("?"))
        .build_with(&fields());
    assert!(request.is_ok());
}

#[test]
fn ids_are_checked() {
    let invalid = AccessRequest::new("", "ana@example.com")
        .build()
        .unwrap_err();
    let places: Vec<_> = problems(&invalid).into_iter().map(|p| p.0).collect();
    assert_eq!(places, ["requested.entryId", "requestedFor.externalId"]);
}

#[test]
fn version_1_by_prompt() {
    let request = AccessRequestV1::new("05ab2db568c7c300079fefd0", "A badge")
        .requested_by(USER)
        .field("Colour", FieldValue::select("RED"))
        .field(WHY, FieldValue::text("Because"))
        .build_with(&kind())
        .unwrap();
    assert_eq!(
        value(&request),
        json!({
            "requestTypeId": "05ab2db568c7c300079fefd0", "subject": "A badge", "requesterUserIds": [USER],
            "requesterFieldValues": [
                { "id": COLOUR, "value": ["RED"] }, { "id": WHY, "value": "Because" },
            ],
        })
    );
}

#[test]
fn version_1_has_fewer_types() {
    let new = || AccessRequestV1::new("05ab2db568c7c300079fefd0", "A badge");
    let invalid = new()
        .field(COLOUR, FieldValue::days(1))
        .field("Why", FieldValue::text("x"))
        .build()
        .unwrap_err();
    assert_eq!(
        problems(&invalid),
        [
            (COLOUR, "TEXT, SELECT or DATE-TIME", "DURATION \"P1D\""),
            ("Why", "the field's id, a UUID", "\"Why\""),
        ]
    );
    let invalid = new().build_with(&kind()).unwrap_err();
    assert_eq!(
        problems(&invalid),
        [(COLOUR, "a value of type SELECT, one of RED", "nothing")]
    );
}

#[test]
fn requests_for_oneself() {
    let values = FieldValues::new().field("Badge", FieldValue::select("RED"));
    let body = values.clone().into_my_request(Some(&fields())).unwrap();
    assert_eq!(value(&body)["requesterFieldValues"][0]["id"], "badgeColor");
    assert!(values.check(&Fields::default()).is_err());
}
