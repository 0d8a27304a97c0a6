//! Passwords, sessions, and the sign-in page.

use serde_json::{Value, json};

use super::access::Principal;
use super::authority::{Session, hashed, is_time_to_tidy};
use super::lockout;
use super::pages;
use super::policy::is_member;
use crate::call::{Call, Outcome};
use crate::clock;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::json::text;
use crate::log::{named, user_target};
use crate::org::Org;
use crate::seed::PASSWORD;

/// Seconds after which an unused session ends.
const IDLE: i64 = 2 * 3600;
/// Seconds that a session token can be exchanged.
const SESSION_TOKEN: i64 = 300;

/// True if a user's status allows a sign-in.
pub(crate) fn may_sign_in(user: &Value) -> bool {
    text(user, "/status") == "ACTIVE"
}

/// True if there is such a user, who may sign in.
pub(crate) fn is_active(org: &Org, user_id: &str) -> bool {
    org.users.get(user_id).is_some_and(may_sign_in)
}

/// What is said of a user who may not.
pub(crate) const NOT_ACTIVE: &str = "The user account is not active.";
/// What is said of a user whom an app is not assigned to.
pub(crate) const NOT_ASSIGNED: &str = "User is not assigned to the client application.";

/// True if an app is assigned to a user, directly or through a group, or to everyone.
pub(crate) fn is_assigned(org: &Org, app: &Value, user_id: &str) -> bool {
    let id = text(app, "/id");
    app.pointer("/settings/implicitAssignment") == Some(&json!(true))
        || org.app_users.contains(id, user_id)
        || org
            .app_groups
            .of(id)
            .any(|(_, group, _)| is_member(org, group, user_id))
}

/// The user whose login, or unambiguous short login, is given.
pub(crate) fn find_user(org: &Org, login: &str) -> Option<String> {
    let login = login.trim().to_lowercase();
    if let Some(id) = org.logins.get(&login) {
        return Some(id.clone());
    }
    if login.is_empty() || login.contains('@') {
        return None;
    }
    let prefix = format!("{login}@");
    let behind = org.logins.range(prefix.clone()..);
    let mut short = behind.take_while(|(l, _)| l.starts_with(&prefix));
    match (short.next(), short.next()) {
        (Some((_, id)), None) => Some(id.clone()),
        _ => None,
    }
}

/// True if the password is the user's. Seeded users have no own one, but [`PASSWORD`].
fn knows_password(org: &Org, user: &Value, given: &str) -> bool {
    let expected = org.passwords.get(text(user, "/id")).map(String::as_str);
    user.pointer("/credentials/password").is_some() && given == expected.unwrap_or(PASSWORD)
}

/// Checks a password, counts failures, and logs what happened. The error is the service's text.
pub(crate) fn check_password(
    call: &mut Call<'_>,
    login: &str,
    password: &str,
) -> Result<String, &'static str> {
    const WRONG: &str = "Unable to sign in";
    let Some(id) = find_user(call.org, login) else {
        let nobody = named("User", "unknown", login, "unknown");
        call.log_failure("user.session.start", vec![nobody], "VERIFICATION_ERROR");
        return Err(WRONG);
    };
    let user = call.org.users.get(&id).cloned().unwrap_or_default();
    call.principal = Principal::User {
        user_id: id.clone(),
        client_id: String::new(),
    };
    if lockout::keeps_out(call, &id) {
        call.log_failure("user.session.start", vec![user_target(&user)], "LOCKED_OUT");
        return Err(WRONG);
    }
    // A lockout may just have ended.
    let user = call.org.users.get(&id).cloned().unwrap_or_default();
    if !knows_password(call.org, &user, password) {
        let target = vec![user_target(&user)];
        call.log_failure("user.session.start", target, "INVALID_CREDENTIALS");
        lockout::count(call, &id);
        return Err(WRONG);
    }
    if !may_sign_in(&user) {
        let reason = text(&user, "/status").to_owned();
        call.log_failure("user.session.start", vec![user_target(&user)], &reason);
        return Err(match reason.as_str() {
            "PASSWORD_EXPIRED" => "Your password has expired",
            _ => WRONG,
        });
    }
    lockout::forgive(call, &id);
    Ok(id)
}

/// The session of a request's `sid` cookie, with its key.
pub(crate) fn session(call: &mut Call<'_>) -> Option<(String, Session)> {
    let key = hashed(&cookie(call.request, "sid")?);
    let now = call.org.clock.now().as_second();
    let session = call.org.authority.sessions.get(&key)?.clone();
    if now >= session.last_used + IDLE || !is_active(call.org, &session.user_id) {
        call.org.authority.sessions.remove(&key);
        return None;
    }
    if let Some(session) = call.org.authority.sessions.get_mut(&key) {
        session.last_used = now;
    }
    Some((key, session))
}

pub(super) fn cookie(request: &Request, name: &str) -> Option<String> {
    let lines = request.headers.get_all("cookie").iter();
    let pairs = lines.filter_map(|line| line.to_str().ok());
    pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Starts a session and returns the `Set-Cookie` value.
pub(crate) fn start_session(call: &mut Call<'_>, user_id: &str) -> (String, Session) {
    let now = call.org.clock.now().as_second();
    continue_session(call, user_id, now)
}

/// Starts a session that carries on a sign-in of before.
pub(crate) fn continue_session(
    call: &mut Call<'_>,
    user_id: &str,
    auth_time: i64,
) -> (String, Session) {
    let now = call.org.clock.now();
    let secret = format!("102{}", call.org.dice.secret(16));
    let session = Session {
        user_id: user_id.to_owned(),
        created: now.as_second(),
        auth_time,
        last_used: now.as_second(),
    };
    let authority = &mut call.org.authority;
    if is_time_to_tidy(authority.sessions.len()) {
        let now = session.created;
        authority.sessions.retain(|_, s| now < s.last_used + IDLE);
    }
    authority.sessions.insert(hashed(&secret), session.clone());
    if let Some(user) = call.org.users.get_mut(user_id) {
        user["lastLogin"] = json!(clock::zero_millis(now));
        let target = user_target(user);
        call.principal = Principal::User {
            user_id: user_id.to_owned(),
            client_id: String::new(),
        };
        call.log("user.session.start", vec![target]);
    }
    (set_cookie(call.request, &secret, None), session)
}

fn set_cookie(request: &Request, value: &str, age: Option<i64>) -> String {
    let secure = if request.base.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let age = age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    format!("sid={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")
}

/// Ends the session of a request; the answer's cookie forgets it.
pub(crate) fn end_session(call: &mut Call<'_>) -> String {
    if let Some((key, session)) = session(call) {
        call.org.authority.sessions.remove(&key);
        let target = call.org.users.get(&session.user_id).map(user_target);
        call.principal = Principal::User {
            user_id: session.user_id,
            client_id: String::new(),
        };
        call.log("user.session.end", target.into_iter().collect());
    }
    set_cookie(call.request, "", Some(0))
}

/// A target inside the org; anything else would make the sign-in page send people anywhere.
fn local(target: &str) -> Option<&str> {
    // Browsers read backslashes as slashes, and leave tabs and line ends out.
    let odd = |c: char| c == '\\' || c.is_control();
    let inside = target.starts_with('/') && !target.starts_with("//") && !target.contains(odd);
    inside.then_some(target)
}

const HOME: &str = "/app/UserHome";

/// `GET /login/login.htm`.
pub(crate) fn page(call: &mut Call<'_>) -> Outcome {
    let target = call
        .request
        .query("fromURI")
        .and_then(local)
        .unwrap_or(HOME);
    Ok(match session(call) {
        Some(_) => pages::redirect(target),
        None => pages::sign_in("", &[("fromURI", target)], "", None),
    })
}

/// `POST /login/login.htm`: the form of the sign-in page.
pub(crate) fn submit(call: &mut Call<'_>) -> Outcome {
    let form = super::client::Form::of(&call.request.body)?;
    let field = |name: &str| form.get(name).unwrap_or_default();
    let target = local(field("fromURI")).unwrap_or(HOME);
    let login = field("username");
    match check_password(call, login, field("password")) {
        Ok(user_id) => {
            let (cookie, _) = start_session(call, &user_id);
            Ok(pages::redirect(target).with("set-cookie", cookie))
        }
        Err(problem) => {
            let fields = [("fromURI", target)];
            Ok(pages::sign_in("", &fields, login, Some(problem)))
        }
    }
}

/// `GET /app/UserHome`.
pub(crate) fn home(call: &mut Call<'_>) -> Outcome {
    Ok(match session(call) {
        Some((_, session)) => {
            let login = call.org.users.get(&session.user_id);
            let login = login.map_or("", |u| text(u, "/profile/login"));
            pages::message(200, "Signed in", &format!("You are signed in as {login}."))
        }
        None => pages::redirect("/login/login.htm"),
    })
}

/// `GET /login/signout`.
pub(crate) fn sign_out(call: &mut Call<'_>) -> Outcome {
    let cookie = end_session(call);
    let target = call.request.query("fromURI").and_then(local);
    let answer = pages::redirect(target.unwrap_or("/login/login.htm"));
    Ok(answer.with("set-cookie", cookie))
}

/// `GET /login/sessionCookieRedirect`: a session token becomes a cookie.
pub(crate) fn cookie_redirect(call: &mut Call<'_>) -> Outcome {
    let target = call.request.query("redirectUrl").unwrap_or(HOME);
    let inside = target.strip_prefix(call.base()).unwrap_or(target);
    let target = local(inside).ok_or_else(|| Fault::code("E0000006", &[]))?;
    let token = call.request.query("token").unwrap_or_default();
    let answer = pages::redirect(target);
    Ok(match take_session_token(call, token) {
        Some(user_id) => {
            let (cookie, _) = start_session(call, &user_id);
            answer.with("set-cookie", cookie)
        }
        None => answer,
    })
}

/// The user of a session token, which works once.
pub(crate) fn take_session_token(call: &mut Call<'_>, token: &str) -> Option<String> {
    let now = call.org.clock.now().as_second();
    let (user, made) = call.org.authority.session_tokens.remove(&hashed(token))?;
    (now < made + SESSION_TOKEN && is_active(call.org, &user)).then_some(user)
}

/// `POST /api/v1/authn`: primary authentication by password.
pub(crate) fn primary(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let (login, password) = (text(&body, "/username"), text(&body, "/password"));
    let user_id =
        check_password(call, login, password).map_err(|_| Fault::code("E0000004", &[]))?;
    let user = call.org.users.get(&user_id).cloned().unwrap_or_default();
    let now = call.org.clock.now();
    let token = format!("20111{}", call.org.dice.secret(32));
    let tokens = &mut call.org.authority.session_tokens;
    if is_time_to_tidy(tokens.len()) {
        tokens.retain(|_, (_, made)| now.as_second() < made + SESSION_TOKEN);
    }
    tokens.insert(hashed(&token), (user_id, now.as_second()));
    let expires = now.checked_add(jiff::SignedDuration::from_secs(SESSION_TOKEN));
    let profile = &user["profile"];
    Ok(Answer::ok(&json!({
        "expiresAt": clock::zero_millis(expires.unwrap_or(now)), "status": "SUCCESS",
        "sessionToken": token,
        "_embedded": { "user": {
            "id": user["id"], "passwordChanged": user["passwordChanged"],
            "profile": {
                "login": profile["login"], "firstName": profile["firstName"],
                "lastName": profile["lastName"], "locale": "en", "timeZone": "America/Los_Angeles",
            },
        } },
        "_links": { "cancel": {
            "href": format!("{}/api/v1/authn/cancel", call.base()), "hints": { "allow": ["POST"] },
        } },
    })))
}
