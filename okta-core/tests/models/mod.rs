//! Models of the codec tests: every shape that the generator emits.
#![allow(missing_docs, dead_code, unreachable_pub)]

use okta_core::model::*;

#[derive(Clone)]
pub struct User {
    pub id: Option<String>,
    pub status: Option<Status>,
    pub created: Option<Timestamp>,
    pub profile: Option<Profile>,
    pub credentials: Option<Credentials>,
    pub tags: Option<Vec<String>>,
    pub counts: Option<Vec<i64>>,
    pub logins: Option<i64>,
    pub score: Option<f64>,
    pub active: Option<bool>,
    pub labels: Option<Map<String>>,
    pub by_name: Option<Map<Group>>,
    pub groups: Option<Vec<Group>>,
    pub embedded: Option<Map<Json>>,
    pub anything: Option<Json>,
    pub manager: Option<Box<User>>,
    pub app: Option<App>,
    pub apps: Option<Vec<App>>,
    pub audience: Option<Audience>,
    pub group_profile: Option<GroupProfile>,
    pub matrix: Option<Vec<Vec<f64>>>,
    pub extra: Extra,
}
okta_core::model! {
    User: "User" {
        id: "id" = READ_ONLY | REQUIRED,
        status: "status" = READ_ONLY,
        created: "created" = READ_ONLY,
        profile: "profile",
        credentials: "credentials",
        tags: "tags",
        counts: "counts",
        logins: "logins",
        score: "score",
        active: "active",
        labels: "labels",
        by_name: "byName",
        groups: "groups",
        embedded: "_embedded",
        anything: "anything",
        manager: "manager",
        app: "app",
        apps: "apps",
        audience: "audience",
        group_profile: "groupProfile",
        matrix: "matrix",
    }
}

impl User {
    pub fn try_id(&self) -> Result<&String, MissingMember> {
        required(&self.id, "User", "id")
    }
}

#[derive(Clone)]
pub struct Profile {
    pub login: Option<String>,
    pub email: Option<String>,
    pub second_email: Option<String>,
    pub extra: Extra,
}
okta_core::model! { open Profile: "UserProfile" { login: "login", email: "email", second_email: "secondEmail" } }

#[derive(Clone)]
pub struct Credentials {
    pub password: Option<Password>,
    pub answer: Option<String>,
    pub extra: Extra,
}
okta_core::model! { Credentials: "Credentials" { password: "password" = SECRET | WRITE_ONLY, answer: "answer" = SECRET } }

#[derive(Clone)]
pub struct Password {
    pub value: Option<String>,
    pub extra: Extra,
}
okta_core::model! { Password: "Password" { value: "value" = SECRET } }

#[derive(Clone)]
pub struct Group {
    pub id: Option<String>,
    pub parent: Option<Box<Group>>,
    pub children: Option<Vec<Group>>,
    pub extra: Extra,
}
okta_core::model! { Group: "Group" { id: "id", parent: "parent", children: "children" } }

okta_core::open_enum! {
    /// Schema `UserStatus`.
    pub enum Status: "UserStatus" { Active = "ACTIVE", Deprovisioned = "DEPROVISIONED" }
}

#[derive(Clone)]
pub struct AppBase {
    pub id: Option<String>,
    pub label: Option<String>,
    pub mode: Option<Mode>,
    pub name: Option<Json>,
    pub extra: Extra,
}
okta_core::model! { AppBase: "Application" { id: "id", label: "label", mode: "signOnMode", name: "name" } }

okta_core::open_enum! {
    pub enum Mode: "ApplicationSignOnMode" { AutoLogin = "AUTO_LOGIN", Saml2 = "SAML_2_0", Saml1 = "SAML_1_1", Oidc = "OPENID_CONNECT" }
}

#[derive(Clone)]
pub struct SamlApp {
    pub base: AppBase,
    pub name: Option<String>,
    pub settings: Option<Map<Json>>,
}
okta_core::model! {
    SamlApp: "SamlApplication" extends AppBase tag "signOnMode" = "SAML_2_0" { name: "name", settings: "settings" }
}

#[derive(Clone)]
pub struct AutoLoginApp {
    pub base: AppBase,
    pub url: Option<String>,
}
okta_core::model! { AutoLoginApp: "AutoLoginApplication" extends AppBase tag "signOnMode" = "AUTO_LOGIN" { url: "url" } }

/// A second level: OIDC applications are told apart once more by `kind`.
#[derive(Clone)]
pub struct OidcBase {
    pub base: AppBase,
    pub kind: Option<String>,
}
okta_core::model! { OidcBase: "OidcApplication" extends AppBase tag "signOnMode" = "OPENID_CONNECT" { kind: "kind" } }

#[derive(Clone)]
pub struct OidcWeb {
    pub base: OidcBase,
    pub redirect: Option<Vec<String>>,
}
okta_core::model! { OidcWeb: "OidcWeb" extends OidcBase tag "kind" = "web" { redirect: "redirect" } }

okta_core::union! {
    /// Schema `OidcApplication`, by `kind`.
    pub enum Oidc: "OidcApplication" by "kind" base OidcBase { "web" => Web(OidcWeb) }
}

okta_core::union! {
    /// Schema `Application`, by `signOnMode`.
    pub enum App: "Application" by "signOnMode" base AppBase {
        "AUTO_LOGIN" => AutoLogin(AutoLoginApp),
        "SAML_2_0" | "SAML_1_1" => Saml(SamlApp),
        "OPENID_CONNECT" => Oidc(Oidc),
    }
}

#[derive(Clone)]
pub struct FieldBase {
    pub r#type: Option<String>,
    pub extra: Extra,
}
okta_core::model! { FieldBase: "FieldBase" { r#type: "type" } }

#[derive(Clone)]
pub struct FieldText {
    pub value: Option<String>,
    pub extra: Extra,
}
okta_core::model! { FieldText: "FieldText" tag "type" = "TEXT" { value: "value" } }

okta_core::union! {
    pub enum Field: "Field" by "type" detached FieldBase { "TEXT" => Text(FieldText) }
}

okta_core::choice! {
    pub enum Audience: "Audience" { string => One(String), array => Many(Vec<String>), integer => Number(i64) }
}

okta_core::choice! {
    pub enum GroupProfile: "GroupProfile" {
        has "objectSid" | "samAccountName" => ActiveDirectory(AdProfile),
        object => Okta(Profile),
    }
}

#[derive(Clone)]
pub struct AdProfile {
    pub object_sid: Option<String>,
    pub extra: Extra,
}
okta_core::model! { AdProfile: "AdProfile" { object_sid: "objectSid" } }

/// More members than an `Extra` has bits for nulls.
#[derive(Clone)]
pub struct Wide {
    pub m0: Option<i64>,
    pub m1: Option<i64>,
    pub m2: Option<i64>,
    pub m3: Option<i64>,
    pub m4: Option<i64>,
    pub m5: Option<i64>,
    pub m6: Option<i64>,
    pub m7: Option<i64>,
    pub m8: Option<i64>,
    pub m9: Option<i64>,
    pub m10: Option<i64>,
    pub m11: Option<i64>,
    pub m12: Option<i64>,
    pub m13: Option<i64>,
    pub m14: Option<i64>,
    pub m15: Option<i64>,
    pub m16: Option<i64>,
    pub m17: Option<i64>,
    pub m18: Option<i64>,
    pub m19: Option<i64>,
    pub m20: Option<i64>,
    pub m21: Option<i64>,
    pub m22: Option<i64>,
    pub m23: Option<i64>,
    pub m24: Option<i64>,
    pub m25: Option<i64>,
    pub m26: Option<i64>,
    pub m27: Option<i64>,
    pub m28: Option<i64>,
    pub m29: Option<i64>,
    pub m30: Option<i64>,
    pub m31: Option<i64>,
    pub m32: Option<i64>,
    pub m33: Option<i64>,
    pub m34: Option<i64>,
    pub m35: Option<i64>,
    pub m36: Option<i64>,
    pub m37: Option<i64>,
    pub m38: Option<i64>,
    pub m39: Option<i64>,
    pub m40: Option<i64>,
    pub m41: Option<i64>,
    pub m42: Option<i64>,
    pub m43: Option<i64>,
    pub m44: Option<i64>,
    pub m45: Option<i64>,
    pub m46: Option<i64>,
    pub m47: Option<i64>,
    pub m48: Option<i64>,
    pub m49: Option<i64>,
    pub m50: Option<i64>,
    pub m51: Option<i64>,
    pub m52: Option<i64>,
    pub m53: Option<i64>,
    pub m54: Option<i64>,
    pub m55: Option<i64>,
    pub m56: Option<i64>,
    pub m57: Option<i64>,
    pub m58: Option<i64>,
    pub m59: Option<i64>,
    pub m60: Option<i64>,
    pub m61: Option<i64>,
    pub m62: Option<i64>,
    pub m63: Option<i64>,
    pub m64: Option<i64>,
    pub m65: Option<i64>,
    pub m66: Option<i64>,
    pub m67: Option<i64>,
    pub m68: Option<i64>,
    pub m69: Option<i64>,
    pub extra: Extra,
}
okta_core::model! {
    Wide: "Wide" {
        m0: "m0",
        m1: "m1",
        m2: "m2",
        m3: "m3",
        m4: "m4",
        m5: "m5",
        m6: "m6",
        m7: "m7",
        m8: "m8",
        m9: "m9",
        m10: "m10",
        m11: "m11",
        m12: "m12",
        m13: "m13",
        m14: "m14",
        m15: "m15",
        m16: "m16",
        m17: "m17",
        m18: "m18",
        m19: "m19",
        m20: "m20",
        m21: "m21",
        m22: "m22",
        m23: "m23",
        m24: "m24",
        m25: "m25",
        m26: "m26",
        m27: "m27",
        m28: "m28",
        m29: "m29",
        m30: "m30",
        m31: "m31",
        m32: "m32",
        m33: "m33",
        m34: "m34",
        m35: "m35",
        m36: "m36",
        m37: "m37",
        m38: "m38",
        m39: "m39",
        m40: "m40",
        m41: "m41",
        m42: "m42",
        m43: "m43",
        m44: "m44",
        m45: "m45",
        m46: "m46",
        m47: "m47",
        m48: "m48",
        m49: "m49",
        m50: "m50",
        m51: "m51",
        m52: "m52",
        m53: "m53",
        m54: "m54",
        m55: "m55",
        m56: "m56",
        m57: "m57",
        m58: "m58",
        m59: "m59",
        m60: "m60",
        m61: "m61",
        m62: "m62",
        m63: "m63",
        m64: "m64",
        m65: "m65",
        m66: "m66",
        m67: "m67",
        m68: "m68",
        m69: "m69",
    }
}
