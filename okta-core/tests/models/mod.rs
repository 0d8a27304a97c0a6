//! Models of the codec tests: every shape that the generator emits.
#![allow(missing_docs, dead_code, unreachable_pub)]

use okta_core::model::*;

#[derive(Clone, Default)]
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

#[derive(Clone, Default)]
pub struct Profile {
    pub login: Option<String>,
    pub email: Option<String>,
    pub second_email: Option<String>,
    pub extra: Extra,
}
okta_core::model! { open Profile: "UserProfile" { login: "login", email: "email", second_email: "secondEmail" } }

#[derive(Clone, Default)]
pub struct Credentials {
    pub password: Option<Password>,
    pub answer: Option<String>,
    pub extra: Extra,
}
okta_core::model! { Credentials: "Credentials" { password: "password" = SECRET | WRITE_ONLY, answer: "answer" = SECRET } }

#[derive(Clone, Default)]
pub struct Password {
    pub value: Option<String>,
    pub extra: Extra,
}
okta_core::model! { Password: "Password" { value: "value" = SECRET } }

#[derive(Clone, Default)]
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

#[derive(Clone, Default)]
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

#[derive(Clone, Default)]
pub struct SamlApp {
    pub base: AppBase,
    pub name: Option<String>,
    pub settings: Option<Map<Json>>,
}
okta_core::model! {
    SamlApp: "SamlApplication" extends AppBase tag "signOnMode" = "SAML_2_0" { name: "name", settings: "settings" }
}

#[derive(Clone, Default)]
pub struct AutoLoginApp {
    pub base: AppBase,
    pub url: Option<String>,
}
okta_core::model! { AutoLoginApp: "AutoLoginApplication" extends AppBase tag "signOnMode" = "AUTO_LOGIN" { url: "url" } }

/// A second level: OIDC applications are told apart once more by `kind`.
#[derive(Clone, Default)]
pub struct OidcBase {
    pub base: AppBase,
    pub kind: Option<String>,
}
okta_core::model! { OidcBase: "OidcApplication" extends AppBase tag "signOnMode" = "OPENID_CONNECT" { kind: "kind" } }

#[derive(Clone, Default)]
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

#[derive(Clone, Default)]
pub struct FieldBase {
    pub r#type: Option<String>,
    pub extra: Extra,
}
okta_core::model! { FieldBase: "FieldBase" { r#type: "type" } }

#[derive(Clone, Default)]
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

#[derive(Clone, Default)]
pub struct AdProfile {
    pub object_sid: Option<String>,
    pub extra: Extra,
}
okta_core::model! { AdProfile: "AdProfile" { object_sid: "objectSid" } }
