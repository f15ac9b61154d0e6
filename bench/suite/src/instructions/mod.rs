//! `bench instructions`: what a request and each pure policy cost in instructions, the same on a busy machine.
//!
//! Valgrind's callgrind counts user-space instructions of the release build. [`micro`] counts single functions, [`edge`]
//! whole requests through the real program, [`baseline`] is the guard against growth.

mod baseline;
mod callgrind;
pub(crate) mod client;
pub(crate) mod edge;
mod micro;
mod subgraph;

use crate::system::{self, place::Place};
use bench_report::{
    model::{Instructions, Report, SCHEMA},
    store,
};
use clap::Args as Arguments;
use shared_stack::{Context, Error, Result, find::Need};
use std::{
    io::{Write, stdout},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What to count, and what to do with the counts.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Fail where a count has grown against this file.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Keep the counts as the baseline.
    #[arg(long)]
    save: bool,
    /// Where `--save` keeps them; from the checkout's root.
    #[arg(long, value_name = "FILE", default_value = BASELINE)]
    baseline: PathBuf,
    /// How much a count may grow.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percent)]
    limit: f64,
    /// A built edge; without it the release build is made.
    #[arg(long, value_name = "PROGRAM")]
    edge: Option<PathBuf>,
    /// Count these alone: names that begin with this.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    only: String,
}

const BASELINE: &str = "bench/baselines/instructions.json";
/// What renews the baseline.
const RENEW: &str = "cargo run -p bench -- instructions --save";

/// Runs `bench instructions`.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.save && !args.only.is_empty() {
        return Err(Error::new("a baseline holds all counts").cure("leave --only away"));
    }
    // Before the builds, which take minutes.
    let before = args.check.as_deref().map(load).transpose()?;
    let place = Place::open()?;
    place.need(&[Need::Valgrind])?;
    let counts = count(&place, args)?;
    show(&counts, before.as_ref())?;
    if args.save {
        let file = place.root.join(&args.baseline);
        let text = serde_json::to_string_pretty(&Report::Instructions(counts.clone()));
        let text = text.map_err(|error| Error::new(error.to_string()))? + "\n";
        store::write(&file, text.as_bytes()).map_err(|error| Error::new(error.to_string()))?;
        say(&format!("kept in {}", args.baseline.display()))?;
    }
    let Some(mut before) = before else {
        return Ok(ExitCode::SUCCESS);
    };
    before.entries.retain(|entry| entry.name.starts_with(&args.only));
    verdict(&baseline::judge(&before, &counts, args.limit), args.limit)
}

fn count(place: &Place, args: &Args) -> Result<Instructions> {
    let wanted = |group: &str| args.only.starts_with(group) || group.starts_with(&args.only);
    let mut entries = Vec::new();
    if wanted("edge::") {
        let program = system::edge::binary(&place.root, args.edge.as_deref())?;
        entries = edge::count(place, &program)?;
    }
    if !args.only.starts_with("edge::") {
        let program = system::build::release(&place.root, "bench-micro", "bench-micro")?;
        entries.extend(micro::count(place, &program)?);
    }
    entries.retain(|entry| entry.name.starts_with(&args.only));
    Ok(Instructions {
        schema: SCHEMA,
        rustc: toolchain(),
        entries,
    })
}

fn show(counts: &Instructions, before: Option<&Instructions>) -> Result<()> {
    for entry in &counts.entries {
        let known = before.and_then(|before| before.entries.iter().find(|known| known.name == entry.name));
        let change = known.map_or_else(String::new, |known| {
            let growth = baseline::growth(known.instructions, entry.instructions);
            format!("{:>12.0} {growth:>+7.1} %", known.instructions)
        });
        say(&format!("{:<50} {:>12.0}{change}", entry.name, entry.instructions))?;
    }
    Ok(())
}

fn verdict(judgement: &baseline::Judgement, limit: f64) -> Result<ExitCode> {
    for note in &judgement.notes {
        say(&format!("note: {note}"))?;
    }
    if judgement.failures.is_empty() {
        say(&format!("no count has grown by more than {limit} %"))?;
        return Ok(ExitCode::SUCCESS);
    }
    for failure in &judgement.failures {
        say(&format!("FAILED: {failure}"))?;
    }
    say(&format!(
        "a growth of more than {limit} % is not accepted; one that is wanted is accepted by renewing the baseline: {RENEW}"
    ))?;
    Ok(ExitCode::FAILURE)
}

fn load(file: &Path) -> Result<Instructions> {
    match store::load(file).map_err(|error| Error::new(error.to_string()).cure(RENEW))? {
        Report::Instructions(counts) => Ok(counts),
        _ => Err(Error::new(format!("{} holds no instruction counts", file.display())).cure(RENEW)),
    }
}

/// Everything that decides about instructions beside the code: compiler, target, C library, Valgrind, extra flags.
fn toolchain() -> String {
    let first_line = |program: &str, arg: &str| {
        let output = Command::new(program).arg(arg).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(text.lines().next()?.trim().to_owned())
    };
    let libc = first_line("ldd", "--version").unwrap_or_default();
    let libc = libc.rsplit(' ').next().unwrap_or_default();
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let parts = [
        first_line("rustc", "--version").unwrap_or_default(),
        std::env::consts::ARCH.to_owned(),
        format!("glibc {libc}"),
        first_line("valgrind", "--version").unwrap_or_default(),
        if flags.is_empty() {
            String::new()
        } else {
            format!("RUSTFLAGS {flags}")
        },
    ];
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(", ")
}

/// To a tenth: what is left of fewer is noise.
fn rounded(count: f64) -> f64 {
    (count * 10.0).round() / 10.0
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let percent: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no percentage; write `5%`"))?;
    if percent.is_finite() && percent >= 0.0 {
        Ok(percent)
    } else {
        Err(format!("`{text}` is no percentage; write `5%`"))
    }
}

fn say(line: &str) -> Result<()> {
    writeln!(stdout(), "{line}").context(|| "cannot write to standard output".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_percentage() {
        assert_eq!(percent("5%"), Ok(5.0));
        assert_eq!(percent("0.5"), Ok(0.5));
        for bad in ["", "five", "-1%", "NaN"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }
}
