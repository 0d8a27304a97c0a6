//! Bodies of operations: the facts' types beside the erased codecs of the generated crates.

use okta_core::operation::{OperationEntry, Recode};

use super::facts::{Facts, Type};

/// One body of one operation.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Root {
    /// `listUsers 200`, `createUser request`.
    pub name: String,
    pub ty: Type,
    pub recode: Recode,
}

/// Every body of the API's operations; panics if the generated crates lack an operation of the facts.
#[must_use]
pub fn roots(facts: &Facts) -> Vec<Root> {
    let entries = okta_management::OPERATIONS
        .iter()
        .chain(okta_governance::OPERATIONS);
    let entries: Vec<&OperationEntry> = entries
        .filter(|entry| entry.info.api == facts.name)
        .collect();
    assert_eq!(
        entries.len(),
        facts.operations.len(),
        "operations of the {} API",
        facts.name
    );
    let mut roots = Vec::new();
    for entry in entries {
        let operation = facts
            .operations
            .get(entry.info.id)
            .expect("an operation of the facts");
        for (status, recode) in entry.responses {
            let of_status = operation
                .responses
                .iter()
                .find(|body| body.status == *status)
                .and_then(|body| body.ty.clone());
            // A status that was only observed answers what the declared success does.
            let ty = of_status.or_else(|| {
                operation
                    .responses
                    .iter()
                    .filter(|body| body.status < 300)
                    .find_map(|body| body.ty.clone())
            });
            let Some(ty) = ty else {
                panic!("{} {status} has a codec but no type", entry.info.id)
            };
            roots.push(Root {
                name: format!("{} {status}", entry.info.id),
                ty,
                recode: *recode,
            });
        }
        for body in &operation.responses {
            let json = body
                .media
                .as_deref()
                .is_some_and(|media| media.contains("json"));
            let known = entry
                .responses
                .iter()
                .any(|(status, _)| *status == body.status);
            assert!(
                known || !json || body.ty.is_none(),
                "{} {} has no codec",
                entry.info.id,
                body.status
            );
        }
        if let Some(recode) = entry.request {
            let ty = operation.request.iter().find_map(|body| body.ty.clone());
            let ty = ty.unwrap_or_else(|| {
                panic!("{} has a codec for a request without type", entry.info.id)
            });
            roots.push(Root {
                name: format!("{} request", entry.info.id),
                ty,
                recode,
            });
        }
    }
    roots
}
