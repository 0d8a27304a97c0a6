//! Settings of a sandbox, and its start.

use crate::access_requests::{AccessRequestsOrg, furnish};
use crate::kind::{Engine, Features, Kind};
use crate::limits::{Limiter, RateLimits};
use crate::oauth::authority::Authority;
use crate::org::{Org, Settings};
use crate::paging::PagingQuirks;
use crate::pipeline::Shared;
use crate::quirks::Change;
use crate::sandbox::Sandbox;
use crate::seed::{self, SeedOrg};
use crate::server;
use crate::service_app::Credentials;
use crate::store::Store;
use crate::tls::Tls;
use serde_json::Value;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// Settings of a sandbox before its start.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    port: u16,
    limits: RateLimits,
    settings: Settings,
    seeds: Vec<Seed>,
    tls: Option<Tls>,
    data: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Seed {
    People(SeedOrg),
    Json(Value),
    AccessRequests(AccessRequestsOrg),
}

impl Builder {
    /// The port to listen on; 0 (the default) takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The rate limits; [`RateLimits::generous`] unless told.
    #[must_use]
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The engine that the org runs on; [`Engine::Identity`] unless told.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.settings.kind.engine = engine;
        self
    }

    /// Features that not every org has.
    #[must_use]
    pub fn features(mut self, features: Features) -> Self {
        self.settings.kind.features = features;
        self
    }

    /// Oddities in paging.
    #[must_use]
    pub fn paging_quirks(mut self, quirks: PagingQuirks) -> Self {
        self.settings.paging = quirks;
        self
    }

    /// For how many seconds of the org's clock `search` of users and groups does not see a change; 0
    /// unless told. Gets, `filter` and `q` see it at once.
    #[must_use]
    pub fn search_lag(mut self, seconds: u32) -> Self {
        Change::search_lag(seconds).apply(&mut self.settings);
        self
    }

    /// Whether resource endpoints, too, demand a nonce in DPoP proofs.
    #[must_use]
    pub fn dpop_nonce_at_resources(mut self, demanded: bool) -> Self {
        self.settings.dpop_nonce_at_resources = demanded;
        self
    }

    /// Makes all ids of the org repeatable. Keys and tokens stay random.
    #[must_use]
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.settings.random_seed = Some(seed);
        self
    }

    /// Fills the org at start with made-up people.
    #[must_use]
    pub fn seed(mut self, seed: SeedOrg) -> Self {
        self.seeds.push(Seed::People(seed));
        self
    }

    /// Fills the org at start from JSON, in the form that `POST /_sandbox/seed` takes.
    #[must_use]
    pub fn seed_json(mut self, seed: Value) -> Self {
        self.seeds.push(Seed::Json(seed));
        self
    }

    /// Adds Identity Governance and Workflows to the org, set up for request types that run
    /// delegated flows, with the faults that are asked for.
    #[must_use]
    pub fn access_requests(mut self, wanted: AccessRequestsOrg) -> Self {
        self.seeds.push(Seed::AccessRequests(wanted));
        self
    }

    /// Speaks TLS; the org URL then starts with `https`.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Keeps the org in this directory, over restarts and crashes: what a call was answered is on
    /// disk. API token and service app stay the same; seeds are for a new directory only.
    /// Passwords, keys and tokens are on disk, too.
    #[must_use]
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data = Some(directory.into());
        self
    }

    /// Starts the sandbox on 127.0.0.1, inside the current tokio runtime.
    ///
    /// # Errors
    /// If the port is taken, the seed or certificate is not understood, or no key can be made.
    pub async fn start(self) -> io::Result<Sandbox> {
        let mut settings = self.settings;
        for seed in &self.seeds {
            if let Seed::Json(body) = seed
                && let Some(kind) = body.get("org")
            {
                let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
                settings.kind = Kind::read(kind).map_err(invalid)?;
            }
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let acceptor = self.tls.as_ref().map(Tls::acceptor).transpose()?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let no_key = |_| io::Error::other("cannot generate a key");
        let limiter = Limiter::new(self.limits);
        let mut kept = self.data.as_deref().map(Store::open).transpose()?;
        let before = kept.as_mut().map(Store::head).transpose()?.flatten();
        let is_new = before.is_none();
        let shared = match (kept, before) {
            (None, _) => {
                let credentials = Credentials::generate(&url).map_err(no_key)?;
                Shared::new(credentials, settings, limiter).map_err(no_key)?
            }
            (Some(store), None) => {
                let credentials = Credentials::generate(&url).map_err(no_key)?;
                let authority = Authority::new().map_err(no_key)?;
                let org = Org::new(&credentials, settings, authority);
                Shared::of(org, credentials, limiter, Some(store))
            }
            (Some(mut store), Some((credentials, head))) => {
                let damaged = |_| io::Error::other("the data directory has an unusable key");
                let credentials = Credentials::of_kept(credentials, &url).map_err(damaged)?;
                let mut org = Org::of_head(head, settings).map_err(damaged)?;
                store.load(&mut org)?;
                Shared::of(org, credentials, limiter, Some(store))
            }
        };
        let shared = Arc::new(shared);
        for seed in self.seeds.iter().filter(|_| is_new) {
            let mut org = shared.org();
            match seed {
                Seed::People(people) => seed::people(&mut org, people),
                Seed::AccessRequests(wanted) => furnish::furnish(&mut org, wanted, &url),
                Seed::Json(body) => {
                    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
                    seed::from_json(&mut org, body, &url).map_err(invalid)?;
                }
            }
        }
        shared.flows.run_on(Handle::current());
        shared.save()?;
        let serving = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            let never = server::serve(listener, serving, acceptor).await;
            match never {}
        });
        Ok(Sandbox {
            url,
            shared,
            ca_pem: self.tls.and_then(|tls| tls.ca_pem().map(str::to_owned)),
            server,
        })
    }
}
