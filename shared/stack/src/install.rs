//! Installs what is missing through apt, where that is allowed, without letting a package start its daemon.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    Context, Error, Result, account,
    find::{Finding, Need, program},
};

/// How packages may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// We are root.
    Root,
    /// `sudo` asks for no password.
    Sudo,
}

/// What a package name is on Debian and its relatives.
pub fn packages(need: Need) -> &'static [&'static str] {
    match need {
        Need::Cmake => &["cmake"],
        Need::Postgres => &["postgresql"],
        Need::Redis => &["redis-server"],
        Need::Rabbitmq => &["rabbitmq-server"],
        Need::Node => &["nodejs", "npm"],
        Need::Curl => &["curl"],
        Need::Chromium => &["chromium"],
        Need::Valgrind => &["valgrind"],
        Need::Perf => &["linux-perf"],
        Need::Python => &["python3", "python3-venv"],
        Need::Varnishtest => &["varnish"],
        Need::H2load => &["nghttp2-client"],
        Need::Testssl => &["testssl.sh"],
    }
}

/// Those of `needs` that are missing or too old.
pub fn missing(needs: &[Need]) -> Vec<Need> {
    needs
        .iter()
        .copied()
        .filter(|need| !matches!(need.look(), Finding::Good(..)))
        .collect()
}

/// The command that a person would type to install them.
pub fn command(needs: &[Need]) -> String {
    let names: Vec<&str> = needs.iter().flat_map(|need| packages(*need)).copied().collect();
    let sudo = if account::is_root() { "" } else { "sudo " };
    format!(
        "{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {}",
        names.join(" ")
    )
}

/// How we may install; `None` when we may not.
pub fn way() -> Option<Way> {
    program("apt-get")?;
    if account::is_root() {
        return Some(Way::Root);
    }
    let mut sudo = Command::new(program("sudo")?);
    sudo.args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    sudo.status().is_ok_and(|status| status.success()).then_some(Way::Sudo)
}

/// Denies package scripts the start of daemons while apt runs ([policy-rc.d]), waits for another apt to finish, and
/// goes on when a list cannot be refreshed, since an older one may do.
///
/// [policy-rc.d]: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
const SCRIPT: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ] || grep -q 'newfeed: temporary' $policy; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\n# newfeed: temporary, no daemon starts while packages are installed\nexit 101\n' > $policy
    chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 update || echo 'apt-get update failed; trying with the lists there are'
apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
"#;

/// Installs them; apt's output goes to `log`.
///
/// # Errors
/// Names the exact command when we may not install, and the log when apt failed.
pub fn install(needs: &[Need], log: &Path) -> Result<()> {
    if needs.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = needs
        .iter()
        .map(|need| format!("{} {}", need.name(), need.minimum()))
        .collect();
    let what = format!("{} or newer: not installed", names.join(", "));
    let Some(way) = way() else {
        return Err(Error::new(what).cure(command(needs)));
    };
    let names: Vec<&str> = needs.iter().flat_map(|need| packages(*need)).copied().collect();
    let succeeded = apt(way, &names, log)?;
    let left = missing(needs);
    if !succeeded {
        return Err(Error::new(format!("{what}, and apt-get failed"))
            .log(log)
            .cure(command(needs)));
    }
    let Some(need) = left.first() else { return Ok(()) };
    if let Finding::Old(path, version) = need.look() {
        let what = format!("{} {version} ({}) is too old", need.name(), path.display());
        return Err(Error::new(what).cure(format!("install {} {} or newer", need.name(), need.minimum())));
    }
    Err(Error::new(format!("{} is still missing after its installation", need.name())).log(log))
}

/// Installs packages by name, for programs that only some command wants; apt's output goes to `log`.
///
/// # Errors
/// We may not install, or apt failed.
pub fn named(names: &[&str], log: &Path) -> Result<()> {
    let cure = format!("apt-get install -y --no-install-recommends {}", names.join(" "));
    let Some(way) = way() else {
        return Err(Error::new(format!("{} is not installed", names.join(", "))).cure(cure));
    };
    if apt(way, names, log)? {
        return Ok(());
    }
    Err(Error::new(format!("apt-get cannot install {}", names.join(", ")))
        .log(log)
        .cure(cure))
}

/// True when apt succeeded.
fn apt(way: Way, names: &[&str], log: &Path) -> Result<bool> {
    let open = || fs::OpenOptions::new().create(true).append(true).open(log);
    let output = open().context(|| format!("cannot write {}", log.display()))?;
    let errors = output
        .try_clone()
        .context(|| format!("cannot write {}", log.display()))?;
    let mut run = match way {
        Way::Root => Command::new("sh"),
        Way::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    run.args(["-c", SCRIPT, "install"]).args(names);
    run.stdin(Stdio::null()).stdout(output).stderr(errors);
    let status = run.status().context(|| "cannot run apt-get".to_owned())?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_each_package_once() {
        let text = command(&[Need::Cmake, Need::Node]);
        assert!(
            text.ends_with("apt-get install -y --no-install-recommends cmake nodejs npm"),
            "{text}"
        );
        assert_eq!(text.contains("sudo"), !account::is_root());
    }

    #[test]
    fn nothing_to_install_is_no_error() {
        install(&[], Path::new("/nowhere/at/all")).unwrap();
    }

    #[test]
    fn the_script_is_valid_shell() {
        assert!(
            Command::new("sh")
                .args(["-n", "-c", SCRIPT])
                .status()
                .unwrap()
                .success()
        );
    }
}
