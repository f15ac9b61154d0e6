//! System calls of one request, by name: `strace -c` over a counted number of requests. It slows every call down and so
//! tells nothing about time.

use crate::{
    instructions::{client::Client, edge::Road},
    system::place::Place,
};
use shared_stack::{
    Context, Error, Result, find,
    process::{Process, Signal, pause},
};
use std::{
    fmt::Write,
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

/// Requests that are counted over.
const REQUESTS: u32 = 500;

/// The table, as text; or why there is none.
///
/// # Errors
/// An answer is wrong, or strace's summary cannot be read.
pub(super) fn table(place: &Place, pid: u32, road: &Road, address: SocketAddr) -> Result<String> {
    let Some(strace) = find::program("strace") else {
        return Ok("system calls: not counted, strace is not installed (Debian: strace)".to_owned());
    };
    let mut client = Client::connect(address)?;
    road.warm_up(&mut client)?;
    let out = place.file("strace.txt");
    let mut command = Command::new(strace);
    command
        .args(["-c", "-f", "-o"])
        .arg(&out)
        .args(["-p", &pid.to_string()]);
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = spawned.context(|| "cannot run strace".to_owned())?;
    // Attached to every thread by then; a call more or less in 500 requests does not show.
    pause(Duration::from_secs(1));
    let asked = (0..REQUESTS).try_for_each(|_| road.ask(&mut client));
    if let Some(process) = Process::of(child.id()) {
        process.signal(Signal::INT);
    }
    child.wait().context(|| "cannot wait for strace".to_owned())?;
    asked?;
    let text = fs::read_to_string(&out).context(|| format!("cannot read {}", out.display()))?;
    let calls = calls(&text);
    if calls.is_empty() {
        return Err(Error::new("strace counted nothing"));
    }
    Ok(render(&calls))
}

fn render(calls: &[(String, u64)]) -> String {
    let each = |count: u64| count as f64 / f64::from(REQUESTS);
    let all: u64 = calls.iter().map(|(_, count)| count).sum();
    let mut text = format!("system calls by request, one at a time: {:.2}\n", each(all));
    for (name, count) in calls.iter().filter(|(_, count)| each(*count) >= 0.01) {
        let _ = writeln!(text, "{:>8.2}  {name}", each(*count));
    }
    text
}

/// Names and counts of strace's summary, the most frequent first. Its columns: share, seconds, microseconds a call, calls,
/// errors (may be empty), name.
fn calls(text: &str) -> Vec<(String, u64)> {
    let rows = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (name, count) = (fields.last()?, fields.get(3)?.parse().ok()?);
        (*name != "total").then(|| ((*name).to_owned(), count))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read() {
        let text = "% time     seconds  usecs/call     calls    errors syscall\n\
                    ------ ----------- ----------- --------- --------- ----------------\n \
                    60.00    0.006000           6      1000           sendto\n \
                    40.00    0.004000           2      1500       500 recvfrom\n\
                    ------ ----------- ----------- --------- --------- ----------------\n\
                    100.00    0.010000           4      2500       500 total\n";
        let calls = calls(text);
        assert_eq!(calls, [("recvfrom".to_owned(), 1500), ("sendto".to_owned(), 1000)]);
        assert!(render(&calls).contains("5.00"), "{}", render(&calls));
    }
}
