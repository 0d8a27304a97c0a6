//! The authorization endpoint: checks, sign-in, consent, and the answer with code or tokens.

mod answer;
mod consent;
mod par;
pub(crate) mod response;

pub(crate) use consent::consent;
pub(crate) use par::par;

use serde_json::{Value, json};

use response::Kinds;

use super::authority::{Pending, Session, hashed, is_time_to_tidy};
use super::client::{self, Form};
use super::pages;
use super::policy::{self, Asked};
use super::scopes;
use super::server::Server;
use super::sign_in;
use super::token::{self, NO_OPENID, user_scopes};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;

/// Seconds that a person has to sign in.
const PENDING: i64 = 3600;

/// A checked authorization request.
struct Request {
    client: Value,
    redirect_uri: String,
    kinds: Kinds,
    mode: Mode,
    state: String,
    scopes: Vec<String>,
    challenge: Option<String>,
    nonce: Option<String>,
    prompt: Vec<String>,
    max_age: Option<i64>,
    login_hint: String,
}

/// How the answer reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
    PostMessage,
}

/// How far a request came.
enum Step {
    /// The client has its answer.
    Done(Answer),
    /// A person must do something first.
    Page(Answer),
}

/// Why a request was refused, and who is told.
enum Refusal {
    /// The person at the browser: client or redirect URI cannot be trusted.
    Person(&'static str, String),
    /// The client.
    Client {
        redirect_uri: String,
        mode: Mode,
        state: Option<String>,
        error: &'static str,
        text: String,
    },
}

impl Request {
    fn refuse(&self, error: &'static str, text: impl Into<String>) -> Refusal {
        Refusal::Client {
            redirect_uri: self.redirect_uri.clone(),
            mode: self.mode,
            state: Some(self.state.clone()),
            error,
            text: text.into(),
        }
    }

    fn client_id(&self) -> &str {
        text(&self.client, "/id")
    }

    fn prompts(&self, what: &str) -> bool {
        self.prompt.iter().any(|p| p == what)
    }

    /// Checks everything that does not depend on the user.
    fn read(call: &Call<'_>, server: &Server, form: &Form) -> Result<Self, Refusal> {
        let person = |error, text: &str| Refusal::Person(error, text.to_owned());
        let id = form.get("client_id").unwrap_or_default();
        let client = client::find(call.org, id)
            .filter(|c| text(c, "/status") == "ACTIVE")
            .ok_or_else(|| person("invalid_client", "Invalid value for 'client_id' parameter."))?;
        let redirect_uri = form.get("redirect_uri").unwrap_or_default();
        let registered = client.pointer("/settings/oauthClient/redirect_uris");
        let mut registered = registered.and_then(Value::as_array).into_iter().flatten();
        if redirect_uri.is_empty() || !registered.any(|uri| uri == redirect_uri) {
            return Err(person(
                "invalid_request",
                "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
            ));
        }
        let kinds = form.get("response_type").and_then(Kinds::of);
        let usual = kinds.map_or(Mode::Query, Kinds::usual_mode);
        let mode = match form.get("response_mode") {
            None => Some(usual),
            Some("query") => Some(Mode::Query),
            Some("fragment") => Some(Mode::Fragment),
            Some("form_post") => Some(Mode::FormPost),
            Some("okta_post_message") => Some(Mode::PostMessage),
            Some(_) => None,
        };
        let refuse = |error, text: &str| {
            Err(Refusal::Client {
                redirect_uri: redirect_uri.to_owned(),
                // Nothing that may hold tokens goes into a query.
                mode: match mode {
                    None | Some(Mode::Query) => usual,
                    Some(mode) => mode,
                },
                state: form.get("state").map(str::to_owned),
                error,
                text: text.to_owned(),
            })
        };
        let Some(mode) = mode else {
            return refuse(
                "invalid_request",
                "The response mode is not supported by the authorization server. Supported response \
                 modes: [query, fragment, form_post, okta_post_message].",
            );
        };
        let Some(state) = form.get("state") else {
            return refuse(
                "invalid_request",
                "The authentication request has an invalid 'state' parameter.",
            );
        };
        if form.get("response_type").is_none() {
            return refuse(
                "invalid_request",
                "The required parameter 'response_type' is missing.",
            );
        }
        let Some(kinds) = kinds else {
            let text = response::unsupported(client);
            return refuse("unsupported_response_type", &text);
        };
        if let Err((error, text)) = kinds.check(client, mode, form) {
            return refuse(error, &text);
        }
        let requested = form.get("scope").unwrap_or_default();
        let scopes = match user_scopes(call, server, id, requested) {
            Ok(scopes) => kinds.usable(scopes),
            Err(fault) => {
                return refuse(
                    fault.oauth_error().unwrap_or("invalid_scope"),
                    &fault.text(),
                );
            }
        };
        if kinds.id_token && !scopes.iter().any(|s| s == "openid") {
            return refuse("invalid_scope", NO_OPENID);
        }
        let challenge = form.get("code_challenge");
        match (challenge, form.get("code_challenge_method")) {
            (Some(challenge), Some("S256")) => {
                let digits = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
                if challenge.len() != 43 || !challenge.bytes().all(digits) {
                    return refuse("invalid_request", "The 'code_challenge' is invalid.");
                }
            }
            // Without a method RFC 7636 means `plain`, which the service does not take.
            (Some(_), _) => {
                return refuse(
                    "invalid_request",
                    "The 'code_challenge_method' must be 'S256'.",
                );
            }
            (None, Some(_)) => {
                return refuse(
                    "invalid_request",
                    "The required parameter 'code_challenge' is missing.",
                );
            }
            (None, None) => {
                let required = client.pointer("/credentials/oauthClient/pkce_required");
                let public = client::method(client) == "none" || required == Some(&json!(true));
                if kinds.code && public {
                    return refuse(
                        "invalid_request",
                        "PKCE code challenge is required when the token endpoint authentication \
                         method is 'NONE'.",
                    );
                }
            }
        }
        let prompt: Vec<String> = form
            .get("prompt")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let known = ["none", "login", "consent", "enroll_authenticator"];
        let none = prompt.iter().any(|p| p == "none");
        if !prompt.iter().all(|p| known.contains(&p.as_str())) || (none && prompt.len() > 1) {
            return refuse("invalid_request", "The 'prompt' parameter is invalid.");
        }
        let max_age = match form.get("max_age").map(str::parse::<i64>) {
            None => None,
            Some(Ok(age)) if age >= 0 => Some(age),
            Some(_) => return refuse("invalid_request", "The 'max_age' parameter is invalid."),
        };
        Ok(Self {
            client: client.clone(),
            redirect_uri: redirect_uri.to_owned(),
            kinds,
            mode,
            state: state.to_owned(),
            scopes,
            challenge: challenge.map(str::to_owned),
            nonce: form.get("nonce").map(str::to_owned),
            prompt,
            max_age,
            login_hint: form.get("login_hint").unwrap_or_default().to_owned(),
        })
    }
}

/// Hands fields to the client.
fn deliver(redirect_uri: &str, mode: Mode, fields: &[(&str, &str)]) -> Answer {
    match mode {
        Mode::FormPost => pages::form_post(redirect_uri, fields),
        Mode::PostMessage => {
            let origin = url::Url::parse(redirect_uri);
            let origin = origin.map_or_else(|_| "*".into(), |u| u.origin().ascii_serialization());
            let object: serde_json::Map<String, Value> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            pages::post_message(&origin, &Value::Object(object))
        }
        Mode::Query | Mode::Fragment => {
            let mut text = url::form_urlencoded::Serializer::new(String::new());
            let text = text.extend_pairs(fields).finish();
            let mark = match mode {
                Mode::Fragment => '#',
                _ if redirect_uri.contains('?') => '&',
                _ => '?',
            };
            pages::redirect(&format!("{redirect_uri}{mark}{text}"))
        }
    }
}

fn refused(call: &mut Call<'_>, server: &Server, refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Person(error, text) => {
            call.log_failure(&server.event("authorize"), Vec::new(), error);
            pages::error(error, &text)
        }
        Refusal::Client {
            redirect_uri,
            mode,
            state,
            error,
            text,
        } => {
            call.log_failure(&server.event("authorize"), Vec::new(), error);
            let mut fields = Vec::new();
            if let Some(state) = &state {
                fields.push(("state", state.as_str()));
            }
            fields.push(("error", error));
            fields.push(("error_description", &text));
            deliver(&redirect_uri, mode, &fields)
        }
    }
}

/// `GET` and `POST …/v1/authorize`.
pub(crate) fn authorize(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = match call.request.method.as_str() {
        "POST" => Form::of(&call.request.body),
        _ => Form::of_pairs(call.request.query.clone()),
    };
    let mut form = match form {
        Ok(form) => form,
        Err(fault) => return Ok(pages::error("invalid_request", &fault.text())),
    };
    if let Some(name) = form.get("request_uri") {
        match par::pushed(call, &server, name, form.get("client_id")) {
            Some(parameters) => form = Form(parameters),
            None => {
                let text = "The 'request_uri' is invalid or has expired.";
                return Ok(pages::error("invalid_request", text));
            }
        }
    }
    let request = match Request::read(call, &server, &form) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(call, &server, refusal)),
    };
    let mut cookie = None;
    let mut session = sign_in::session(call).map(|(_, session)| session);
    if let Some(token) = form.get("sessionToken")
        && let Some(user) = sign_in::take_session_token(call, token)
    {
        let (set, fresh) = sign_in::start_session(call, &user);
        cookie = Some(set);
        session = Some(fresh);
    }
    if let Some(token) = form.get("interclient_token") {
        let client_id = request.client_id().to_owned();
        match token::take_interclient(call, &server, &client_id, token) {
            Ok((user, auth_time)) => {
                let (set, carried_on) = sign_in::continue_session(call, &user, auth_time);
                cookie = Some(set);
                session = Some(carried_on);
            }
            Err(text) => {
                let refusal = request.refuse("invalid_request", text);
                return Ok(refused(call, &server, refusal));
            }
        }
    }
    let now = call.org.clock.now().as_second();
    // A sign-in that a `sessionToken` stands for has just happened.
    let again = cookie.is_none()
        && (request.prompts("login")
            || request
                .max_age
                .is_some_and(|age| session.as_ref().is_some_and(|s| !s.is_within(age, now))));
    let key = call.org.dice.secret(16);
    let outcome = match session {
        Some(session) if !again => proceed(call, &server, &request, &session, &key, false),
        _ if request.prompts("none") => Err(request.refuse(
            "login_required",
            "The client specified not to prompt, but the user is not logged in.",
        )),
        _ => Ok(Step::Page(sign_in_page(&server, &request, &key))),
    };
    let answer = match outcome {
        Ok(Step::Done(answer)) => answer,
        Ok(Step::Page(answer)) => {
            let pending = Pending {
                server: server.id.clone(),
                parameters: form.0,
                created: now,
                consented: false,
            };
            let authority = &mut call.org.authority;
            if is_time_to_tidy(authority.pending.len()) {
                authority.pending.retain(|_, p| now < p.created + PENDING);
            }
            authority.pending.insert(hashed(&key), pending);
            answer
        }
        Err(refusal) => refused(call, &server, refusal),
    };
    Ok(match cookie {
        Some(cookie) => answer.with("set-cookie", cookie),
        None => answer,
    })
}

fn sign_in_page(server: &Server, request: &Request, key: &str) -> Answer {
    let target = format!("{}/v1/authorize/redirect?okta_key={key}", server.prefix);
    let app = text(&request.client, "/label");
    pages::sign_in(app, &[("fromURI", &target)], &request.login_hint, None)
}

/// The pending request of a key, read again.
fn resume(call: &mut Call<'_>, key: &str) -> Result<(Server, Request, Pending), Answer> {
    let gone = || {
        pages::error(
            "invalid_request",
            "The sign-in took too long, or was finished before.",
        )
    };
    let now = call.org.clock.now().as_second();
    let pending = call.org.authority.pending.get(&hashed(key)).cloned();
    let pending = pending
        .filter(|p| now < p.created + PENDING)
        .ok_or_else(gone)?;
    let server = Server::by_id(call.org, &pending.server, call.base()).map_err(|_| gone())?;
    match Request::read(call, &server, &Form(pending.parameters.clone())) {
        Ok(request) => Ok((server, request, pending)),
        Err(refusal) => Err(refused(call, &server, refusal)),
    }
}

/// `GET …/v1/authorize/redirect`: the user comes back from a page.
pub(crate) fn redirect(call: &mut Call<'_>) -> Outcome {
    let key = call
        .request
        .query("okta_key")
        .unwrap_or_default()
        .to_owned();
    let (server, request, pending) = match resume(call, &key) {
        Ok(resumed) => resumed,
        Err(answer) => return Ok(answer),
    };
    let session = sign_in::session(call).map(|(_, session)| session);
    // `prompt=login` wants a sign-in after the request came, `max_age` one not long before it.
    let fresh = |s: &Session| {
        (!request.prompts("login") || s.auth_time >= pending.created)
            && request
                .max_age
                .is_none_or(|age| s.is_within(age, pending.created))
    };
    Ok(match session.filter(fresh) {
        None => sign_in_page(&server, &request, &key),
        Some(session) => {
            let consented = pending.consented;
            match proceed(call, &server, &request, &session, &key, consented) {
                Ok(Step::Page(answer)) => answer,
                Ok(Step::Done(answer)) => {
                    call.org.authority.pending.remove(&hashed(&key));
                    answer
                }
                Err(refusal) => {
                    call.org.authority.pending.remove(&hashed(&key));
                    refused(call, &server, refusal)
                }
            }
        }
    })
}

/// A signed-in user's request: assignment, policy, consent, code.
fn proceed(
    call: &mut Call<'_>,
    server: &Server,
    request: &Request,
    session: &Session,
    key: &str,
    consented: bool,
) -> Result<Step, Refusal> {
    let user = session.user_id.as_str();
    if !sign_in::is_assigned(call.org, &request.client, user) {
        return Err(request.refuse("access_denied", sign_in::NOT_ASSIGNED));
    }
    let mut lifetimes = None;
    for grant_type in request.kinds.grants() {
        let asked = Asked {
            client_id: request.client_id(),
            user_id: Some(user),
            grant_type,
            scopes: &request.scopes,
        };
        let allowed = policy::evaluate(call.org, server, &asked);
        lifetimes = Some(allowed.map_err(|fault| request.refuse("access_denied", fault.text()))?);
    }
    let missing = consent::unconsented(call, server, request, user);
    if !missing.is_empty() && !consented {
        if request.prompts("none") {
            let text = format!(
                "The following scopes require user consent: [{}].",
                missing.join(", ")
            );
            return Err(request.refuse("consent_required", text));
        }
        let action = format!("{}/v1/authorize/consent", server.prefix);
        let app = text(&request.client, "/label");
        return Ok(Step::Page(pages::consent(&action, app, key, &missing)));
    }
    answer::answer(call, server, request, session, lifetimes).map(Step::Done)
}
