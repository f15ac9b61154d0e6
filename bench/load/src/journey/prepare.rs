//! From a scenario to what can be run.

use super::{
    Data, Journeys, Ready,
    act::{Act, Publishing, RequestAct, SseAct, TalkAct, Whither},
    client::Kit,
    streams::Prepared,
    template::{CompileError, Program, Scope, Shared, Template},
};
use crate::{
    StepId,
    protocol::{Connector, ConnectorError, Options, Target, Version},
    scenario::{Does, Protocol, Scenario, Step, step::Conversation},
};
use std::time::Duration;

/// Why a scenario cannot be run against a target.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A template refers to what the system does not have.
    #[error("{place}: {error}")]
    Template {
        /// Where it stands: `journeys.feed`.
        place: String,
        /// What it is.
        error: CompileError,
    },
    /// The target cannot be reached in this way.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The scenario's protocol and the target's scheme do not fit.
    #[error("the scenario speaks {protocol}, and the target is {target}; {cure}")]
    Protocol {
        /// `h2`.
        protocol: &'static str,
        /// `http://127.0.0.1:8080`.
        target: String,
        /// What to change.
        cure: &'static str,
    },
}

/// A journey that is ready.
pub(super) struct Route {
    /// The sum of its weight and of those before it.
    pub(super) upto: u64,
    pub(super) steps: Vec<Ready>,
}

/// What clients are and do beforehand.
pub(super) struct Opening {
    pub(super) variables: Vec<(u16, Program)>,
    pub(super) steps: Vec<Ready>,
    pub(super) renew: Option<Duration>,
}

pub(super) fn journeys(scenario: &Scenario, target: &Target, data: &Data, seed: u64) -> Result<Journeys, PrepareError> {
    let whither = whither(scenario, target)?;
    let scope = Scope::new(scenario.variables(), data);
    let mut builder = Builder {
        scenario,
        prefix: target.path(),
        scope,
        next: 0,
        kept: Vec::new(),
    };
    let opening = builder.opening()?;
    let mut routes = Vec::new();
    let mut upto = 0;
    for (name, journey) in scenario.journeys.iter() {
        upto += u64::from(journey.weight);
        let at = |error| PrepareError::Template {
            place: format!("journeys.{name}"),
            error,
        };
        let steps = journey
            .steps
            .iter()
            .map(|step| builder.step(step, true))
            .collect::<Result<_, _>>()
            .map_err(at)?;
        routes.push(Route { upto, steps });
    }
    let stream = |(name, stream): &(String, _)| {
        let at = |error| PrepareError::Template {
            place: format!("streams.{name}"),
            error,
        };
        Prepared::new(name, stream, target.path(), data).map_err(at)
    };
    let streams = scenario.streams.iter().map(stream).collect::<Result<_, _>>()?;
    let steps = opening
        .steps
        .iter()
        .chain(routes.iter().flat_map(|route: &Route| &route.steps));
    let connects = steps.into_iter().any(|step| matches!(step.act, Act::Request(_)));
    Ok(Journeys {
        shared: Shared::new(data, seed),
        whither,
        names: scenario.step_names(),
        routes,
        opening,
        kit: Kit {
            connects,
            cookies: scenario.client.cookies,
            keeps: builder.kept.len(),
            variables: builder.scope.len(),
        },
        streams,
    })
}

fn whither(scenario: &Scenario, target: &Target) -> Result<Whither, PrepareError> {
    let cure = match (scenario.protocol, target.is_tls()) {
        (Protocol::H2, false) => Some("write `protocol: h2c`, or give an https target"),
        (Protocol::H2c, true) => Some("write `protocol: h2`, or give an http target"),
        _ => None,
    };
    if let Some(cure) = cure {
        let scheme = if target.is_tls() { "https" } else { "http" };
        let target = format!("{scheme}://{}", target.authority());
        return Err(PrepareError::Protocol {
            protocol: scenario.protocol.name(),
            target,
            cure,
        });
    }
    let options = scenario.options();
    let sockets = Options {
        version: Version::Http1,
        ..options.clone()
    };
    Ok(Whither {
        requests: Connector::new(target.clone(), options)?,
        sockets: Connector::new(target.clone(), sockets)?,
    })
}

struct Builder<'a> {
    scenario: &'a Scenario,
    prefix: &'a str,
    scope: Scope<'a>,
    /// The next measured step's place.
    next: u16,
    /// Sessions by what makes them one: kind, path, namespace.
    kept: Vec<(bool, &'a Template, &'a str)>,
}

impl<'a> Builder<'a> {
    fn opening(&mut self) -> Result<Opening, PrepareError> {
        let client = &self.scenario.client;
        let at = |error| PrepareError::Template {
            place: "client".to_owned(),
            error,
        };
        let variable = |(name, value): &(String, _)| Ok((self.scope.slot(name)?, Program::json(value, &self.scope)?));
        let variables = client
            .variables
            .iter()
            .map(variable)
            .collect::<Result<_, _>>()
            .map_err(at)?;
        let steps = client
            .steps
            .iter()
            .map(|step| self.step(step, false))
            .collect::<Result<_, _>>()
            .map_err(at)?;
        Ok(Opening {
            variables,
            steps,
            renew: client.renew.map(|span| span.0),
        })
    }

    fn step(&mut self, step: &'a Step, measured: bool) -> Result<Ready, CompileError> {
        let id = (measured && step.is_measured()).then(|| {
            self.next += 1;
            StepId(self.next - 1)
        });
        let act = match &step.does {
            Does::Think(range) => Act::Think(*range),
            Does::Set(variables) => {
                let one =
                    |(name, value): &(String, _)| Ok((self.scope.slot(name)?, Program::json(value, &self.scope)?));
                Act::Set(variables.iter().map(one).collect::<Result<_, _>>()?)
            }
            Does::Request(request) => Act::Request(Box::new(RequestAct::new(request, self.prefix, &self.scope)?)),
            Does::Sse(sse) => Act::Sse(Box::new(SseAct::new(sse, self.prefix, &self.scope)?)),
            Does::WebSocket(talk) => self.talk(talk, false)?,
            Does::SocketIo(talk) => self.talk(talk, true)?,
        };
        let publishing = |publishes: &crate::scenario::step::Publishes| {
            let stream = self.scenario.streams.names().position(|name| name == publishes.to);
            let stream = stream.ok_or_else(|| CompileError(format!("there is no stream `{}`", publishes.to)))?;
            let topic = publishes
                .topic
                .as_ref()
                .map(|topic| Program::text(topic, &self.scope))
                .transpose()?;
            Ok(Publishing { stream, topic })
        };
        Ok(Ready {
            id,
            timeout: step.timeout.unwrap_or(self.scenario.load.timeout.0),
            publishes: step.publishes.as_ref().map(publishing).transpose()?,
            act,
        })
    }

    fn talk(&mut self, talk: &'a Conversation, socketio: bool) -> Result<Act, CompileError> {
        let key = (socketio, &talk.path, talk.namespace.as_str());
        let slot = self.kept.iter().position(|own| *own == key).unwrap_or_else(|| {
            self.kept.push(key);
            self.kept.len() - 1
        });
        Ok(Act::Talk(Box::new(TalkAct::new(
            talk,
            socketio,
            slot,
            self.prefix,
            &self.scope,
        )?)))
    }
}
