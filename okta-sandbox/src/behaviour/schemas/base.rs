//! The base attributes of new schemas.

use serde_json::{Map, Value, json};

use crate::json::text;

/// A user's base attributes: name, title, format, what the user may do, required, length.
type Attribute = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    bool,
    Option<(u32, u32)>,
);

const USER_BASE: [Attribute; 31] = [
    (
        "login",
        "Username",
        None,
        "READ_WRITE",
        true,
        Some((5, 100)),
    ),
    (
        "firstName",
        "First name",
        None,
        "READ_WRITE",
        true,
        Some((1, 50)),
    ),
    (
        "lastName",
        "Last name",
        None,
        "READ_WRITE",
        false,
        Some((1, 50)),
    ),
    ("middleName", "Middle name", None, "READ_ONLY", false, None),
    (
        "honorificPrefix",
        "Honorific prefix",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    (
        "honorificSuffix",
        "Honorific suffix",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    (
        "email",
        "Primary email",
        Some("email"),
        "READ_WRITE",
        true,
        None,
    ),
    ("title", "Title", None, "READ_ONLY", false, None),
    (
        "displayName",
        "Display name",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("nickName", "Nickname", None, "READ_ONLY", false, None),
    (
        "profileUrl",
        "Profile Url",
        Some("uri"),
        "READ_ONLY",
        false,
        None,
    ),
    (
        "secondEmail",
        "Secondary email",
        Some("email"),
        "READ_WRITE",
        false,
        None,
    ),
    (
        "mobilePhone",
        "Mobile phone",
        None,
        "READ_WRITE",
        false,
        Some((0, 100)),
    ),
    (
        "primaryPhone",
        "Primary phone",
        None,
        "HIDE",
        false,
        Some((0, 100)),
    ),
    ("streetAddress", "Street address", None, "HIDE", false, None),
    ("city", "City", None, "HIDE", false, None),
    ("state", "State", None, "HIDE", false, None),
    ("zipCode", "Zip code", None, "HIDE", false, None),
    (
        "countryCode",
        "Country code",
        Some("country-code"),
        "HIDE",
        false,
        None,
    ),
    ("postalAddress", "Postal Address", None, "HIDE", false, None),
    (
        "preferredLanguage",
        "Preferred language",
        Some("language-code"),
        "READ_ONLY",
        false,
        None,
    ),
    ("locale", "Locale", Some("locale"), "READ_ONLY", false, None),
    (
        "timezone",
        "Time zone",
        Some("timezone"),
        "READ_ONLY",
        false,
        None,
    ),
    ("userType", "User type", None, "READ_ONLY", false, None),
    (
        "employeeNumber",
        "Employee number",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("costCenter", "Cost center", None, "READ_ONLY", false, None),
    (
        "organization",
        "Organization",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("division", "Division", None, "READ_ONLY", false, None),
    ("department", "Department", None, "READ_ONLY", false, None),
    ("managerId", "ManagerId", None, "READ_ONLY", false, None),
    ("manager", "Manager", None, "READ_ONLY", false, None),
];

/// An OIDC app user's base attributes: name, title, external name, what the service says of it.
const OIDC_BASE: [(&str, &str, Option<&str>, &str); 21] = [
    ("userName", "Username", Some("preferred_username"), ""),
    (
        "name",
        "Name",
        None,
        "End-User's full name in displayable form.",
    ),
    (
        "nickname",
        "Nickname",
        None,
        "Casual name of the End-User (may or may not be the same as the given_name)",
    ),
    (
        "given_name",
        "Given Name",
        None,
        "Given name or first name of the End-User.",
    ),
    (
        "middle_name",
        "Middle Name",
        None,
        "Middle name of the End-User.",
    ),
    (
        "family_name",
        "Family Name",
        None,
        "Surname or last name of the End-User.",
    ),
    (
        "email",
        "Email",
        None,
        "End-User's preferred e-mail address.",
    ),
    (
        "profile",
        "Profile URL",
        None,
        "URL of the End-User's profile page.",
    ),
    (
        "picture",
        "Picture URL",
        None,
        "URL of the End-User's profile picture.",
    ),
    (
        "website",
        "Website",
        None,
        "URL of the End-User's Web page or blog.",
    ),
    ("gender", "Gender", None, "End-User's gender."),
    (
        "birthdate",
        "Birthdate",
        None,
        "End-User's birthday, represented as an ISO 8601:2004 YYYY-MM-DD format.",
    ),
    (
        "zoneinfo",
        "Time Zone",
        None,
        "String representing the End-User's time zone.",
    ),
    (
        "locale",
        "Locale Name",
        None,
        "ISO3166‑1 country code in uppercase, separated by a dash (e.g. 'en-US')",
    ),
    (
        "phone_number",
        "Phone Number",
        None,
        "End-User's preferred telephone number in E.164 format.",
    ),
    (
        "street_address",
        "Street Address",
        Some("address.street_address"),
        "Full street address component.",
    ),
    (
        "locality",
        "Locality",
        Some("address.locality"),
        "City or locality component.",
    ),
    (
        "region",
        "Region",
        Some("address.region"),
        "State, province, prefecture, or region component.",
    ),
    (
        "postal_code",
        "Postal Code",
        Some("address.postal_code"),
        "Zip code or postal code component.",
    ),
    (
        "country",
        "Country",
        Some("address.country"),
        "Country name component.",
    ),
    (
        "formatted",
        "Formatted",
        Some("address.formatted"),
        "Full mailing address, formatted for display.",
    ),
];

fn skeleton(
    name: &str,
    title: &str,
    base: Map<String, Value>,
    required: &[&str],
    now: &str,
) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": name, "title": title, "lastUpdated": now, "created": now,
        "definitions": {
            "custom": { "id": "#custom", "type": "object", "properties": {} },
            "base": { "id": "#base", "type": "object", "properties": base, "required": required },
        },
        "type": "object",
        "properties": { "profile": { "allOf": [
            { "$ref": "#/definitions/custom" }, { "$ref": "#/definitions/base" },
        ] } },
    })
}

/// The schema of a user type.
pub(crate) fn user_schema(title: &str, now: &str) -> Value {
    let mut base = Map::new();
    for (name, title, format, action, required, length) in USER_BASE {
        let mut attribute = json!({
            "title": title, "type": "string", "mutability": "READ_WRITE", "scope": "NONE",
            "permissions": [{ "principal": "SELF", "action": action }], "master": { "type": "PROFILE_MASTER" },
        });
        if required {
            attribute["required"] = json!(true);
        }
        if let Some(format) = format {
            attribute["format"] = json!(format);
        }
        if let Some((min, max)) = length {
            if min > 0 {
                attribute["minLength"] = json!(min);
            }
            attribute["maxLength"] = json!(max);
        }
        base.insert(name.to_owned(), attribute);
    }
    skeleton("user", title, base, &["login", "firstName", "email"], now)
}

/// The schema of groups.
pub(crate) fn group_schema(now: &str) -> Value {
    let attribute = |title: &str, max: u32| {
        json!({
            "title": title, "description": title, "type": "string", "mutability": "READ_WRITE",
            "scope": "NONE", "maxLength": max,
            "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }],
            "master": { "type": "PROFILE_MASTER" },
        })
    };
    let mut name = attribute("Name", 255);
    name["required"] = json!(true);
    let mut base = Map::new();
    base.insert("name".into(), name);
    base.insert("description".into(), attribute("Description", 1024));
    let mut schema = skeleton("group", "Okta group", base, &["name"], now);
    schema["description"] = json!("Okta group profile template");
    schema
}

/// The schema of an app's users.
pub(crate) fn app_schema(app: &Value, suffix: &str, now: &str) -> Value {
    let mut base = Map::new();
    let oidc = text(app, "/signOnMode") == "OPENID_CONNECT";
    let attributes: &[(&str, &str, Option<&str>, &str)] =
        if oidc { &OIDC_BASE } else { &OIDC_BASE[..1] };
    for (name, title, external, description) in attributes {
        let mut attribute = json!({ "title": title, "type": "string", "scope": if oidc { "SELF" } else { "NONE" } });
        if *name == "userName" {
            attribute["required"] = json!(true);
        } else {
            attribute["description"] = json!(description);
        }
        if let Some(external) = external.filter(|_| oidc) {
            attribute["externalName"] = json!(external);
        }
        if *name == "userName" && !oidc {
            attribute["maxLength"] = json!(100);
        }
        base.insert((*name).to_owned(), attribute);
    }
    let name = if oidc {
        format!("{}_{suffix}", text(app, "/name"))
    } else {
        text(app, "/name").to_owned()
    };
    skeleton(
        &name,
        &format!("{} User", text(app, "/label")),
        base,
        &["userName"],
        now,
    )
}
