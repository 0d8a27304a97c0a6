//! Passwords and recovery questions. Secrets are stored apart and never shown.

use serde_json::{Value, json};

use super::named_user;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};
use crate::log::user_target;
use crate::org::Org;

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

/// The answer to the recovery question in a body.
pub(super) fn answer_of(body: &Value) -> Option<String> {
    let answer = text(body, "/credentials/recovery_question/answer");
    (!answer.is_empty()).then(|| answer.to_owned())
}

/// Keeps the answer to a user's recovery question, or forgets it. Answers stand beside the
/// passwords.
pub(super) fn keep_answer(org: &mut Org, user: &str, answer: Option<String>) {
    let key = format!("{user} recovery");
    match answer {
        Some(answer) => org.passwords.insert(key, answer),
        None => drop(org.passwords.remove(&key)),
    }
}

/// Whether an answer is the one that was given with the question, however it is spelled.
fn is_answer(org: &Org, user: &str, given: &str) -> bool {
    let known = org.passwords.get(&format!("{user} recovery"));
    known.is_some_and(|known| known.to_lowercase() == given.to_lowercase())
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
    if body["revokeSessions"] == true {
        super::related::end_sessions(call, &user);
    }
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
    let answer = text(&body, "/recovery_question/answer").to_owned();
    keep_answer(call.org, id, Some(answer));
    if let Some(stored) = call.org.users.get_mut(id) {
        stored["credentials"] = credentials.clone();
    }
    call.log("user.account.update_profile", vec![user_target(&user)]);
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
    let question = text(&user, "/credentials/recovery_question/question");
    if text(&user, "/status") != "ACTIVE" || question.is_empty() {
        return Err(Fault::code("E0000034", &[]));
    }
    let answer = text(&body, "/recovery_question/answer");
    if !is_answer(call.org, text(&user, "/id"), answer) {
        return Err(Fault::code("E0000087", &[]));
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn a_new_password_takes_the_answer_to_the_recovery_question() {
        let bench = Bench::new();
        let login = "ann@example.com";
        let mut body = json!({
            "profile": { "firstName": "A", "lastName": "B", "email": login, "login": login },
            "credentials": {
                "password": { "value": "Correct1Horse" },
                "recovery_question": { "question": "Pet?", "answer": "Rex the 2nd" },
            },
        });
        let make = |body: &Value| {
            let (status, user) = bench.call("POST", "/api/v1/users", Some(body));
            assert_eq!(status, 200, "{user}");
            assert!(!user.to_string().contains("Rex"), "{user}");
            format!("/api/v1/users/{}/credentials", text(&user, "/id"))
        };
        let ann = make(&body);
        body["profile"]["login"] = json!("bob@example.com");
        crate::json::remove(&mut body["credentials"], "recovery_question");
        let bob = make(&body);
        let forgot = |user: &str, answer: &str| {
            let path = format!("{user}/forgot_password_recovery_question");
            let body = json!({
                "password": { "value": "Other2Horses" }, "recovery_question": { "answer": answer },
            });
            let (status, answer) = bench.call("POST", &path, Some(&body));
            (status, text(&answer, "/errorCode").to_owned())
        };
        assert_eq!(forgot(&ann, "Fido"), (403, "E0000087".into()));
        assert_eq!(forgot(&ann, ""), (403, "E0000087".into()));
        assert_eq!(forgot(&bob, ""), (403, "E0000034".into()));
        assert_eq!(forgot(&ann, "rex the 2nd").0, 200);
        let change = json!({
            "password": { "value": "Other2Horses" },
            "recovery_question": { "question": "City?", "answer": "Oslo" },
        });
        let path = format!("{ann}/change_recovery_question");
        assert_eq!(bench.call("POST", &path, Some(&change)).0, 200);
        assert_eq!(forgot(&ann, "Rex the 2nd").0, 403);
        assert_eq!(forgot(&ann, "Oslo").0, 200);
        let update = json!({ "credentials": {
            "recovery_question": { "question": "Pet?", "answer": "Tom" },
        } });
        let own = ann.trim_end_matches("/credentials");
        assert_eq!(bench.call("POST", own, Some(&update)).0, 200);
        assert_eq!(forgot(&ann, "Tom").0, 200);
        let suspend = format!("{own}/lifecycle/suspend");
        assert_eq!(bench.call("POST", &suspend, None).0, 200);
        assert_eq!(forgot(&ann, "Tom"), (403, "E0000034".into()));
    }
}
