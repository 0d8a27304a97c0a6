//! Tokens in files that only their owner can read.
//!
//! The files are small and written seldom: the calls of `std::fs` are made on the spot.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{TokenKey, TokenLock, TokenStore};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Keeps tokens in a directory, one file a key. On Unix files have mode 0600 and a wider one is
/// refused; elsewhere the directory's own rights protect them.
///
/// Files are replaced in one step, and a lock file beside each keeps processes from refreshing one
/// token at the same time.
#[derive(Clone, Debug)]
pub struct FileTokenStore {
    directory: PathBuf,
}

/// More than any record takes.
const MAX_BYTES: u64 = 1024 * 1024;

impl FileTokenStore {
    /// Tokens in this directory; it is made, for its owner only, when the first token is saved.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// Tokens in `~/.okta/tokens`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if there is no home directory.
    pub fn in_home() -> Result<Self> {
        match std::env::home_dir() {
            Some(home) if !home.as_os_str().is_empty() => {
                Ok(Self::new(home.join(".okta").join("tokens")))
            }
            _ => Err(
                Error::config("there is no home directory to keep tokens in")
                    .with_hint("name a directory with FileTokenStore::new"),
            ),
        }
    }

    /// The file of a key.
    pub fn path(&self, key: &TokenKey) -> PathBuf {
        self.directory.join(format!("{}.json", file_name(key)))
    }

    /// The directory: made if it is missing, refused if others could change what is in it.
    fn directory(&self) -> Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.directory)
            .map_err(|error| failed("cannot be made", &self.directory, error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = std::fs::metadata(&self.directory)
                .map_err(|error| failed("cannot be read", &self.directory, error))?;
            let mode = metadata.permissions().mode() & 0o7777;
            if mode & 0o022 != 0 {
                let path = self.directory.display();
                return Err(Error::config(format!(
                    "token store: others may write in the directory {path} (mode {mode:04o})"
                ))
                .with_hint(format!("chmod 700 {path}")));
            }
        }
        Ok(())
    }
}

/// Readable, and different for different keys.
fn file_name(key: &TokenKey) -> String {
    let parts = [&key.org_url, &key.issuer, &key.client_id, &key.profile];
    // No part can hold a line end that would make two keys the same text.
    let whole = parts
        .map(|part| format!("{}:{part}", part.len()))
        .join("\n");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, whole.as_bytes());
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' => c,
                _ => '-',
            })
            .take(60)
            .collect()
    };
    let host = key.org_url.split("://").last().unwrap_or_default();
    let mut name = format!("{}-{}", plain(host), plain(&key.client_id));
    if !key.profile.is_empty() {
        name.push('-');
        name.push_str(&plain(&key.profile));
    }
    name.push('-');
    for byte in &digest.as_ref()[..6] {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::config(format!("token store: {} {what}", path.display())).with_source(error)
}

/// Opens for writing, for the owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A file that others may read, or that is a link, is no place for tokens.
fn check(file: &File, path: &Path) -> Result<()> {
    let metadata = file
        .metadata()
        .map_err(|error| failed("cannot be read", path, error))?;
    let linked = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if !metadata.is_file() || linked {
        return Err(Error::config(format!(
            "token store: {} is not a plain file",
            path.display()
        ))
        .with_hint("remove it; tokens are written there anew"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Error::config(format!(
            "token store: {} is too long to hold tokens",
            path.display()
        ))
        .with_hint("remove it; tokens are written there anew"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Error::config(format!(
                "token store: others may read {path} (mode {mode:04o})"
            ))
            .with_hint(format!(
                "chmod 600 {path}, or remove the file and sign in again if somebody may have read it"
            )));
        }
    }
    Ok(())
}

#[async_trait]
impl TokenStore for FileTokenStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<Secret>> {
        let path = self.path(key);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("cannot be read", &path, error)),
        };
        check(&file, &path)?;
        let mut text = Zeroizing::new(Vec::new());
        file.read_to_end(&mut text)
            .map_err(|error| failed("cannot be read", &path, error))?;
        // What is no text is no record either: the reader of records says so.
        Ok(Some(String::from_utf8_lossy(&text).into_owned().into()))
    }

    async fn save(&self, key: &TokenKey, text: &Secret) -> Result<()> {
        self.directory()?;
        let path = self.path(key);
        // One name is enough: the lock is held. What a crash left behind goes first.
        let temporary = path.with_extension("tmp");
        let _ = std::fs::remove_file(&temporary);
        let written = private(OpenOptions::new().create_new(true))
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(text.expose().as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, &path));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&temporary);
            return Err(failed("cannot be written", &path, error));
        }
        // So that a rotated refresh token does not come back after a power cut.
        #[cfg(unix)]
        let _ = File::open(&self.directory).and_then(|directory| directory.sync_all());
        Ok(())
    }

    async fn remove(&self, key: &TokenKey) -> Result<()> {
        let path = self.path(key);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("cannot be removed", &path, error))
            }
            _ => Ok(()),
        }
    }

    async fn try_lock(&self, key: &TokenKey) -> Result<Option<TokenLock>> {
        self.directory()?;
        let path = self.path(key).with_extension("lock");
        let file = private(OpenOptions::new().create(true).truncate(false))
            .open(&path)
            .map_err(|error| failed("cannot be opened", &path, error))?;
        match file.try_lock() {
            // Closing the file ends the lock, also when the process dies.
            Ok(()) => Ok(Some(TokenLock::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("cannot be locked", &path, error)),
        }
    }
}
