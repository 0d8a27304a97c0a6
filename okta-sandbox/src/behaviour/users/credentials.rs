//! Passwords and recovery questions. Secrets are stored apart and never shown.

use serde_json::{Value, json};

use super::named_user;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};
use crate::log::user_target;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "changePassword" => change_password,
        "changeRecoveryQuestion" => change_question,
        "forgotPassword" => forgot_password,
        "forgotPasswordSetNewPassword" => forgot_with_question,
        _ => return None,
    })
}

/// The password in a body: an object with `value`, or a plain text.
pub(super) fn secret_of(body: &Value) -> Option<String> {
    let password = body.pointer("/credentials/password")?;
    let value = password.get("value").unwrap_or(password).as_str()?;
    Some(value.to_owned())
}

/// The stored credentials of a new user.
pub(super) fn initial(body: &Value, federated: bool, has_password: bool) -> Value {
    let hashed = body.pointer("/credentials/password/hash").is_some();
    let provider = match body.pointer("/credentials/provider") {
        Some(given) if given.is_object() => given.clone(),
        _ if federated => json!({ "type": "FEDERATION", "name": "FEDERATION" }),
        _ if hashed => json!({ "type": "IMPORT", "name": "IMPORT" }),
        _ => json!({ "type": "OKTA", "name": "OKTA" }),
    };
    let mut credentials = json!({ "provider": provider });
    if has_password {
        credentials["password"] = json!({});
    }
    // What is imported is not verified yet.
    if has_password && !hashed {
        credentials["emails"] = json!([{
            "value": text(body, "/profile/email"), "status": "VERIFIED", "type": "PRIMARY",
        }]);
    }
    if let Some(question) = body.pointer("/credentials/recovery_question/question") {
        credentials["recovery_question"] = json!({ "question": question });
    }
    credentials
}

/// Takes over what an update's body says about credentials.
pub(super) fn merge_given(user: &mut Value, body: &Value) {
    if secret_of(body).is_some() {
        user["credentials"]["password"] = json!({});
    }
    if let Some(question) = body.pointer("/credentials/recovery_question/question") {
        user["credentials"]["recovery_question"] = json!({ "question": question });
    }
    if let Some(provider) = body
        .pointer("/credentials/provider")
        .filter(|p| p.is_object())
    {
        user["credentials"]["provider"] = provider.clone();
    }
}

fn check_old(
    call: &Call<'_>,
    id: &str,
    body: &Value,
    pointer: &str,
    cause: &str,
) -> Result<(), Fault> {
    match call.org.passwords.get(id) {
        Some(known) if known != text(body, pointer) => Err(Fault::api(
            403,
            "E0000014",
            "Update of credentials failed",
            &[cause],
        )),
        _ => Ok(()),
    }
}

/// Stores a password and the ACTIVE status, and answers the credentials.
fn set_password(call: &mut Call<'_>, id: &str, secret: &str) -> Answer {
    let now = clock::zero_millis(call.org.clock.now());
    call.org.passwords.insert(id.to_owned(), secret.to_owned());
    let mut credentials = Value::Null;
    if let Some(user) = call.org.users.get_mut(id) {
        user["passwordChanged"] = json!(now);
        user["lastUpdated"] = json!(now);
        user["credentials"]["password"] = json!({});
        if matches!(
            text(user, "/status"),
            "RECOVERY" | "PASSWORD_EXPIRED" | "PROVISIONED"
        ) {
            user["status"] = json!("ACTIVE");
            user["statusChanged"] = json!(now);
        }
        credentials = user["credentials"].clone();
    }
    Answer::ok(&credentials)
}

fn change_password(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let id = text(&user, "/id");
    let body = call.request.object()?;
    if !matches!(
        text(&user, "/status"),
        "ACTIVE" | "PASSWORD_EXPIRED" | "RECOVERY" | "STAGED" | "PROVISIONED"
    ) {
        return Err(Fault::code("E0000038", &[]));
    }
    let new = text(&body, "/newPassword/value");
    if new.is_empty() {
        return Err(Fault::validation(
            "newPassword",
            &["newPassword: The field cannot be left blank"],
        ));
    }
    check_old(
        call,
        id,
        &body,
        "/oldPassword/value",
        "oldPassword: Old Password is not correct",
    )?;
    let answer = set_password(call, id, new);
    call.log("user.account.update_password", vec![user_target(&user)]);
    Ok(answer)
}

fn change_question(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let id = text(&user, "/id");
    let body = call.request.object()?;
    let question = at(&body, "/recovery_question/question");
    if !question.is_string() || text(&body, "/recovery_question/answer").is_empty() {
        let cause = "recovery_question: The field cannot be left blank";
        return Err(Fault::validation("recovery_question", &[cause]));
    }
    check_old(
        call,
        id,
        &body,
        "/password/value",
        "Password is not correct",
    )?;
    let mut credentials = user["credentials"].clone();
    credentials["recovery_question"] = json!({ "question": question });
    if let Some(stored) = call.org.users.get_mut(id) {
        stored["credentials"] = credentials.clone();
    }
    call.log(
        "user.account.update_secondary_email",
        vec![user_target(&user)],
    );
    Ok(Answer::ok(&credentials))
}

fn forgot_password(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") != "ACTIVE" {
        return Err(Fault::code("E0000034", &[]));
    }
    call.log("user.account.reset_password", vec![user_target(&user)]);
    if call.request.flag("sendEmail", true) {
        return Ok(Answer::ok_empty_object());
    }
    let token = call.org.dice.secret(15);
    Ok(Answer::ok(
        &json!({ "resetPasswordUrl": format!("{}/signin/reset-password/{token}", call.base()) }),
    ))
}

fn forgot_with_question(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let body = call.request.object()?;
    let new = text(&body, "/password/value");
    if new.is_empty() {
        return Err(Fault::validation(
            "password",
            &["password: The field cannot be left blank"],
        ));
    }
    let answer = set_password(call, text(&user, "/id"), new);
    call.log("user.account.update_password", vec![user_target(&user)]);
    Ok(answer)
}
