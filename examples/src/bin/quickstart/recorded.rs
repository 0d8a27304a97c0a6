//! Real objects out of recorded traffic: JSON lines, one HTTP exchange each, plain or gzipped.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The newest state of each object that a recording shows, as the org answered it.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) users: Vec<Value>,
    pub(crate) groups: Vec<Value>,
    pub(crate) apps: Vec<Value>,
    /// Exchanges read.
    pub(crate) exchanges: usize,
}

impl Objects {
    /// Reads a file of recorded exchanges.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let mut file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let mut magic = [0; 2];
        let gzipped = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        let file = File::open(path)?;
        let lines: Box<dyn BufRead> = if gzipped {
            Box::new(BufReader::new(flate2::read::GzDecoder::new(file)))
        } else {
            Box::new(BufReader::new(file))
        };
        let mut collections: [BTreeMap<String, Value>; 3] = Default::default();
        let mut exchanges = 0;
        for (index, line) in lines.lines().enumerate() {
            let line = line.with_context(|| format!("{name}, line {}", index + 1))?;
            if line.trim().is_empty() {
                continue;
            }
            let exchange: Value = serde_json::from_str(&line)
                .with_context(|| format!("{name}, line {}: not a JSON exchange", index + 1))?;
            exchanges += 1;
            if let Some((collection, body)) = objects_in(&exchange) {
                let objects = match body {
                    Value::Array(objects) => objects,
                    object => vec![object],
                };
                for object in objects {
                    if let Some(id) = object["id"].as_str() {
                        collections[collection].insert(id.to_owned(), object);
                    }
                }
            }
        }
        let [users, groups, apps] = collections.map(|c| c.into_values().collect::<Vec<_>>());
        ensure!(
            !(users.is_empty() && groups.is_empty() && apps.is_empty()),
            "{name}: {exchanges} exchanges, but no answer with users, groups or apps among them"
        );
        Ok(Self {
            users,
            groups,
            apps,
            exchanges,
        })
    }
}

/// Which collection a successful answer belongs to, and its body.
fn objects_in(exchange: &Value) -> Option<(usize, Value)> {
    if !(200..300).contains(&exchange["status"].as_u64()?) {
        return None;
    }
    let path: Vec<&str> = exchange["path"]
        .as_str()?
        .trim_matches('/')
        .split('/')
        .collect();
    let collection = match path.as_slice() {
        ["api", "v1", "users"]
        | ["api", "v1", "users", _]
        | ["api", "v1", "groups", _, "users"] => 0,
        // Rules of groups are no groups.
        ["api", "v1", "groups", "rules"] => return None,
        ["api", "v1", "groups"]
        | ["api", "v1", "groups", _]
        | ["api", "v1", "users", _, "groups"] => 1,
        ["api", "v1", "apps"] | ["api", "v1", "apps", _] => 2,
        _ => return None,
    };
    let body = serde_json::from_str(exchange["response"].as_str()?).ok()?;
    Some((collection, body))
}
