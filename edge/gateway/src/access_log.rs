//! The access log: a line for each request, and for each end of what stays open, in the form of the other logs.
//!
//! Lines are gathered in memory and written together by a thread of their own, as nginx and Envoy do: a system call for each would
//! be a tenth of what a request costs, and whoever collects the log could hold up requests by reading slowly. What waits is
//! bounded; beyond it lines are left out, and counted.

use crate::metrics::Metrics;
use chrono::DateTime;
use std::{
    cell::RefCell,
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, Thread},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Longest that a line waits for others.
const PACE: Duration = Duration::from_millis(50);
/// Bytes at which they are written at once.
const FULL: usize = 64 * 1024;
/// Most bytes that wait.
const MOST: usize = 8 * 1024 * 1024;
/// What filters (`RUST_LOG`) call these lines.
const TARGET: &str = "edge::access";

/// Where lines go. Clones are the same log.
#[derive(Clone)]
pub(crate) struct AccessLog(Arc<Log>);

struct Log {
    is_json: bool,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    writer: Thread,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Vec<u8>>,
    /// Held while lines are written, so that they keep their order; empty otherwise.
    writing: Mutex<Vec<u8>>,
}

impl Shared {
    fn write_to(&self, out: &mut impl Write) {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        mem::swap(
            &mut *writing,
            &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner),
        );
        if !writing.is_empty() {
            // Where nobody reads the log there is nobody to tell.
            let _ = out.write_all(&writing);
            writing.clear();
        }
    }
}

impl AccessLog {
    /// Starts the thread that writes to standard error.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(metrics: Arc<Metrics>) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let its = Arc::clone(&shared);
        let write = move || {
            loop {
                thread::park_timeout(PACE);
                its.write_to(&mut io::stderr());
            }
        };
        let writer = thread::Builder::new().name("access-log".into()).spawn(write)?;
        Ok(Self(Arc::new(Log {
            is_json: shared_telemetry::is_json(),
            metrics,
            shared,
            writer: writer.thread().clone(),
        })))
    }

    /// Adds a line with this message and these fields, if anybody wants such lines.
    pub(crate) fn add(&self, message: &str, fields: impl FnOnce(&mut Line<'_>)) {
        if tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            self.0.add(message, fields);
        }
    }

    /// Writes what waits, before the process ends.
    pub(crate) fn flush(&self) {
        self.0.shared.write_to(&mut io::stderr());
    }
}

impl Log {
    fn add(&self, message: &str, fields: impl FnOnce(&mut Line<'_>)) {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.text.clear();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            scratch.line(self.is_json, now, message, fields);
            self.put(&scratch.text);
        });
    }

    fn put(&self, line: &[u8]) {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.len();
        if before + line.len() > MOST {
            self.metrics.access_log_dropped.add();
            return;
        }
        waiting.extend_from_slice(line);
        let is_full = before < FULL && waiting.len() >= FULL;
        drop(waiting);
        if is_full {
            self.writer.unpark();
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What a thread makes its lines in.
#[derive(Default)]
struct Scratch {
    text: Vec<u8>,
    /// The second that was told last, and how.
    second: (u64, String),
}

impl Scratch {
    fn line(&mut self, is_json: bool, now: Duration, message: &str, fields: impl FnOnce(&mut Line<'_>)) {
        let text = &mut self.text;
        text.extend_from_slice(if is_json { b"{\"timestamp\":\"" } else { b"" });
        if self.second.0 != now.as_secs() || self.second.1.is_empty() {
            let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
            let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            self.second = (now.as_secs(), time.format("%Y-%m-%dT%H:%M:%S.").to_string());
        }
        text.extend_from_slice(self.second.1.as_bytes());
        let micros = now.subsec_micros();
        text.extend([100_000, 10_000, 1_000, 100, 10, 1].map(|place| b'0' + (micros / place % 10) as u8));
        text.extend_from_slice(if is_json {
            b"Z\",\"level\":\"INFO\",\"message\":\""
        } else {
            b"Z  INFO edge::access: "
        });
        // A message is one of ours, and needs no escapes.
        text.extend_from_slice(message.as_bytes());
        text.extend_from_slice(if is_json { b"\"" } else { b"" });
        fields(&mut Line { text, is_json });
        text.extend_from_slice(if is_json {
            b",\"target\":\"edge::access\"}\n"
        } else {
            b"\n"
        });
    }
}

/// A line under construction.
pub(crate) struct Line<'l> {
    text: &'l mut Vec<u8>,
    is_json: bool,
}

impl Line<'_> {
    fn name(&mut self, name: &str) {
        self.text.extend_from_slice(if self.is_json { b",\"" } else { b" " });
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(if self.is_json { b"\":" } else { b"=" });
    }

    /// A text, in quotes; whatever is in it stays on this line.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        // A text can always be written to memory.
        let _ = serde_json::to_writer(&mut *self.text, value);
    }

    /// A time, in whole microseconds.
    pub(crate) fn time(&mut self, name: &str, time: Duration) {
        self.number(name, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.text
            .extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn line(is_json: bool, path: &str) -> String {
        let mut scratch = Scratch::default();
        scratch.line(
            is_json,
            Duration::from_micros(1_764_228_741_063_784),
            "request",
            |line| {
                line.text("path", path);
                line.number("status", 200);
            },
        );
        String::from_utf8(scratch.text).unwrap()
    }

    #[test]
    fn lines_look_like_those_of_the_other_logs() {
        assert_eq!(
            line(false, "/api"),
            "2025-11-27T07:32:21.063784Z  INFO edge::access: request path=\"/api\" status=200\n"
        );
        let read: Value = serde_json::from_str(&line(true, "/api")).unwrap();
        assert_eq!(
            read,
            json!({
                "timestamp": "2025-11-27T07:32:21.063784Z", "level": "INFO", "message": "request",
                "path": "/api", "status": 200, "target": "edge::access",
            })
        );
    }

    #[test]
    fn nobody_forges_a_line() {
        for is_json in [false, true] {
            let text = line(is_json, "/\n2025 \"INFO\" \u{1b}[1m");
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }

    fn log() -> Log {
        Log {
            is_json: false,
            metrics: Arc::default(),
            shared: Arc::default(),
            writer: thread::current(),
        }
    }

    #[test]
    fn lines_are_written_in_order_and_once() {
        let log = log();
        let mut out = Vec::new();
        for number in 0..3 {
            log.add("request", |line| line.number("n", number));
        }
        log.shared.write_to(&mut out);
        log.shared.write_to(&mut out);
        let text = String::from_utf8(out).unwrap();
        let ends: Vec<_> = text.lines().map(|line| line.rsplit_once(' ').unwrap().1).collect();
        assert_eq!(ends, ["n=0", "n=1", "n=2"]);
    }

    #[test]
    fn a_log_that_nobody_reads_holds_up_nobody() {
        let log = log();
        let long = "x".repeat(MOST / 4);
        for _ in 0..6 {
            log.add("request", |line| line.text("path", &long));
        }
        assert_eq!(log.metrics.access_log_dropped.get(), 3);
        let mut out = Vec::new();
        log.shared.write_to(&mut out);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 3);
        log.add("request", |line| line.number("n", 1));
        assert_eq!(log.metrics.access_log_dropped.get(), 3, "there is room again");
    }
}
