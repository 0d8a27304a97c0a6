//! The sandbox as a library: start it, seed it, look into it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::access_requests::runs;
use crate::behaviour::{governance, presets};
use crate::builder::Builder;
use crate::faults::FaultRule;
use crate::journal::Entry;
use crate::json::text;
use crate::limits::RateLimits;
use crate::log::{Actor, named, user_target};
use crate::oauth::authority::ORG;
use crate::oauth::jwk::EcKey;
use crate::pipeline::Shared;
use crate::quirks::Change;
use crate::seed::{self, SeedOrg};
use crate::service_app::ServiceApp;

/// A running org. Dropping it stops it.
pub struct Sandbox {
    pub(crate) url: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) ca_pem: Option<String>,
    pub(crate) server: JoinHandle<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What this object changed, no answer has saved.
        let _ = self.shared.save();
        self.server.abort();
    }
}

impl Sandbox {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Lets flows run that are to begin, and requests go on whose time has come.
    pub(crate) fn start_due(&self) {
        runs::start_due(&self.shared);
    }

    /// Starts a sandbox with a new org on a free port.
    ///
    /// # Errors
    /// If no socket or key can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings before the start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The org URL, `http://127.0.0.1:PORT` (`https` with TLS), without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate authority that clients must trust, in PEM, if the sandbox made one.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.traffic.connections.load(Ordering::Relaxed)
    }

    /// TLS handshakes finished so far.
    #[must_use]
    pub fn tls_handshakes(&self) -> usize {
        self.shared.traffic.handshakes.load(Ordering::Relaxed)
    }

    /// The API token of the org's super admin.
    #[must_use]
    pub fn api_token(&self) -> &str {
        &self.shared.credentials.api_token
    }

    /// The service app that is ready at start: all Management scopes, DPoP required.
    #[must_use]
    pub fn service_app(&self) -> ServiceApp {
        self.shared.credentials.service_app()
    }

    /// Gives the ready service app an RSA key instead of its P-256 key, since several clients
    /// take no other. That takes a tenth of a second or so; the key before is not valid any more.
    ///
    /// # Errors
    /// If no key can be made, or the data directory cannot be written.
    pub fn use_rsa_key(&self) -> io::Result<()> {
        let shared = &self.shared;
        let done = shared.credentials.use_rsa_key(&mut shared.org());
        done.map_err(|_| io::Error::other("cannot generate a key"))?;
        shared.save()
    }

    /// The org's id.
    #[must_use]
    pub fn org_id(&self) -> String {
        self.shared.org().id.clone()
    }

    /// Makes an API token of a user; it may do what the user's admin roles allow.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn create_api_token(&self, user_id: &str) -> Result<String, String> {
        let mut org = self.shared.org();
        if !org.users.contains(user_id) {
            return Err(format!("there is no user {user_id}"));
        }
        let token = crate::ids::api_token();
        let id = org.dice.id("00T");
        let now = crate::clock::zero_millis(org.clock.now());
        let shown = presets::token(&id, user_id, "Token", &now);
        org.shelf(presets::TOKENS).put(&id, shown);
        if let Some(admin) = org.users.get(&org.admin).map(user_target) {
            let targets = vec![named("Token", &id, "unknown", "Token")];
            let (org, actor) = (&mut *org, Actor::person(admin));
            org.log
                .write_by(&org.clock, &actor, "system.api_token.create", targets);
        }
        org.api_tokens
            .insert(token.clone(), (id, user_id.to_owned()));
        Ok(token)
    }

    /// Takes all admin roles of a client away, as those that the API makes have none.
    pub fn remove_roles(&self, client_id: &str) {
        let path = format!("/oauth2/v1/clients/{client_id}/roles");
        let mut org = self.shared.org();
        org.shelves.retain(|known, _| {
            known
                .strip_prefix(&path)
                .is_none_or(|r| !r.is_empty() && !r.starts_with('/'))
        });
    }

    /// Makes a service app with these scopes granted; it is a super admin, and DPoP is not
    /// required.
    ///
    /// # Panics
    /// If the system has no randomness for a key.
    #[must_use]
    pub fn create_service_app(&self, scopes: &[&str]) -> ServiceApp {
        let Ok(key) = EcKey::generate() else {
            panic!("cannot generate a key")
        };
        let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
        let mut org = self.shared.org();
        let label = format!("Service app {}", org.apps.len() + 1);
        ServiceApp::create(&mut org, &key, &label, &scopes, false, &self.url)
    }

    /// Grants a scope to a client, as an admin would; the API's way is
    /// `POST /api/v1/apps/{id}/grants`.
    pub fn grant(&self, client_id: &str, scope: &str) {
        let mut org = self.shared.org();
        if !org.has_grant(client_id, scope) {
            let by = json!({ "id": org.admin, "type": "User" });
            crate::behaviour::apps::grants::add(&mut org, client_id, scope, &self.url, &by);
        }
    }

    /// Takes a granted scope back. Tokens issued before keep it, as in a real org.
    pub fn revoke_grant(&self, client_id: &str, scope: &str) {
        let mut org = self.shared.org();
        let found = org
            .grants
            .values()
            .find(|g| text(g, "/clientId") == client_id && text(g, "/scopeId") == scope);
        if let Some(id) = found.map(|g| text(g, "/id").to_owned()) {
            org.grants.remove(&id);
        }
    }

    /// Sets whether a client must use DPoP.
    pub fn require_dpop(&self, client_id: &str, required: bool) {
        if let Some(app) = self.shared.org().apps.get_mut(client_id) {
            app["settings"]["oauthClient"]["dpop_bound_access_tokens"] = json!(required);
        }
    }

    /// Makes all DPoP nonces handed out so far stale.
    pub fn rotate_dpop_nonce(&self) {
        self.shared.org().authority.rotate_nonces();
    }

    /// For how many seconds of the org's clock `search` of users and groups does not see a change; at
    /// once if 0.
    pub fn set_search_lag(&self, seconds: u32) {
        self.shared.change_quirks(&Change::search_lag(seconds));
    }

    /// Sets how many seconds the org's clock is ahead of the system's; behind if negative.
    pub fn skew_clock(&self, seconds: i64) {
        self.shared.org().clock.skew(seconds);
    }

    /// Rotates the signing keys of the org's authorization server; tokens signed before still
    /// verify until the next rotation.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn rotate_keys(&self) -> io::Result<()> {
        let mut org = self.shared.org();
        let now = org.clock.now().as_second();
        let done = org.authority.make_stale("keys", ORG, now);
        done.map(|_| ())
            .map_err(|_| io::Error::other("cannot generate a key"))
    }

    /// Moves the org's clock forward.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.org().clock.advance(seconds);
        self.start_due();
    }

    /// Adds made-up people, groups and apps.
    pub fn seed(&self, seed: SeedOrg) {
        seed::people(&mut self.shared.org(), &seed);
    }

    /// Decides a pending access request (`APPROVED`, `DENIED`) or a review (`APPROVE`, `REVOKE`)
    /// as the first admin would in the product; or, of a request type with tasks, as the person
    /// would who has the open task (`DONE` ends one that is no approval).
    ///
    /// # Errors
    /// What the org says if there is no such request or review, or if it is decided already.
    pub fn decide(&self, id: &str, decision: &str) -> Result<Value, String> {
        let body = json!({ "id": id, "decision": decision });
        let decided = governance::decide(&mut self.shared.org(), &body);
        self.start_due();
        decided.map_err(|fault| fault.text())
    }

    /// Sets the fields that requests of apps have, by app id.
    ///
    /// # Errors
    /// If an app does not exist.
    pub fn request_fields(&self, fields: &Value) -> Result<(), String> {
        governance::seed_fields(&mut self.shared.org(), fields)
    }

    /// Stores real users, groups and apps, told apart by their members, with their own ids and
    /// with members that the sandbox does not know. `_links` are made anew.
    ///
    /// # Errors
    /// Names the first object that is none of these; the ones before it are stored.
    pub fn seed_objects(&self, objects: impl IntoIterator<Item = Value>) -> Result<(), String> {
        let mut org = self.shared.org();
        objects
            .into_iter()
            .try_for_each(|object| seed::object(&mut org, object))
    }

    /// Adds faults, in the form that `POST /_sandbox/faults` takes.
    ///
    /// # Errors
    /// If the form is not understood.
    pub fn add_faults(&self, faults: &Value) -> Result<(), String> {
        self.shared.faults().add(faults).map(|_| ())
    }

    /// Other rate limits from now on; what was used in running windows stays used.
    pub fn set_rate_limits(&self, limits: RateLimits) {
        self.shared.limiter().change(limits);
    }

    /// Adds a fault behind those that wait.
    ///
    /// # Errors
    /// If it cannot be, such as a status below 200.
    pub fn add_fault(&self, rule: &FaultRule) -> Result<(), String> {
        self.add_faults(rule.as_json())
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// The faults that wait, with `id`, `hits` and `left`.
    #[must_use]
    pub fn faults(&self) -> Value {
        self.shared.faults().list()
    }

    /// The requests so far, without secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        self.shared.journal().entries()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.journal().clear();
    }

    /// A fresh org; the API token and the ready service app stay valid.
    ///
    /// # Errors
    /// If no key can be made, or the data directory cannot be written.
    pub fn reset(&self) -> io::Result<()> {
        self.shared
            .reset()
            .map_err(|_| io::Error::other("cannot generate a key"))?;
        self.shared.save()
    }
}
