//! What Salesforce answers when it refuses.

use std::fmt;

use serde::Deserialize;

/// What a refusal means.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SalesforceErrorKind {
    /// The session is over and could not be renewed: reauthorize the connection.
    Session,
    /// A permission, a sharing rule or the edition does not allow it.
    Access,
    /// No such object, record, field or path.
    NotFound,
    /// A value, a required field, a reference, a validation rule.
    Invalid,
    /// A duplicate: the same unique value, or a duplicate rule.
    Duplicate,
    /// The query is wrong.
    Query,
    /// The allowance of a day is used up.
    DailyLimit,
    /// Too many requests at once.
    ConcurrentLimit,
    /// Another transaction holds the record.
    Locked,
    /// Licences are used up, or storage is full.
    Quota,
    /// The window of changes is too old or empty: begin anew.
    Replication,
    /// Salesforce is down or overloaded.
    Unavailable,
    /// Everything else.
    Other,
}

/// A refusal of the Salesforce API: status and the list of errors in the body.
#[derive(Clone, Debug)]
pub struct SalesforceError {
    status: Option<u16>,
    errors: Vec<SalesforceFault>,
}

/// One error of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SalesforceFault {
    /// `INVALID_FIELD`, `REQUIRED_FIELD_MISSING`, …; collections call it `statusCode`.
    #[serde(rename = "errorCode", alias = "statusCode")]
    pub code: String,
    /// Text of Salesforce.
    pub message: String,
    /// Fields concerned.
    #[serde(deserialize_with = "null_as_default")]
    pub fields: Vec<String>,
}

fn null_as_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl SalesforceError {
    /// From a body: a list of errors, one error, or no JSON at all.
    pub fn from_body(status: Option<u16>, body: &[u8]) -> Self {
        let errors: Vec<SalesforceFault> = serde_json::from_slice(body)
            .or_else(|_| serde_json::from_slice::<SalesforceFault>(body).map(|one| vec![one]))
            .unwrap_or_default();
        Self { status, errors }
    }

    /// From one element of a collection's answer.
    pub(crate) fn from_element(element: &serde_json::Value) -> Self {
        let errors = serde_json::from_value(element["errors"].clone()).unwrap_or_default();
        Self {
            status: Some(200),
            errors,
        }
    }

    /// HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Every error of the body.
    pub fn errors(&self) -> &[SalesforceFault] {
        &self.errors
    }

    /// Code of the first error; empty if the body had none.
    pub fn code(&self) -> &str {
        self.errors.first().map_or("", |one| &one.code)
    }

    fn message(&self) -> &str {
        self.errors.first().map_or("", |one| &one.message)
    }

    /// What the refusal means.
    pub fn kind(&self) -> SalesforceErrorKind {
        use SalesforceErrorKind as Kind;
        match self.code() {
            "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" => Kind::Session,
            "REQUEST_LIMIT_EXCEEDED" if self.message().contains("Concurrent") => {
                Kind::ConcurrentLimit
            }
            "REQUEST_LIMIT_EXCEEDED" => Kind::DailyLimit,
            "UNABLE_TO_LOCK_ROW" => Kind::Locked,
            "SERVER_UNAVAILABLE" => Kind::Unavailable,
            "API_DISABLED_FOR_ORG"
            | "API_CURRENTLY_DISABLED"
            | "INSUFFICIENT_ACCESS"
            | "INSUFFICIENT_ACCESS_OR_READONLY"
            | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
            | "INVALID_OPERATION_WITH_EXPIRED_PASSWORD" => Kind::Access,
            "NOT_FOUND" | "ENTITY_IS_DELETED" => Kind::NotFound,
            "MALFORMED_QUERY"
            | "INVALID_TYPE"
            | "INVALID_QUERY_FILTER_OPERATOR"
            | "INVALID_QUERY_LOCATOR"
            | "QUERY_TIMEOUT"
            | "OPERATION_TOO_LARGE" => Kind::Query,
            "INVALID_REPLICATION_DATE" | "EXCEEDED_ID_LIMIT" => Kind::Replication,
            "DUPLICATE_VALUE"
            | "DUPLICATES_DETECTED"
            | "DUPLICATE_USERNAME"
            | "DUPLICATE_COMM_NICKNAME" => Kind::Duplicate,
            "LICENSE_LIMIT_EXCEEDED" | "STORAGE_LIMIT_EXCEEDED" => Kind::Quota,
            "" => match self.status {
                Some(401) => Kind::Session,
                Some(403) => Kind::Access,
                Some(404) => Kind::NotFound,
                Some(503) => Kind::Unavailable,
                _ => Kind::Other,
            },
            _ if self.status == Some(400) || self.status == Some(200) => Kind::Invalid,
            _ => Kind::Other,
        }
    }

    /// Whether the request surely changed nothing and may be repeated after a wait.
    pub fn is_repeatable(&self) -> bool {
        matches!(
            self.kind(),
            SalesforceErrorKind::Locked
                | SalesforceErrorKind::ConcurrentLimit
                | SalesforceErrorKind::Unavailable
        )
    }

    /// The next step, one sentence.
    pub fn hint(&self) -> Option<&'static str> {
        use SalesforceErrorKind as Kind;
        Some(match self.kind() {
            Kind::Session => "reauthorize the connection",
            Kind::Access => {
                "the connected user needs the permission, or the profile System Administrator for user cards"
            }
            Kind::DailyLimit => "wait: the allowance covers the last 24 hours",
            Kind::ConcurrentLimit | Kind::Locked | Kind::Unavailable => "try again later",
            Kind::Quota => "free a licence or storage in Salesforce",
            Kind::Replication => "forget the cursor and begin anew",
            Kind::Query | Kind::NotFound | Kind::Invalid | Kind::Duplicate | Kind::Other => {
                return None;
            }
        })
    }
}

impl fmt::Display for SalesforceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salesforce refused")?;
        if let Some(status) = self.status {
            write!(f, " with {status}")?;
        }
        for (index, one) in self.errors.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            write!(f, "{} ({})", one.message, one.code)?;
            if !one.fields.is_empty() {
                write!(f, " [{}]", one.fields.join(", "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SalesforceError {}
