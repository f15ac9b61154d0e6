//! Secrets: made on the first `up`, kept in a file that only its owner can read.

use std::{collections::BTreeMap, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, process::ExitCode};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared_stack::{Context, Error, Result, ports};

use crate::{names::Program, output::say};

/// What the programs share with nobody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// A token a caller: `<caller>.<secret>`.
    tokens: BTreeMap<Program, String>,
    /// Seals the signing keys at rest: 64 hex digits.
    pub(crate) auth_key: String,
    /// Signs the affinity cookie: 64 hex digits.
    pub(crate) affinity_key: String,
}

impl Secrets {
    fn fresh() -> Result<Self> {
        let mut tokens = BTreeMap::new();
        for caller in Program::ALL {
            tokens.insert(caller, format!("{caller}.{}", random_hex()?));
        }
        Ok(Self {
            tokens,
            auth_key: random_hex()?,
            affinity_key: random_hex()?,
        })
    }

    /// Those of a state directory, made now when there are none.
    pub(crate) fn load_or_make(state: &Path) -> Result<Self> {
        let file = state.join("secrets.json");
        if !file.exists() {
            Self::fresh()?.save_new(&file)?;
        }
        let text = fs::read_to_string(&file).context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("{} is damaged: {error}", file.display())).cure("cargo dev reset"))
    }

    /// Makes the file, whole, unless another thread or command was quicker.
    fn save_new(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::new(error.to_string()))?;
        let new = file.with_extension(hex(&ports::random_bytes::<8>()?));
        let write = || -> std::io::Result<()> {
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?
                .write_all(text.as_bytes())?;
            // Unlike a rename, a link does not replace what is there.
            let linked = fs::hard_link(&new, file);
            fs::remove_file(&new)?;
            match linked {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            }
        };
        write().context(|| format!("cannot write {}", file.display()))
    }

    /// What a program shows to the others.
    pub(crate) fn token(&self, caller: Program) -> &str {
        self.tokens.get(&caller).map_or("", String::as_str)
    }

    /// By what each program recognises the callers: `edge:<sha256>,auth:<sha256>,…`.
    pub(crate) fn digests(&self) -> String {
        let digest = |token: &str| hex(&Sha256::digest(token.as_bytes()));
        let items: Vec<String> = self
            .tokens
            .iter()
            .map(|(caller, token)| format!("{caller}:{}", digest(token)))
            .collect();
        items.join(",")
    }
}

/// Prints fresh secrets as lines for `.env`.
pub(crate) fn print() -> Result<ExitCode> {
    let secrets = Secrets::fresh()?;
    say("# Secrets of one platform, for docker compose. Keep this file to yourself.");
    for caller in Program::ALL {
        say(&format!("SERVICE_TOKEN_{}={}", caller.upper(), secrets.token(caller)));
    }
    say(&format!("SERVICE_TOKEN_DIGESTS={}", secrets.digests()));
    say(&format!("AUTH_KEY_SECRET={}", secrets.auth_key));
    say(&format!("EDGE_AFFINITY_KEY={}", secrets.affinity_key));
    say(&format!("POSTGRES_PASSWORD={}", random_hex()?));
    say(&format!("RABBITMQ_PASSWORD={}", random_hex()?));
    Ok(ExitCode::SUCCESS)
}

/// 64 hex digits.
fn random_hex() -> Result<String> {
    Ok(hex(&ports::random_bytes::<32>()?))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_only_their_owner_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let made = Secrets::load_or_make(dir.path()).unwrap();
        assert_eq!(Secrets::load_or_make(dir.path()).unwrap(), made);
        assert_ne!(Secrets::fresh().unwrap(), made);
        let mode = fs::metadata(dir.path().join("secrets.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(made.auth_key.len(), 64);
    }

    #[test]
    fn programs_that_start_together_get_the_same_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let all: Vec<Secrets> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| Secrets::load_or_make(dir.path()).unwrap()))
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(all.iter().all(|secrets| *secrets == all[0]));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "something was left behind"
        );
    }

    #[test]
    fn digests_are_of_the_whole_token() {
        let tokens = BTreeMap::from([
            (Program::Edge, "edge.abc".to_owned()),
            (Program::Posts, "posts.abc".to_owned()),
        ]);
        let secrets = Secrets {
            tokens,
            auth_key: String::new(),
            affinity_key: String::new(),
        };
        // printf 'edge.abc' | sha256sum
        let edge = "edge:882e235d5bc38bffec5a859049a1563c40f5bf5b9d8f3ed55e851894b41ee0ca";
        let digests = secrets.digests();
        assert_eq!(digests.split(',').count(), 2);
        assert!(digests.starts_with(edge), "{digests}");
    }
}
