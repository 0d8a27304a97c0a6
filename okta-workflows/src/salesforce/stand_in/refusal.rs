//! How the stand-in refuses.

use serde_json::{Value, json};

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) fields: Vec<String>,
}

pub(super) fn refusal(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code,
        message: message.into(),
        fields: Vec::new(),
    }
}

impl Refusal {
    pub(super) fn to_json(&self) -> Value {
        json!({"message": self.message, "errorCode": self.code, "fields": self.fields})
    }
}

pub(super) fn missing(fields: Vec<String>) -> Refusal {
    Refusal {
        fields: fields.clone(),
        ..refusal(
            400,
            "REQUIRED_FIELD_MISSING",
            format!("Required fields are missing: [{}]", fields.join(", ")),
        )
    }
}
