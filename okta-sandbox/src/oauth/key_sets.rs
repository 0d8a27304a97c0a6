//! The keys of clients that publish them at a `jwks_uri`: read over HTTP before the org is locked
//! for the request that needs them, and kept.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{self, Form};
use super::jwt::Jwt;
use crate::exchange::Request;
use crate::hooks;
use crate::json::text;
use crate::org::Org;
use crate::pipeline::Shared;

/// Seconds that a set is kept. A key that it lacks is looked for sooner.
const KEPT: i64 = 24 * 3600;

/// What was found at a client's `jwks_uri`, or where a security events provider publishes its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeySet {
    uri: String,
    fetched: i64,
    /// Who has the keys, if that was found with them.
    #[serde(default)]
    pub(crate) issuer: String,
    pub(crate) keys: Vec<Value>,
}

impl KeySet {
    pub(crate) fn new(uri: &str, issuer: String, keys: Vec<Value>, now: i64) -> Self {
        Self {
            uri: uri.to_owned(),
            fetched: now,
            issuer,
            keys,
        }
    }

    /// True if this was found there, not too long ago.
    pub(crate) fn is_fresh(&self, uri: &str, now: i64) -> bool {
        self.uri == uri && now < self.fetched + KEPT
    }

    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| text(key, "/kid") == kid)
    }
}

/// The keys published at a URL.
pub(crate) async fn read(url: &str) -> Option<Vec<Value>> {
    hooks::read_json(url).await?["keys"].as_array().cloned()
}

/// Where a client publishes its keys.
pub(super) fn uri(client: &Value) -> &str {
    text(client, "/settings/oauthClient/jwks_uri")
}

/// The published keys of a client, as read last.
pub(super) fn keys<'o>(org: &'o Org, client: &Value) -> &'o [Value] {
    let set = org.authority.key_sets.get(text(client, "/id"));
    let set = set.filter(|set| set.uri == uri(client));
    set.map_or(&[], |set| &set.keys)
}

/// The client and the URI to read for a request, unless the keys at hand suffice.
fn wanted(shared: &Shared, request: &Request) -> Option<(String, String)> {
    if request.method != "POST" || request.segments.first().is_none_or(|s| s != "oauth2") {
        return None;
    }
    let form = Form::of(&request.body).ok()?;
    let jwts = [form.get("client_assertion"), form.get("request")];
    let jwt = jwts.into_iter().flatten().find_map(Jwt::parse)?;
    let org = shared.org();
    let client = client::find(&org, jwt.claim("iss")?)?;
    let (id, uri) = (text(client, "/id"), uri(client));
    if uri.is_empty() {
        return None;
    }
    let now = org.clock.now().as_second();
    let set = org.authority.key_sets.get(id);
    let fits = set.is_some_and(|set| {
        let knows = jwt.header("kid").is_none_or(|kid| set.knows(kid));
        set.is_fresh(uri, now) && knows
    });
    (!fits).then(|| (id.to_owned(), uri.to_owned()))
}

/// Reads the keys that a request needs. What cannot be read leaves the keys of before for as long
/// as they may be kept.
pub(crate) async fn before(shared: &Shared, request: &Request) {
    let Some((id, uri)) = wanted(shared, request) else {
        return;
    };
    let keys = read(&uri).await;
    let mut org = shared.org();
    let now = org.clock.now().as_second();
    let sets = &mut org.authority.key_sets;
    match keys {
        Some(keys) => sets.insert(id, KeySet::new(&uri, String::new(), keys, now)),
        None => {
            if sets.get(&id).is_some_and(|set| !set.is_fresh(&uri, now)) {
                sets.remove(&id);
            }
        }
    }
}
