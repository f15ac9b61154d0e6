//! Where a store's data goes: below the state directory when the store can work there, else below `/var/tmp`.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use crate::{Context, Error, Result, account::Account};

/// A short name for a directory that stays the same between runs (FNV-1a, 64 bits).
pub(crate) fn fingerprint(path: &Path) -> String {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, fold);
    format!("{hash:016x}")
}

/// Makes a directory for the data of a store that runs as `account`.
///
/// Inside the state directory when that user can use it there (a checkout below `/root` is closed to others), else in
/// `/var/tmp`, which outlives a reboot.
pub(crate) fn for_account(inside: &Path, name: &str, account: Option<&Account>) -> Result<PathBuf> {
    let Some(account) = account else {
        return make(&inside.join(name), 0o700);
    };
    let near = make(&inside.join(name), 0o755)?;
    if give(&near, account).is_ok() && account.can_use(&near) {
        return Ok(near);
    }
    // Left empty, it would look like the data.
    let _ = fs::remove_dir(&near);
    let far = make(&outside(inside)?.join(name), 0o755)?;
    give(&far, account).context(|| format!("cannot give {} to {}", far.display(), account.name))?;
    if account.can_use(&far) {
        return Ok(far);
    }
    Err(Error::new(format!(
        "the user {} can write neither below {} nor {}",
        account.name,
        inside.display(),
        far.display()
    )))
}

/// Makes a directory whose path is safe in the shell scripts that start RabbitMQ.
pub(crate) fn for_scripts(inside: &Path, name: &str) -> Result<PathBuf> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let near = inside.join(name);
    let dir = if near.as_os_str().as_encoded_bytes().iter().all(plain) {
        near
    } else {
        outside(inside)?.join(name)
    };
    make(&dir, 0o700)
}

fn make(dir: &Path, mode: u32) -> Result<PathBuf> {
    let built = fs::DirBuilder::new().recursive(true).mode(mode).create(dir);
    built.context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir.to_owned())
}

fn give(dir: &Path, account: &Account) -> std::io::Result<()> {
    chown(dir, Some(account.uid), Some(account.gid))
}

/// Our directory below `/var/tmp`. Anybody may write there, so one that is not ours, or is a link, is refused.
fn outside(inside: &Path) -> Result<PathBuf> {
    let dir = PathBuf::from(format!("/var/tmp/newfeed-{}", fingerprint(inside)));
    match fs::DirBuilder::new().mode(0o755).create(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::new(format!("cannot make {}: {error}", dir.display())));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(&dir).context(|| format!("cannot read {}", dir.display()))?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(
            Error::new(format!("{} belongs to somebody else", dir.display())).cure(format!("rm -r {}", dir.display()))
        );
    }
    // The umask may have closed it to the store's user.
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))
        .context(|| format!("cannot open {}", dir.display()))?;
    let note = format!("Data of the NewFeed platform in {}\n", inside.display());
    fs::write(dir.join("README"), note).context(|| format!("cannot write in {}", dir.display()))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_directories_apart_and_stays() {
        assert_eq!(
            fingerprint(Path::new("/root/newfeed/.run")),
            fingerprint(Path::new("/root/newfeed/.run"))
        );
        assert_ne!(fingerprint(Path::new("/a")), fingerprint(Path::new("/b")));
        assert_eq!(
            fingerprint(Path::new("a")),
            "af63dc4c8601ec8c",
            "as published with the algorithm"
        );
    }

    #[test]
    fn scripts_get_a_path_without_spaces() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("my work");
        fs::create_dir(&inside).unwrap();
        let made = for_scripts(&inside, "rabbitmq").unwrap();
        assert!(made.starts_with("/var/tmp") && made.is_dir());
        fs::remove_dir_all(made.parent().unwrap()).unwrap();
        assert_eq!(
            for_scripts(dir.path(), "rabbitmq").unwrap(),
            dir.path().join("rabbitmq")
        );
    }
}
