//! Samples by `perf`, folded and drawn by inferno.

use crate::system::place::Place;
use inferno::{
    collapse::{
        Collapse,
        perf::{Folder, Options as FoldOptions},
    },
    flamegraph,
};
use shared_stack::{Context, Error, Result, find, install, process::pause};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// Samples a second; no divisor of what timers do.
const FREQUENCY: &str = "497";
/// Bytes of each stack that are kept to be unwound.
const CALL_GRAPH: &str = "dwarf,16384";
/// Percent of the width below which a frame is not drawn: the file stays small enough to be kept.
const LEAST_WIDTH: f64 = 0.15;

/// `perf` itself.
///
/// # Errors
/// It is not installed.
fn perf() -> Result<PathBuf> {
    let cure = install::command(&[find::Need::Perf]);
    find::program("perf").ok_or_else(|| Error::new("perf is not installed").cure(cure))
}

/// Samples a running process for so long; one line a stack, `a;b;c nanoseconds`, kernel frames end in `_[k]`.
///
/// # Errors
/// perf cannot record here, or saw nothing.
pub(super) fn sample(place: &Place, pid: u32, time: Duration) -> Result<String> {
    let data = place.file("perf.data");
    // Warm: what is sampled is the steady state.
    pause(Duration::from_secs(1));
    let mut record = Command::new(perf()?);
    record
        .args([
            "record",
            "--quiet",
            "--event",
            "cpu-clock",
            "--freq",
            FREQUENCY,
            "--call-graph",
            CALL_GRAPH,
        ])
        .args(["--pid", &pid.to_string(), "--output"])
        .arg(&data)
        .args(["--", "sleep", &time.as_secs().to_string()]);
    run(&mut record, "perf record")?;
    let mut script = Command::new(perf()?);
    // Without debug information there are no inlined frames to look for, and looking takes minutes.
    script.args(["script", "--no-inline", "--input"]).arg(&data);
    let text = run(&mut script, "perf script")?;
    let mut options = FoldOptions::default();
    options.annotate_kernel = true;
    let mut folded = Vec::new();
    Folder::from(options)
        .collapse(text.as_slice(), &mut folded)
        .context(|| "cannot read what perf recorded".to_owned())?;
    let folded = String::from_utf8_lossy(&folded).into_owned();
    if folded.is_empty() {
        return Err(Error::new("perf recorded no samples"));
    }
    Ok(folded)
}

/// A self-contained SVG.
///
/// # Errors
/// It cannot be drawn.
pub(super) fn flame_graph(folded: &str, title: &str) -> Result<Vec<u8>> {
    let mut options = flamegraph::Options::default();
    options.title = title.to_owned();
    options.count_name = "ns".to_owned();
    options.min_width = LEAST_WIDTH;
    options.deterministic = true;
    let mut svg = Vec::new();
    let lines = folded.lines().map(without_hash).collect::<Vec<_>>();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(|error| Error::new(format!("cannot draw the flame graph: {error}")))?;
    Ok(svg)
}

/// Symbols without the compiler's hashes, so that a graph can be compared with the next build's.
fn without_hash(line: &str) -> String {
    let (stack, count) = line.rsplit_once(' ').unwrap_or((line, ""));
    let frames: Vec<&str> = stack.split(';').map(plain).collect();
    format!("{} {count}", frames.join(";"))
}

/// A symbol without `::h0123456789abcdef`.
pub(super) fn plain(symbol: &str) -> &str {
    match symbol.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => symbol,
    }
}

fn run(command: &mut Command, what: &str) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context(|| format!("cannot run {what}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{what} failed: {}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_taken_away() {
        assert_eq!(plain("edge::main::h0123456789abcdef"), "edge::main");
        assert_eq!(plain("http::header"), "http::header");
        assert_eq!(
            without_hash("edge;a::h0123456789abcdef;read_[k] 3"),
            "edge;a;read_[k] 3"
        );
    }

    #[test]
    fn a_flame_graph_asks_nobody_outside() {
        let svg = String::from_utf8(flame_graph("edge;main;work 7\nedge;main;rest 3\n", "Title").unwrap()).unwrap();
        assert!(svg.contains("Title") && svg.contains("work"));
        assert!(!svg.contains("href=\"http") && !svg.contains("src=\"http"));
    }
}
