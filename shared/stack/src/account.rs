//! Users: which one runs a program that refuses root, and what that user can reach.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Error, Result};

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user for a program that refuses root: `None` when we are not root, else `postgres` or `nobody`.
pub fn unprivileged() -> Result<Option<Account>> {
    if !is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = ["postgres", "nobody"].iter().find_map(|name| parse(&passwd, name));
    found.map(Some).ok_or_else(|| {
        Error::new("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`")
            .cure("useradd --system postgres")
    })
}

/// Finds a name in the text of `/etc/passwd`.
fn parse(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let mut numbers = fields.skip(1);
        let (uid, gid) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        Some(Account {
            name: name.to_owned(),
            uid,
            gid,
        })
    })
}

impl Account {
    /// Whether this user can enter and write a directory. Asked of the kernel, so that access lists count too.
    pub fn can_use(&self, dir: &Path) -> bool {
        let mut command = Command::new("test");
        command
            .arg("-w")
            .arg(dir)
            .arg("-a")
            .arg("-x")
            .arg(dir)
            .current_dir("/")
            .stdin(Stdio::null());
        command
            .uid(self.uid)
            .gid(self.gid)
            .status()
            .is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_is_read_by_field() {
        let text = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:\npostgres:x:101:104:PG,,,:/var/lib:/bin/sh\n";
        assert_eq!(
            parse(text, "postgres"),
            Some(Account {
                name: "postgres".to_owned(),
                uid: 101,
                gid: 104
            })
        );
        assert_eq!(parse(text, "nobody"), None);
    }

    #[test]
    fn a_private_directory_of_root_is_out_of_reach() {
        let Some(account) = unprivileged().unwrap() else { return };
        let dir = tempfile::tempdir().unwrap();
        assert!(!account.can_use(dir.path()));
        assert!(account.can_use(Path::new("/var/tmp")));
    }
}
