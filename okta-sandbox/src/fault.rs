//! The service's error forms: API error bodies, OAuth errors and header-only challenges.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::ids;

/// A refused request.
#[derive(Debug)]
pub(crate) struct Fault(Box<Form>);

#[derive(Debug)]
enum Form {
    Api {
        status: u16,
        code: &'static str,
        summary: String,
        causes: Vec<String>,
    },
    OAuth {
        status: u16,
        error: &'static str,
        description: String,
        nonce: Option<String>,
        /// One more member of the body.
        member: Option<(&'static str, String)>,
    },
    Challenge {
        status: u16,
        header: String,
        nonce: Option<String>,
    },
}

/// Status and fixed text of the codes that need no argument.
fn catalogue(code: &str) -> (u16, &'static str) {
    match code {
        "E0000003" => (400, "The request body was not well-formed."),
        "E0000004" => (401, "Authentication failed"),
        "E0000005" => (403, "Invalid session"),
        "E0000006" => (
            403,
            "You do not have permission to perform the requested action",
        ),
        "E0000008" => (404, "The requested path was not found"),
        "E0000009" => (500, "Internal Server Error"),
        "E0000010" => (503, "Service is in read only mode"),
        "E0000011" => (401, "Invalid token provided"),
        "E0000015" => (
            401,
            "You do not have permission to access the feature you are requesting",
        ),
        "E0000016" => (403, "Activation failed because the user is already active"),
        "E0000017" => (403, "Password reset failed"),
        "E0000022" => (
            405,
            "The endpoint does not support the provided HTTP method",
        ),
        "E0000024" => (
            400,
            "Bad request.  This operation on app metadata is not yet supported.",
        ),
        "E0000029" => (400, "Invalid paging request."),
        "E0000031" => (400, "Invalid search criteria."),
        "E0000032" => (403, "Unlock is not allowed for this user."),
        "E0000033" => (
            400,
            "Bad request. Can't specify a search query and filter in the same request.",
        ),
        "E0000034" => (403, "Forgot password not allowed on specified user."),
        "E0000038" => (
            403,
            "This operation is not allowed in the user's current status.",
        ),
        "E0000046" => (403, "Deactivate application for user forbidden."),
        "E0000047" => (
            429,
            "API call exceeded rate limit due to too many requests.",
        ),
        "E0000056" => (403, "Delete application forbidden."),
        "E0000060" => (501, "Unsupported operation."),
        "E0000087" => (
            403,
            "The recovery question answer did not match our records.",
        ),
        "E0000090" => (409, "The role specified is already assigned to the user."),
        "E0000117" => (
            403,
            "Cannot assign apps or update app profiles for an inactive user.",
        ),
        "E0000124" => (
            400,
            "Could not create user. To create a user and expire their password immediately, a password must be specified",
        ),
        "E0000125" => (
            400,
            "Could not create user. To create a user and expire their password immediately, \"activate\" must be true",
        ),
        _ => (500, "Internal Server Error"),
    }
}

impl Fault {
    /// An error of the catalogue, with causes.
    pub(crate) fn code(code: &'static str, causes: &[&str]) -> Self {
        let (status, summary) = catalogue(code);
        Self::api(status, code, summary, causes)
    }

    /// An API error with its own text.
    pub(crate) fn api(
        status: u16,
        code: &'static str,
        summary: impl Into<String>,
        causes: &[&str],
    ) -> Self {
        let causes = causes.iter().map(|c| (*c).to_owned()).collect();
        Self(Box::new(Form::Api {
            status,
            code,
            summary: summary.into(),
            causes,
        }))
    }

    /// 400 `E0000003`.
    pub(crate) fn malformed() -> Self {
        Self::code("E0000003", &[])
    }

    /// 404 `E0000007` for an id of a type.
    pub(crate) fn not_found(id: &str, kind: &str) -> Self {
        let summary = format!("Not found: Resource not found: {id} ({kind})");
        Self::api(404, "E0000007", summary, &[])
    }

    /// 400 `E0000001` on a field or object.
    pub(crate) fn validation(field: &str, causes: &[&str]) -> Self {
        Self::api(
            400,
            "E0000001",
            format!("Api validation failed: {field}"),
            causes,
        )
    }

    /// 400 `E0000001` on a field, whose cause begins with the field's name.
    pub(crate) fn field(field: &str, what: &str) -> Self {
        Self::validation(field, &[&format!("{field}: {what}")])
    }

    /// An OAuth error body.
    pub(crate) fn oauth(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self(Box::new(Form::OAuth {
            status,
            error,
            description: description.into(),
            nonce: None,
            member: None,
        }))
    }

    /// An empty body with `WWW-Authenticate`.
    pub(crate) fn challenge(status: u16, header: String) -> Self {
        Self(Box::new(Form::Challenge {
            status,
            header,
            nonce: None,
        }))
    }

    /// Adds the `DPoP-Nonce` header.
    pub(crate) fn with_nonce(mut self, value: &str) -> Self {
        match &mut *self.0 {
            Form::OAuth { nonce, .. } | Form::Challenge { nonce, .. } => {
                *nonce = Some(value.to_owned())
            }
            Form::Api { .. } => {}
        }
        self
    }

    /// Adds a member to an OAuth error body.
    pub(crate) fn with_member(mut self, name: &'static str, value: String) -> Self {
        if let Form::OAuth { member, .. } = &mut *self.0 {
            *member = Some((name, value));
        }
        self
    }

    /// The machine-readable name of an OAuth error, for the System Log.
    pub(crate) fn oauth_error(&self) -> Option<&'static str> {
        match &*self.0 {
            Form::OAuth { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Summary and causes in one line.
    pub(crate) fn text(&self) -> String {
        match &*self.0 {
            Form::Api {
                summary, causes, ..
            } if !causes.is_empty() => {
                format!("{summary}: {}", causes.join("; "))
            }
            Form::Api { summary, .. } => summary.clone(),
            Form::OAuth { description, .. } => description.clone(),
            Form::Challenge { header, .. } => header.clone(),
        }
    }

    /// The answer that tells the client.
    pub(crate) fn into_answer(self) -> Answer {
        let (mut answer, nonce) = match *self.0 {
            Form::Api {
                status,
                code,
                summary,
                causes,
            } => {
                let causes: Vec<Value> = causes
                    .into_iter()
                    .map(|c| json!({ "errorSummary": c }))
                    .collect();
                let body = json!({
                    "errorCode": code, "errorSummary": summary, "errorLink": code,
                    "errorId": ids::error_id(), "errorCauses": causes,
                });
                (Answer::json(status, &body), None)
            }
            Form::OAuth {
                status,
                error,
                description,
                nonce,
                member,
            } => {
                let mut body = json!({ "error": error, "error_description": description });
                if let Some((name, value)) = member {
                    body[name] = json!(value);
                }
                (Answer::json(status, &body), nonce)
            }
            Form::Challenge {
                status,
                header,
                nonce,
            } => (
                Answer::empty(status).with("www-authenticate", header),
                nonce,
            ),
        };
        if let Some(nonce) = nonce {
            answer = answer.with("dpop-nonce", nonce);
        }
        answer
    }
}
