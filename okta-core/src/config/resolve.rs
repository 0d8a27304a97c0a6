//! What counts: from all that was found to one value a setting.

use std::path::PathBuf;
use std::time::Duration;

use super::explain::{Explained, Explanation, Ignored};
use super::key_source::{KeySource, base, key, path, place};
use super::loader::Config;
use super::setting::{Id, Kind, SETTINGS, Setting};
use super::shown::shown;
use super::source::{Found, Source};
use super::value::{self, AuthorizationMode};
use crate::observe::LevelFilter;
use crate::scope::Scopes;
use crate::secret::Secret;

/// Values that count, as far as they could be read.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) org_url: Option<String>,
    pub(crate) mode: Option<AuthorizationMode>,
    pub(crate) token: Option<Secret>,
    pub(crate) client_id: Option<String>,
    pub(crate) private_key: Option<KeySource>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) client_assertion: Option<KeySource>,
    pub(crate) key_id: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) dpop: Option<bool>,
    pub(crate) dpop_key_rotation: Option<Duration>,
    pub(crate) token_renewal: Option<Duration>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) connection_timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) max_backoff: Option<Duration>,
    pub(crate) pacing: Option<bool>,
    pub(crate) log_level: Option<LevelFilter>,
    pub(crate) proxy_host: Option<String>,
    pub(crate) proxy_port: Option<u16>,
    pub(crate) proxy_username: Option<String>,
    pub(crate) proxy_password: Option<Secret>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_certificate_key: Option<PathBuf>,
    pub(crate) user_agent: Option<String>,
    pub(crate) any_http: bool,
    pub(crate) any_domain: bool,
}

/// Values that count, and the whole story.
pub(crate) struct Resolved {
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<String>,
    explanation: Explanation,
}

impl Resolved {
    pub(super) fn new(config: &Config, has_credential: bool) -> Self {
        let mut resolver = Resolver {
            config,
            settings: Settings::default(),
            rows: Vec::new(),
            warnings: config.findings.warnings.clone(),
            faults: Vec::new(),
        };
        for setting in SETTINGS {
            resolver.one(setting);
        }
        resolver.credential(has_credential);
        resolver.logging();
        resolver.proxy();
        resolver.mixed_origins(has_credential);
        Self {
            settings: resolver.settings,
            explanation: Explanation {
                settings: resolver.rows,
                profile: config.profile.clone(),
                files: config.files.clone(),
                warnings: resolver.warnings,
                faults: resolver.faults.clone(),
            },
            faults: resolver.faults,
        }
    }

    pub(crate) fn explain(self) -> Explanation {
        self.explanation
    }
}

/// Settings that make a credential.
const CREDENTIAL: [Id; 10] = [
    Id::Token,
    Id::ClientId,
    Id::PrivateKey,
    Id::ClientSecret,
    Id::ClientAssertion,
    Id::KeyId,
    Id::Scopes,
    Id::DpopEnabled,
    Id::DpopKeyRotation,
    Id::TokenRenewal,
];

/// Those of [`CREDENTIAL`] that count in a mode.
fn counting(mode: AuthorizationMode) -> Vec<Id> {
    let app = [
        Id::ClientId,
        Id::Scopes,
        Id::DpopEnabled,
        Id::DpopKeyRotation,
        Id::TokenRenewal,
    ];
    let proof: &[Id] = match mode {
        AuthorizationMode::Ssws | AuthorizationMode::Bearer => return vec![Id::Token],
        AuthorizationMode::PrivateKey => &[Id::PrivateKey, Id::KeyId],
        AuthorizationMode::ClientSecret | AuthorizationMode::ClientSecretPost => {
            &[Id::ClientSecret]
        }
        AuthorizationMode::Jwt => &[Id::ClientAssertion],
    };
    [&app, proof].concat()
}

struct Resolver<'a> {
    config: &'a Config,
    settings: Settings,
    rows: Vec<Explained>,
    warnings: Vec<String>,
    faults: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// All values of a setting, the one that counts first, those that cannot count last.
    fn all(&self, id: Id) -> Vec<&'a Found> {
        let found = self.config.findings.found.iter();
        let mut all: Vec<&Found> = found.filter(|found| found.id == id).collect();
        all.sort_by_key(|found| (found.barred.is_some(), found.rank()));
        all
    }

    fn winner(&self, id: Id) -> Option<&'a Found> {
        if self.config.covered.contains_key(&id) {
            return None;
        }
        self.all(id)
            .into_iter()
            .find(|found| found.barred.is_none())
    }

    fn one(&mut self, setting: &'static Setting) {
        let covered = self.config.covered.get(&setting.id);
        let winner = self.winner(setting.id);
        let (value, origin) = match (covered, winner) {
            (Some(shown), _) => (shown.clone(), Source::Builder),
            (None, Some(found)) => {
                if let Err(what) = self.read(setting, found) {
                    self.faults
                        .push(format!("{} ({}): {what}", setting.key, found.source));
                }
                (shown(setting, &found.node), found.source.clone())
            }
            (None, None) => (setting.default.to_owned(), Source::Default),
        };
        let ignored: Vec<Ignored> = self
            .all(setting.id)
            .into_iter()
            .filter(|found| !winner.is_some_and(|winner| std::ptr::eq(winner, *found)))
            .map(|found| Ignored {
                value: shown(setting, &found.node),
                origin: found.source.clone(),
                why: found
                    .barred
                    .clone()
                    .unwrap_or_else(|| format!("{origin} counts more")),
            })
            .collect();
        if value.is_empty() && ignored.is_empty() {
            return;
        }
        let unused = match setting.kind {
            Kind::Unused(why) => Some(why.to_owned()),
            _ => None,
        };
        let value = if value.is_empty() {
            "–".to_owned()
        } else {
            value
        };
        self.rows.push(Explained {
            key: setting.key,
            value,
            origin,
            unused,
            ignored,
        });
    }

    fn read(&mut self, setting: &Setting, found: &Found) -> Result<(), String> {
        let node = &found.node;
        let text = || value::text(node).map(|text| Some(text.to_owned()));
        let secret = || value::text(node).map(|text| Some(Secret::new(text)));
        let file = || value::text(node).map(|text| Some(path(text, base(found).as_deref())));
        let seconds = || value::duration(node, Duration::from_secs(1)).map(Some);
        let s = &mut self.settings;
        match setting.id {
            Id::OrgUrl => s.org_url = text()?,
            Id::AuthorizationMode => s.mode = Some(value::mode(node)?),
            Id::Token => s.token = secret()?,
            Id::ClientId => s.client_id = text()?,
            Id::PrivateKey => {
                let (source, key_id) = key(found)?;
                s.private_key = Some(source);
                if s.key_id.is_none() {
                    s.key_id = key_id;
                }
            }
            Id::ClientSecret => s.client_secret = secret()?,
            Id::ClientAssertion => {
                s.client_assertion = Some(KeySource {
                    text: Secret::new(value::text(node)?),
                    algorithm: None,
                    base: base(found),
                });
            }
            Id::KeyId => s.key_id = text()?,
            Id::Scopes => s.scopes = value::scopes(node)?,
            Id::DpopEnabled => s.dpop = Some(value::switch(node)?),
            Id::DpopKeyRotation => s.dpop_key_rotation = Some(value::rotation(node)?),
            Id::TokenRenewal => {
                s.token_renewal = Some(value::duration(node, Duration::from_secs(60))?)
            }
            Id::RequestTimeout => s.request_timeout = seconds()?,
            Id::ConnectionTimeout => s.connection_timeout = seconds()?,
            Id::MaxRetries => s.max_retries = Some(value::count(node)?),
            Id::MaxBackoff => s.max_backoff = seconds()?,
            Id::RateLimitEnable => s.pacing = Some(value::switch(node)?),
            Id::Logging if !value::switch(node)? => s.log_level = Some(LevelFilter::OFF),
            Id::LogLevel => {
                let level = value::level(node)?;
                s.log_level.get_or_insert(level);
            }
            Id::ProxyHost => s.proxy_host = text()?,
            Id::ProxyPort => s.proxy_port = Some(value::port(node)?),
            Id::ProxyUsername => s.proxy_username = text()?,
            Id::ProxyPassword => s.proxy_password = secret()?,
            Id::UseProxy => {
                value::switch(node)?;
            }
            Id::CaFile => s.ca_file = file()?,
            Id::ClientCertificate => s.client_certificate = file()?,
            Id::ClientCertificateKey => s.client_certificate_key = file()?,
            Id::UserAgent => s.user_agent = text()?,
            Id::DisableHttpsCheck => s.any_http |= value::switch(node)?,
            Id::DisableDomainCheck => {
                s.any_domain = value::switch(node)?;
                s.any_http |= s.any_domain;
            }
            _ => {}
        }
        let timeouts = [Id::RequestTimeout, Id::ConnectionTimeout, Id::MaxBackoff];
        if timeouts.contains(&setting.id)
            && value::text(node)?
                .parse::<f64>()
                .is_ok_and(|number| number >= 3600.0)
        {
            self.warnings.push(format!(
                "{} ({}): plain numbers are seconds; write `ms` behind milliseconds",
                setting.key, found.source
            ));
        }
        Ok(())
    }

    fn row(&mut self, id: Id) -> Option<&mut Explained> {
        let key = id.setting().key;
        self.rows.iter_mut().find(|row| row.key == key)
    }

    fn unused(&mut self, id: Id, why: &str) {
        if let Some(row) = self.row(id)
            && row.origin != Source::Default
        {
            row.unused = Some(why.to_owned());
        }
    }

    /// Which credential counts, and what is missing for it.
    fn credential(&mut self, has_credential: bool) {
        if has_credential {
            for id in CREDENTIAL {
                self.unused(id, "the builder's credential counts");
            }
            self.unused(Id::AuthorizationMode, "the builder's credential counts");
            if let Some(row) = self.row(Id::AuthorizationMode)
                && row.origin == Source::Default
            {
                row.value = "that of the credential".into();
                row.origin = Source::Builder;
            }
            return;
        }
        let told = self.settings.mode.is_some();
        let mode_is_wrong = !told && self.winner(Id::AuthorizationMode).is_some();
        let mode = self.settings.mode.unwrap_or_else(|| self.likely_mode());
        self.settings.mode = Some(mode);
        if !told
            && !mode_is_wrong
            && let Some(row) = self.row(Id::AuthorizationMode)
        {
            row.value = format!("{} (by what else is set)", mode.as_str());
        }
        let why = format!("the mode is {}", mode.as_str());
        let counts = counting(mode);
        for id in CREDENTIAL {
            if !counts.contains(&id) {
                self.unused(id, &why);
            }
        }
        if self.settings.dpop == Some(false) {
            self.unused(Id::DpopKeyRotation, "dpopEnabled is false");
        }
        if mode_is_wrong {
            return;
        }
        let needed: &[Id] = match mode {
            AuthorizationMode::Ssws | AuthorizationMode::Bearer => &[Id::Token],
            AuthorizationMode::PrivateKey => &[Id::ClientId, Id::PrivateKey, Id::Scopes],
            AuthorizationMode::ClientSecret | AuthorizationMode::ClientSecretPost => {
                &[Id::ClientId, Id::ClientSecret, Id::Scopes]
            }
            // The assertion names the client.
            AuthorizationMode::Jwt => &[Id::ClientAssertion, Id::Scopes],
        };
        let missing: Vec<String> = needed
            .iter()
            .filter(|id| self.winner(**id).is_none())
            .map(|id| id.variable())
            .collect();
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "is" } else { "are" };
            self.faults.push(format!(
                "there is no credential: {} {verb} missing",
                missing.join(", ")
            ));
        }
        self.key_ids();
    }

    /// The mode of the most important secret; of those of one place, of the first in this order.
    fn likely_mode(&self) -> AuthorizationMode {
        [
            (Id::Token, AuthorizationMode::Ssws),
            (Id::PrivateKey, AuthorizationMode::PrivateKey),
            (Id::ClientSecret, AuthorizationMode::ClientSecret),
            (Id::ClientAssertion, AuthorizationMode::Jwt),
            // Its key is missing.
            (Id::ClientId, AuthorizationMode::PrivateKey),
        ]
        .into_iter()
        .filter_map(|(id, mode)| Some((self.winner(id)?.layer, mode)))
        .min_by_key(|(layer, _)| *layer)
        .map_or(AuthorizationMode::Ssws, |(_, mode)| mode)
    }

    /// A JWK names its key itself; a key id that is set counts more.
    fn key_ids(&mut self) {
        let Some(found) = self.winner(Id::KeyId) else {
            return;
        };
        let own = self
            .settings
            .private_key
            .as_ref()
            .and_then(|key| serde_json::from_str::<serde_json::Value>(key.text.expose()).ok())
            .and_then(|jwk| jwk.get("kid")?.as_str().map(str::to_owned));
        let key = self
            .winner(Id::PrivateKey)
            .map(|found| found.source.clone());
        if let (Some(own), Some(origin)) = (own, key)
            && Some(own.as_str()) != self.settings.key_id.as_deref()
        {
            let why = format!("{} counts more than the key's own kid", found.source);
            if let Some(row) = self.row(Id::KeyId) {
                row.ignored.push(Ignored {
                    value: own,
                    origin,
                    why,
                });
            }
        }
    }

    fn logging(&mut self) {
        if self.config.covered.contains_key(&Id::LogLevel) {
            self.unused(Id::Logging, "the builder's log level counts");
        } else if self
            .winner(Id::Logging)
            .is_some_and(|found| value::switch(&found.node) == Ok(false))
        {
            self.unused(Id::LogLevel, "logging.enabled is false");
        }
    }

    fn proxy(&mut self) {
        const OTHERS: [Id; 3] = [Id::ProxyPort, Id::ProxyUsername, Id::ProxyPassword];
        let why = match self
            .winner(Id::UseProxy)
            .map(|found| value::switch(&found.node))
        {
            _ if self.config.covered.contains_key(&Id::ProxyHost) => "the builder's proxy counts",
            Some(Ok(false)) => "useProxy is false",
            _ => {
                let s = &self.settings;
                let host = self.winner(Id::ProxyHost).is_some();
                if !host && OTHERS.iter().any(|id| self.winner(*id).is_some()) {
                    self.faults.push(format!(
                        "the proxy has no host: {} is missing",
                        Id::ProxyHost.variable()
                    ));
                }
                if s.proxy_username.is_some() != s.proxy_password.is_some() {
                    self.faults
                        .push("the proxy has a user name or a password, but not both".into());
                }
                return;
            }
        };
        let s = &mut self.settings;
        (s.proxy_host, s.proxy_port) = (None, None);
        (s.proxy_username, s.proxy_password) = (None, None);
        for id in OTHERS {
            self.unused(id, why);
        }
        if why == "useProxy is false" {
            self.unused(Id::ProxyHost, why);
        }
    }

    /// An org of one place and a secret of another is legitimate, and a classic mistake.
    fn mixed_origins(&mut self, has_credential: bool) {
        let secret = match self.settings.mode {
            Some(AuthorizationMode::PrivateKey) => Id::PrivateKey,
            Some(AuthorizationMode::ClientSecret | AuthorizationMode::ClientSecretPost) => {
                Id::ClientSecret
            }
            Some(AuthorizationMode::Jwt) => Id::ClientAssertion,
            _ => Id::Token,
        };
        if has_credential || self.config.covered.contains_key(&Id::OrgUrl) {
            return;
        }
        if let (Some(org), Some(secret)) = (self.winner(Id::OrgUrl), self.winner(secret))
            && place(&org.source) != place(&secret.source)
        {
            self.warnings.push(format!(
                "the org comes from {}, the credential from {}: check that they belong together",
                org.source, secret.source
            ));
        }
    }
}
