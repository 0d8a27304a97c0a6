//! Identity sources: import sessions and their users.

use okta_core::operation::{Operation, Paged as _};
use okta_management::Management as _;
use serde_json::json;

use super::{Cx, model};
use crate::card::types::{Cell as _, Object, Value};
use crate::generated::okta::actions::*;
use crate::project::Aliases;
use crate::run::Outputs;

/// Shows a session. Its app is the one that was asked for, also where the answer does not repeat it.
async fn session(cx: &Cx<'_>, app: String, operation: impl Operation) -> Outputs {
    const SESSION: Aliases<'_> = &[("application_id", "/identitySourceId")];
    let mut body = cx.body_of(operation).await?;
    if body.is_object() && body["identitySourceId"].is_null() {
        body["identitySourceId"] = app.into();
    }
    Ok(cx.project(&body, SESSION))
}

/// Most users that one upload takes.
const BATCH: usize = 200;

pub(crate) async fn create_import_session(cx: &Cx<'_>, card: CreateImportSession) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let operation = cx.service.identity_sources().sessions(app.clone()).create();
    session(cx, app, operation).await
}

pub(crate) async fn read_import_session(cx: &Cx<'_>, card: ReadImportSession) -> Outputs {
    let input = card.input.application;
    let app = cx.app(&card.options.application, input.id, "application.id")?;
    let sessions = cx.service.identity_sources().sessions(app.clone());
    session(cx, app, sessions.get(input.session_id)).await
}

pub(crate) async fn delete_import_session(cx: &Cx<'_>, card: DeleteImportSession) -> Outputs {
    let input = card.input.application;
    let app = cx.app(&card.options.application, input.id, "application.id")?;
    cx.done(
        cx.service
            .identity_sources()
            .sessions(app)
            .delete(input.session_id),
    )
    .await
}

pub(crate) async fn trigger_import_session(cx: &Cx<'_>, card: TriggerImportSession) -> Outputs {
    let input = card.input.application;
    let app = cx.app(&card.options.application, input.id, "application.id")?;
    let sessions = cx.service.identity_sources().sessions(app.clone());
    session(cx, app, sessions.start_import(input.session_id)).await
}

pub(crate) async fn list_import_sessions(cx: &Cx<'_>, card: ListImportSessions) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let mut pages = cx.service.identity_sources().sessions(app).list().pages();
    let mut sessions: Vec<Value> = Vec::new();
    while let Some(page) = pages.try_next().await? {
        for item in &page.items {
            let item = serde_json::from_slice(&okta_core::model::encode(item));
            sessions.push(item.map_err(|_| cx.odd("a session is no JSON"))?);
        }
    }
    Ok(cx.project(&sessions.into(), &[("sessions", "")]))
}

pub(crate) async fn bulk_user_import(cx: &Cx<'_>, card: BulkUserImport) -> Outputs {
    use bulk_user_import::ImportOperationChoice as Choice;
    let input = card.input;
    let app = cx.app(
        &card.options.application,
        input.application.id,
        "application.id",
    )?;
    let deletes = card.options.import_operation == Choice::DeactivateDelete;
    let mut profiles: Vec<Value> = Vec::new();
    // The typed users know only the common attributes by name; what was given goes out as it is.
    let given = cx.call.inputs.get("data").map(|data| data["users"].clone());
    for (index, user) in given
        .and_then(|users| users.as_array().cloned())
        .into_iter()
        .flatten()
        .enumerate()
    {
        let mut typed = bulk_user_import::InputDataUsers::default();
        let place = format!("data.users[{index}]");
        typed
            .take(user.clone())
            .map_err(|misfit| cx.invalid(&format!("{place}.{}", misfit.path), misfit.problem))?;
        let id = cx.required(&format!("{place}.external_id"), typed.external_id)?;
        let profile = profile(&user["profile"]);
        profiles.push(match deletes {
            true => json!({"externalId": id}),
            false => json!({"externalId": id, "profile": profile}),
        });
    }
    let sessions = cx.service.identity_sources().sessions(app);
    let session = input.application.session_id;
    for batch in profiles.chunks(BATCH) {
        let mut body = Object::new();
        body.insert("entityType".to_owned(), "USERS".into());
        body.insert("profiles".to_owned(), batch.into());
        if deletes {
            let operation = sessions.bulk_delete(session.clone()).body(&model(body)?);
            operation.send_raw().await?;
        } else {
            let operation = sessions.bulk_upsert(session.clone()).body(&model(body)?);
            operation.send_raw().await?;
        }
    }
    let mut outputs = Object::new();
    cx.put(&mut outputs, "records_imported", profiles.len());
    Ok(outputs)
}

/// A profile under the names of the API: the card's own keys are in snake case.
fn profile(given: &Value) -> Object {
    let mut profile = Object::new();
    for (key, value) in given.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("other_profile_attributes", Value::Object(further)) => profile.extend(further.clone()),
            ("user_name" | "first_name" | "last_name" | "second_email" | "mobile_phone", _) => {
                profile.insert(crate::project::camel(key), value.clone());
            }
            _ => {
                profile.insert(key.clone(), value.clone());
            }
        }
    }
    profile
}

/// Makes users for `Bulk User Import` out of flat records. The external id stands in the attribute that
/// `External ID Key` names, as `{"externalId": "employeeNumber"}`; without it, in `externalId`.
pub(crate) async fn map_profile_source_attributes(
    cx: &Cx<'_>,
    card: MapProfileSourceAttributes,
) -> Outputs {
    use map_profile_source_attributes::ImportOperationChoice as Choice;
    cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let data = card.input.import_data;
    let key = data
        .external_id_key
        .as_ref()
        .and_then(|key| key.values().find_map(Value::as_str))
        .unwrap_or("externalId")
        .to_owned();
    let mut users = Vec::new();
    for (index, record) in data.users.into_iter().enumerate() {
        let mut record: Object = record;
        let id = match record.remove(&key) {
            Some(Value::String(id)) if !id.is_empty() => Value::from(id),
            Some(Value::Number(id)) => id.to_string().into(),
            _ => {
                let place = format!("import_data.users[{index}].{key}");
                return Err(cx.missing(&place));
            }
        };
        users.push(match card.options.import_operation {
            Choice::DeactivateDelete => json!({"externalId": id}),
            _ => {
                record.remove("externalId");
                let record = profile(&record.into());
                json!({"externalId": id, "profile": record})
            }
        });
    }
    let mut outputs = cx.project(&users.clone().into(), &[("users", "")]);
    // The attributes that the card does not know by name.
    if let Some(shown) = outputs["result"]["users"].as_array_mut() {
        for (shown, user) in shown.iter_mut().zip(users) {
            if let Value::Object(profile) = &user["profile"] {
                shown["profile"] = mapped(profile);
            }
        }
    }
    Ok(outputs)
}

/// Known attributes under the card's keys, the others beside them.
fn mapped(profile: &Object) -> Value {
    let mut shown = Object::new();
    for (key, value) in profile {
        let known = [
            "user_name",
            "first_name",
            "last_name",
            "email",
            "second_email",
            "mobile_phone",
        ]
        .into_iter()
        .find(|known| crate::project::camel(known) == *key);
        shown.insert(
            known.map_or_else(|| key.clone(), str::to_owned),
            value.clone(),
        );
    }
    shown.into()
}
