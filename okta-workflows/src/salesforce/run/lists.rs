//! Lists of the org: names and ids.

use super::Cx;
use crate::card::types::{Object, Value};
use crate::generated::salesforce::actions::*;
use crate::run::Outputs;

/// Two parallel lists.
async fn names(cx: &Cx<'_>, soql: &str, name: &str) -> Outputs {
    let records = cx.service.query(soql).await?;
    let column = |field: &str| -> Vec<Value> {
        records.iter().map(|record| record[field].clone()).collect()
    };
    let mut outputs = Object::new();
    cx.put(&mut outputs, "name", Value::from(column(name)));
    cx.put(&mut outputs, "id", Value::from(column("Id")));
    Ok(outputs)
}

pub(crate) async fn get_all_permission_sets(cx: &Cx<'_>, _card: GetAllPermissionSets) -> Outputs {
    names(cx, "SELECT Id, Name FROM PermissionSet", "Name").await
}

pub(crate) async fn get_all_permission_set_licenses(
    cx: &Cx<'_>,
    _card: GetAllPermissionSetLicenses,
) -> Outputs {
    names(
        cx,
        "SELECT Id, MasterLabel FROM PermissionSetLicense",
        "MasterLabel",
    )
    .await
}

pub(crate) async fn get_all_profiles(cx: &Cx<'_>, _card: GetAllProfiles) -> Outputs {
    names(cx, "SELECT Id, Name FROM Profile", "Name").await
}

pub(crate) async fn get_all_roles(cx: &Cx<'_>, _card: GetAllRoles) -> Outputs {
    names(cx, "SELECT Id, Name FROM UserRole", "Name").await
}

pub(crate) async fn get_all_public_groups(cx: &Cx<'_>, _card: GetAllPublicGroups) -> Outputs {
    names(
        cx,
        "SELECT Id, Name FROM Group WHERE Type = 'Regular'",
        "Name",
    )
    .await
}

/// Feature licences have no object: they are the boolean fields `UserPermissions…` of User.
pub(crate) async fn get_all_feature_licenses(cx: &Cx<'_>, _card: GetAllFeatureLicenses) -> Outputs {
    let fields = cx.service.fields("User").await?;
    let licences = || {
        fields
            .iter()
            .filter(|field| field.name.starts_with("UserPermissions"))
    };
    let mut outputs = Object::new();
    let names: Vec<&str> = licences().map(|field| field.label.as_str()).collect();
    let ids: Vec<&str> = licences().map(|field| field.name.as_str()).collect();
    cx.put(&mut outputs, "name", Value::from(names));
    cx.put(&mut outputs, "id", Value::from(ids));
    Ok(outputs)
}

/// Active values of the custom multi-select picklists of User, by field label; of one field, if a label is given.
pub(crate) async fn get_multiselect_values_custom_fields(
    cx: &Cx<'_>,
    card: GetMultiselectValuesCustomFields,
) -> Outputs {
    let fields = cx.service.fields("User").await?;
    let wanted = card
        .input
        .custom_field
        .label
        .filter(|label| !label.is_empty());
    let mut values = Object::new();
    for field in fields.iter().filter(|field| {
        field.custom
            && field.kind == "multipicklist"
            && wanted.as_ref().is_none_or(|label| *label == field.label)
    }) {
        let active: Vec<Value> = field
            .picklist_values
            .iter()
            .filter(|value| value.get("active") != Some(&false.into()))
            .filter_map(|value| value.get("value").cloned())
            .collect();
        values.insert(field.label.clone(), active.into());
    }
    if values.is_empty() && wanted.is_some() {
        return Err(cx.invalid(
            "custom_field.label",
            "User has no custom multi-select picklist of that label",
        ));
    }
    let mut outputs = Object::new();
    cx.put(&mut outputs, "multiselect_values", values);
    Ok(outputs)
}
