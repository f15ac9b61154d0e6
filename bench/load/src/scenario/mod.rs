//! Scenarios: what is asked of a system, how fast, what must come back, and what may be called good. A YAML file each, by the
//! rules of `edge.yaml`: units, variables, unknown keys refused, every mistake told at once with its place.

pub mod action;
mod check;
pub mod expect;
pub mod load;
pub mod message;
pub mod multipart;
pub mod named;
pub mod pointer;
pub mod quantity;
pub mod step;
pub mod stream;
pub mod system;
#[cfg(test)]
mod tests;
pub mod threshold;
pub mod until;

pub use action::{Action, Deed};
pub use load::{Load, Overrides};
pub use step::{Does, Step};
pub use stream::Stream;
pub use system::System;
pub use threshold::{Thresholds, judge};
pub use until::Climb;

use crate::{
    journey::template::JsonTemplate,
    protocol::{Options, Trust, Version},
    run::Plan,
};
use edge_config::{At, Diagnostic, Env, diagnose::code, document, document_text, units::TimeSpan};
use named::Named;
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without its end: `feed-read`.
    #[serde(skip)]
    pub name: String,
    /// The format's version; always 1.
    pub version: u32,
    /// One sentence.
    pub description: String,
    /// What it goes to.
    pub system: System,
    /// How much, and how long.
    pub load: Load,
    /// How it is spoken to.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whom to believe, where the target speaks TLS.
    #[serde(default)]
    pub tls: Tls,
    /// What each client is and does beforehand.
    #[serde(default)]
    pub client: Client,
    /// What clients do, over and over.
    pub journeys: Named<Journey>,
    /// Subscriptions that are held open beside.
    #[serde(default)]
    pub streams: Named<Stream>,
    /// What is done to the system meanwhile.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// What may be called good.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// `protocol`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    #[serde(rename = "http/1.1")]
    Http1,
    /// HTTP/2 over TLS.
    #[serde(rename = "h2")]
    H2,
    /// HTTP/2 without TLS, with prior knowledge.
    #[serde(rename = "h2c")]
    H2c,
}

impl Protocol {
    /// As the file and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::H2 => "h2",
            Self::H2c => "h2c",
        }
    }
}

/// `tls`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Believe every certificate.
    pub insecure: bool,
    /// Believe what the certificates in this PEM file vouch for.
    pub ca: Option<PathBuf>,
}

/// `client`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Its variables' first values.
    pub variables: Named<JsonTemplate>,
    /// Whether it keeps and sends cookies, whatever their path.
    pub cookies: bool,
    /// What it does before anything is measured.
    pub steps: Vec<Step>,
    /// When it does that again, between two iterations: tokens do not live for ever.
    pub renew: Option<TimeSpan>,
}

/// `journeys.<name>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// How often, against the others' weights.
    #[serde(default = "one")]
    pub weight: u32,
    /// One after the other; the first that fails ends it.
    pub steps: Vec<Step>,
}

fn one() -> u32 {
    1
}

/// Stands in for required parts that cannot be read, while the others are looked at.
const SKELETON: &str = "
version: 1
description: skeleton
system: external
load: { rate: 1/s, duration: 1s, clients: 1 }
journeys: { skeleton: { steps: [{ get: / }] } }
";

impl Scenario {
    /// Reads and checks a file. `env` is usually `&|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut scenario = document(path, env, SKELETON, check::check)?;
        Self::settle(&mut scenario, path);
        match scenario.system.edge().filter(|edge| !edge.is_file()) {
            None => Ok(scenario),
            Some(edge) => Err(vec![Diagnostic::new(
                code::DANGLING,
                path,
                At::default(),
                "system.edge",
                format!("system: edge: there is no file {}", edge.display()),
            )]),
        }
    }

    /// The same for text at hand; `file` names the scenario, and is not looked for.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut scenario = document_text(text, file, env, SKELETON, check::check)?;
        Self::settle(&mut scenario, file);
        Ok(scenario)
    }

    /// Names it, and finds its other files beside it.
    fn settle(scenario: &mut Self, file: &Path) {
        scenario.name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let beside = file.parent().unwrap_or(Path::new(""));
        if let Some(edge) = scenario.system.edge_mut() {
            *edge = beside.join(&*edge);
        }
        if let Some(ca) = &mut scenario.tls.ca {
            *ca = beside.join(&*ca);
        }
    }

    /// The plan of a run; threads and processors are the caller's to choose.
    pub fn plan(&self, overrides: &Overrides) -> Plan {
        self.load.plan(overrides)
    }

    /// What watches over the run's ramp; `None` where nothing ramps or nothing is too much.
    pub fn climb(&self, overrides: &Overrides) -> Option<Climb> {
        self.load.climb(overrides)
    }

    /// How to connect.
    pub fn options(&self) -> Options {
        let trust = match &self.tls {
            Tls { insecure: true, .. } => Some(Trust::Insecure),
            Tls { ca: Some(file), .. } => Some(Trust::File(file.clone())),
            Tls { .. } => None,
        };
        let version = match self.protocol {
            Protocol::Http1 => Version::Http1,
            Protocol::H2 | Protocol::H2c => Version::Http2,
        };
        Options {
            version,
            trust,
            ..Options::default()
        }
    }

    /// The names of all measured steps, in the order of the file: `journey.step`, or the journey's name where it has one.
    pub fn step_names(&self) -> Vec<String> {
        self.journeys
            .iter()
            .flat_map(|(name, journey)| journey.step_names(name))
            .collect()
    }

    /// All variables that anything sets.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        let steps = self
            .client
            .steps
            .iter()
            .chain(self.journeys.iter().flat_map(|(_, journey)| &journey.steps));
        let set = steps.flat_map(Step::sets).chain(self.client.variables.names());
        set.map(str::to_owned).collect()
    }
}

impl Journey {
    /// The steps that are measured.
    pub(crate) fn measured(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_measured())
    }

    fn step_names(&self, journey: &str) -> Vec<String> {
        let one = self.measured().nth(1).is_none();
        let name = |step: &Step| match &step.name {
            _ if one => journey.to_owned(),
            Some(name) => format!("{journey}.{name}"),
            None => journey.to_owned(),
        };
        self.measured().map(name).collect()
    }
}
