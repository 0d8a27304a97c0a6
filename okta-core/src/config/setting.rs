//! The settings there are: names, kinds and defaults, as one table.

/// How a setting's value is read and shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    /// Shown without user name and password.
    Url,
    Secret,
    Mode,
    Scopes,
    Key,
    Switch,
    Count,
    Seconds,
    Minutes,
    Port,
    Path,
    /// A level by name, or by number as Python has it.
    Level,
    /// Read by other SDKs; says why it has no effect here.
    Unused(&'static str),
}

pub(super) struct Setting {
    pub(super) id: Id,
    /// As in YAML, below `okta.client` (or with its own first word, `testing`).
    pub(super) key: &'static str,
    /// Normal forms of its names; an earlier one counts more than a later one.
    pub(super) names: &'static [&'static str],
    pub(super) kind: Kind,
    /// What counts where nothing is set; empty for nothing.
    pub(super) default: &'static str,
}

macro_rules! settings {
    ($($id:ident $key:literal $names:expr, $kind:expr, $default:literal;)*) => {
        // One of them is the client's id.
        #[allow(clippy::enum_variant_names)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Id { $($id),* }

        pub(super) static SETTINGS: &[Setting] = &[$(Setting {
            id: Id::$id, key: $key, names: &$names, kind: $kind, default: $default,
        }),*];
    };
}

settings! {
    OrgUrl "orgUrl" ["orgurl", "oktadomain"], Kind::Url, "";
    AuthorizationMode "authorizationMode" ["authorizationmode", "authenticationscheme"], Kind::Mode, "by what else is set";
    Token "token" ["token", "accesstoken"], Kind::Secret, "";
    ClientId "clientId" ["clientid"], Kind::Text, "";
    PrivateKey "privateKey" ["privatekey", "jwk"], Kind::Key, "";
    ClientSecret "clientSecret" ["clientsecret"], Kind::Secret, "";
    ClientAssertion "clientAssertion" ["clientassertion"], Kind::Key, "";
    KeyId "privateKeyId" ["privatekeyid", "keyid", "kid"], Kind::Text, "";
    Scopes "scopes" ["scopes"], Kind::Scopes, "";
    DpopEnabled "dpopEnabled" ["dpopenabled"], Kind::Switch, "when the service asks";
    DpopKeyRotation "dpopKeyRotationInterval" ["dpopkeyrotationinterval"], Kind::Seconds, "never";
    TokenRenewal "oauthTokenRenewalOffset" ["oauthtokenrenewaloffset"], Kind::Minutes, "a tenth of the lifetime, at most 5 min";
    RequestTimeout "requestTimeout" ["requesttimeout"], Kind::Seconds, "300 s";
    ConnectionTimeout "connectionTimeout" ["connectiontimeout"], Kind::Seconds, "30 s";
    MaxRetries "rateLimit.maxRetries" ["ratelimitmaxretries"], Kind::Count, "4";
    MaxBackoff "rateLimit.maxBackoff" ["ratelimitmaxbackoff"], Kind::Seconds, "120 s";
    RateLimitEnable "rateLimit.enable" ["ratelimitenable"], Kind::Switch, "true";
    UseProxy "useProxy" ["useproxy", "proxyuseproxy"], Kind::Switch, "";
    ProxyHost "proxy.host" ["proxyhost"], Kind::Url, "the system's";
    ProxyPort "proxy.port" ["proxyport"], Kind::Port, "";
    ProxyUsername "proxy.username" ["proxyusername"], Kind::Text, "";
    ProxyPassword "proxy.password" ["proxypassword"], Kind::Secret, "";
    CaFile "caFile" ["cafile", "cabundle", "rootcertificates"], Kind::Path, "the system's roots";
    ClientCertificate "clientCertificate" ["clientcertificate"], Kind::Path, "";
    ClientCertificateKey "clientCertificateKey" ["clientcertificatekey"], Kind::Path, "";
    UserAgent "userAgent" ["useragent", "useragentsuffix"], Kind::Text, "";
    Logging "logging.enabled" ["loggingenabled"], Kind::Switch, "";
    LogLevel "logging.logLevel" ["loggingloglevel"], Kind::Level, "by the program's subscriber";
    DisableHttpsCheck "testing.disableHttpsCheck" ["testingdisablehttpscheck", "testingtestingdisablehttpscheck"], Kind::Switch, "";
    DisableDomainCheck "disableOktaDomainCheck" ["disableoktadomaincheck"], Kind::Switch, "";
    EncryptionType "encryptionType" ["encryptiontype"], Kind::Unused("the algorithm follows from the key"), "";
    CacheEnabled "cache.enabled" ["cacheenabled"], Kind::Unused("answers are never cached: a stale read would be nobody's wish"), "";
    CacheTtl "cache.defaultTtl" ["cachedefaultttl"], Kind::Unused("answers are never cached: a stale read would be nobody's wish"), "";
    CacheTti "cache.defaultTti" ["cachedefaulttti"], Kind::Unused("answers are never cached: a stale read would be nobody's wish"), "";
}

impl Id {
    pub(super) fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }

    /// What names the org or signs in to it: never mixed from a profile and the settings without
    /// one.
    pub(super) fn is_identity(self) -> bool {
        matches!(
            self,
            Self::OrgUrl
                | Self::AuthorizationMode
                | Self::Token
                | Self::ClientId
                | Self::PrivateKey
                | Self::ClientSecret
                | Self::ClientAssertion
                | Self::KeyId
                | Self::Scopes
        )
    }

    /// The environment variable by its main name.
    pub(super) fn variable(self) -> String {
        let key = self.setting().key;
        match key.strip_prefix("testing.") {
            Some(rest) => format!("OKTA_TESTING_{}", rest.to_ascii_uppercase()),
            None => format!("OKTA_CLIENT_{}", key.replace('.', "_").to_ascii_uppercase()),
        }
    }
}

/// Without separators, in lower case: what all spellings of one name share.
pub(super) fn normal(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The setting of a name in normal form, and which of its names that is.
pub(super) fn by_name(normal: &str) -> Option<(Id, usize)> {
    SETTINGS.iter().find_map(|setting| {
        let index = setting.names.iter().position(|name| *name == normal)?;
        Some((setting.id, index))
    })
}

/// The setting that was probably meant by an unknown name.
pub(super) fn likely(normal: &str) -> Option<Id> {
    // Long names of other programs cannot be near; comparing them would only cost time.
    if normal.is_empty() || normal.len() > 60 {
        return None;
    }
    SETTINGS
        .iter()
        .flat_map(|setting| setting.names.iter().map(|name| (setting.id, *name)))
        .map(|(id, name)| (strsim::damerau_levenshtein(normal, name), id))
        .filter(|(distance, _)| *distance <= 1 + normal.len() / 6)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normal_and_belong_to_one_setting() {
        let mut seen = std::collections::BTreeSet::new();
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.id as usize, index);
            for name in setting.names {
                assert_eq!(normal(name), *name);
                assert!(seen.insert(*name), "{name} twice");
            }
            assert_eq!(
                by_name(&normal(setting.key)).map(|(id, _)| id),
                Some(setting.id)
            );
        }
    }

    #[test]
    fn misspelt_names_find_their_setting() {
        for (name, key) in [
            ("orgurll", "orgUrl"),
            ("tokn", "token"),
            ("cleintid", "clientId"),
            ("privatkeyid", "privateKeyId"),
            ("ratelimitmaxretry", "rateLimit.maxRetries"),
        ] {
            let found = likely(name).map(|id| id.setting().key);
            assert_eq!(found, Some(key), "{name}");
        }
        assert_eq!(likely("completelydifferent"), None);
    }
}
