//! Access requests of both versions.

use super::definition::Fields;
use super::value::FieldValue;
use super::values::FieldValues;
use crate::ext::Invalid;
use crate::ext::invalid::Findings;
use crate::models::{
    PrincipalType, RequestCreatable, RequestCreatable2, RequestResourceCatalogEntryCreatable,
    RequestResourceCreatableBase, TargetPrincipal,
};

/// The field that says how long access is asked for, in requests of catalog entries.
const DURATION: &str = "OKTA_ACCESS_DURATION";

/// A request for an entry of the resource catalog (version 2 of the API).
///
/// ```
/// use okta_governance::access::{AccessRequest, FieldValue};
///
/// # fn main() -> Result<(), okta_governance::Invalid> {
/// let request = AccessRequest::new("cenp2rjyxK1Js2Fc41d5", "00ub0oNGTSWTBKOLGLNR")
///     .field("badgeColor", FieldValue::select("BLUE"))
///     .field("startsOn", FieldValue::date(jiff::civil::date(2027, 3, 1)))
///     .for_days(7)
///     .build()?;
/// # let _ = request; Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build`"]
pub struct AccessRequest {
    entry: String,
    requested_for: String,
    requested_by: Option<String>,
    values: FieldValues,
}

impl AccessRequest {
    /// A request of a catalog entry for a user.
    pub fn new(entry_id: impl Into<String>, requested_for: impl Into<String>) -> Self {
        Self {
            entry: entry_id.into(),
            requested_for: requested_for.into(),
            requested_by: None,
            values: FieldValues::new(),
        }
    }

    /// The user who asks, where that is not the caller.
    pub fn requested_by(mut self, user_id: impl Into<String>) -> Self {
        self.requested_by = Some(user_id.into());
        self
    }

    /// The value of a field, by its id or label.
    pub fn field(mut self, field: impl Into<String>, value: FieldValue) -> Self {
        self.values = self.values.field(field, value);
        self
    }

    /// How many days access is asked for: the field `OKTA_ACCESS_DURATION`.
    pub fn for_days(self, days: u16) -> Self {
        self.field(DURATION, FieldValue::days(days))
    }

    /// How many hours access is asked for: the field `OKTA_ACCESS_DURATION`.
    pub fn for_hours(self, hours: u16) -> Self {
        self.field(DURATION, FieldValue::hours(hours))
    }

    /// The request, checked without knowledge of the fields.
    ///
    /// # Errors
    /// [`Invalid`] with all that no field would take.
    pub fn build(self) -> Result<RequestCreatable2, Invalid> {
        self.finish(None)
    }

    /// The request, checked against the fields that the entry has for this user:
    /// `Fields::from(&page)` of what the catalog's `request_fields(user).list()` answers.
    ///
    /// # Errors
    /// [`Invalid`], naming each field that is unknown, missing or has a wrong value.
    pub fn build_with(self, fields: &Fields) -> Result<RequestCreatable2, Invalid> {
        self.finish(Some(fields))
    }

    fn finish(self, fields: Option<&Fields>) -> Result<RequestCreatable2, Invalid> {
        let mut findings = Findings::default();
        findings.id("requested.entryId", &self.entry, 20);
        findings.id("requestedFor.externalId", &self.requested_for, 20);
        if let Some(by) = &self.requested_by {
            findings.id("requestedBy.externalId", by, 20);
        }
        self.values.examine(fields, &mut findings);
        findings.check("access request")?;
        let user = |id: String| TargetPrincipal {
            external_id: Some(id),
            type_: Some(PrincipalType::OktaUser),
            ..Default::default()
        };
        let values = self.values.version_2(fields);
        let entry = RequestResourceCatalogEntryCreatable {
            base: RequestResourceCreatableBase {
                entry_id: Some(self.entry),
                ..Default::default()
            },
        };
        Ok(RequestCreatable2 {
            requested: Some(entry.into()),
            requested_for: Some(user(self.requested_for)),
            requested_by: self.requested_by.map(user),
            requester_field_values: (!values.is_empty()).then_some(values),
            ..Default::default()
        })
    }
}

/// A request of a request type (version 1 of the API).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build`"]
pub struct AccessRequestV1 {
    request_type: String,
    subject: String,
    requester: Option<String>,
    values: FieldValues,
}

impl AccessRequestV1 {
    /// A request of a published request type, about a subject.
    pub fn new(request_type_id: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            request_type: request_type_id.into(),
            subject: subject.into(),
            requester: None,
            values: FieldValues::new(),
        }
    }

    /// The user who asks, where that is not the caller.
    pub fn requested_by(mut self, user_id: impl Into<String>) -> Self {
        self.requester = Some(user_id.into());
        self
    }

    /// The value of a field: by its id, or by its prompt if the request type is given to
    /// [`build_with`](Self::build_with).
    pub fn field(mut self, field: impl Into<String>, value: FieldValue) -> Self {
        self.values = self.values.field(field, value);
        self
    }

    /// The request, checked without knowledge of the fields.
    ///
    /// # Errors
    /// [`Invalid`] with all that no field would take.
    pub fn build(self) -> Result<RequestCreatable, Invalid> {
        self.finish(None)
    }

    /// The request, checked against the fields of its type: `Fields::from(&request_type)`.
    ///
    /// # Errors
    /// [`Invalid`], naming each field that is unknown, missing or has a wrong value.
    pub fn build_with(self, fields: &Fields) -> Result<RequestCreatable, Invalid> {
        self.finish(Some(fields))
    }

    fn finish(self, fields: Option<&Fields>) -> Result<RequestCreatable, Invalid> {
        let mut findings = Findings::default();
        findings.id("requestTypeId", &self.request_type, 24);
        findings.length("subject", &self.subject, 1, 250);
        if let Some(requester) = &self.requester {
            findings.id("requesterUserIds[0]", requester, 20);
        }
        self.values.examine(fields, &mut findings);
        self.values.examine_version_1(fields, &mut findings);
        findings.check("access request")?;
        let values = self.values.version_1(fields);
        Ok(RequestCreatable {
            request_type_id: Some(self.request_type),
            subject: Some(self.subject),
            requester_user_ids: self.requester.map(|id| vec![id]),
            requester_field_values: (!values.is_empty()).then_some(values),
            ..Default::default()
        })
    }
}
