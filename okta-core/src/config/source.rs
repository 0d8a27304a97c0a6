//! Where settings come from, and what was found there.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::setting::{Id, by_name, likely, normal};
use super::yaml::{self, Node, Value};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Source {
    /// Code: the client's builder.
    Builder,
    /// An environment variable.
    Environment {
        /// Its name as found.
        name: String,
    },
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nowhere: what counts if nothing is set.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builder => f.write_str("builder"),
            Self::Environment { name } => f.write_str(name),
            Self::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Layers, the most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Layer {
    /// A profile that code asked for.
    ChosenProfile,
    Environment,
    /// A profile that a variable asked for.
    Profile,
    Plain,
}

/// One value of one setting in one place.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: Id,
    pub(super) node: Node,
    pub(super) source: Source,
    pub(super) layer: Layer,
    /// 0 for the project's file, 1 for the home's.
    file: usize,
    /// Which of the setting's names was written.
    name: usize,
    /// Written with separators inside a word.
    spaced: bool,
    /// Why it does not count whatever else is set.
    pub(super) barred: Option<String>,
}

impl Found {
    /// The written rule: layer, then file, then the main name before its other names, then the
    /// spelling without inner underscores, then the later line. Smallest counts.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let line = match &self.source {
            Source::File { line, .. } => *line,
            _ => 0,
        };
        (self.layer, self.file, self.name, self.spaced, Reverse(line))
    }
}

/// Everything that was found, before anything is decided.
#[derive(Clone, Default)]
pub(super) struct Findings {
    pub(super) found: Vec<Found>,
    pub(super) warnings: Vec<String>,
    /// Profiles by name, with the places where they stand.
    pub(super) profiles: BTreeMap<String, Vec<String>>,
}

pub(super) const PROFILE_VARIABLE: &str = "OKTA_CLIENT_PROFILE";

/// Reads variables; sorted by name, so that results are stable.
pub(super) fn environment(
    vars: impl IntoIterator<Item = (String, String)>,
    into: &mut Findings,
) -> Option<String> {
    let mut profile = None;
    let vars: BTreeMap<String, String> = vars.into_iter().collect();
    for (name, value) in vars {
        let (prefix, rest) = match (
            name.strip_prefix("OKTA_CLIENT_"),
            name.strip_prefix("OKTA_TESTING_"),
        ) {
            (Some(rest), _) => ("", rest),
            (_, Some(rest)) => ("testing", rest),
            _ => continue,
        };
        if value.trim().is_empty() {
            continue;
        }
        if name == PROFILE_VARIABLE {
            profile = Some(value.trim().to_owned());
            continue;
        }
        let key = format!("{prefix}{}", normal(rest));
        let Some((id, index)) = by_name(&key) else {
            let meant = likely(&key).map(|id| format!("; {} was probably meant", id.variable()));
            into.warnings.push(format!(
                "{name} is not a setting{}",
                meant.unwrap_or_default()
            ));
            continue;
        };
        let main = id.variable();
        let spaced = main.splitn(3, '_').nth(2) != Some(rest.to_ascii_uppercase().as_str());
        into.found.push(Found {
            id,
            node: Node::text(value),
            source: Source::Environment { name },
            layer: Layer::Environment,
            file: 0,
            name: index,
            spaced,
            barred: None,
        });
    }
    profile
}

/// Longest configuration file.
const MAX_FILE: u64 = 1024 * 1024;

/// The text of a file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, String> {
    let fault = |error: std::io::Error| format!("{}: cannot be read ({error})", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(fault(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("{}: it is longer than 1 MiB", path.display()));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        format!(
            "{}: it is not UTF-8 (byte {})",
            path.display(),
            error.utf8_error().valid_up_to()
        )
    })
}

/// One file: `okta.client`, `okta.testing` and `okta.profiles`.
pub(super) fn file(
    path: &Path,
    text: &str,
    number: usize,
    profile: Option<(&str, Layer)>,
    into: &mut Findings,
) -> Result<(), String> {
    let root = yaml::parse(text).map_err(|fault| {
        format!(
            "{}:{}:{}: {}",
            path.display(),
            fault.line,
            fault.column,
            fault.what
        )
    })?;
    let mut reader = FileReader { path, number, into };
    let Some(root) = root.filter(|root| !root.is_absent()) else {
        return Ok(());
    };
    let Value::Map(members) = root.value else {
        return Err(format!(
            "{}:{}:{}: expected `okta:` and its settings below",
            path.display(),
            root.line,
            root.column
        ));
    };
    for (key, node) in members {
        match (normal(&key).as_str(), node.value) {
            ("okta", Value::Map(members)) => reader.okta(members, profile),
            ("okta", Value::Null) => {}
            ("okta", _) => {
                return Err(format!(
                    "{}:{}:{}: expected settings below `okta:`",
                    path.display(),
                    node.line,
                    node.column
                ));
            }
            ("client" | "testing" | "profiles", _) => {
                reader.warn(node.line, &format!("`{key}` belongs below `okta:`"))
            }
            _ => reader.warn(
                node.line,
                &format!("`{key}` is not read: settings stand below `okta:`"),
            ),
        }
    }
    Ok(())
}

struct FileReader<'a> {
    path: &'a Path,
    number: usize,
    into: &'a mut Findings,
}

/// What settings are read as.
#[derive(Clone, Copy)]
struct As<'a> {
    layer: Layer,
    /// Settings without a profile while one is chosen.
    beside: Option<&'a str>,
}

impl FileReader<'_> {
    fn okta(&mut self, members: Vec<(String, Node)>, profile: Option<(&str, Layer)>) {
        let plain = As {
            layer: Layer::Plain,
            beside: profile.map(|(name, _)| name),
        };
        for (key, node) in members {
            let line = node.line;
            match (normal(&key).as_str(), node.value) {
                (_, Value::Null) => {}
                ("client", Value::Map(members)) => self.settings("", "okta.client", members, plain),
                ("testing", Value::Map(members)) => {
                    self.settings("testing", "okta.testing", members, plain)
                }
                ("profiles", Value::Map(members)) => {
                    for (name, node) in members {
                        let place = format!("{}:{}", self.path.display(), node.line);
                        self.into
                            .profiles
                            .entry(name.clone())
                            .or_default()
                            .push(place);
                        if let Some((chosen, layer)) = profile
                            && chosen == name
                        {
                            self.profile(&name, node, layer);
                        }
                    }
                }
                // Other libraries of Okta keep their settings in the same file.
                ("oauth2" | "idx" | "web" | "spring", _) => {}
                ("client" | "testing" | "profiles", _) => {
                    self.warn(line, &format!("`okta.{key}` holds no settings"))
                }
                (other, _) => {
                    let hint =
                        match super::setting::by_name(other).is_some() || likely(other).is_some() {
                            true => ": settings stand below `okta.client`",
                            false => "",
                        };
                    self.warn(line, &format!("`okta.{key}` is not read{hint}"));
                }
            }
        }
    }

    /// A profile holds settings, or `client:` and `testing:` with settings.
    fn profile(&mut self, name: &str, node: Node, layer: Layer) {
        let place = format!("okta.profiles.{name}");
        let read_as = As {
            layer,
            beside: None,
        };
        let Value::Map(members) = node.value else {
            return;
        };
        for (key, node) in members {
            let line = node.line;
            match (normal(&key).as_str(), node.value) {
                ("client", Value::Map(members)) => {
                    self.settings("", &format!("{place}.client"), members, read_as)
                }
                ("testing", Value::Map(members)) => {
                    self.settings("testing", &format!("{place}.testing"), members, read_as)
                }
                (_, value) => self.settings(
                    "",
                    &place,
                    vec![(
                        key,
                        Node {
                            line,
                            column: node.column,
                            value,
                        },
                    )],
                    read_as,
                ),
            }
        }
    }

    fn settings(
        &mut self,
        prefix: &str,
        place: &str,
        members: Vec<(String, Node)>,
        read_as: As<'_>,
    ) {
        for (key, node) in members {
            let name = format!("{prefix}{}", normal(&key));
            let place = format!("{place}.{key}");
            if let Some((id, index)) = by_name(&name) {
                if !node.is_absent() {
                    self.add(id, index, &key, node, read_as);
                }
                continue;
            }
            match node.value {
                Value::Map(members) if name.len() < 200 => {
                    self.settings(&name, &place, members, read_as)
                }
                Value::Null => {}
                _ => {
                    let meant = likely(&name)
                        .map(|id| format!("; {} was probably meant", id.setting().key));
                    self.warn(
                        node.line,
                        &format!("`{place}` is not a setting{}", meant.unwrap_or_default()),
                    );
                }
            }
        }
    }

    fn add(&mut self, id: Id, name: usize, key: &str, node: Node, read_as: As<'_>) {
        let barred = read_as
            .beside
            .filter(|_| id.is_identity())
            .map(|profile| format!("profile {profile} is chosen"));
        self.into.found.push(Found {
            id,
            source: Source::File {
                path: self.path.to_owned(),
                line: node.line,
                column: node.column,
            },
            spaced: key.contains(['_', '-']),
            layer: read_as.layer,
            file: self.number,
            name,
            node,
            barred,
        });
    }

    fn warn(&mut self, line: usize, what: &str) {
        self.into
            .warnings
            .push(format!("{}:{line}: {what}", self.path.display()));
    }
}
