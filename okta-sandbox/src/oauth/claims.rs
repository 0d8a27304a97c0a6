//! What tokens and the userinfo endpoint tell about a user.

use serde_json::{Map, Value, json};

use super::policy::is_member;
use crate::clock;
use crate::json::text;
use crate::org::Org;

fn put(claims: &mut Map<String, Value>, name: &str, value: &Value) {
    if !value.is_null() && value != "" {
        claims.insert(name.to_owned(), value.clone());
    }
}

fn full_name(user: &Value) -> String {
    let parts = [
        text(user, "/profile/firstName"),
        text(user, "/profile/lastName"),
    ];
    parts.join(" ").trim().to_owned()
}

fn has(scopes: &[String], name: &str) -> bool {
    scopes.iter().any(|s| s == name)
}

/// The names of a user's groups.
pub(crate) fn group_names<'o>(org: &'o Org, user_id: &str) -> Vec<&'o str> {
    let of = |id: &str| org.groups.get(id).map(|g| text(g, "/profile/name"));
    let mut ids: Vec<&str> = org.members.holders(user_id).map(|(_, g)| g).collect();
    if !ids.contains(&org.everyone.as_str()) && is_member(org, &org.everyone, user_id) {
        ids.insert(0, &org.everyone);
    }
    ids.into_iter().filter_map(of).collect()
}

/// The few claims that an ID token carries beside an access token.
pub(crate) fn of_id_token(org: &Org, user: &Value, scopes: &[String]) -> Map<String, Value> {
    let mut claims = Map::new();
    if has(scopes, "profile") {
        put(&mut claims, "name", &json!(full_name(user)));
        put(&mut claims, "preferred_username", &user["profile"]["login"]);
    }
    if has(scopes, "email") {
        put(&mut claims, "email", &user["profile"]["email"]);
    }
    if has(scopes, "groups") {
        let names = group_names(org, text(user, "/id"));
        claims.insert("groups".to_owned(), json!(names));
    }
    claims
}

/// Everything that the scopes open, for the userinfo endpoint.
pub(crate) fn of_userinfo(org: &Org, user: &Value, scopes: &[String]) -> Map<String, Value> {
    let mut claims = of_id_token(org, user, scopes);
    let profile = &user["profile"];
    if has(scopes, "profile") {
        for (claim, attribute) in [
            ("nickname", "nickName"),
            ("given_name", "firstName"),
            ("middle_name", "middleName"),
            ("family_name", "lastName"),
            ("profile", "profileUrl"),
            ("zoneinfo", "timezone"),
            ("locale", "locale"),
        ] {
            put(&mut claims, claim, &profile[attribute]);
        }
        claims
            .entry("zoneinfo")
            .or_insert(json!("America/Los_Angeles"));
        claims.entry("locale").or_insert(json!("en_US"));
        let updated = clock::parse(text(user, "/lastUpdated"));
        put(
            &mut claims,
            "updated_at",
            &json!(updated.map(jiff::Timestamp::as_second)),
        );
    }
    if has(scopes, "email") {
        claims.insert("email_verified".to_owned(), json!(true));
    }
    if has(scopes, "phone") {
        put(&mut claims, "phone_number", &profile["primaryPhone"]);
    }
    if has(scopes, "address") {
        let mut address = Map::new();
        for (claim, attribute) in [
            ("street_address", "streetAddress"),
            ("locality", "city"),
            ("region", "state"),
            ("postal_code", "zipCode"),
            ("country", "countryCode"),
        ] {
            put(&mut address, claim, &profile[attribute]);
        }
        if !address.is_empty() {
            claims.insert("address".to_owned(), Value::Object(address));
        }
    }
    claims
}
