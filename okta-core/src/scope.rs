//! OAuth scopes as data.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::operation::OperationInfo;

/// One OAuth scope. Generated `scopes` modules hold a constant for each known one; any other text
/// is accepted too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Cow<'static, str>);

impl Scope {
    /// A scope that is known at compile time.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The scope's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if holding `self` is enough where `needed` is asked for: the same scope, or the
    /// `.manage` twin of a `.read` scope.
    pub fn satisfies(&self, needed: &Scope) -> bool {
        self == needed || needed.manage_twin().is_some_and(|twin| twin == self.0)
    }

    /// `okta.users.manage` for `okta.users.read`.
    fn manage_twin(&self) -> Option<String> {
        let name = self.0.strip_suffix(".self").unwrap_or(&self.0);
        let stem = name.strip_suffix(".read")?;
        let tail = &self.0[name.len()..];
        Some(format!("{stem}.manage{tail}"))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for Scope {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Scope {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// The empty set.
    pub const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// All scopes that these operations need; see [`scopes_of!`](crate::scopes_of!).
    pub fn of(operations: &[&'static OperationInfo]) -> Self {
        operations
            .iter()
            .flat_map(|operation| operation.scopes.iter().copied())
            .map(Scope::new)
            .collect::<Self>()
            .without_implied()
    }

    pub(crate) fn of_one(operation: &'static OperationInfo) -> Self {
        operation.scopes.iter().copied().map(Scope::new).collect()
    }

    /// Reads a list separated by blanks or commas, as in a token reply or an environment variable.
    pub fn parse(text: &str) -> Self {
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|name| !name.is_empty())
            .map(|name| Scope::from(name.to_owned()))
            .collect()
    }

    /// Adds a scope.
    pub fn insert(&mut self, scope: impl Into<Scope>) {
        self.0.insert(scope.into());
    }

    /// In order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if a scope of this set is enough for `needed`.
    pub fn satisfies(&self, needed: &Scope) -> bool {
        self.0.contains(needed)
            || needed
                .manage_twin()
                .is_some_and(|twin| self.0.contains(&Scope::from(twin)))
    }

    /// The scopes of this set that `granted` does not satisfy.
    #[must_use]
    pub fn missing_from(&self, granted: &Scopes) -> Scopes {
        self.0
            .iter()
            .filter(|needed| !granted.satisfies(needed))
            .cloned()
            .collect()
    }

    /// The same rights without `.read` scopes whose `.manage` twin is in the set too: what to ask
    /// the token endpoint for.
    #[must_use]
    pub fn without_implied(&self) -> Scopes {
        self.0
            .iter()
            .filter(|scope| {
                !scope
                    .manage_twin()
                    .is_some_and(|twin| self.0.contains(&Scope::from(twin)))
            })
            .cloned()
            .collect()
    }
}

impl fmt::Display for Scopes {
    /// Separated by blanks, as the token endpoint takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl<S: Into<Scope>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(iter: I) -> Self {
        Self(iter.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<Scope>> Extend<S> for Scopes {
    fn extend<I: IntoIterator<Item = S>>(&mut self, iter: I) {
        self.0.extend(iter.into_iter().map(Into::into));
    }
}

impl IntoIterator for Scopes {
    type Item = Scope;
    type IntoIter = std::collections::btree_set::IntoIter<Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        [scope].into_iter().collect()
    }
}

impl<S: Into<Scope>, const N: usize> From<[S; N]> for Scopes {
    fn from(scopes: [S; N]) -> Self {
        scopes.into_iter().collect()
    }
}

impl<S: Into<Scope>> From<Vec<S>> for Scopes {
    fn from(scopes: Vec<S>) -> Self {
        scopes.into_iter().collect()
    }
}

/// The scopes that the named operations need, as [`Scopes`]; a wrong name does not compile.
///
/// ```
/// use okta_core::scopes_of;
/// # mod things {
/// # use okta_core::{Call, Json};
/// # static GET: okta_core::OperationInfo = okta_core::OperationInfo {
/// #     id: "getThing", api: "example", rust_name: "", method: okta_core::http::Method::GET,
/// #     path: "/things/{id}", parameters: &[], scopes: &["okta.things.read"], permissions: &[], roles: &[],
/// #     lifecycle: okta_core::operation::Lifecycle::Ga, deprecated: false, since: None,
/// #     request_media: &[], responses: &[], paging: okta_core::operation::Paging::None, items: None,
/// #     max_limit: None, idempotent: true, bucket: "", public: false,
/// # };
/// # #[derive(Clone)] pub struct Get { call: Call }
/// # okta_core::operation!(Get, GET, json Json);
/// # }
/// let scopes = scopes_of![things::Get];
/// assert_eq!(scopes.to_string(), "okta.things.read");
/// ```
#[macro_export]
macro_rules! scopes_of {
    ($($operation:ty),* $(,)?) => {
        $crate::Scopes::of(const { &[$(<$operation as $crate::operation::Operation>::INFO),*] })
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manage_satisfies_read() {
        let granted = Scopes::parse("okta.users.manage,okta.groups.read  openid");
        assert!(granted.satisfies(&Scope::new("okta.users.read")));
        assert!(granted.satisfies(&Scope::new("okta.groups.read")));
        assert!(!granted.satisfies(&Scope::new("okta.groups.manage")));
        assert!(!granted.satisfies(&Scope::new("okta.users.read.self")));
        let needed = Scopes::from(["okta.groups.manage", "okta.users.read"]);
        assert_eq!(
            needed.missing_from(&granted).to_string(),
            "okta.groups.manage"
        );
        assert!(Scope::new("a.manage").satisfies(&Scope::new("a.read")));
    }

    #[test]
    fn implied_scopes_are_not_asked_for() {
        let scopes = Scopes::from(["okta.users.read", "okta.users.manage", "okta.logs.read"]);
        assert_eq!(
            scopes.without_implied().to_string(),
            "okta.logs.read okta.users.manage"
        );
    }
}
