//! `actions`: what is done to the system during a run.

use edge_config::units::TimeSpan;
use serde::Deserialize;
use std::{fmt, time::Duration};

/// Something that is done at a time, counted from the begin of the measured part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Action {
    /// When.
    pub at: Duration,
    /// What.
    pub does: Deed,
}

/// What is done. Programs are called as the system calls them: `edge`, `origin-2`, `posts`, `comments.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A program is killed (SIGKILL).
    Kill(String),
    /// A program that is down is started again.
    Start(String),
    /// A program stands still (SIGSTOP): it takes connections, and answers nothing.
    Stop(String),
    /// A program that stands still goes on (SIGCONT).
    Resume(String),
    /// An origin answers late; with no time at all, as fast as ever.
    Delay {
        /// Which.
        target: String,
        /// By how much.
        by: Duration,
    },
    /// A signal: `HUP`, `USR2`.
    Signal {
        /// To which program.
        target: String,
        /// Without `SIG`.
        name: String,
    },
    /// A command of the shell, at the project's top.
    Run(String),
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(target) => write!(f, "kill {target}"),
            Self::Start(target) => write!(f, "start {target}"),
            Self::Stop(target) => write!(f, "stop {target}"),
            Self::Resume(target) => write!(f, "resume {target}"),
            Self::Delay { target, by } if by.is_zero() => write!(f, "{target} without delay"),
            Self::Delay { target, by } => write!(f, "delay {target} by {by:?}"),
            Self::Signal { target, name } => write!(f, "SIG{name} to {target}"),
            Self::Run(command) => write!(f, "run {command}"),
        }
    }
}

impl Deed {
    /// The program that it is done to.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Kill(target) | Self::Start(target) | Self::Stop(target) | Self::Resume(target) => Some(target),
            Self::Delay { target, .. } | Self::Signal { target, .. } => Some(target),
            Self::Run(_) => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    at: TimeSpan,
    kill: Option<String>,
    start: Option<String>,
    stop: Option<String>,
    resume: Option<String>,
    delay: Option<Delay>,
    signal: Option<Signal>,
    run: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    target: String,
    /// None takes the delay back.
    by: Option<TimeSpan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    target: String,
    name: String,
}

const DEEDS: &str = "`kill`, `start`, `stop`, `resume`, `delay`, `signal`, `run`";

impl TryFrom<Fields> for Action {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let deeds = [
            fields.kill.map(Deed::Kill),
            fields.start.map(Deed::Start),
            fields.stop.map(Deed::Stop),
            fields.resume.map(Deed::Resume),
            fields.delay.map(|delay| Deed::Delay {
                target: delay.target,
                by: delay.by.map(|span| span.0).unwrap_or_default(),
            }),
            fields.signal.map(|signal| Deed::Signal {
                target: signal.target,
                name: signal.name,
            }),
            fields.run.map(Deed::Run),
        ];
        let mut given = deeds.into_iter().flatten();
        let (Some(does), None) = (given.next(), given.next()) else {
            return Err(format!("needs exactly one of {DEEDS}"));
        };
        if let Deed::Signal { name, .. } = &does
            && (name.is_empty()
                || name.starts_with("SIG")
                || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        {
            return Err(format!("signal.name: `{name}`; write it like `HUP` or `USR2`"));
        }
        Ok(Self { at: fields.at.0, does })
    }
}
