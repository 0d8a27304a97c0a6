//! The file, and the place in the list that its end stands for.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use okta_core::Cursor;
use serde_json::{Value, json};

use crate::Format;
use crate::row::{cell, selected};

pub(crate) struct Output {
    file: BufWriter<File>,
    bytes: u64,
    place: PathBuf,
}

/// Where an export that was cut off goes on.
pub(crate) struct Place {
    pub(crate) cursor: Cursor,
    pub(crate) rows: u64,
}

fn place_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".resume");
    name.into()
}

impl Output {
    pub(crate) fn create(out: &Path, fields: &[String], format: Format) -> Result<Self> {
        let file = File::create(out).with_context(|| out.display().to_string())?;
        let place = place_of(out);
        let mut output = Self {
            file: BufWriter::new(file),
            bytes: 0,
            place,
        };
        if format == Format::Csv {
            output.line(&csv_line(fields)?)?;
        }
        Ok(output)
    }

    /// Takes off what was written after the place was last saved.
    pub(crate) fn reopen(out: &Path) -> Result<(Self, Place)> {
        let place = place_of(out);
        let text = std::fs::read_to_string(&place)
            .with_context(|| format!("{}: no export was cut off", place.display()))?;
        let saved: Value = serde_json::from_str(&text)?;
        let number = |name: &str| saved[name].as_u64().context("not a place of an export");
        let (bytes, rows) = (number("bytes")?, number("rows")?);
        let cursor = saved["cursor"].as_str().unwrap_or_default().parse()?;
        let mut file = File::options().write(true).open(out)?;
        file.set_len(bytes)?;
        file.seek(SeekFrom::End(0))?;
        let output = Self {
            file: BufWriter::new(file),
            bytes,
            place,
        };
        Ok((output, Place { cursor, rows }))
    }

    pub(crate) fn write(&mut self, user: &str, fields: &[String], format: Format) -> Result<()> {
        if format == Format::Ndjson && fields.is_empty() {
            self.line(user.as_bytes())?;
            return self.line(b"\n");
        }
        let user: Value = serde_json::from_str(user)?;
        if format == Format::Csv {
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
    pub(crate) fn save(&mut self, cursor: &Cursor, rows: u64) -> Result<()> {
        self.file.flush()?;
        let text = json!({"cursor": cursor, "rows": rows, "bytes": self.bytes}).to_string();
        let fresh = self.place.with_extension("resume-new");
        std::fs::write(&fresh, text)?;
        Ok(std::fs::rename(fresh, &self.place)?)
    }

    /// All is written: there is nothing to go on with.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.file.flush()?;
        match std::fs::remove_file(&self.place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn csv_line(cells: &[String]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer.into_inner()?)
}
