//! Users.

use okta_core::operation::Operation as _;
use okta_management::Management as _;
use serde_json::json;

use super::{Cx, members, model, text};
use crate::card::types::{Object, Value};
use crate::generated::okta::actions::*;
use crate::project::Aliases;
use crate::run::Outputs;

/// The question stands in an object of its own.
const USER: Aliases<'_> = &[("recovery_question", "/recovery_question/question")];

pub(crate) async fn activate_user(cx: &Cx<'_>, card: ActivateUser) -> Outputs {
    let mail = card.options.send_email == activate_user::SendEmailChoice::Yes;
    cx.done(
        cx.service
            .users()
            .activate(card.input.user.id_or_login)
            .send_email(mail),
    )
    .await
}

pub(crate) async fn deactivate_user(cx: &Cx<'_>, card: DeactivateUser) -> Outputs {
    let mail = card.options.send_email == deactivate_user::SendEmailChoice::Yes;
    cx.done(
        cx.service
            .users()
            .deactivate(card.input.user.id_or_login)
            .send_email(mail),
    )
    .await
}

pub(crate) async fn suspend_user(cx: &Cx<'_>, card: SuspendUser) -> Outputs {
    cx.done(cx.service.users().suspend(card.input.id_or_login))
        .await
}

pub(crate) async fn unsuspend_user(cx: &Cx<'_>, card: UnsuspendUser) -> Outputs {
    cx.done(cx.service.users().unsuspend(card.input.id_or_login))
        .await
}

/// The service deactivates an active user first; the second call deletes. The card does both, as its name says.
pub(crate) async fn delete_user(cx: &Cx<'_>, card: DeleteUser) -> Outputs {
    let mut operation = cx.service.users().delete(card.input.user.id);
    if let Some(mail) = card.input.user.send_email {
        operation = operation.send_email(mail);
    }
    cx.done(operation).await
}

pub(crate) async fn clear_user_sessions(cx: &Cx<'_>, card: ClearUserSessions) -> Outputs {
    let mut operation = cx.service.users().sessions(card.input.user.id).delete_all();
    if let Some(tokens) = card.input.user.revoke_oauth_tokens {
        operation = operation.oauth_tokens(tokens);
    }
    cx.done(operation).await
}

pub(crate) async fn read_user(cx: &Cx<'_>, card: ReadUser) -> Outputs {
    cx.answer(cx.service.users().get(card.input.id_or_login), USER)
        .await
}

pub(crate) async fn reset_password(cx: &Cx<'_>, card: ResetPassword) -> Outputs {
    let mail = matches!(
        card.options.send_email.to_ascii_lowercase().as_str(),
        "yes" | "true"
    );
    let mut operation = cx
        .service
        .users()
        .reset_password(card.input.user.id_or_username, mail);
    if card.options.convert_to_federated_user == reset_password::ConvertToFederatedUserChoice::Yes {
        operation = operation.with_query("provider", "FEDERATION");
    }
    let raw = operation.send_raw().await?;
    let mut outputs = cx.status(raw.status());
    if let Value::Object(body) = crate::run::body(raw.body())
        && let Some(url) = body.get("resetPasswordUrl")
    {
        cx.put(&mut outputs, "url", url.clone());
    }
    Ok(outputs)
}

pub(crate) async fn create_user(cx: &Cx<'_>, card: CreateUser) -> Outputs {
    use create_user::OptionChoice as Choice;
    let (profile, credentials) = (card.input.profile, card.input.credentials);
    let mut attributes = members([
        ("login", text(Some(profile.username))),
        ("firstName", text(Some(profile.first_name))),
        ("lastName", text(Some(profile.last_name))),
        ("email", text(Some(profile.primary_email))),
    ]);
    attributes.extend(profile.other_user_profile_attributes);
    let choice = card.options.option;
    let password = match choice {
        Choice::WithPassword | Choice::WithPasswordRecoveryQuestion => {
            let password = credentials
                .password
                .0
                .ok_or_else(|| cx.missing("credentials.password"))?;
            Some(json!({"value": password.expose()}))
        }
        _ => credentials
            .password
            .0
            .map(|password| json!({"value": password.expose()})),
    };
    let question = match choice {
        Choice::WithRecoveryQuestion | Choice::WithPasswordRecoveryQuestion => {
            let question = cx.required("credentials.question", credentials.question)?;
            let answer = credentials
                .answer
                .0
                .ok_or_else(|| cx.missing("credentials.answer"))?;
            Some(json!({"question": question, "answer": answer.expose()}))
        }
        _ => None,
    };
    let provider = match choice {
        Choice::WithAuthenticationProvider => {
            let kind = cx.required("credentials.provider_type", credentials.provider_type)?;
            let name = cx.required("credentials.provider_name", credentials.provider_name)?;
            Some(json!({"type": kind, "name": name}))
        }
        _ => None,
    };
    let credentials = members([
        ("password", password),
        ("recovery_question", question),
        ("provider", provider.clone()),
    ]);
    let groups = (choice == Choice::InGroup).then(|| card.input.group.group_ids.clone());
    if groups.as_ref().is_some_and(Vec::is_empty) {
        return Err(cx.missing("group.group_ids"));
    }
    let body = members([
        ("profile", Some(attributes.into())),
        (
            "credentials",
            (!credentials.is_empty()).then(|| credentials.into()),
        ),
        ("groupIds", groups.map(Value::from)),
    ]);
    let mut operation = cx.service.users().create(&model(body)?);
    if let Some(activate) = card.input.activate.activate {
        operation = operation.activate(activate);
    }
    if provider.is_some() {
        operation = operation.provider(true);
    }
    cx.answer(operation, USER).await
}

pub(crate) async fn update_user(cx: &Cx<'_>, card: UpdateUser) -> Outputs {
    use update_user::{PassEmptyValuesChoice, UpdateSemanticsChoice as Semantics};
    let id = cx.required("user.id", card.input.user.id)?;
    let strict = card.options.update_semantics == Some(Semantics::Strict);
    let mut profile = card.input.profile.user_profile_attributes;
    match card.input.option.pass_empty_values {
        Some(_) if strict => {
            return Err(cx.invalid(
                "option.pass_empty_values",
                "only with the update semantics Partial",
            ));
        }
        Some(PassEmptyValuesChoice::No) => profile.retain(|_, value| !is_empty(value)),
        // An empty text clears the attribute.
        _ => profile
            .values_mut()
            .filter(|value| is_empty(value))
            .for_each(|value| *value = Value::Null),
    }
    let mut body = Object::new();
    body.insert("profile".to_owned(), profile.into());
    let body = model(body)?;
    if strict {
        cx.answer(cx.service.users().replace(id, &body), USER).await
    } else {
        cx.answer(cx.service.users().update(id, &body), USER).await
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value == ""
}
