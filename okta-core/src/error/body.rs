//! Reads what the service says about a failure, in every shape its bodies come in.

use serde_json::Value as JsonValue;

/// What an error body says. All shapes end here: management and governance
/// (`errorCode`…), OAuth (`error`, `error_description`), plain (`status`, `message`), HTML, empty.
#[derive(Clone, Default, Debug, PartialEq)]
pub(crate) struct ServiceError {
    pub(crate) code: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) causes: Vec<String>,
    pub(crate) form: Form,
}

#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub(crate) enum Form {
    #[default]
    Empty,
    Management,
    OAuth,
    Plain,
    OtherJson,
    Html,
    Text,
}

/// Bodies above this are not searched for an error: no service error is that long.
const MAX_PARSED: usize = 256 * 1024;

impl ServiceError {
    pub(crate) fn parse(body: &[u8]) -> Self {
        let body = body.trim_ascii();
        if body.is_empty() {
            return Self::default();
        }
        if body[0] == b'<' {
            return Self {
                summary: html_title(body),
                form: Form::Html,
                ..Self::default()
            };
        }
        if body.len() > MAX_PARSED {
            return Self {
                form: Form::Text,
                ..Self::default()
            };
        }
        match serde_json::from_slice::<JsonValue>(body) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self {
                form: Form::Text,
                ..Self::default()
            },
        }
    }

    fn from_json(value: &JsonValue) -> Self {
        let text = |name: &str| {
            value
                .get(name)
                .and_then(JsonValue::as_str)
                .map(str::to_owned)
        };
        if value.get("errorCode").is_some() || value.get("errorSummary").is_some() {
            let mut summary = text("errorSummary");
            let mut causes = causes(value.get("errorCauses"));
            // Some services join the cause to the summary and leave the list out.
            if causes.is_empty()
                && let Some((head, tail)) = summary.as_deref().and_then(|s| s.split_once('\n'))
            {
                causes = tail
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect();
                summary = Some(head.trim().to_owned());
            }
            return Self {
                code: text("errorCode"),
                summary,
                causes,
                form: Form::Management,
            };
        }
        if let Some(code) = text("error") {
            let description = text("error_description").or_else(|| text("message"));
            return Self {
                code: Some(code),
                summary: description,
                causes: Vec::new(),
                form: Form::OAuth,
            };
        }
        if let Some(message) = text("message") {
            return Self {
                code: None,
                summary: Some(message),
                causes: Vec::new(),
                form: Form::Plain,
            };
        }
        Self {
            form: Form::OtherJson,
            ..Self::default()
        }
    }

    /// What the body is, where it is not an error object.
    pub(crate) fn found(&self) -> Option<String> {
        match self.form {
            Form::Html => Some("the body is an HTML page".into()),
            Form::Text => Some("the body is not JSON".into()),
            Form::OtherJson => Some("the body is JSON without an error object".into()),
            Form::Empty | Form::Management | Form::OAuth | Form::Plain => None,
        }
    }

    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.code
            .iter_mut()
            .chain(self.summary.iter_mut())
            .chain(self.causes.iter_mut())
    }
}

/// Causes are objects with `errorSummary`; a few services add `reason` or send bare strings.
fn causes(list: Option<&JsonValue>) -> Vec<String> {
    let Some(JsonValue::Array(list)) = list else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|cause| {
            cause
                .as_str()
                .or_else(|| cause.get("errorSummary").and_then(JsonValue::as_str))
                .or_else(|| cause.get("reason").and_then(JsonValue::as_str))
                .map(str::to_owned)
        })
        .collect()
}

/// The title of an HTML page, at most 80 characters.
fn html_title(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(16 * 1024)]);
    let lower = head.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = head[start..end].trim();
    (!title.is_empty()).then(|| title.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn management_form_with_causes() {
        let parsed = ServiceError::parse(br#"{"errorCode":"E0000001","errorSummary":"Api validation failed: login","errorLink":"E0000001","errorId":"oae1","errorCauses":[{"errorSummary":"login: taken"},"bare"]}"#);
        assert_eq!(parsed.code.as_deref(), Some("E0000001"));
        assert_eq!(parsed.causes, ["login: taken", "bare"]);
    }

    #[test]
    fn cause_joined_to_the_summary_is_split() {
        let parsed = ServiceError::parse(
            br#"{"errorCode":"E0000001","errorSummary":"Api validation failed: feature\nProvisioning is not supported."}"#,
        );
        assert_eq!(
            parsed.summary.as_deref(),
            Some("Api validation failed: feature")
        );
        assert_eq!(parsed.causes, ["Provisioning is not supported."]);
    }

    #[test]
    fn plain_oauth_html_text_and_empty_forms() {
        let plain = ServiceError::parse(br#"{"status":404,"message":"Resource not found"}"#);
        assert_eq!(plain.summary.as_deref(), Some("Resource not found"));
        let oauth = ServiceError::parse(br#"{"error":"invalid_client","error_description":"No."}"#);
        assert_eq!(
            (oauth.code.as_deref(), oauth.form),
            (Some("invalid_client"), Form::OAuth)
        );
        let html =
            ServiceError::parse(b"<!DOCTYPE html><html><head><TITLE> 502 Bad Gateway </TITLE>");
        assert_eq!(
            (html.summary.as_deref(), html.form),
            (Some("502 Bad Gateway"), Form::Html)
        );
        assert_eq!(ServiceError::parse(b"upstream failed").form, Form::Text);
        assert_eq!(ServiceError::parse(b"  \n").form, Form::Empty);
        assert_eq!(ServiceError::parse(b"[1]").form, Form::OtherJson);
        assert_eq!(
            ServiceError::parse(br#"{"errorCode":7,"errorCauses":{}}"#).code,
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200), html in "<[A-Za-zİ<>/]{0,60}title[>İ/<]{0,9}") {
            let _ = ServiceError::parse(&body);
            let _ = ServiceError::parse(html.as_bytes());
        }
    }
}
