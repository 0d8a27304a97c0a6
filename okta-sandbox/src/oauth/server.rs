//! Which authorization server a call is for: the org's own or a custom one.

use serde_json::Value;

use super::authority::ORG;
use super::scopes;
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

pub(crate) const SERVERS: &str = "/api/v1/authorizationServers";

/// An authorization server as called.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// [`ORG`] or the id of the custom server.
    pub(crate) id: String,
    /// The `iss` of its tokens.
    pub(crate) issuer: String,
    /// `/oauth2` or `/oauth2/{id}`, the start of its paths.
    pub(crate) prefix: String,
    /// The `aud` of its access tokens.
    pub(crate) audience: String,
}

impl Server {
    /// The server that the call's path names.
    pub(crate) fn of(call: &Call<'_>) -> Result<Self, Fault> {
        match call.operation.path.starts_with("/oauth2/{") {
            true => Self::custom(call.org, call.parameter(0), call.base()),
            false => Ok(Self::org(call.base())),
        }
    }

    /// The server with a stored id.
    pub(crate) fn by_id(org: &Org, id: &str, base: &str) -> Result<Self, Fault> {
        match id {
            ORG => Ok(Self::org(base)),
            id => Self::custom(org, id, base),
        }
    }

    fn org(base: &str) -> Self {
        Self {
            id: ORG.to_owned(),
            issuer: base.to_owned(),
            prefix: "/oauth2".to_owned(),
            audience: base.to_owned(),
        }
    }

    /// An active custom server, by id or as `default`.
    fn custom(org: &Org, named: &str, base: &str) -> Result<Self, Fault> {
        let server = Self::find(org, named)?;
        match text(server, "/status") {
            "INACTIVE" => Err(Fault::not_found(named, "AuthorizationServer")),
            _ => Ok(Self::described(server, base)),
        }
    }

    /// A custom server, active or not.
    pub(crate) fn stored(org: &Org, named: &str, base: &str) -> Result<Self, Fault> {
        Self::find(org, named).map(|server| Self::described(server, base))
    }

    fn find<'o>(org: &'o Org, named: &str) -> Result<&'o Value, Fault> {
        let missing = || Fault::not_found(named, "AuthorizationServer");
        let shelf = org.shelves.get(SERVERS).ok_or_else(missing)?;
        let found = shelf.get(named).or_else(|| {
            let mut all = shelf.values();
            all.find(|s| named == "default" && s["default"] == true)
        });
        found.ok_or_else(missing)
    }

    fn described(server: &Value, base: &str) -> Self {
        let shown = match server["default"] == true {
            true => "default",
            false => text(server, "/id"),
        };
        let prefix = format!("/oauth2/{shown}");
        Self {
            id: text(server, "/id").to_owned(),
            issuer: format!("{base}{prefix}"),
            prefix,
            audience: text(server, "/audiences/0").to_owned(),
        }
    }

    pub(crate) fn is_org(&self) -> bool {
        self.id == ORG
    }

    /// The URL of one of its endpoints.
    pub(crate) fn endpoint(&self, base: &str, name: &str) -> String {
        format!("{base}{}/v1/{name}", self.prefix)
    }

    /// The start of its event types.
    pub(crate) fn event(&self, name: &str) -> String {
        match self.is_org() {
            true => format!("app.oauth2.{name}"),
            false => format!("app.oauth2.as.{name}"),
        }
    }

    /// The objects of a collection below a custom server: `policies`, `scopes`, `claims`.
    pub(crate) fn collection<'o>(
        &self,
        org: &'o Org,
        name: &str,
    ) -> impl Iterator<Item = &'o Value> + use<'o> {
        let path = format!("{SERVERS}/{}/{name}", self.id);
        org.shelves.get(&path).into_iter().flat_map(|s| s.values())
    }

    /// True if the server knows a scope.
    pub(crate) fn knows(&self, org: &Org, scope: &str) -> bool {
        if scopes::is_openid(scope) {
            return true;
        }
        match self.is_org() {
            true => scopes::all().contains(scope),
            false => self
                .collection(org, "scopes")
                .any(|s| text(s, "/name") == scope),
        }
    }
}
