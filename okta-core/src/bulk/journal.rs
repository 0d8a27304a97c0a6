//! What a job has done, on disk.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The results that a job has so far, in a file: a job that was killed goes on where it was.
///
/// One JSON line for each item that the service acknowledged, written as soon as its answer is
/// there and before another one is begun: a call with a line is not repeated. Calls that were under
/// way when the process ended, their answers not yet read, have no line and are made again: as many
/// as the job's concurrency at most. Let `work` be safe to repeat, or take "exists already" for done.
/// Keys and results stand there as they are, so keep secrets out of both. The file is locked while it
/// is open.
#[derive(Debug)]
pub struct Journal<R> {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends.
    end: u64,
    /// A write failed, and may have left part of a line.
    torn: bool,
    pub(super) done: HashMap<String, R>,
}

const FORMAT: &str = "okta-bulk-1";

#[derive(Serialize, Deserialize)]
struct Head {
    journal: String,
    job: String,
}

#[derive(Serialize)]
struct NewLine<'a, R> {
    key: &'a str,
    value: &'a R,
}

#[derive(Deserialize)]
struct Line<R> {
    key: String,
    value: R,
}

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens a journal, or begins one if there is none. `job` says what it is about, such as
    /// `"assign members https://acme.okta.com members.csv"`: a journal of another job is refused.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the file cannot be used, is in use, or is
    /// not a journal of this job.
    pub fn open(path: impl AsRef<Path>, job: &str) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let fail = |what: String| Error::config(format!("the journal {}: {what}", path.display()));
        let io = |error: std::io::Error| fail(error.to_string()).with_source(error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(fail("another process uses it".into()).with_hint(
                    "wait for the other run of this job, or give this one its own file",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let (head, done, end) = read(&file, &fail)?;
        if let Some(head) = head.filter(|head| head.job != job) {
            return Err(fail(format!("belongs to another job, {:?}", head.job))
                .with_hint("give each job its own file"));
        }
        // A last line without its end was being written when the process died: that call counts
        // as not acknowledged.
        file.set_len(end).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        let mut journal = Self {
            path,
            file,
            end,
            torn: false,
            done,
        };
        if end == 0 {
            let head = Head {
                journal: FORMAT.into(),
                job: job.into(),
            };
            journal.write(&head)?;
        }
        Ok(journal)
    }

    /// Results so far, by key.
    pub fn done(&self) -> &HashMap<String, R> {
        &self.done
    }

    pub(super) fn add(&mut self, key: &str, value: &R) -> Result<()> {
        self.write(&NewLine { key, value })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let fail = |what: String| {
            Error::config(format!("the journal {}: {what}", self.path.display()))
                .with_hint("the calls that it holds are done; mend the file system and run again")
        };
        let mut text = serde_json::to_vec(line)
            .map_err(|error| fail(format!("the result does not serialize: {error}")))?;
        text.push(b'\n');
        // In one write, so that a line is there whole or not at all for anyone but a power cut or
        // a full disk; what the latter cut is taken back before anything is written behind it.
        let mut file = &self.file;
        let written = match self.torn {
            true => file
                .set_len(self.end)
                .and_then(|()| file.seek(SeekFrom::Start(self.end)).map(drop)),
            false => Ok(()),
        }
        .and_then(|()| file.write_all(&text));
        let result = written.map_err(|error| fail(error.to_string()).with_source(error));
        self.torn = result.is_err();
        if result.is_ok() {
            self.end += text.len() as u64;
        }
        result
    }

    /// Down to the disk: what was written survives a power cut, too.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| {
            Error::config(format!("the journal {}: {error}", self.path.display()))
                .with_source(error)
        })
    }
}

type Content<R> = (Option<Head>, HashMap<String, R>, u64);

/// Head, results, and where the last whole line ends.
fn read<R: DeserializeOwned>(file: &File, fail: &dyn Fn(String) -> Error) -> Result<Content<R>> {
    let mut reader = BufReader::new(file);
    let (mut head, mut done, mut end) = (None, HashMap::new(), 0);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let length = reader
            .read_until(b'\n', &mut line)
            .map_err(|error| fail(error.to_string()))?;
        if length == 0 || line.last() != Some(&b'\n') {
            if number == 0 && length > 0 && !could_begin_head(&line) {
                return Err(not_a_journal(fail));
            }
            return Ok((head, done, end));
        }
        number += 1;
        if number == 1 {
            let found: Option<Head> = serde_json::from_slice(&line).ok();
            head = found.filter(|head| head.journal == FORMAT);
            if head.is_none() {
                return Err(not_a_journal(fail));
            }
        } else {
            let line: Line<R> = serde_json::from_slice(&line).map_err(|error| {
                fail(format!("line {number}: {error}"))
                    .with_hint("it was changed by hand, or written by a run with other results")
            })?;
            done.insert(line.key, line.value);
        }
        end += length as u64;
    }
}

/// A head that was cut off may be written again; anything else is somebody's file.
fn could_begin_head(text: &[u8]) -> bool {
    let head = format!(r#"{{"journal":"{FORMAT}","job":""#);
    let length = text.len().min(head.len());
    text.get(..length) == head.as_bytes().get(..length)
}

fn not_a_journal(fail: &dyn Fn(String) -> Error) -> Error {
    fail("it is another kind of file".into()).with_hint("name a file that does not exist yet")
}

impl<R> fmt::Display for Journal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} done)", self.path.display(), self.done.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_by_a_full_disk_spoils_no_other() {
        let name = format!("okta-journal-torn-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let mut journal = Journal::<u32>::open(&path, "job").unwrap();
        journal.add("a", &1).unwrap();
        // What a failing `write_all` leaves behind.
        journal
            .file
            .write_all(br#"{"key":"b, long as it is","va"#)
            .unwrap();
        journal.torn = true;
        journal.add("c", &3).unwrap();
        drop(journal);
        let journal = Journal::<u32>::open(&path, "job").unwrap();
        let expected = [("a".to_owned(), 1), ("c".to_owned(), 3)];
        assert_eq!(journal.done(), &HashMap::from(expected));
        std::fs::remove_file(&path).unwrap();
    }
}
