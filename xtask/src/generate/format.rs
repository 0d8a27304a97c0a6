//! Formatting of generated source.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Formats all files, several at a time.
pub(crate) fn all(files: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8);
    let files: Vec<(String, String)> = files.into_iter().collect();
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let files = &files;
                scope.spawn(move || -> Result<Vec<(String, String)>> {
                    files
                        .iter()
                        .skip(worker)
                        .step_by(threads)
                        .map(|(name, text)| Ok((name.clone(), one(name, text)?)))
                        .collect()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a formatting thread panicked")))
            })
            .collect::<Vec<_>>()
    });
    let mut formatted = BTreeMap::new();
    for result in results {
        formatted.extend(result?);
    }
    Ok(formatted)
}

/// Formats one file's text.
pub(crate) fn one(name: &str, text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run rustfmt")?;
    let mut stdin = child.stdin.take().context("rustfmt takes no input")?;
    let input = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let written = writer.join().unwrap_or(Ok(()));
    if !output.status.success() {
        bail!(
            "rustfmt refuses {name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    written.with_context(|| format!("rustfmt did not read {name}"))?;
    String::from_utf8(output.stdout).with_context(|| name.to_owned())
}
