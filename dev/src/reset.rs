//! `reset`: back to nothing.

use std::{
    fs,
    io::{BufRead, IsTerminal, Write},
    process::ExitCode,
};

use shared_stack::{Context, Error, Result};

use crate::{down, output::say, platform::Platform, test};

/// Runs `reset`.
pub(crate) fn run(platform: &Platform, yes: bool) -> Result<ExitCode> {
    let dir = platform.dir.display();
    if !yes && !confirmed(platform)? {
        say("Nothing was deleted.");
        return Ok(ExitCode::FAILURE);
    }
    down::run(platform)?;
    for name in test::PLATFORMS {
        if Platform::is_ours(&platform.dir.join(name)) {
            erase(&platform.below(name)?)?;
        }
    }
    erase(platform)?;
    say(&format!("{dir} is gone."));
    Ok(ExitCode::SUCCESS)
}

/// Takes a platform down and deletes its directory, and its data elsewhere.
pub(crate) fn erase(platform: &Platform) -> Result<()> {
    down::everything(platform)?;
    platform.stack()?.destroy()?;
    if !Platform::is_ours(&platform.dir) {
        return Err(Error::new(format!(
            "{} was not made by this program",
            platform.dir.display()
        )));
    }
    fs::remove_dir_all(&platform.dir).context(|| format!("cannot remove {}", platform.dir.display()))
}

fn confirmed(platform: &Platform) -> Result<bool> {
    let question = format!(
        "Delete all data, files, secrets and logs in {}?",
        platform.dir.display()
    );
    let input = std::io::stdin();
    if !input.is_terminal() {
        let error = Error::new(format!("{question} There is nobody to ask"));
        return Err(error.cure(platform.command("reset --yes")));
    }
    print!("{question} [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    input
        .lock()
        .read_line(&mut answer)
        .context(|| "cannot read the answer".to_owned())?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
