//! The org on disk: an embedded database that holds what was acknowledged, whatever happens to
//! the process.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition};
use serde::{Deserialize, Serialize};

use crate::durable::{Change, encode};
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
pub(crate) struct Store {
    database: Database,
    /// The last head as written.
    head: Vec<u8>,
    /// The names of the parts as written, by serial.
    parts: HashMap<u64, String>,
    /// What the disk could not take, by the serial of its part.
    unsaved: Vec<(u64, Change)>,
    #[cfg(test)]
    broken: bool,
}

/// What is to be written, as it was found in an org.
#[derive(Default)]
pub(crate) struct Batch {
    changes: Vec<(u64, Change)>,
    /// The parts that were not there when the last batch was written.
    fresh: Vec<(u64, String)>,
    /// The serials of those that are not there any more.
    gone: Vec<u64>,
    head: Vec<u8>,
}

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the data directory cannot be used: {error}"))
}

fn damaged(what: &str) -> io::Error {
    let text = format!("the data directory is damaged, or of another version: {what}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Keys, tokens and passwords stand in the file, which are nobody else's business.
fn keep_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
    }
    let _ = file;
    Ok(())
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
        let file = directory.join("org.redb");
        let database = Database::create(&file).map_err(failed)?;
        keep_private(&file)?;
        Ok(Self {
            database,
            head: Vec::new(),
            parts: HashMap::new(),
            unsaved: Vec::new(),
            #[cfg(test)]
            broken: false,
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
            self.parts.insert(part.serial(), name.to_string());
        });
        Ok(())
    }

    /// Takes out of an org what changed.
    pub(crate) fn collect(&mut self, org: &mut Org, credentials: &KeptCredentials) -> Batch {
        let mut batch = Batch {
            changes: std::mem::take(&mut self.unsaved),
            ..Batch::default()
        };
        let mut known = 0;
        org.each_part(&mut |name, part| {
            let serial = part.serial();
            if self.parts.contains_key(&serial) {
                known += 1;
            } else {
                batch.fresh.push((serial, name.to_string()));
            }
            let changes = part.take_changes();
            if changes.is_empty() {
                return;
            }
            let name = name.to_string();
            let keyed = |(key, form)| (serial, (format!("{name}{SEPARATOR}{key}"), form));
            batch.changes.extend(changes.into_iter().map(keyed));
        });
        if known < self.parts.len() {
            let mut alive = HashSet::new();
            org.each_part(&mut |_, part| {
                alive.insert(part.serial());
            });
            let gone = self.parts.keys().filter(|serial| !alive.contains(serial));
            batch.gone = gone.copied().collect();
            batch.changes.retain(|(serial, _)| alive.contains(serial));
        }
        let record = Record {
            version: VERSION,
            credentials: credentials.clone(),
            org: org.head(),
        };
        batch.head = encode(&record);
        batch
    }

    /// Writes a batch; when it returns, the disk has it. What it cannot take waits for the next one.
    pub(crate) fn save(&mut self, batch: Batch) -> io::Result<()> {
        let parts_change = !batch.fresh.is_empty() || !batch.gone.is_empty();
        if batch.changes.is_empty() && !parts_change && batch.head == self.head {
            return Ok(());
        }
        if let Err(error) = self.write(&batch) {
            self.unsaved = batch.changes;
            return Err(failed(error));
        }
        for serial in &batch.gone {
            self.parts.remove(serial);
        }
        self.parts.extend(batch.fresh);
        self.head = batch.head;
        Ok(())
    }

    fn write(&self, batch: &Batch) -> Result<(), redb::Error> {
        #[cfg(test)]
        if self.broken {
            return Err(redb::Error::DatabaseAlreadyOpen);
        }
        let writing = self.database.begin_write()?;
        {
            let mut table = writing.open_table(OBJECTS)?;
            for name in batch
                .gone
                .iter()
                .filter_map(|serial| self.parts.get(serial))
            {
                erase(&mut table, name)?;
            }
            for (_, (key, form)) in &batch.changes {
                match form {
                    Some(bytes) => table.insert(key.as_str(), bytes.as_slice())?,
                    None => table.remove(key.as_str())?,
                };
            }
            table.insert(HEAD, batch.head.as_slice())?;
        }
        writing.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::Bench;

    const PATH: &str = "/some/objects";

    /// A kept org in a directory that goes in the end.
    struct Kept {
        bench: Bench,
        store: Store,
        directory: std::path::PathBuf,
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }

    impl Kept {
        fn new(name: &str) -> Self {
            let name = format!("okta-sandbox-store-{name}-{}", crate::ids::random_hex(8));
            let directory = std::env::temp_dir().join(name);
            Self {
                bench: Bench::new(),
                store: Store::open(&directory).expect("a store"),
                directory,
            }
        }

        fn save(&mut self) -> io::Result<()> {
            let mut org = self.bench.shared.org();
            let batch = self
                .store
                .collect(&mut org, &self.bench.shared.credentials.kept());
            self.store.save(batch)
        }

        fn put(&self, id: &str) {
            self.bench.shared.org().shelf(PATH).put(id, json!(id));
        }

        /// The objects that the disk has.
        fn on_disk(&mut self) -> Vec<String> {
            let (_, head) = self.store.head().expect("reads").expect("a head");
            let settings = self.bench.shared.org().settings.clone();
            let mut org = Org::of_head(head, settings).expect("an org");
            let parts = self.store.parts.clone();
            self.store.load(&mut org).expect("loads");
            self.store.parts = parts;
            let objects = org.shelf(PATH).values();
            objects
                .map(|object| object.as_str().unwrap_or_default().to_owned())
                .collect()
        }
    }

    #[test]
    fn what_the_disk_could_not_take_is_written_later() {
        let mut kept = Kept::new("late");
        kept.put("a");
        kept.save().expect("saved");
        kept.store.broken = true;
        kept.put("b");
        assert!(kept.save().is_err());
        kept.bench.shared.org().shelf(PATH).remove("a");
        assert!(kept.save().is_err());
        assert_eq!(kept.on_disk(), ["a"]);
        kept.store.broken = false;
        kept.put("c");
        kept.save().expect("saved");
        assert_eq!(kept.on_disk(), ["b", "c"]);
    }

    #[test]
    fn a_part_in_place_of_another_leaves_nothing_of_it() {
        let mut kept = Kept::new("replaced");
        for id in ["a", "b"] {
            kept.put(id);
        }
        kept.save().expect("saved");
        kept.bench.shared.org().shelves.remove(PATH);
        kept.save().expect("saved");
        assert_eq!(kept.on_disk(), [""; 0]);
        kept.put("c");
        kept.save().expect("saved");
        kept.bench.shared.org().shelves.remove(PATH);
        kept.put("d");
        kept.save().expect("saved");
        assert_eq!(kept.on_disk(), ["d"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;

        let kept = Kept::new("private");
        let file = std::fs::metadata(kept.directory.join("org.redb")).expect("a file");
        assert_eq!(file.permissions().mode() & 0o077, 0);
    }
}
