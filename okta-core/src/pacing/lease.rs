//! The books of a bucket in a small file, for clients in several processes on one machine.
//!
//! Each change is made under the lock of a file beside it, which the operating system frees when a
//! process dies, and written to a new file that then takes the old one's name: nobody reads half
//! of it. Calls that a dead process left open are forgotten after two minutes.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bucket::{Bucket, Learnt};
use super::window::Window;
use crate::error::{Error, Result};
use crate::observe::{Logs, log};

/// Calls on their way of a client that was not heard of for so long do not count.
const FORGET_MS: u64 = 120_000;
/// The lock is held for well below a millisecond.
const LOCK_TRIES: u32 = 25;
const VERSION: u32 = 1;

/// The directory of one org's books.
#[derive(Debug)]
pub(super) struct Lease {
    directory: PathBuf,
    /// Of this client.
    id: String,
    logs: Logs,
    complained: AtomicBool,
    /// Open lock files by bucket.
    locks: Mutex<HashMap<String, Arc<File>>>,
}

#[derive(Default, Serialize, Deserialize)]
struct Books {
    version: u32,
    bucket: String,
    learnt: Learnt,
    holders: Vec<Holder>,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    id: String,
    in_flight: u64,
    /// Server time of its last change, milliseconds.
    at: i64,
}

impl Holder {
    /// Numbers that cannot be right are not reckoned with; a thousand holders fit into a sum.
    fn is_sound(&self) -> bool {
        self.in_flight < u64::from(u32::MAX)
    }
}

impl Lease {
    /// Makes the directory, for its owner alone, or checks the one that is there.
    pub(super) fn open(base: &Path, org: &str, id: String, logs: Logs) -> Result<Self> {
        let directory = base.join(file_name(org));
        let fail = |what: &str, error: io::Error| {
            Error::config(format!(
                "pacing across processes: {what} {}: {error}",
                directory.display()
            ))
            .with_hint("give Pacing::across_processes a directory that this user may write to")
        };
        fs::create_dir_all(base).map_err(|error| fail("cannot create", error))?;
        create_private(&directory).map_err(|error| fail("cannot create", error))?;
        let probe = directory.join(format!(".{}.tmp", file_name(&id)));
        let owner = File::create(&probe)
            .and_then(|file| file.metadata())
            .map_err(|error| fail("cannot write to", error));
        let _ = fs::remove_file(&probe);
        let safe = check(&directory, &owner?).map_err(|error| fail("cannot read", error))?;
        if let Some(fault) = safe {
            return Err(Error::config(format!(
                "pacing across processes: {} {fault}",
                directory.display()
            ))
            .with_hint("whoever can write there can stop this client: take a directory that only its owner can write to (mode 0700)"));
        }
        Ok(Self {
            directory,
            id,
            logs,
            complained: AtomicBool::new(false),
            locks: Mutex::default(),
        })
    }

    /// Does something with a bucket as all clients together know it. If the books cannot be
    /// reached, what this client knows by itself has to do.
    pub(super) fn with<T>(
        &self,
        name: &str,
        bucket: &mut Bucket,
        now: i64,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let path = self.directory.join(format!("{}.json", file_name(name)));
        let _locked = match self.lock(&path, name) {
            Ok(locked) => locked,
            Err(error) => {
                self.complain(&path, &error);
                return act(bucket);
            }
        };
        let before = fs::read(&path).unwrap_or_default();
        let mut books = parse(&before, name, &path, self.logs);
        books
            .holders
            .retain(|holder| holder.id != self.id && now.abs_diff(holder.at) < FORGET_MS);
        bucket.learnt = std::mem::take(&mut books.learnt);
        bucket.elsewhere = books.holders.iter().map(|holder| holder.in_flight).sum();
        let (learnt, in_flight) = (bucket.learnt.clone(), bucket.in_flight);
        let result = act(bucket);
        if bucket.learnt == learnt && bucket.in_flight == in_flight {
            return result;
        }
        books.version = VERSION;
        books.bucket = name.to_owned();
        books.learnt = bucket.learnt.clone();
        if bucket.in_flight > 0 {
            books.holders.push(Holder {
                id: self.id.clone(),
                in_flight: bucket.in_flight,
                at: now,
            });
        }
        if let Err(error) = self.write(&path, &books) {
            self.complain(&path, &error);
        }
        result
    }

    /// Locks the books of a bucket until the guard is dropped.
    fn lock(&self, path: &Path, name: &str) -> io::Result<Locked> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match locks.get(name) {
            Some(file) => Arc::clone(file),
            None => {
                let file = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(path.with_extension("lock"))?;
                let file = Arc::new(file);
                locks.insert(name.to_owned(), Arc::clone(&file));
                file
            }
        };
        drop(locks);
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Locked(file)),
                Err(fs::TryLockError::WouldBlock) => {
                    // Changes come from where nothing can be awaited, too, and take microseconds.
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another process holds the lock",
        ))
    }

    fn write(&self, path: &Path, books: &Books) -> io::Result<()> {
        let new = path.with_extension(format!("{}.tmp", file_name(&self.id)));
        fs::write(&new, serde_json::to_vec(books)?)?;
        fs::rename(&new, path)
    }

    fn complain(&self, path: &Path, error: &io::Error) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            log!(
                self.logs, WARN,
                path = %path.display(),
                %error,
                "the shared rate-limit books cannot be reached; this client paces by itself"
            );
        }
    }
}

/// The lock of a bucket's books. One client changes them under its own lock first, so that the
/// file is never locked twice by the same one.
struct Locked(Arc<File>);

impl Drop for Locked {
    fn drop(&mut self) {
        // It fails only if it is not held.
        let _ = self.0.unlock();
    }
}

/// Books that are absent, damaged or of another version begin anew.
fn parse(bytes: &[u8], name: &str, path: &Path, logs: Logs) -> Books {
    if bytes.is_empty() {
        return Books::default();
    }
    match serde_json::from_slice::<Books>(bytes) {
        Ok(books)
            if books.version == VERSION
                && books.bucket == name
                && books.learnt.windows.iter().all(Window::is_sound)
                && books.holders.iter().all(Holder::is_sound) =>
        {
            books
        }
        _ => {
            log!(logs, WARN, path = %path.display(), "the shared rate-limit books were damaged; they begin anew");
            Books::default()
        }
    }
}

/// A file name for a text: what is no letter or digit is replaced, and a checksum keeps names apart.
fn file_name(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(80)
        .collect();
    // FNV-1a: the same in every process and version.
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}-{sum:016x}", plain.trim_matches('-'))
}

#[cfg(unix)]
fn create_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().mode(0o700).create(directory);
    made.or_else(|error| {
        if directory.is_dir() {
            Ok(())
        } else {
            Err(error)
        }
    })
}

#[cfg(not(unix))]
fn create_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// What is wrong with the directory, if anything; `ours` is of a file that we just made in it.
#[cfg(unix)]
fn check(directory: &Path, ours: &fs::Metadata) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::symlink_metadata(directory)?;
    Ok(if !found.is_dir() {
        Some("is not a directory")
    } else if found.uid() != ours.uid() {
        Some("belongs to another user")
    } else if found.mode() & 0o022 != 0 {
        Some("can be written to by other users")
    } else {
        None
    })
}

#[cfg(not(unix))]
fn check(_: &Path, _: &fs::Metadata) -> io::Result<Option<&'static str>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::bucket::Moment;
    use crate::response::RateLimit;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("okta-lease-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn now() -> Moment {
        Moment {
            mono: Duration::ZERO,
            server: 0,
        }
    }

    fn used(lease: &Lease, bucket: &mut Bucket, order: u64, remaining: u64) {
        lease.with("users", bucket, 0, |b| b.start(now(), 1.0, 0.5));
        let limit = RateLimit {
            limit: 10,
            remaining,
            reset: jiff::Timestamp::from_second(60).unwrap(),
        };
        lease.with("users", bucket, 0, |b| {
            b.answered(Some(limit), order, now())
        });
    }

    fn left(lease: &Lease, bucket: &mut Bucket, at: i64) -> i64 {
        lease.with("users", bucket, at, |b| {
            b.learnt.windows[0].available(0, 1.0, b.in_flight + b.elsewhere)
        })
    }

    #[test]
    fn one_client_knows_what_the_other_used_and_has_on_its_way() {
        let base = directory("shared");
        let open = |id: &str| {
            Lease::open(&base, "https://acme.okta.com", id.into(), Logs::default()).unwrap()
        };
        let (one, two) = (open("one"), open("two"));
        let (mut first, mut second) = (Bucket::default(), Bucket::default());
        used(&one, &mut first, 1, 9);
        assert_eq!(left(&two, &mut second, 0), 9);
        for _ in 0..4 {
            one.with("users", &mut first, 0, |b| b.start(now(), 1.0, 0.5));
        }
        assert_eq!(left(&two, &mut second, 0), 5);
        // The first one dies: what it had on its way counts for two minutes.
        drop((one, first));
        assert_eq!(left(&two, &mut second, 119_000), 5);
        assert_eq!(left(&two, &mut second, 120_001), 9);
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn damaged_books_begin_anew() {
        let base = directory("damaged");
        let lease = Lease::open(
            &base,
            "https://acme.okta.com",
            "one".into(),
            Logs::default(),
        )
        .unwrap();
        let mut bucket = Bucket::default();
        used(&lease, &mut bucket, 1, 3);
        let path = lease.directory.join(format!("{}.json", file_name("users")));
        let huge = |id: &str, in_flight: u64, at: i64| serde_json::json!({ "id": id, "in_flight": in_flight, "at": at });
        let holders = [
            huge("x", u64::MAX, i64::MIN),
            huge("y", u64::MAX, 0),
            huge("z", 9, 0),
        ];
        let odd = serde_json::json!({ "version": VERSION, "bucket": "users", "holders": holders,
            "learnt": { "known": "Limits", "windows": [] } });
        for damage in ["", "{", r#"{"version":9}"#, "\u{0}\u{0}", &odd.to_string()] {
            fs::write(&path, damage).unwrap();
            used(&lease, &mut bucket, 1, 3);
            assert_eq!(left(&lease, &mut bucket, 0), 3);
        }
        fs::remove_dir_all(&base).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = directory("open");
        let lease = Lease::open(
            &base,
            "https://acme.okta.com",
            "one".into(),
            Logs::default(),
        )
        .unwrap();
        let mode = fs::metadata(&lease.directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::set_permissions(&lease.directory, fs::Permissions::from_mode(0o777)).unwrap();
        let error = Lease::open(
            &base,
            "https://acme.okta.com",
            "two".into(),
            Logs::default(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("written to by other"), "{error}");
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn names_of_buckets_make_file_names() {
        assert_ne!(file_name("/api/v1/zones/{id}"), file_name("/api/v1/zones"));
        assert!(!file_name("../../etc").contains(['/', '.']));
    }
}
