//! What a caller sees of lists: objects that one of their roles lets them read.

use super::{Area, Asked, Role};
use crate::org::Org;

/// What lists hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed {
    Users,
    Groups,
    Apps,
    Servers,
}

impl Listed {
    /// Area, path and scope of reading one.
    fn reading(self) -> (Area, &'static str, &'static [&'static str]) {
        match self {
            Self::Users => (Area::Users, "users", &["okta.users.read"]),
            Self::Groups => (Area::Groups, "groups", &["okta.groups.read"]),
            Self::Apps => (Area::Apps, "apps", &["okta.apps.read"]),
            Self::Servers => (
                Area::Servers,
                "authorizationServers",
                &["okta.authorizationServers.read"],
            ),
        }
    }
}

/// The roles of a caller who may not see everything.
#[derive(Debug, Default)]
pub(crate) struct Sight(Vec<Role>);

impl Sight {
    pub(super) fn by(roles: Vec<Role>) -> Self {
        Self(roles)
    }

    /// What limits a list; none where the caller sees all of it.
    pub(crate) fn limit<'s>(&'s self, org: &'s Org, listed: Listed) -> Option<Limit<'s>> {
        let limit = Limit {
            roles: &self.0,
            org,
            listed,
        };
        // Whoever may read an object that no target and no resource names may read all, unless
        // something is left out.
        let excludes = |role: &Role| role.resources.iter().any(|(_, out)| !out.is_empty());
        let limited = self.0.iter().any(excludes) || !limit.shows("");
        (!self.0.is_empty() && limited).then_some(limit)
    }
}

/// The limit of a list.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'s> {
    roles: &'s [Role],
    org: &'s Org,
    listed: Listed,
}

impl Limit<'_> {
    /// True if the caller may read the object of this id.
    pub(crate) fn shows(&self, id: &str) -> bool {
        let (area, word, scopes) = self.listed.reading();
        let asked = Asked {
            area,
            write: false,
            method: "GET",
            path: vec!["api", "v1", word, id],
            scopes,
            item: Some(id),
            new_groups: Vec::new(),
        };
        self.roles.iter().any(|role| role.allows(self.org, &asked))
    }
}
