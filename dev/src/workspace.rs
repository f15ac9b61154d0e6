//! The checkout: where it is, and how cargo is called in it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use shared_stack::{Context, Error, Result};

/// The checkout that the current directory is in, else the one this program was built in.
pub(crate) fn root() -> Result<PathBuf> {
    let is_root = |dir: &Path| dir.join("dev/Cargo.toml").is_file() && dir.join("Cargo.lock").is_file();
    let here = env::current_dir().context(|| "cannot tell the current directory".to_owned())?;
    let above = here.ancestors().find(|dir| is_root(dir)).map(Path::to_owned);
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .filter(|dir| is_root(dir))
        .map(Path::to_owned);
    above
        .or(built)
        .ok_or_else(|| Error::new("this is not inside a NewFeed checkout").cure("cd into the checkout"))
}

/// `cargo` in the checkout.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    forget_caller(&mut cargo);
    cargo
}

/// Removes the variables that `cargo run` gave to this very program: build scripts that watch them would run again each
/// time the caller changes.
pub(crate) fn forget_caller(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let own = [
            "CARGO_MANIFEST_",
            "CARGO_PKG_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
            "CARGO_PRIMARY_",
        ];
        if own.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir(root: &Path) -> Result<PathBuf> {
    let mut metadata = cargo(root);
    metadata
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .stdin(Stdio::null());
    let output = metadata.output().context(|| "cannot run cargo".to_owned())?;
    let parsed: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
    let dir = parsed.and_then(|value| value["target_directory"].as_str().map(PathBuf::from));
    dir.ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        Error::new(format!("cargo metadata failed: {}", said.trim()))
    })
}
