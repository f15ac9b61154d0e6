//! The front door: what must be refused before any policy looks at it, byte by byte.

mod chunks;
mod fields;
mod floods;
mod frames;
mod hops;
mod lengths;
mod lines;
mod proxied;
mod slow;
mod streams;
mod targets;
mod told;
mod wire;

use crate::support::{Edge, Setup};
use wire::{Recorder, Talk};

/// One row of a table.
struct Case {
    /// What is odd about it.
    name: &'static str,
    /// Where that is written down.
    source: &'static str,
    /// What the client sends.
    bytes: &'static [u8],
    must: Must,
}

/// What must come of it.
enum Must {
    /// One of these answers, then the end of the connection; the service sees no whole request.
    Refuse(&'static [u16]),
    /// The service sees one request with this request line and body, and the connection stays in step or ends.
    Pass(&'static str, &'static [u8]),
    /// Either of both.
    Either(&'static str, &'static [u8]),
    /// The client is gone before it had sent all: no answer is owed, and the service sees no whole request.
    Nothing,
}

const fn refuse(name: &'static str, source: &'static str, bytes: &'static [u8]) -> Case {
    refuse_as(&[400], name, source, bytes)
}

const fn refuse_as(status: &'static [u16], name: &'static str, source: &'static str, bytes: &'static [u8]) -> Case {
    Case {
        name,
        source,
        bytes,
        must: Must::Refuse(status),
    }
}

const fn pass(
    name: &'static str,
    source: &'static str,
    bytes: &'static [u8],
    line: &'static str,
    body: &'static [u8],
) -> Case {
    Case {
        name,
        source,
        bytes,
        must: Must::Pass(line, body),
    }
}

const fn either(
    name: &'static str,
    source: &'static str,
    bytes: &'static [u8],
    line: &'static str,
    body: &'static [u8],
) -> Case {
    Case {
        name,
        source,
        bytes,
        must: Must::Either(line, body),
    }
}

/// An edge with a service that writes down what reaches it.
async fn door() -> (Setup, Recorder, Edge) {
    let recorder = Recorder::start().await;
    let setup = Setup::new()
        .targets("AUTH", &[recorder.address])
        .edit("rate: 100/15m", "rate: 1000000/15m");
    let edge = setup.start().await;
    (setup, recorder, edge)
}

/// Sends every row on a connection of its own. All that is wrong is told at once.
async fn check(cases: &[Case]) {
    let (_setup, recorder, edge) = door().await;
    let mut wrong = Vec::new();
    for case in cases {
        recorder.forget();
        let talk = Talk::with(edge.public, case.bytes, matches!(case.must, Must::Nothing)).await;
        let seen = recorder.seen();
        if let Err(words) = judge(&case.must, &talk, &seen) {
            wrong.push(format!(
                "{} ({}): {words}\n   client read {talk:?}\n   service saw {seen:?}",
                case.name, case.source
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn judge(must: &Must, talk: &Talk, seen: &[wire::Seen]) -> Result<(), String> {
    match must {
        Must::Refuse(allowed) => refused(allowed, talk, seen),
        Must::Pass(line, body) => passed(line, body, talk, seen),
        Must::Either(line, body) => passed(line, body, talk, seen)
            .or_else(|words| refused(&[400], talk, seen).map_err(|more| format!("{words}, and {more}"))),
        Must::Nothing if seen.is_empty() => Ok(()),
        Must::Nothing => Err("the service saw a request".into()),
    }
}

fn refused(allowed: &[u16], talk: &Talk, seen: &[wire::Seen]) -> Result<(), String> {
    if !seen.is_empty() {
        return Err("the service saw it".into());
    }
    match talk.statuses[..] {
        [status] if allowed.contains(&status) => {}
        _ => return Err(format!("not answered with {allowed:?}")),
    }
    if !talk.closed {
        return Err("the connection stays open".into());
    }
    if !talk.text.contains("application/problem+json") || !talk.text.contains("\"code\"") {
        return Err("the answer is no problem+json".into());
    }
    Ok(())
}

fn passed(line: &str, body: &[u8], talk: &Talk, seen: &[wire::Seen]) -> Result<(), String> {
    let (first, rest) = seen.split_first().ok_or("the service saw nothing")?;
    if first.line != line || first.body != body {
        return Err(format!(
            "the service saw `{}` with {} bytes",
            first.line,
            first.body.len()
        ));
    }
    // What follows on the same connection is the second request and nothing else.
    let in_step = match rest {
        [] => talk.closed && talk.statuses.len() == 1,
        [next] => next.line == wire::SECOND_LINE && next.body.is_empty() && talk.statuses.len() == 2,
        _ => false,
    };
    if !in_step || talk.statuses[0] != 200 {
        return Err("the connection is out of step".into());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_one_length() {
    check(lengths::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_read_in_one_way() {
    check(chunks::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_end_in_one_way() {
    check(lines::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_have_one_reading_and_one_host() {
    check(fields::CASES).await;
    check(&fields::large()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_have_one_spelling() {
    check(targets::CASES).await;
    check(&targets::large()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_s_matters_stay_there() {
    check(hops::CASES).await;
}
