//! Runs a scenario and judges it.

use bench_load::{
    journey::{Data, Journeys, streams::Subscriptions},
    protocol::Target,
    run::{Measured, Observer, Phase, run},
    scenario::{Overrides, Scenario, judge},
};
use bench_report::model::{self, Environment, Header, RunReport, Verdict};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;

pub const LOAD: &str =
    "version: 1\ndescription: test\nsystem: external\nload: { rate: 100/s, duration: 1s, clients: 4 }\n";

/// What a run came to.
pub struct Run {
    pub measured: Measured,
    pub streams: Vec<model::Stream>,
    pub thresholds: Vec<model::Threshold>,
}

impl Run {
    pub fn passed(&self) -> bool {
        self.thresholds.iter().all(|threshold| threshold.met)
    }

    /// `kind: example` of the most frequent error.
    pub fn worst(&self) -> String {
        let worst = self.measured.errors.first();
        worst
            .map(|error| format!("{}: {}", error.kind, error.example))
            .unwrap_or_default()
    }
}

pub fn scenario(text: &str) -> Scenario {
    let told = Scenario::parse(text, Path::new("test.yaml"), &|_| None);
    told.unwrap_or_else(|all| panic!("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// Begins to count publications when the run begins to measure.
struct Begin<'a>(&'a Subscriptions);

impl Observer for Begin<'_> {
    fn phase(&mut self, phase: Phase) {
        if phase == Phase::Measure {
            self.0.measure();
        }
    }
}

pub fn journeys(scenario: &Scenario, address: SocketAddr, data: &Data) -> Arc<Journeys> {
    let target = Target::parse(&format!("http://{address}")).unwrap();
    Arc::new(Journeys::new(scenario, &target, data, 7).unwrap_or_else(|error| panic!("{error}")))
}

/// Runs `LOAD` and these journeys.
pub fn try_out(address: SocketAddr, rest: &str) -> Run {
    try_out_with(address, rest, &Data::default())
}

pub fn try_out_with(address: SocketAddr, rest: &str, data: &Data) -> Run {
    let text = if rest.starts_with("version:") {
        rest.to_owned()
    } else {
        format!("{LOAD}{rest}")
    };
    let scenario = scenario(&text);
    let journeys = journeys(&scenario, address, data);
    let subscriptions = Subscriptions::open(&journeys, None).unwrap();
    let plan = scenario.plan(&Overrides::default());
    let measured = run(&journeys, plan, &mut Begin(&subscriptions)).unwrap();
    let heard = subscriptions.finish(measured.begun, Duration::from_millis(300));
    let report = report(&measured, &heard.streams);
    let thresholds = judge(&scenario.thresholds, &report);
    Run {
        measured,
        streams: heard.streams,
        thresholds,
    }
}

fn report(measured: &Measured, streams: &[model::Stream]) -> RunReport {
    RunReport {
        header: Header {
            schema: model::SCHEMA,
            title: "test".into(),
            description: String::new(),
            command: String::new(),
            started_at: String::new(),
            environment: Environment::default(),
            verdict: Verdict::default(),
        },
        load: measured.load.clone(),
        totals: measured.totals.clone(),
        steps: measured.steps.clone(),
        streams: streams.to_vec(),
        timeline: measured.timeline.clone(),
        stages: measured.stages.clone(),
        ramp: None,
        errors: measured.errors.clone(),
        generator: measured.generator.clone(),
        processes: Vec::new(),
        thresholds: Vec::new(),
    }
}

/// A server of its own thread and runtime, until the test ends.
pub fn serve(router: axum::Router) -> SocketAddr {
    serve_with(async move |listener| axum::serve(listener, router).await.unwrap())
}

/// The same, with whatever takes connections.
pub fn serve_with<F: Future<Output = ()>>(server: impl FnOnce(TcpListener) -> F + Send + 'static) -> SocketAddr {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            server(listener).await;
        });
    });
    address.recv().unwrap()
}
