//! The buckets of an org: which requests share an allowance, and how large it is.

/// Kinds of orgs, whose allowances differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrgKind {
    /// Free orgs of integrators, the smallest.
    IntegratorFree,
    /// Orgs that manage one app.
    OneApp,
    /// Enterprise orgs.
    #[default]
    Enterprise,
    /// Orgs of Workforce Identity licences.
    Workforce,
}

impl OrgKind {
    /// By the name that the control endpoint and the program take.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "integrator_free" => Self::IntegratorFree,
            "one_app" => Self::OneApp,
            "enterprise" => Self::Enterprise,
            "workforce" => Self::Workforce,
            _ => return None,
        })
    }

    /// Requests at a time.
    pub(crate) fn concurrency(self) -> usize {
        match self {
            Self::IntegratorFree | Self::OneApp => 35,
            Self::Enterprise | Self::Workforce => 75,
        }
    }
}

/// A bucket.
///
/// In patterns `*` stands for one segment, `**` at the end for any rest.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) id: &'static str,
    /// Empty for all.
    methods: &'static [&'static str],
    patterns: &'static [&'static str],
    /// For integrator-free, one-app, enterprise and workforce orgs.
    limits: [u32; 4],
    /// Seconds.
    pub(crate) window: i64,
    /// The path segment whose every value has an allowance of its own.
    pub(crate) per: Option<usize>,
}

impl Bucket {
    /// The documented limit.
    pub(crate) fn limit(&self, kind: OrgKind) -> u32 {
        self.limits[kind as usize]
    }
}

const fn bucket(
    id: &'static str,
    methods: &'static [&'static str],
    patterns: &'static [&'static str],
    limits: [u32; 4],
) -> Bucket {
    Bucket {
        id,
        methods,
        patterns,
        limits,
        window: 60,
        per: None,
    }
}

const WRITE: &[&str] = &["POST", "PUT", "DELETE"];
const ITEM: &[&str] = &["GET", "PUT", "DELETE"];
const EDGE: [u32; 4] = [300, 1200, 1200, 2000];

/// The first match wins.
static BUCKETS: [Bucket; 36] = [
    Bucket {
        window: 300,
        per: Some(3),
        ..bucket(
            "factor-otp",
            &["POST"],
            &[
                "/api/v1/users/*/factors/*/lifecycle/activate",
                "/api/v1/users/*/factors/*/resend",
            ],
            [5; 4],
        )
    },
    bucket("app", ITEM, &["/api/v1/apps/*"], [100, 600, 600, 500]),
    bucket("apps", &[], &["/api/v1/apps/**"], [20, 100, 100, 100]),
    bucket("group", ITEM, &["/api/v1/groups/*"], [100, 600, 600, 1000]),
    bucket("groups", &[], &["/api/v1/groups/**"], [100, 600, 600, 500]),
    bucket(
        "users-list",
        &["GET", "POST"],
        &["/api/v1/users"],
        [100, 600, 600, 600],
    ),
    bucket(
        "user-get",
        &["GET"],
        &["/api/v1/users/*"],
        [100, 1000, 1000, 2000],
    ),
    bucket(
        "user-write",
        WRITE,
        &["/api/v1/users/*"],
        [100, 600, 600, 600],
    ),
    bucket("logs", &["GET"], &["/api/v1/logs"], [20, 50, 50, 120]),
    bucket("events", &["GET"], &["/api/v1/events"], [20, 50, 50, 100]),
    bucket(
        "email-bounces",
        &["POST"],
        &["/api/v1/org/email/bounces/remove-list"],
        [10, 30, 60, 60],
    ),
    bucket("org-creator", &["POST"], &["/api/v1/orgs"], [10; 4]),
    bucket(
        "certificate-authorities",
        &[],
        &["/api/v1/certificateAuthorities/**"],
        [100, 150, 150, 100],
    ),
    bucket(
        "devices",
        &[],
        &["/api/v1/devices/**"],
        [100, 150, 150, 100],
    ),
    bucket("authn", &["POST"], &["/api/v1/authn"], [100, 600, 600, 500]),
    bucket(
        "authn-factor-verify",
        &["POST"],
        &["/api/v1/authn/factors/*/verify"],
        [100, 600, 600, 500],
    ),
    bucket(
        "sessions",
        &[],
        &["/api/v1/sessions/**"],
        [100, 600, 600, 750],
    ),
    bucket("api-other", &[], &["/api/v1/**"], [100, 600, 600, 1200]),
    bucket(
        "oauth-clients",
        &[],
        &["/oauth2/v1/clients/**"],
        [25, 100, 100, 100],
    ),
    bucket(
        "org-as-authorize",
        &["GET", "POST"],
        &["/oauth2/v1/authorize"],
        EDGE,
    ),
    bucket("org-as-token", &["POST"], &["/oauth2/v1/token"], EDGE),
    bucket("org-as", &[], &["/oauth2/v1/**"], EDGE),
    bucket(
        "custom-as-authorize",
        &["GET", "POST"],
        &["/oauth2/*/v1/authorize"],
        EDGE,
    ),
    bucket("custom-as-token", &["POST"], &["/oauth2/*/v1/token"], EDGE),
    bucket("custom-as", &[], &["/oauth2/*/v1/**"], EDGE),
    bucket("oauth-other", &[], &["/oauth2/**"], [100, 600, 600, 600]),
    bucket(
        "login-page",
        &[],
        &["/login/login.htm"],
        [200, 1200, 1200, 1200],
    ),
    bucket(
        "login-redirect",
        &[],
        &["/login/token/redirect"],
        [100, 600, 600, 600],
    ),
    bucket(
        "saml-app",
        &[],
        &["/app/*/*/sso/saml"],
        [100, 600, 600, 750],
    ),
    bucket(
        "idx-identify",
        &[],
        &["/idp/idx/identify"],
        [100, 1000, 1000, 1000],
    ),
    bucket(
        "idx-introspect",
        &[],
        &["/idp/idx/introspect"],
        [200, 2000, 2000, 2000],
    ),
    bucket("idx", &[], &["/idp/idx/**"], [100, 1000, 1000, 1000]),
    // The numbers of these are not published.
    bucket(
        "governance-requests",
        &[],
        &[
            "/governance/api/v1/requests/**",
            "/governance/api/v2/requests/**",
        ],
        [100, 600, 600, 600],
    ),
    bucket(
        "governance-campaigns",
        &[],
        &["/governance/api/v1/campaigns/**"],
        [100, 600, 600, 600],
    ),
    bucket("governance", &[], &["/governance/**"], [100, 600, 600, 600]),
    bucket("other-api", &[], &["/*/api/v1/**"], [100, 600, 600, 600]),
];

/// True if a path looks like a pattern: `*` stands for one segment, `**` for any rest.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let mut have = path.split('/');
    for want in pattern.split('/') {
        match (want, have.next()) {
            ("**", _) => return true,
            ("*", Some(segment)) if !segment.is_empty() => {}
            (want, Some(segment)) if want == segment => {}
            _ => return false,
        }
    }
    have.next().is_none()
}

/// Public metadata has no limit and no headers.
fn is_metadata(path: &str) -> bool {
    path.contains("/.well-known/") || (path.starts_with("/oauth2/") && path.ends_with("/keys"))
}

/// The bucket of a request; none for public metadata.
pub(crate) fn of(method: &str, path: &str) -> Option<&'static Bucket> {
    if is_metadata(path) {
        return None;
    }
    BUCKETS.iter().find(|bucket| {
        (bucket.methods.is_empty() || bucket.methods.contains(&method))
            && bucket.patterns.iter().any(|pattern| fits(pattern, path))
    })
}

/// True if there is a bucket of this id.
pub(crate) fn exists(id: &str) -> bool {
    BUCKETS.iter().any(|bucket| bucket.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_buckets() {
        for (method, path, bucket) in [
            ("GET", "/api/v1/users", Some("users-list")),
            ("GET", "/api/v1/users/00u1", Some("user-get")),
            ("POST", "/api/v1/users/00u1", Some("user-write")),
            ("GET", "/api/v1/users/00u1/groups", Some("api-other")),
            (
                "POST",
                "/api/v1/users/00u1/factors/f1/lifecycle/activate",
                Some("factor-otp"),
            ),
            ("GET", "/api/v1/apps", Some("apps")),
            ("POST", "/api/v1/apps/0oa1", Some("apps")),
            ("GET", "/api/v1/apps/0oa1", Some("app")),
            ("POST", "/oauth2/v1/token", Some("org-as-token")),
            (
                "GET",
                "/oauth2/aus1/v1/authorize",
                Some("custom-as-authorize"),
            ),
            ("GET", "/oauth2/aus1/v1/userinfo", Some("custom-as")),
            (
                "GET",
                "/governance/api/v1/campaigns",
                Some("governance-campaigns"),
            ),
            ("GET", "/governance/api/v1/entitlements", Some("governance")),
            (
                "GET",
                "/attack-protection/api/v1/user-lockout-settings",
                Some("other-api"),
            ),
            ("GET", "/oauth2/v1/keys", None),
            ("GET", "/.well-known/okta-organization", None),
        ] {
            assert_eq!(of(method, path).map(|b| b.id), bucket, "{method} {path}");
        }
        assert_eq!(
            of("GET", "/api/v1/logs").map(|b| b.limit(OrgKind::Workforce)),
            Some(120)
        );
    }
}
