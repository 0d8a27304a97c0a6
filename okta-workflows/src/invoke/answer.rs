//! What a flow answered, of whatever status.

use std::fmt;

use okta_core::bytes::Bytes;
use okta_core::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{InvokeError, InvokeErrorKind};

/// What a flow answered: the output of its Return card, or what Return Raw, Return Error, Close or
/// Pause made of it.
#[derive(Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// HTTP status; a flow's Return Raw card may choose any.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Response headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Output`] with the place where body and type differ. An empty body reads as
    /// JSON null, so that `Option<T>` and `()` take the answer of a flow that returns nothing.
    pub fn output<T: DeserializeOwned>(&self) -> Result<T, InvokeError> {
        let text: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        let mut reader = serde_json::Deserializer::from_slice(text);
        serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| (error.path().to_string(), error.into_inner().to_string()))
            .and_then(|value| match reader.end() {
                Ok(()) => Ok(value),
                Err(error) => Err((".".to_owned(), error.to_string())),
            })
            .map_err(|(path, what)| {
                let error = InvokeError::new(
                    InvokeErrorKind::Output,
                    format!("the flow's output at {path}: {what}"),
                )
                .with_answer(self.clone())
                .may_have_run_if(true);
                error.with_hint(if self.body.is_empty() {
                    "the flow returned nothing; it may have closed the exchange early (Close card) and gone on"
                } else {
                    "compare the outputs of the flow's Return card with the fields of your type"
                })
            })
    }

    /// Id of the execution, which [`Flow::resume`](super::Flow::resume) takes. Paused flows answer with it: in
    /// the context object of the body, and in a header.
    pub fn execution_id(&self) -> Option<String> {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        let in_body = body.as_ref().and_then(|body| {
            [
                "/context/execution_id",
                "/context/executionId",
                "/execution_id",
                "/executionId",
            ]
            .iter()
            .find_map(|path| body.pointer(path)?.as_str())
            .map(str::to_owned)
        });
        in_body.or_else(|| {
            self.headers
                .iter()
                .find(|(name, _)| name.as_str().replace('_', "-").ends_with("execution-id"))
                .and_then(|(_, value)| value.to_str().ok())
                .map(str::to_owned)
        })
    }

    /// The flow's own error text, if the body has one (`message`, `errorSummary` or `error`).
    pub fn error_message(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let nested = body
            .get("error")
            .filter(|error| error.is_object())
            .unwrap_or(&body);
        ["message", "errorSummary", "error_description", "error"]
            .iter()
            .find_map(|name| nested.get(name)?.as_str())
            .map(str::to_owned)
    }
}

impl fmt::Debug for Answer {
    /// No body and no header values: a flow may put anything there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
