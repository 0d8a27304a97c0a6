//! `filter`, `search` and `q` of lists, with the service's errors for what a list does not take.

use serde_json::Value;

use crate::clock;
use crate::exchange::Request;
use crate::expression::{Case, Expression, Operator};
use crate::fault::Fault;
use crate::json::text;

/// Properties whose values are dates.
const DATES: [&str; 9] = [
    "created",
    "lastUpdated",
    "activated",
    "statusChanged",
    "lastLogin",
    "passwordChanged",
    "lastMembershipUpdated",
    "createdDate",
    "startDate",
];

/// The parsed expression, if the list supports all of it: `E0000031` otherwise, `E0000030` where
/// something else than a date stands for one.
pub(crate) fn checked(
    text: &str,
    allowed: &dyn Fn(&str, Option<Operator>) -> bool,
) -> Result<Expression, Fault> {
    let invalid = |reason: &str| Fault::code("E0000031", &[reason]);
    let expression = Expression::parse(text).map_err(|reason| invalid(&reason))?;
    if !expression.every(allowed) {
        return Err(invalid(
            "The expression names an attribute or operator that this list does not support.",
        ));
    }
    match dated(&expression) {
        true => Ok(expression),
        false => Err(Fault::api(
            400,
            "E0000030",
            "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, \
             e.g. 2013-01-01T12:00:00.000-07:00.",
            &[],
        )),
    }
}

/// Whether dates are compared with dates.
fn dated(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().all(dated),
        Expression::Not(inner) => dated(inner),
        Expression::Present(_) => true,
        Expression::Compare { path, value, .. } => {
            let date = value
                .as_str()
                .is_some_and(|text| clock::parse(text).is_some());
            !DATES.contains(&path.as_str()) || date || value.is_null()
        }
    }
}

/// What `search` takes on users, groups and devices: everything but `ne` and `ew`.
pub(crate) fn searchable(_: &str, operator: Option<Operator>) -> bool {
    !matches!(operator, Some(Operator::Ne | Operator::Ew))
}

/// What a list without rules of its own is asked for.
pub(crate) struct Wanted {
    expression: Option<(Expression, Case)>,
    q: String,
}

impl Wanted {
    /// Reads `search`, `filter` and `q`.
    pub(crate) fn of(request: &Request) -> Result<Self, Fault> {
        let present = |name: &str| request.query(name).filter(|v| !v.is_empty());
        let expression = match (present("search"), present("filter")) {
            (Some(_), Some(_)) => return Err(Fault::code("E0000033", &[])),
            (Some(search), None) => Some((checked(search, &searchable)?, Case::Insensitive)),
            (None, Some(filter)) => Some((checked(filter, &|_, _| true)?, Case::Insensitive)),
            (None, None) => None,
        };
        let q = present("q").unwrap_or_default().to_lowercase();
        Ok(Self { expression, q })
    }

    /// Whether an object is asked for; `q` is the beginning of its name.
    pub(crate) fn takes(&self, object: &Value) -> bool {
        const NAMES: [&str; 5] = [
            "/name",
            "/label",
            "/displayName",
            "/profile/name",
            "/profile/displayName",
        ];
        let fits = self
            .expression
            .as_ref()
            .is_none_or(|(expression, case)| expression.matches(object, *case));
        let starts = |pointer: &str| text(object, pointer).to_lowercase().starts_with(&self.q);
        fits && (self.q.is_empty() || NAMES.iter().any(|p| starts(p)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        checked(text, &searchable)
            .err()
            .map(|fault| fault.text())
            .unwrap_or_default()
    }

    #[test]
    fn unsupported_operators_and_dates_are_told_apart() {
        assert_eq!(code(r#"lastUpdated gt "2026-01-01T00:00:00.000Z""#), "");
        assert!(code(r#"lastUpdated gt "yesterday""#).contains("Invalid date"));
        assert!(code(r#"status ne "ACTIVE""#).contains("Invalid search criteria"));
        assert!(code("status eq").contains("Invalid search criteria"));
    }
}
