//! Places in the workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The workspace's directory.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A file in `api/`.
pub(crate) fn api(name: &str) -> PathBuf {
    root().join("api").join(name)
}

/// Writes a file if its text differs, and creates its directory.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if std::fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    let place = || format!("cannot write {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(place)?;
    }
    std::fs::write(path, text).with_context(place)
}
