//! A report of every kind, with made-up figures: chosen so that every part of a page has something to show, what was lost
//! not least, and nothing is as short as one would like it.

mod comparisons;
mod feed;
mod header;
mod parts;
mod peers;
mod ramp;
mod run;
mod runs;
mod times;

use bench_report::{
    compare::{Comparison, RuleError},
    html,
    model::{InstructionCount, Instructions, Report, SCHEMA},
    terminal,
};

/// One report in both views.
pub struct Sample {
    /// Its file's name.
    pub name: &'static str,
    /// As HTML.
    pub page: String,
    /// As the terminal shows it.
    pub text: String,
    /// What a person must find in either.
    pub facts: Vec<String>,
    /// What the page has room for besides.
    pub details: Vec<String>,
}

/// All of them.
pub fn all() -> Result<Vec<Sample>, RuleError> {
    let mut samples = vec![
        run::failed(),
        runs::passed(),
        runs::invalid(),
        runs::unreachable(),
        ramp::passed(),
        peers::failed(),
        feed::failed(),
        instructions(),
    ];
    samples.extend(comparisons::all()?);
    Ok(samples)
}

fn sample(name: &'static str, report: &Report, facts: &[&str]) -> Sample {
    // Whatever a report is about, these are what makes it believable.
    let header = report.header();
    let own = header.map(|header| {
        let environment = &header.environment;
        let told = [
            header.verdict.word(),
            &header.title,
            &header.command,
            &environment.commit,
            &environment.cpu,
        ];
        let reasons = header.verdict.reasons.iter().chain(&environment.notes);
        told.into_iter().chain(reasons.map(String::as_str)).map(str::to_owned)
    });
    Sample {
        name,
        page: html::page(report),
        text: terminal::report(report),
        facts: own.into_iter().flatten().chain(strings(facts)).collect(),
        details: vec![],
    }
}

fn compared(name: &'static str, comparison: &Comparison, facts: &[&str]) -> Sample {
    Sample {
        name,
        page: html::comparison(comparison),
        text: terminal::comparison(comparison),
        facts: strings(facts),
        details: vec![],
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn instructions() -> Sample {
    let facts = [
        "edge::graphql feed",
        "280,914",
        "admit::identity::remembered token",
        "rustc 1.95.0",
    ];
    Sample {
        details: strings(&["cargo dev bench instructions"]),
        ..sample("instructions", &Report::Instructions(counts(1.0)), &facts)
    }
}

/// Counts as callgrind makes them; the edge's own grow by `factor`.
fn counts(factor: f64) -> Instructions {
    let entries = [
        ("edge::pass-through", 126_523.9 * factor),
        ("edge::signed in", 174_910.2),
        ("edge::admitted", 206_621.8),
        ("edge::graphql feed", 280_913.9),
        ("head::check", 908.0),
        ("path::normalise::plain", 1_322.0),
        ("path::normalise::dots and escapes, refused at the end", 2_841.0),
        ("admit::identity::remembered token", 744.0),
        ("rate_limit::gcra::first request of a new address", 96.3),
    ];
    Instructions {
        schema: SCHEMA,
        rustc: "rustc 1.95.0 (59807616e 2026-04-14), x86_64, glibc 2.36, valgrind-3.19.0".into(),
        entries: entries
            .map(|(name, instructions)| InstructionCount {
                name: name.into(),
                instructions,
            })
            .into(),
    }
}
