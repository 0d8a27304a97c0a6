//! Which operation a recorded request belongs to.

use std::collections::HashMap;

use okta_core::operation::OperationEntry;

/// A path template's segments and its operation.
type Template = (Vec<&'static str>, &'static OperationEntry);

/// All operations of the generated crates, by method and path.
pub struct Router {
    /// By method and number of segments.
    by_shape: HashMap<(String, usize), Vec<Template>>,
}

impl Default for Router {
    fn default() -> Self {
        Self::new()
    }
}

impl Router {
    /// A router over the Management, OAuth and Governance operations.
    #[must_use]
    pub fn new() -> Self {
        let mut by_shape: HashMap<_, Vec<_>> = HashMap::new();
        for entry in okta_management::OPERATIONS
            .iter()
            .chain(okta_governance::OPERATIONS)
        {
            let segments: Vec<&str> = entry.info.path.split('/').collect();
            by_shape
                .entry((entry.info.method.to_string(), segments.len()))
                .or_default()
                .push((segments, entry));
        }
        Self { by_shape }
    }

    /// The operation, if one matches; literal segments go before parameters, from the left.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<&'static OperationEntry> {
        let path = path.split('?').next().unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let candidates = self
            .by_shape
            .get(&(method.to_ascii_uppercase(), segments.len()))?;
        let fits = |template: &[&str]| {
            template.iter().zip(&segments).all(|(t, s)| {
                if t.starts_with('{') {
                    !s.is_empty()
                } else {
                    t == s
                }
            })
        };
        let literals = |template: &[&str]| {
            template
                .iter()
                .map(|segment| !segment.starts_with('{'))
                .collect::<Vec<_>>()
        };
        candidates
            .iter()
            .filter(|(template, _)| fits(template))
            .max_by_key(|(template, _)| literals(template))
            .map(|(_, entry)| *entry)
    }
}
