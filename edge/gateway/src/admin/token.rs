//! The token that operators show: 256 random bits in a file that its owner alone can read.

use crate::overrides::make_room;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process,
};
use subtle::ConstantTimeEq;

/// Where the token is unless the configuration says; against the working directory.
pub(crate) const USUAL_FILE: &str = ".run/admin.token";
/// Shorter ones can be guessed.
const SHORTEST: usize = 32;
const LONGEST: u64 = 4096;

/// Why there is no token. Each says its cure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// Others than its owner may read it.
    #[error("{} can be read by others (mode {mode:03o}): chmod 600 {}", file.display(), file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not there, or not for us.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not there and cannot be made.
    #[error("{} cannot be made: {source}; name a place in admin.token_file that the edge may write to", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds no good token.
    #[error("{} holds no token of at least {SHORTEST} visible characters: delete it, and the edge makes one", file.display())]
    Weak {
        /// The file.
        file: PathBuf,
    },
}

/// A token.
pub(crate) struct Token(String);

impl Token {
    /// Reads a token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub(crate) fn read(file: &Path) -> Result<Self, TokenError> {
        let unreadable = |source| TokenError::Unreadable {
            file: file.to_owned(),
            source,
        };
        let opened = File::open(file).map_err(unreadable)?;
        // Of the file that is open, not of its name.
        let mode = opened.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let file = file.to_owned();
            return Err(TokenError::Exposed { file, mode });
        }
        let mut text = String::new();
        opened.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Weak { file: file.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a token; makes one where there is none.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub(crate) fn read_or_make(file: &Path) -> Result<Self, TokenError> {
        match Self::read(file) {
            Err(TokenError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let unwritable = |source| TokenError::Unwritable {
                    file: file.to_owned(),
                    source,
                };
                make(file).map_err(unwritable)?;
                Self::read(file)
            }
            result => result,
        }
    }

    /// Whether somebody shows this token. Takes the same time for every wrong one.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        digest(&self.0).ct_eq(&digest(shown)).into()
    }

    /// Names the token without telling it.
    pub(crate) fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes())[..8])
    }

    /// The token itself, for the `Authorization` field.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// A file is whole when it gets its name, and an edge that starts at the same time makes no second one.
fn make(file: &Path) -> io::Result<()> {
    make_room(file)?;
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.new", process::id()));
    let new = PathBuf::from(name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut out| {
            writeln!(out, "{}", hex(&rand::random::<[u8; 32]>()))?;
            out.sync_data()
        })
        .and_then(|()| fs::hard_link(&new, file));
    // Gone already, or to be made again at the next start: either is fine.
    let _ = fs::remove_file(&new);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && file.exists() => Ok(()),
        result => result,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("run/admin.token");
        let token = Token::read_or_make(&file).unwrap();
        assert_eq!(token.expose().len(), 64);
        assert!(Token::read_or_make(&file).unwrap().is(token.expose()), "the same again");
        assert!(!token.is("") && !token.is(&token.expose()[1..]));
        assert!(!token.expose().contains(&token.fingerprint()));
        let left: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        let other = directory.path().join("other");
        assert!(!Token::read_or_make(&other).unwrap().is(token.expose()));
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("admin.token");
        Token::read_or_make(&file).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let told = Token::read_or_make(&file).err().unwrap().to_string();
            assert!(told.contains(&format!("chmod 600 {}", file.display())), "{told}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        Token::read(&file).unwrap();
        for text in ["", "short", &"ä".repeat(40)] {
            fs::write(&file, text).unwrap();
            assert!(
                matches!(Token::read_or_make(&file), Err(TokenError::Weak { .. })),
                "{text}"
            );
        }
    }
}
