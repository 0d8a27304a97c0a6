//! From the surroundings to a [`Config`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::explain::Explanation;
use super::resolve::Resolved;
use super::setting::Id;
use super::source::{self, Findings, Layer};
use crate::error::{Error, Result};

/// Settings as they were found, before the builder's; see [`config`](crate::config) for names, values and
/// what counts when two places disagree.
///
/// Wrong values are found when the client is built, since the builder may replace them;
/// [`explain`](Self::explain) shows them before.
#[derive(Clone, Default)]
pub struct Config {
    pub(super) findings: Findings,
    pub(super) files: Vec<String>,
    pub(super) profile: Option<String>,
    /// What the builder has set, as it is shown.
    pub(super) covered: BTreeMap<Id, String>,
}

impl Config {
    /// Reads the environment, `./okta.yaml` and `~/.okta/okta.yaml`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a file that cannot be read, is longer than
    /// 1 MiB or is no YAML (with path, line and column), or a profile that does not exist.
    pub fn load() -> Result<Self> {
        Self::loader().load()
    }

    /// As [`load`](Self::load), with a named profile.
    ///
    /// # Errors
    /// As [`load`](Self::load); the error for an unknown profile lists those that exist.
    pub fn profile(name: impl Into<String>) -> Result<Self> {
        Self::loader().profile(name).load()
    }

    /// Chooses what is read.
    pub fn loader() -> Loader {
        Loader::default()
    }

    /// Reads these variables and no file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if they choose a profile.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        Self::loader().vars(vars).no_files().load()
    }

    /// What would count, and why. The builder's [`explain`](crate::ClientBuilder::explain) tells it
    /// with what was set in code.
    pub fn explain(&self) -> Explanation {
        self.resolve(false).explain()
    }

    pub(crate) fn resolve(&self, has_credential: bool) -> Resolved {
        Resolved::new(self, has_credential)
    }

    /// The builder has set this; `shown` holds no secret.
    pub(crate) fn cover(&mut self, id: Id, shown: impl Into<String>) {
        self.covered.insert(id, shown.into());
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("settings", &self.explain().settings)
            .finish_non_exhaustive()
    }
}

/// Chooses what a [`Config`] is read from.
#[derive(Clone, Default)]
#[must_use = "nothing is read until load() is called"]
pub struct Loader {
    profile: Option<String>,
    vars: Option<Vec<(String, String)>>,
    directory: Option<PathBuf>,
    home: Option<PathBuf>,
    no_files: bool,
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("profile", &self.profile)
            .field("directory", &self.directory)
            .field("home", &self.home)
            .field("no_files", &self.no_files)
            .finish_non_exhaustive()
    }
}

impl Loader {
    /// A profile below `okta.profiles`. It counts more than the environment; one that
    /// `OKTA_CLIENT_PROFILE` names counts less.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// These variables in place of the process's.
    pub fn vars(mut self, vars: impl IntoIterator<Item = (String, String)>) -> Self {
        self.vars = Some(vars.into_iter().collect());
        self
    }

    /// Where the project's `okta.yaml` stands, in place of the working directory.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Where `.okta/okta.yaml` stands, in place of the user's home.
    pub fn home(mut self, path: impl Into<PathBuf>) -> Self {
        self.home = Some(path.into());
        self
    }

    /// No file is read.
    pub fn no_files(mut self) -> Self {
        self.no_files = true;
        self
    }

    /// Reads everything; all faults stand in one error.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(self) -> Result<Config> {
        let mut config = Config::default();
        let vars = self.vars.clone().unwrap_or_else(|| {
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect()
        });
        let by_variable = source::environment(vars, &mut config.findings);
        let chosen = match (&self.profile, &by_variable) {
            (Some(name), _) => Some((name.as_str(), Layer::ChosenProfile)),
            (None, Some(name)) => Some((name.as_str(), Layer::Profile)),
            _ => None,
        };
        config.profile = chosen.map(|(name, layer)| match layer {
            Layer::ChosenProfile => format!("{name} (chosen in code)"),
            _ => format!("{name} ({})", source::PROFILE_VARIABLE),
        });
        let mut faults = Vec::new();
        for (number, path) in self.paths().into_iter().enumerate() {
            let read = source::read(&path).and_then(|text| match text {
                Some(text) => source::file(&path, &text, number, chosen, &mut config.findings)
                    .map(|()| "read"),
                None => Ok("not there"),
            });
            match read {
                Ok(what) => config.files.push(format!("{} ({what})", path.display())),
                Err(fault) => faults.push(fault),
            }
        }
        if let Some((name, _)) = chosen
            && faults.is_empty()
            && !config.findings.profiles.contains_key(name)
        {
            faults.push(self.no_such_profile(name, &config.findings));
        }
        if faults.is_empty() {
            return Ok(config);
        }
        Err(Error::config(faults.join("; ")).with_hint(
            "correct the file, or remove it: okta.yaml holds `okta:`, below it `client:` and `profiles:`",
        ))
    }

    /// The most important first.
    fn paths(&self) -> Vec<PathBuf> {
        if self.no_files {
            return Vec::new();
        }
        let directory = self.directory.clone().unwrap_or_default();
        let mut paths = vec![directory.join("okta.yaml"), directory.join(".okta.yaml")];
        if let Some(home) = self.home.clone().or_else(std::env::home_dir) {
            paths.push(home.join(".okta").join("okta.yaml"));
        }
        paths
    }

    fn no_such_profile(&self, name: &str, findings: &Findings) -> String {
        let known: Vec<String> = findings
            .profiles
            .iter()
            .map(|(name, places)| format!("{name} ({})", places.join(", ")))
            .collect();
        if known.is_empty() {
            format!(
                "there is no profile {name:?}, and no other: profiles stand below `okta.profiles`"
            )
        } else {
            format!(
                "there is no profile {name:?}; there are: {}",
                known.join(", ")
            )
        }
    }
}
