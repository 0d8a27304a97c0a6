//! From a value as written to a value of its setting. No error repeats the value: it may be a
//! secret in the wrong place.

use std::time::Duration;

use super::yaml::{Node, Value};
use crate::observe::LevelFilter;
use crate::scope::Scopes;

/// How requests are authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizationMode {
    /// API token.
    Ssws,
    /// Access token as given.
    Bearer,
    /// Service app with `private_key_jwt`.
    PrivateKey,
    /// Service app with `client_secret_basic`.
    ClientSecret,
    /// Service app with `client_secret_post`.
    ClientSecretPost,
    /// Service app with an assertion that somebody else signs.
    Jwt,
}

impl AuthorizationMode {
    /// `SSWS`, `Bearer`, `PrivateKey`, `ClientSecret`, `ClientSecretPost` or `JWT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssws => "SSWS",
            Self::Bearer => "Bearer",
            Self::PrivateKey => "PrivateKey",
            Self::ClientSecret => "ClientSecret",
            Self::ClientSecretPost => "ClientSecretPost",
            Self::Jwt => "JWT",
        }
    }
}

pub(super) fn text(node: &Node) -> Result<&str, String> {
    match &node.value {
        Value::Text(text) => Ok(text.expose().trim()),
        Value::Null => Ok(""),
        Value::List(_) => Err("expected a text, found a list".into()),
        // `token: {apiToken}` is a map in YAML.
        Value::Map(members) if matches!(&members[..], [(_, only)] if matches!(only.value, Value::Null)) => {
            Err("it still holds a placeholder in braces; replace it with the value itself".into())
        }
        Value::Map(_) => Err("expected a text, found a map".into()),
    }
}

pub(super) fn mode(node: &Node) -> Result<AuthorizationMode, String> {
    match super::setting::normal(text(node)?).as_str() {
        "ssws" | "apitoken" => Ok(AuthorizationMode::Ssws),
        "bearer" | "bearertoken" | "accesstoken" => Ok(AuthorizationMode::Bearer),
        "privatekey" | "privatekeyjwt" | "oauth2" | "jwk" => Ok(AuthorizationMode::PrivateKey),
        "clientsecret" | "clientsecretbasic" => Ok(AuthorizationMode::ClientSecret),
        "clientsecretpost" => Ok(AuthorizationMode::ClientSecretPost),
        "jwt" | "clientassertion" => Ok(AuthorizationMode::Jwt),
        _ => Err("expected SSWS, Bearer, PrivateKey, ClientSecret or JWT".into()),
    }
}

pub(super) fn scopes(node: &Node) -> Result<Scopes, String> {
    match &node.value {
        Value::List(items) => {
            let mut all = Scopes::default();
            for item in items.iter().filter(|item| !item.is_absent()) {
                for scope in Scopes::parse(text(item)?).iter() {
                    all.insert(scope.clone());
                }
            }
            Ok(all)
        }
        _ => {
            let text = text(node)?;
            // A list in JSON or YAML notation, as an environment variable may hold.
            if text.starts_with('[')
                && let Ok(Some(list)) = super::yaml::parse(text)
                && matches!(list.value, Value::List(_))
            {
                return scopes(&list);
            }
            Ok(Scopes::parse(text))
        }
    }
}

pub(super) fn switch(node: &Node) -> Result<bool, String> {
    match text(node)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

pub(super) fn count(node: &Node) -> Result<u32, String> {
    text(node)?
        .parse()
        .map_err(|_| "expected a whole number, 0 or greater".into())
}

/// A level by name, or by number as Python has it: 10 for DEBUG to 50 for CRITICAL.
pub(super) fn level(node: &Node) -> Result<LevelFilter, String> {
    let text = text(node)?.to_ascii_lowercase();
    if let Ok(number) = text.parse::<u32>() {
        return Ok(match number {
            0 => LevelFilter::TRACE,
            1..=10 => LevelFilter::DEBUG,
            11..=20 => LevelFilter::INFO,
            21..=30 => LevelFilter::WARN,
            _ => LevelFilter::ERROR,
        });
    }
    match text.strip_prefix("logging.").unwrap_or(&text) {
        "trace" | "notset" => Ok(LevelFilter::TRACE),
        "debug" => Ok(LevelFilter::DEBUG),
        "info" => Ok(LevelFilter::INFO),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "error" | "critical" | "fatal" => Ok(LevelFilter::ERROR),
        "off" => Ok(LevelFilter::OFF),
        _ => Err("expected TRACE, DEBUG, INFO, WARN, ERROR or OFF".into()),
    }
}

/// How long a proof key lives; the range is that of the Python SDK.
pub(super) fn rotation(node: &Node) -> Result<Duration, String> {
    let interval = duration(node, Duration::from_secs(1))?;
    let hour = Duration::from_secs(3600);
    if interval < hour || interval > hour * 24 * 90 {
        return Err("expected 3600 to 7776000 seconds, that is 1 h to 90 days".into());
    }
    Ok(interval)
}

pub(super) fn port(node: &Node) -> Result<u16, String> {
    match text(node)?.parse() {
        Ok(0) | Err(_) => Err("expected a port, 1 to 65535".into()),
        Ok(port) => Ok(port),
    }
}

/// A number in the setting's own unit, or with one of `ms`, `s`, `m`, `h` behind it.
pub(super) fn duration(node: &Node, unit: Duration) -> Result<Duration, String> {
    let fault =
        || "expected a number, 0 or greater, maybe with a unit: 30, 30s, 500ms, 2m".to_owned();
    let text = text(node)?;
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, name) = text.split_at(end);
    let number: f64 = number.parse().map_err(|_| fault())?;
    let unit = match name.trim() {
        "" => unit,
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" | "min" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return Err(fault()),
    };
    Duration::try_from_secs_f64(number * unit.as_secs_f64())
        .ok()
        .filter(|found| *found <= Duration::from_secs(365 * 86400))
        .ok_or_else(|| "it is longer than a year".into())
}
