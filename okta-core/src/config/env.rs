//! Settings from the environment, by the names that all Okta SDKs share.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_with::{DisplayFromStr, serde_as};

use crate::error::{Error, Result};
use crate::scope::Scopes;
use crate::secret::Secret;

/// Settings of a client as they stand in the environment.
///
/// A variable is `OKTA_CLIENT_` and the setting's name in upper case; underscores inside the name
/// do not matter, so that the spellings of all Okta SDKs work (`RATELIMIT_MAXRETRIES`,
/// `RATE_LIMIT_MAX_RETRIES`). Empty variables count as absent; unknown ones are ignored.
#[serde_as]
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Config {
    /// `OKTA_CLIENT_ORGURL`.
    #[serde(rename = "ORGURL", alias = "OKTADOMAIN")]
    pub org_url: Option<String>,
    /// `OKTA_CLIENT_TOKEN`: an API token, or the access token in mode `Bearer`.
    #[serde(rename = "TOKEN", alias = "ACCESSTOKEN")]
    pub token: Option<Secret>,
    /// `OKTA_CLIENT_AUTHORIZATIONMODE`: `SSWS`, `Bearer` or `PrivateKey`, in any case. Absent: by
    /// the other settings.
    #[serde(rename = "AUTHORIZATIONMODE", alias = "AUTHENTICATIONSCHEME")]
    pub authorization_mode: Option<AuthorizationMode>,
    /// `OKTA_CLIENT_CLIENTID`.
    #[serde(rename = "CLIENTID")]
    pub client_id: Option<String>,
    /// `OKTA_CLIENT_SCOPES`, separated by commas or blanks.
    #[serde(rename = "SCOPES", deserialize_with = "scopes")]
    pub scopes: Scopes,
    /// `OKTA_CLIENT_PRIVATEKEY`: PEM (line ends may be written `\n`), JWK, JWKS, or the path of a
    /// file with one of them.
    #[serde(rename = "PRIVATEKEY", alias = "JWK")]
    pub private_key: Option<Secret>,
    /// `OKTA_CLIENT_PRIVATEKEYID`, `OKTA_CLIENT_KEYID` or `OKTA_CLIENT_KID`.
    #[serde(rename = "PRIVATEKEYID", alias = "KEYID", alias = "KID")]
    pub private_key_id: Option<String>,
    /// `OKTA_CLIENT_DPOPENABLED`: true for always, false for never; absent: when the service asks.
    #[serde(rename = "DPOPENABLED", deserialize_with = "switch")]
    pub dpop_enabled: Option<bool>,
    /// `OKTA_CLIENT_CONNECTIONTIMEOUT`, seconds; 0 for the default.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "CONNECTIONTIMEOUT")]
    pub connection_timeout: Option<u64>,
    /// `OKTA_CLIENT_REQUESTTIMEOUT`, seconds for the whole call; 0 for none.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "REQUESTTIMEOUT")]
    pub request_timeout: Option<u64>,
    /// `OKTA_CLIENT_RATELIMIT_MAXRETRIES`; 0 for none.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "RATELIMITMAXRETRIES")]
    pub max_retries: Option<u32>,
    /// `OKTA_CLIENT_RATELIMIT_MAXBACKOFF`, seconds; 0 for the default.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "RATELIMITMAXBACKOFF")]
    pub max_backoff: Option<u64>,
    /// `OKTA_CLIENT_PROXY_HOST`; without it the system's proxy settings count.
    #[serde(rename = "PROXYHOST")]
    pub proxy_host: Option<String>,
    /// `OKTA_CLIENT_PROXY_PORT`.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "PROXYPORT")]
    pub proxy_port: Option<u16>,
    /// `OKTA_CLIENT_PROXY_USERNAME`.
    #[serde(rename = "PROXYUSERNAME")]
    pub proxy_username: Option<String>,
    /// `OKTA_CLIENT_PROXY_PASSWORD`.
    #[serde(rename = "PROXYPASSWORD")]
    pub proxy_password: Option<Secret>,
    /// `OKTA_CLIENT_USERAGENT`: text behind the SDK's own.
    #[serde(rename = "USERAGENT")]
    pub user_agent: Option<String>,
    /// `OKTA_CLIENT_OAUTHTOKENRENEWALOFFSET`, minutes before expiry.
    #[serde_as(as = "Option<DisplayFromStr>")]
    #[serde(rename = "OAUTHTOKENRENEWALOFFSET")]
    pub renewal_offset: Option<u64>,
}

/// How requests are authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum AuthorizationMode {
    /// API token.
    Ssws,
    /// Access token as given.
    Bearer,
    /// Service app with `private_key_jwt`.
    PrivateKey,
}

impl TryFrom<String> for AuthorizationMode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "ssws" => Ok(Self::Ssws),
            "bearer" | "bearertoken" => Ok(Self::Bearer),
            "privatekey" | "oauth2" | "jwk" => Ok(Self::PrivateKey),
            _ => Err("expected SSWS, Bearer or PrivateKey".into()),
        }
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming every variable with a wrong value.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming every variable with a wrong value.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        // Key in normal form → (name as written, value). Sorted, so that messages are stable.
        let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut faults = Vec::new();
        for (name, value) in vars {
            let Some(key) = normal_key(&name) else {
                continue;
            };
            if value.trim().is_empty() {
                continue;
            }
            if let Some((other, earlier)) = found.get(&key)
                && *earlier != value
            {
                faults.push(format!("{other} and {name} differ"));
            }
            found.insert(key, (name, value));
        }
        for (key, (name, value)) in &found {
            if let Err(error) = read([(key.as_str(), value.as_str())]) {
                faults.push(format!(
                    "{name}: {}",
                    without_value(&error.to_string(), value)
                ));
            }
        }
        if !faults.is_empty() {
            return Err(Error::config(faults.join("; "))
                .with_hint("correct or unset the environment variables named here"));
        }
        read(
            found
                .iter()
                .map(|(key, (_, value))| (key.as_str(), value.as_str())),
        )
        .map_err(|error| Error::config(format!("environment: {error}")))
    }
}

/// `ORGURL` for `OKTA_CLIENT_ORGURL`; two names of one setting share a key.
fn normal_key(name: &str) -> Option<String> {
    let rest = name.strip_prefix("OKTA_CLIENT_")?;
    let key = rest.replace('_', "").to_ascii_uppercase();
    Some(match key.as_str() {
        "OKTADOMAIN" => "ORGURL".into(),
        "ACCESSTOKEN" => "TOKEN".into(),
        "AUTHENTICATIONSCHEME" => "AUTHORIZATIONMODE".into(),
        "JWK" => "PRIVATEKEY".into(),
        "KEYID" | "KID" => "PRIVATEKEYID".into(),
        _ => key,
    })
}

/// Goes through a JSON object, since serde's plain maps of text know no optional members.
fn read<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Config, serde_json::Error> {
    let members = pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.trim().into()))
        .collect();
    serde_json::from_value(serde_json::Value::Object(members))
}

/// Error texts of number parsers do not repeat the value; this makes sure that none does.
fn without_value(message: &str, value: &str) -> String {
    message.replace(value, "the value")
}

fn scopes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
    String::deserialize(deserializer).map(|text| Scopes::parse(&text))
}

fn switch<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(Some(true)),
        "false" | "0" | "no" => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("expected true or false")),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("org_url", &self.org_url)
            .field("token", &self.token)
            .field("authorization_mode", &self.authorization_mode)
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes.to_string())
            .field("private_key", &self.private_key)
            .field("private_key_id", &self.private_key_id)
            .field("dpop_enabled", &self.dpop_enabled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Result<Config> {
        Config::from_vars(vars.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn every_spelling_is_read() {
        for (name, value) in [
            ("OKTA_CLIENT_RATELIMIT_MAXRETRIES", "4"),
            ("OKTA_CLIENT_RATE_LIMIT_MAX_RETRIES", " 4 "),
        ] {
            assert_eq!(config(&[(name, value)]).unwrap().max_retries, Some(4));
        }
        for name in [
            "OKTA_CLIENT_PRIVATEKEYID",
            "OKTA_CLIENT_KEYID",
            "OKTA_CLIENT_KID",
        ] {
            assert_eq!(
                config(&[(name, "k1")]).unwrap().private_key_id.as_deref(),
                Some("k1")
            );
        }
        let read = config(&[
            ("OKTA_CLIENT_ORGURL", "https://acme.okta.com"),
            (
                "OKTA_CLIENT_SCOPES",
                "okta.users.read, okta.groups.read okta.logs.read",
            ),
            ("OKTA_CLIENT_AUTHORIZATIONMODE", "privateKey"),
            ("OKTA_CLIENT_CONNECTION_TIMEOUT", "7"),
            ("OKTA_CLIENT_DPOPENABLED", "true"),
            ("OKTA_CLIENT_PROXY_PORT", "3128"),
            ("OKTA_CLIENT_TOKEN", ""),
            ("OKTA_CLIENT_CACHE_ENABLED", "true"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(read.scopes.len(), 3);
        assert_eq!(read.authorization_mode, Some(AuthorizationMode::PrivateKey));
        assert_eq!(
            (read.connection_timeout, read.proxy_port),
            (Some(7), Some(3128))
        );
        assert_eq!(read.dpop_enabled, Some(true));
        assert!(read.token.is_none());
    }

    #[test]
    fn all_faults_are_named_without_values() {
        let error = config(&[
            ("OKTA_CLIENT_REQUESTTIMEOUT", "canary1"),
            ("OKTA_CLIENT_AUTHORIZATIONMODE", "canary2"),
            ("OKTA_CLIENT_DPOPENABLED", "canary3"),
            ("OKTA_CLIENT_PROXY_PORT", "99999"),
        ])
        .unwrap_err();
        let text = format!("{error} {error:?}");
        for name in [
            "REQUESTTIMEOUT",
            "AUTHORIZATIONMODE",
            "DPOPENABLED",
            "PROXY_PORT",
        ] {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("canary"), "{text}");
        let error = config(&[("OKTA_CLIENT_KEYID", "a"), ("OKTA_CLIENT_KID", "b")]).unwrap_err();
        assert!(error.to_string().contains("differ"));
    }

    #[test]
    fn debug_hides_secrets() {
        let read = config(&[
            ("OKTA_CLIENT_TOKEN", "canary"),
            ("OKTA_CLIENT_PRIVATEKEY", "canary"),
        ])
        .unwrap();
        assert!(!format!("{read:?}").contains("canary"));
    }
}
