//! Which scopes exist and which satisfies which.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::flows;
use crate::generated::operations::OPERATIONS;

/// Every scope that an operation of the table names, with its `.manage` twin.
pub(crate) fn all() -> &'static BTreeSet<String> {
    static ALL: OnceLock<BTreeSet<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        // Flows are no operation of a published API.
        let mut all = BTreeSet::from([flows::SCOPE.to_owned()]);
        for scope in OPERATIONS.iter().flat_map(|o| o.scopes) {
            all.insert((*scope).to_owned());
            if let Some(stem) = scope.strip_suffix(".read").filter(|s| *s != "okta.logs") {
                all.insert(format!("{stem}.manage"));
            }
        }
        all
    })
}

/// The scopes of an API, for a service app that may do everything in it.
pub(crate) fn of_api(api: &str) -> Vec<String> {
    let named: BTreeSet<&str> = OPERATIONS
        .iter()
        .filter(|o| o.api == api)
        .flat_map(|o| o.scopes)
        .copied()
        .collect();
    named
        .into_iter()
        .filter(|s| s.starts_with("okta.") && !s.contains(".self"))
        .map(str::to_owned)
        .collect()
}

/// True if a granted scope satisfies a needed one.
pub(crate) fn satisfies(granted: &str, needed: &str) -> bool {
    granted == needed
        || match (
            granted.strip_suffix(".manage"),
            needed.strip_suffix(".read"),
        ) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
}

/// True for scopes of the end user's sign-in, which no service app may ask for.
pub(crate) fn is_openid(scope: &str) -> bool {
    matches!(
        scope,
        "openid"
            | "profile"
            | "email"
            | "address"
            | "phone"
            | "groups"
            | "offline_access"
            | "device_sso"
            | "interclient_access"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manage_includes_read() {
        assert!(satisfies("okta.users.manage", "okta.users.read"));
        assert!(!satisfies("okta.users.read", "okta.users.manage"));
        assert!(!satisfies("okta.users.manage", "okta.groups.read"));
        assert!(all().contains("okta.users.manage") && !all().contains("okta.logs.manage"));
    }

    #[test]
    fn management_scopes_leave_governance_out() {
        let scopes = of_api("management");
        assert!(scopes.iter().any(|s| s == "okta.users.manage"));
        assert!(!scopes.iter().any(|s| s.starts_with("okta.governance.")));
    }
}
