//! The org on disk: an embedded database that holds what was acknowledged, whatever happens to
//! the process.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition};
use serde::{Deserialize, Serialize};

use crate::durable::encode;
use crate::org::{Head, Org};
use crate::service_app::KeptCredentials;

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");

/// The key of what belongs to no part.
const HEAD: &str = "head";
/// Stands between a part's name and the key within it; neither has it.
const SEPARATOR: char = '\u{1}';
/// Of the form on disk.
const VERSION: u32 = 1;

/// What belongs to no part.
#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    credentials: KeptCredentials,
    org: Head,
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    /// The last head as written.
    head: Vec<u8>,
    /// The serials of the parts as written, by name.
    parts: HashMap<String, u64>,
}

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the data directory cannot be used: {error}"))
}

fn damaged(what: &str) -> io::Error {
    let text = format!("the data directory is damaged, or of another version: {what}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

type Objects<'t> = Table<'t, &'static str, &'static [u8]>;

/// Removes everything of a part.
fn erase(table: &mut Objects<'_>, name: &str) -> Result<(), redb::StorageError> {
    let (from, to) = (format!("{name}{SEPARATOR}"), format!("{name}\u{2}"));
    table.retain_in(from.as_str()..to.as_str(), |_, _| false)
}

fn fill(org: &mut Org, name: &str, objects: &[(String, Vec<u8>)]) -> io::Result<()> {
    match objects {
        [] => Ok(()),
        objects => org.restore(name, objects).ok_or_else(|| damaged(name)),
    }
}

impl Store {
    /// Opens, or makes, the database in a directory.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let database = Database::create(directory.join("org.redb")).map_err(failed)?;
        Ok(Self {
            database,
            head: Vec::new(),
            parts: HashMap::new(),
        })
    }

    /// The credentials and the head of the kept org; none in a new directory.
    pub(crate) fn head(&mut self) -> io::Result<Option<(KeptCredentials, Head)>> {
        let reading = self.database.begin_read().map_err(failed)?;
        let table = match reading.open_table(OBJECTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let Some(found) = table.get(HEAD).map_err(failed)? else {
            return Ok(None);
        };
        let record: Record =
            serde_json::from_slice(found.value()).map_err(|_| damaged("its head"))?;
        if record.version != VERSION {
            return Err(damaged(&format!("version {}", record.version)));
        }
        self.head = found.value().to_vec();
        Ok(Some((record.credentials, record.org)))
    }

    /// Fills an empty org.
    pub(crate) fn load(&mut self, org: &mut Org) -> io::Result<()> {
        let reading = self.database.begin_read().map_err(failed)?;
        let table = reading.open_table(OBJECTS).map_err(failed)?;
        // Keys sort by part: each is filled in one go.
        let mut name = String::new();
        let mut objects = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (key, bytes) = entry.map_err(failed)?;
            let Some((part, within)) = key.value().split_once(SEPARATOR) else {
                continue;
            };
            if part != name {
                fill(org, &name, &objects)?;
                objects.clear();
                name = part.to_owned();
            }
            objects.push((within.to_owned(), bytes.value().to_vec()));
        }
        fill(org, &name, &objects)?;
        org.restored();
        org.each_part(&mut |name, part| {
            part.take_changes();
            self.parts.insert(name, part.serial());
        });
        Ok(())
    }

    /// Writes what changed; when it returns, the disk has it.
    pub(crate) fn save(&mut self, org: &mut Org, credentials: &KeptCredentials) -> io::Result<()> {
        let mut changes = Vec::new();
        let mut parts = HashMap::with_capacity(self.parts.len());
        let mut fresh = Vec::new();
        org.each_part(&mut |name, part| {
            let serial = part.serial();
            if self.parts.get(&name).is_some_and(|known| *known != serial) {
                fresh.push(name.clone());
            }
            for (key, form) in part.take_changes() {
                changes.push((format!("{name}{SEPARATOR}{key}"), form));
            }
            parts.insert(name, serial);
        });
        let gone = self.parts.keys().filter(|name| !parts.contains_key(*name));
        fresh.extend(gone.cloned());
        let record = Record {
            version: VERSION,
            credentials: credentials.clone(),
            org: org.head(),
        };
        let head = encode(&record);
        if changes.is_empty() && fresh.is_empty() && head == self.head {
            return Ok(());
        }
        self.write(&changes, &fresh, &head).map_err(failed)?;
        self.parts = parts;
        self.head = head;
        Ok(())
    }

    fn write(
        &self,
        changes: &[(String, Option<Vec<u8>>)],
        erased: &[String],
        head: &[u8],
    ) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        {
            let mut table = writing.open_table(OBJECTS)?;
            for name in erased {
                erase(&mut table, name)?;
            }
            for (key, form) in changes {
                match form {
                    Some(bytes) => table.insert(key.as_str(), bytes.as_slice())?,
                    None => table.remove(key.as_str())?,
                };
            }
            table.insert(HEAD, head)?;
        }
        writing.commit()?;
        Ok(())
    }
}
