//! What reports begin with.

use bench_report::model::{Environment, Header, SCHEMA, Verdict};

/// The head of a report that was made by `cargo dev bench {command}`.
pub fn header(title: &str, description: &str, command: &str, verdict: Verdict) -> Header {
    Header {
        schema: SCHEMA,
        title: title.into(),
        description: description.into(),
        command: format!("cargo dev bench {command}"),
        started_at: "2026-08-14T09:26:53Z".into(),
        environment: environment(),
        verdict,
    }
}

/// As good as it gets.
pub fn passed() -> Verdict {
    Verdict {
        valid: true,
        passed: true,
        reasons: vec![],
    }
}

/// Believed, and not good enough.
pub fn failed(reasons: &[&str]) -> Verdict {
    Verdict {
        valid: true,
        passed: false,
        reasons: reasons.iter().map(|reason| (*reason).into()).collect(),
    }
}

fn environment() -> Environment {
    Environment {
        cpu: "AMD EPYC 9V74 80-Core Processor".into(),
        cores: 2,
        memory_bytes: 8_326_234_112,
        kernel: "6.1.0-37-cloud-amd64".into(),
        os: "Debian GNU/Linux 12 (bookworm)".into(),
        rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        commit: "3f9c2ab71d+".into(),
        profile: "release".into(),
        notes: vec![
            "pinned: system on processor 0; origins and generator share 1".into(),
            "the machine was not idle at the begin: load average 1.4".into(),
        ],
    }
}
