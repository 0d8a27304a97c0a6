//! Which members are secret, and which are personal.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

type Replace = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a recording keeps, by names of members, form fields and query parameters. Names are
/// compared without case and separators: `client_secret` is `clientSecret`.
#[derive(Clone, Default)]
pub struct Rules {
    secret: BTreeSet<String>,
    personal: BTreeSet<String>,
    kept: BTreeSet<String>,
    pub(super) strict: bool,
    pub(super) replace: Vec<Replace>,
}

const SECRETS: [&str; 28] = [
    // Links with a one-time token in their path.
    "activationurl",
    "resetpasswordurl",
    "answer",
    "apikey",
    "apitoken",
    "assertion",
    "authorization",
    "clientassertion",
    "clientsecret",
    "code",
    "codeverifier",
    "cookie",
    "devicecode",
    "devicesecret",
    "interactionhandle",
    "otp",
    "passcode",
    "passphrase",
    "password",
    "pin",
    "privatekey",
    "secret",
    "sharedsecret",
    "sid",
    "statehandle",
    "token",
    "totp",
    "usercode",
];
/// Names that end like a secret's and are none.
const HARMLESS: [&str; 4] = [
    "nextpagetoken",
    "pagetoken",
    "resettoken",
    "continuationtoken",
];
const PERSONAL: [&str; 43] = [
    "address",
    "alternateid",
    "birthdate",
    "city",
    "costcenter",
    "displayname",
    "email",
    "emailaddress",
    "employeenumber",
    "familyname",
    "firstname",
    "formattedname",
    "fullname",
    "givenname",
    "honorificprefix",
    "honorificsuffix",
    "ip",
    "ipaddress",
    "ipchain",
    "lastname",
    "lat",
    "latitude",
    "login",
    "lon",
    "longitude",
    "manager",
    "managerid",
    "middlename",
    "mobile",
    "mobilephone",
    "nickname",
    "phone",
    "phonenumber",
    "postaladdress",
    "postalcode",
    "preferredusername",
    "primaryphone",
    "question",
    "rawuseragent",
    "secondemail",
    "streetaddress",
    "username",
    "zipcode",
];

fn normal(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl Rules {
    /// The rules that hold unless told otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Members of this name are secrets.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        self.secret.insert(normal(name));
        self
    }

    /// Members of this name are personal and get pseudonyms.
    #[must_use]
    pub fn personal(mut self, name: &str) -> Self {
        self.personal.insert(normal(name));
        self
    }

    /// Members of this name are neither secret nor personal by their name, not even in a profile.
    /// Emails, ids and opaque texts in them get pseudonyms all the same.
    #[must_use]
    pub fn keep(mut self, name: &str) -> Self {
        self.kept.insert(normal(name));
        self
    }

    /// Every text that is not plainly a constant or a time gets a pseudonym, unless its member is
    /// [kept](Self::keep).
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// A rule of your own for every text; `None` leaves it to the others.
    #[must_use]
    pub fn replace(
        mut self,
        rule: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.replace.push(Arc::new(rule));
        self
    }

    pub(super) fn is_kept(&self, name: &str) -> bool {
        self.kept.contains(&normal(name))
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        let name = normal(name);
        if self.kept.contains(&name) {
            return false;
        }
        self.secret.contains(&name)
            || SECRETS.contains(&name.as_str())
            || ["password", "secret", "token", "privatekey", "passcode"]
                .iter()
                .any(|end| name.ends_with(end))
                && !HARMLESS.contains(&name.as_str())
    }

    pub(super) fn is_personal(&self, name: &str) -> bool {
        let name = normal(name);
        !self.kept.contains(&name)
            && (self.personal.contains(&name) || PERSONAL.contains(&name.as_str()))
    }

    /// All that stands below is personal: built-in and custom attributes.
    pub(super) fn is_profile(name: &str) -> bool {
        normal(name).ends_with("profile")
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("secret", &self.secret)
            .field("personal", &self.personal)
            .field("kept", &self.kept)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
