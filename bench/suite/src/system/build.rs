//! Builds what is measured, with the release profile.

use super::place;
use shared_stack::{Context, Error, Result};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

/// Builds one program of the workspace and tells where it is. Cargo shows its own progress.
///
/// # Errors
/// It does not build.
pub(crate) fn release(root: &Path, package: &str, program: &str) -> Result<PathBuf> {
    let mut cargo = place::cargo(root);
    cargo.args(["build", "--release", "--package", package, "--bin", program]);
    let status = cargo
        .stdin(Stdio::null())
        .status()
        .context(|| "cannot run cargo".to_owned())?;
    if !status.success() {
        return Err(Error::new(format!("{package} does not build; cargo says why above")));
    }
    let file = target_dir(root)?.join("release").join(program);
    if file.is_file() {
        Ok(file)
    } else {
        Err(Error::new(format!("{} is not there after its build", file.display())))
    }
}

/// Where cargo puts what it builds.
fn target_dir(root: &Path) -> Result<PathBuf> {
    let mut metadata = place::cargo(root);
    metadata.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = metadata
        .stdin(Stdio::null())
        .output()
        .context(|| "cannot run cargo".to_owned())?;
    let parsed: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
    let dir = parsed.and_then(|value| value["target_directory"].as_str().map(PathBuf::from));
    dir.ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        Error::new(format!("cargo metadata failed: {}", said.trim()))
    })
}
