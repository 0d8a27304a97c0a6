//! Users and what they may do.

use http::StatusCode;
use serde_json::json;

use super::Cx;
use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::generated::salesforce::actions::*;
use crate::okta::run::{members, text};
use crate::run::Outputs;
use crate::salesforce::soql;

/// The id of the one record of that name.
async fn by_name(cx: &Cx<'_>, object: &str, name: &str, field: &str) -> Result<String, CardError> {
    let soql = format!("SELECT Id FROM {object} WHERE Name = {}", soql::text(name));
    let records = cx.service.query(&soql).await?;
    match records.as_slice() {
        [one] => one["Id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| cx.odd("a record without Id")),
        [] => Err(cx.invalid(field, format!("the org has no {object} of that name"))),
        several => Err(cx.invalid(
            field,
            format!("{} records of {object} have that name", several.len()),
        )),
    }
}

/// The first eight characters of the user name.
fn alias(username: &str) -> String {
    let name = username.split('@').next().unwrap_or_default();
    name.chars().take(8).collect()
}

pub(crate) async fn create_user(cx: &Cx<'_>, card: CreateUser) -> Outputs {
    let (options, user) = (card.options, card.input.user);
    let profile = match options.profile {
        create_user::ProfileChoice::ProfileId => cx.required("user.profile_id", user.profile_id)?,
        create_user::ProfileChoice::ProfileName => {
            let name = cx.required("user.profile_name", user.profile_name)?;
            by_name(cx, "Profile", &name, "user.profile_name").await?
        }
    };
    let role = match options.role {
        create_user::RoleChoice::RoleId => user.role_id,
        create_user::RoleChoice::RoleName => match user.role_name.filter(|name| !name.is_empty()) {
            Some(name) => Some(by_name(cx, "UserRole", &name, "user.role_name").await?),
            None => None,
        },
    };
    let alias = alias(&user.username);
    let mut fields = members([
        ("Alias", text(Some(alias))),
        ("FirstName", text(Some(user.first_name))),
        ("LastName", text(Some(user.last_name))),
        ("Username", text(Some(user.username))),
        ("Email", text(Some(user.email))),
        ("ProfileId", text(Some(profile))),
        ("UserRoleId", text(role.filter(|id| !id.is_empty()))),
        (
            "EmailEncodingKey",
            text(Some(
                user.email_encoding.unwrap_or_else(|| "UTF-8".to_owned()),
            )),
        ),
        (
            "LocaleSidKey",
            text(Some(user.locale.unwrap_or_else(|| "en_US".to_owned()))),
        ),
        ("LanguageLocaleKey", text(Some(user.language))),
        ("TimeZoneSidKey", text(Some(user.time_zone))),
        ("Department", text(user.department)),
    ]);
    fields.extend(user.further_user_fields);
    let id = cx.service.create("User", &fields).await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "user_id", id);
    Ok(outputs)
}

pub(crate) async fn update_user(cx: &Cx<'_>, card: UpdateUser) -> Outputs {
    let user = card.input.user;
    let profile = match user.profile_name.filter(|name| !name.is_empty()) {
        Some(name) => Some(by_name(cx, "Profile", &name, "user.profile_name").await?),
        None => None,
    };
    let role = match user.role_name.filter(|name| !name.is_empty()) {
        Some(name) => Some(by_name(cx, "UserRole", &name, "user.role_name").await?),
        None => None,
    };
    let mut fields = members([
        ("FirstName", text(Some(user.first_name))),
        ("LastName", text(user.last_name)),
        ("Username", text(user.username)),
        ("Email", text(user.email)),
        ("ProfileId", text(profile)),
        ("UserRoleId", text(role)),
        ("Alias", text(user.alias)),
        ("CommunityNickname", text(user.nickname)),
        ("Title", text(user.title)),
        ("EmailEncodingKey", text(user.email_encoding)),
        ("LocaleSidKey", text(user.locale)),
        ("LanguageLocaleKey", text(user.language)),
        ("MobilePhone", text(user.mobile_phone)),
        ("Phone", text(user.phone)),
        ("Street", text(user.street)),
        ("City", text(user.city)),
        ("State", text(user.state_province)),
        ("Country", text(user.country)),
        ("PostalCode", text(user.zip_postal_code)),
        ("EmployeeNumber", text(user.employee_number)),
        ("CompanyName", text(user.company_name)),
        ("Division", text(user.division)),
    ]);
    fields.extend(user.further_user_fields);
    let status = cx
        .service
        .update("User", &user.user_id, &fields.into())
        .await?;
    Ok(cx.status(status))
}

/// The first user of that name; no user leaves every output empty.
pub(crate) async fn search_users(cx: &Cx<'_>, card: SearchUsers) -> Outputs {
    let field = card.options.search_by.as_str();
    let value = soql::text(&card.input.query.value);
    let names: Vec<String> = cx
        .service
        .fields("User")
        .await?
        .iter()
        .filter(|field| !matches!(field.kind.as_str(), "address" | "location" | "base64"))
        .map(|field| field.name.clone())
        .collect();
    let soql = format!(
        "SELECT {} FROM User WHERE {field} = {value} LIMIT 1",
        names.join(", ")
    );
    let Some(Value::Object(mut user)) = cx.service.query(&soql).await?.into_iter().next() else {
        return Ok(Object::new());
    };
    let mut outputs = Object::new();
    let id = user
        .get("Id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let soql = format!(
        "SELECT IsFrozen FROM UserLogin WHERE UserId = {}",
        soql::text(&id)
    );
    let login = cx.service.query(&soql).await?;
    user.remove("attributes");
    for (output, field) in [
        ("user_id", "Id"),
        ("first_name", "FirstName"),
        ("last_name", "LastName"),
        ("username", "Username"),
        ("email", "Email"),
        ("is_active", "IsActive"),
    ] {
        if let Some(value) = user.remove(field).filter(|value| !value.is_null()) {
            cx.put(&mut outputs, output, value);
        }
    }
    let frozen = login.first().is_some_and(|login| login["IsFrozen"] == true);
    cx.put(&mut outputs, "is_frozen", frozen);
    user.retain(|_, value| !value.is_null());
    cx.put(&mut outputs, "further_user_fields", user);
    Ok(outputs)
}

async fn set_active(cx: &Cx<'_>, id: &str, active: bool) -> Result<StatusCode, CardError> {
    cx.service
        .update("User", id, &json!({"IsActive": active}))
        .await
}

pub(crate) async fn activate_user(cx: &Cx<'_>, card: ActivateUser) -> Outputs {
    set_active(cx, &card.input.user.user_id, true).await?;
    Ok(Object::new())
}

pub(crate) async fn deactivate_user(cx: &Cx<'_>, card: DeactivateUser) -> Outputs {
    Ok(cx.status(set_active(cx, &card.input.user.user_id, false).await?))
}

/// Freezing is a field of the user's login record.
async fn set_frozen(cx: &Cx<'_>, user: &str, frozen: bool) -> Outputs {
    let soql = format!(
        "SELECT Id FROM UserLogin WHERE UserId = {}",
        soql::text(user)
    );
    let logins = cx.service.query(&soql).await?;
    let login = logins
        .first()
        .and_then(|login| login["Id"].as_str())
        .ok_or_else(|| cx.invalid("user.user_id", "the org has no such user"))?;
    let status = cx
        .service
        .update("UserLogin", login, &json!({"IsFrozen": frozen}))
        .await?;
    Ok(cx.status(status))
}

pub(crate) async fn freeze_user(cx: &Cx<'_>, card: FreezeUser) -> Outputs {
    set_frozen(cx, &card.input.user.user_id, true).await
}

pub(crate) async fn unfreeze_user(cx: &Cx<'_>, card: UnfreezeUser) -> Outputs {
    set_frozen(cx, &card.input.user.user_id, false).await
}

pub(crate) async fn remove_user_entitlements(cx: &Cx<'_>, card: RemoveUserEntitlements) -> Outputs {
    use remove_user_entitlements::RemoveChoice as Choice;
    let (assignment, remove) = (card.input.assignment, card.input.remove);
    let (object, id) = match card.options.remove {
        Choice::PermissionSetAssignment => (
            "PermissionSetAssignment",
            cx.required(
                "assignment.permission_set_assignment",
                assignment.permission_set_assignment,
            )?,
        ),
        Choice::PermissionSetGroupAssignment => (
            "PermissionSetAssignment",
            cx.required(
                "assignment.permission_set_group_assignment_id",
                assignment.permission_set_group_assignment_id,
            )?,
        ),
        Choice::PermissionSetLicenseAssignment => (
            "PermissionSetLicenseAssign",
            cx.required(
                "assignment.permission_set_license_assignment_id",
                assignment.permission_set_license_assignment_id,
            )?,
        ),
        Choice::FeatureLicenses => {
            let user = cx.required("remove.user_id", remove.user_id)?;
            return remove_features(cx, &user, remove.feature_licenses).await;
        }
    };
    let call = cx.service.call("DELETE", "/sobjects/{object}/{id}").await?;
    let raw = cx
        .service
        .send(call.path("object", object).path("id", id))
        .await?;
    Ok(cx.status(raw.status()))
}

/// Feature licences are boolean fields of the user: named by field or by label.
async fn remove_features(cx: &Cx<'_>, user: &str, features: Vec<String>) -> Outputs {
    let fields = cx.service.fields("User").await?;
    let mut change = Object::new();
    for (index, feature) in features.iter().enumerate() {
        let field = fields
            .iter()
            .filter(|field| field.name.starts_with("UserPermissions"))
            .find(|field| field.name == *feature || field.label == *feature)
            .ok_or_else(|| {
                cx.invalid(
                    &format!("remove.feature_licenses[{index}]"),
                    "the org has no such feature licence",
                )
            })?;
        change.insert(field.name.clone(), false.into());
    }
    if change.is_empty() {
        return Err(cx.missing("remove.feature_licenses"));
    }
    Ok(cx.status(cx.service.update("User", user, &change.into()).await?))
}
