//! The file, and the place in the list that its end stands for.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use okta_core::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Format;
use crate::row::{cell, selected};

pub(crate) struct Output {
    file: BufWriter<File>,
    bytes: u64,
    place: PathBuf,
    what: What,
}

/// Where an export that was cut off goes on.
#[derive(Serialize, Deserialize)]
pub(crate) struct Place {
    /// None for the beginning of the list.
    pub(crate) cursor: Option<Cursor>,
    pub(crate) rows: u64,
    bytes: u64,
    what: What,
}

/// What is exported; a file of two halves that differ in it helps nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct What {
    pub(crate) format: Format,
    pub(crate) fields: Vec<String>,
    pub(crate) search: Option<String>,
}

fn place_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".resume");
    name.into()
}

impl Output {
    pub(crate) fn create(out: &Path, what: What) -> Result<Self> {
        let place = place_of(out);
        // The place of an earlier export into this file says nothing of the new one.
        remove(&place)?;
        let what_failed = || {
            format!(
                "{} cannot be written; name another file by --out",
                out.display()
            )
        };
        if let Some(directory) = out.parent() {
            std::fs::create_dir_all(directory).with_context(what_failed)?;
        }
        let file = File::create(out).with_context(what_failed)?;
        let mut output = Self {
            file: BufWriter::new(file),
            bytes: 0,
            place,
            what,
        };
        if output.what.format == Format::Csv {
            output.line(&csv_line(&output.what.fields)?)?;
        }
        output.save(None, 0)?;
        Ok(output)
    }

    /// Takes off what was written after the place was last saved.
    pub(crate) fn reopen(out: &Path, what: What) -> Result<(Self, Place)> {
        let path = place_of(out);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{}: no export was cut off", path.display()))?;
        let saved: Place = serde_json::from_str(&text)
            .with_context(|| format!("{}: it is no place of an export", path.display()))?;
        ensure!(
            saved.what == what,
            "{} was begun with other options; it was {:?}, it is to go on with {:?}",
            out.display(),
            saved.what,
            what
        );
        let mut file = File::options()
            .write(true)
            .open(out)
            .with_context(|| out.display().to_string())?;
        let length = file.metadata()?.len();
        ensure!(
            length >= saved.bytes,
            "{} was shortened after the export was cut off: begin anew without --resume",
            out.display()
        );
        file.set_len(saved.bytes)?;
        file.seek(SeekFrom::End(0))?;
        let output = Self {
            file: BufWriter::new(file),
            bytes: saved.bytes,
            place: path,
            what,
        };
        Ok((output, saved))
    }

    pub(crate) fn write(&mut self, user: &str) -> Result<()> {
        let fields = &self.what.fields;
        if self.what.format == Format::Ndjson && fields.is_empty() {
            self.line(user.as_bytes())?;
            return self.line(b"\n");
        }
        let user: Value = serde_json::from_str(user)?;
        if self.what.format == Format::Csv {
            let cells: Vec<String> = fields.iter().map(|path| cell(&user, path)).collect();
            return self.line(&csv_line(&cells)?);
        }
        let mut line = serde_json::to_vec(&selected(&user, fields))?;
        line.push(b'\n');
        self.line(&line)
    }

    fn line(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        Ok(self.file.write_all(bytes)?)
    }

    /// The rows first, then the place: cut off in between, the rows are written again.
    pub(crate) fn save(&mut self, cursor: Option<&Cursor>, rows: u64) -> Result<()> {
        self.file.flush()?;
        let text = serde_json::to_string(&Place {
            cursor: cursor.cloned(),
            rows,
            bytes: self.bytes,
            what: self.what.clone(),
        })?;
        let fresh = self.place.with_extension("resume-new");
        std::fs::write(&fresh, text)?;
        Ok(std::fs::rename(fresh, &self.place)?)
    }

    /// All is written: there is nothing to go on with.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.file.flush()?;
        remove(&self.place)
    }
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}

fn csv_line(cells: &[String]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}
