//! Whether two reports may be compared, and what else differs.

use crate::model::*;

/// Something that both say, and not alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: `scenario`, `processor`, `rate`, …
    pub what: String,
    /// What the first says.
    pub before: String,
    /// What the second says.
    pub after: String,
}

/// Memory that a kernel reserves varies from boot to boot; less than this share is one machine.
const SAME_MEMORY: f64 = 0.02;

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn of<T: PartialEq + ToString>(&mut self, what: &str, before: &T, after: &T) {
        if before != after {
            self.add(what, before.to_string(), after.to_string());
        }
    }

    fn add(&mut self, what: &str, before: String, after: String) {
        let shown = |text: String| if text.is_empty() { "(none)".into() } else { text };
        self.0.push(Difference {
            what: what.into(),
            before: shown(before),
            after: shown(after),
        });
    }
}

/// What forbids a comparison, and what is only worth knowing.
pub(super) fn differences(before: &Report, after: &Report) -> (Vec<Difference>, Vec<Difference>) {
    let (mut obstacles, mut notes) = (Differences::default(), Differences::default());
    obstacles.of("kind of report", &kind(before), &kind(after));
    if obstacles.0.is_empty() {
        if let (Some(a), Some(b)) = (before.header(), after.header()) {
            headers(a, b, &mut obstacles, &mut notes);
        }
        match (before, after) {
            (Report::Run(a), Report::Run(b)) => loads(&a.load, &b.load, &mut obstacles, &mut notes),
            (Report::Peers(a), Report::Peers(b)) => peers(a, b, &mut obstacles, &mut notes),
            (Report::Instructions(a), Report::Instructions(b)) => obstacles.of("compiler", &a.rustc, &b.rustc),
            _ => {}
        }
    }
    (obstacles.0, notes.0)
}

fn kind(report: &Report) -> &'static str {
    match report {
        Report::Run(_) => "run",
        Report::Peers(_) => "peers",
        Report::Instructions(_) => "instructions",
    }
}

fn headers(a: &Header, b: &Header, obstacles: &mut Differences, notes: &mut Differences) {
    let (valid, passed) = (
        |header: &Header| header.verdict.valid,
        |header: &Header| header.verdict.passed,
    );
    if !valid(a) || !valid(b) {
        obstacles.add("validity", verdict(a), verdict(b));
    } else if !passed(a) || !passed(b) {
        notes.add("verdict", verdict(a), verdict(b));
    }
    obstacles.of("scenario", &a.title, &b.title);
    let (here, there) = (&a.environment, &b.environment);
    obstacles.of("processor", &here.cpu, &there.cpu);
    obstacles.of("processors", &here.cores, &there.cores);
    let (less, more) = (
        here.memory_bytes.min(there.memory_bytes) as f64,
        here.memory_bytes.max(there.memory_bytes) as f64,
    );
    if less < more * (1.0 - SAME_MEMORY) {
        let shown = |bytes: u64| crate::units::bytes(bytes as f64);
        obstacles.add("memory", shown(here.memory_bytes), shown(there.memory_bytes));
    }
    notes.of("kernel", &here.kernel, &there.kernel);
    notes.of("system", &here.os, &there.os);
    notes.of("compiler", &here.rustc, &there.rustc);
    notes.of("profile", &here.profile, &there.profile);
    notes.of("commit", &here.commit, &there.commit);
    notes.of("remarks", &here.notes.join("; "), &there.notes.join("; "));
}

fn verdict(header: &Header) -> String {
    let word = header.verdict.word();
    match header.verdict.reasons.as_slice() {
        [] => word.into(),
        reasons => format!("{word}: {}", reasons.join("; ")),
    }
}

fn loads(a: &Load, b: &Load, obstacles: &mut Differences, notes: &mut Differences) {
    let rate = |load: &Load| {
        load.rate
            .map_or_else(|| "as fast as it goes".into(), crate::units::rate)
    };
    obstacles.of("load", &a.mode, &b.mode);
    if a.rate != b.rate {
        obstacles.add("rate", rate(a), rate(b));
    }
    if a.duration_s != b.duration_s {
        let shown = crate::units::duration;
        obstacles.add("duration", shown(a.duration_s), shown(b.duration_s));
    }
    obstacles.of("clients", &a.clients, &b.clients);
    obstacles.of("protocol", &a.protocol, &b.protocol);
    notes.of(
        "warm-up",
        &crate::units::duration(a.warmup_s),
        &crate::units::duration(b.warmup_s),
    );
    notes.of("target", &a.target, &b.target);
}

fn peers(a: &PeersReport, b: &PeersReport, obstacles: &mut Differences, notes: &mut Differences) {
    obstacles.of("reference", &a.reference, &b.reference);
    notes.of("rounds", &a.rounds, &b.rounds);
    for (before, after) in a
        .works
        .iter()
        .filter_map(|work| Some((work, named(&b.works, &work.name)?)))
    {
        let work = &before.name;
        if before.fixed_rate != after.fixed_rate {
            let rate = crate::units::rate;
            obstacles.add(
                &format!("{work}: rate"),
                rate(before.fixed_rate),
                rate(after.fixed_rate),
            );
        }
        obstacles.of(&format!("{work}: clients"), &before.clients, &after.clients);
        for old in &before.rows {
            let Some(new) = after.rows.iter().find(|row| row.peer == old.peer) else {
                continue;
            };
            notes.of(&format!("{work} / {}: version", old.peer), &old.version, &new.version);
            let what = format!("{work} / {}: policies", old.peer);
            notes.of(&what, &old.policies.join(", "), &new.policies.join(", "));
        }
    }
}

fn named<'a>(works: &'a [Work], name: &str) -> Option<&'a Work> {
    works.iter().find(|work| work.name == name)
}
