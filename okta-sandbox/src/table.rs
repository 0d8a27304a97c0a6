//! The table of published operations and the router over it.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::generated::operations::OPERATIONS;

/// One published operation, as data.
#[derive(Debug)]
pub struct Operation {
    /// The published operation id.
    pub id: &'static str,
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path template with `{param}` segments.
    pub path: &'static str,
    /// `management`, `governance` or `oauth`.
    pub api: &'static str,
    /// Scopes that an access token needs; `.manage` satisfies `.read`.
    pub scopes: &'static [&'static str],
    /// True where no authentication of the API's own kind applies.
    pub public: bool,
    /// True for lists that page.
    pub paged: bool,
    /// The first documented success status.
    pub success: u16,
    /// True if only orgs on the Identity Engine have it.
    pub identity_engine: bool,
}

/// What the router found for a method and a path.
#[derive(Debug)]
pub(crate) enum Route {
    /// An operation, its index in the table, and the path parameters in order.
    Found(usize, Vec<String>),
    /// The path is known, the method is not.
    WrongMethod,
    /// No such path.
    Unknown,
}

#[derive(Default)]
struct Node {
    literals: HashMap<&'static str, usize>,
    parameter: Option<usize>,
    operations: Vec<(&'static str, usize)>,
}

/// A trie of path segments; literals win over parameters.
pub(crate) struct Router {
    nodes: Vec<Node>,
}

impl Router {
    /// The router of [`OPERATIONS`], built once a process.
    pub(crate) fn shared() -> &'static Self {
        static ROUTER: OnceLock<Router> = OnceLock::new();
        ROUTER.get_or_init(|| Self::new(OPERATIONS))
    }

    fn new(operations: &'static [Operation]) -> Self {
        let mut nodes = vec![Node::default()];
        for (index, operation) in operations.iter().enumerate() {
            let mut at = 0;
            for segment in operation.path.split('/').skip(1) {
                let fresh = nodes.len();
                let node = &mut nodes[at];
                let next = if segment.starts_with('{') {
                    *node.parameter.get_or_insert(fresh)
                } else {
                    *node.literals.entry(segment).or_insert(fresh)
                };
                if next == fresh {
                    nodes.push(Node::default());
                }
                at = next;
            }
            nodes[at].operations.push((operation.method, index));
        }
        Self { nodes }
    }

    /// Finds the operation for a method and decoded path segments.
    pub(crate) fn route(&self, method: &str, segments: &[String]) -> Route {
        let mut parameters = Vec::new();
        let mut known = false;
        match self.walk(0, method, segments, &mut parameters, &mut known) {
            Some(index) => Route::Found(index, parameters),
            None if known => Route::WrongMethod,
            None => Route::Unknown,
        }
    }

    fn walk(
        &self,
        at: usize,
        method: &str,
        rest: &[String],
        parameters: &mut Vec<String>,
        known: &mut bool,
    ) -> Option<usize> {
        let node = &self.nodes[at];
        let Some((first, rest)) = rest.split_first() else {
            *known |= !node.operations.is_empty();
            return node
                .operations
                .iter()
                .find(|(m, _)| *m == method)
                .map(|(_, index)| *index);
        };
        if let Some(next) = node.literals.get(first.as_str()) {
            let found = self.walk(*next, method, rest, parameters, known);
            if found.is_some() {
                return found;
            }
        }
        let next = node.parameter.filter(|_| !first.is_empty())?;
        parameters.push(first.clone());
        let found = self.walk(next, method, rest, parameters, known);
        if found.is_none() {
            parameters.pop();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Route {
        let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        Router::shared().route(method, &segments)
    }

    #[test]
    fn literal_beats_parameter_and_falls_back() {
        let Route::Found(rules, _) = route("GET", "/api/v1/groups/rules") else {
            panic!("not found")
        };
        assert_eq!(OPERATIONS[rules].id, "listGroupRules");
        let Route::Found(group, parameters) = route("GET", "/api/v1/groups/00g1") else {
            panic!("not found")
        };
        assert_eq!(
            (OPERATIONS[group].id, parameters),
            ("getGroup", vec!["00g1".to_owned()])
        );
    }

    #[test]
    fn unknown_paths_and_methods_differ() {
        assert!(matches!(route("GET", "/api/v1/nonsense"), Route::Unknown));
        assert!(matches!(
            route("DELETE", "/api/v1/users"),
            Route::WrongMethod
        ));
        assert!(matches!(route("GET", "/api/v1/users/"), Route::Unknown));
    }
}
