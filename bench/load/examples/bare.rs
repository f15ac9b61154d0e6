//! What the generator itself costs: asks a built-in origin for its smallest answer, and tells the processor time of the
//! generator's own thread by request. `bare [http1|http2] [CLIENTS] [max|RATE] [SECONDS]`
#![allow(clippy::expect_used)] // a tool for the generator's own developers

use bench_load::{
    Failure, Recorder, StepId, Workload,
    protocol::{Body, Connection, Connector, Options, Target, Version},
    run::{Plan, run},
    schedule::Pace,
};
use bench_origin::{Origin, Settings};
use http::Request;
use std::{
    io::{Write, stdout},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

struct Bare(Connector);

impl Workload for Bare {
    type Client = Connection;

    fn steps(&self) -> Vec<String> {
        vec!["get".to_owned()]
    }

    async fn open(&self, _: u32) -> Result<Connection, Failure> {
        Connection::open(&self.0).await
    }

    async fn iterate(
        &self,
        connection: &mut Connection,
        due: Instant,
        recorder: &Rc<dyn Recorder>,
    ) -> Result<(), Failure> {
        let request = Request::get("/").body(Body::empty()).expect("a constant request");
        let result = connection.send(request, Duration::from_secs(5)).await;
        let result = result.map(|answer| answer.body.len() as u64);
        recorder.step(StepId(0), due, connection.last_sent(), &result);
        result.map(|_| ())
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let version = if argument("http1") == "http2" {
        Version::Http2
    } else {
        Version::Http1
    };
    let clients = argument("16").parse().expect("a number of clients");
    let rate = argument("max");
    let duration = Duration::from_secs_f64(argument("5").parse().expect("seconds"));
    let pace = match rate.as_str() {
        "max" => Pace::Closed { duration },
        rate => Pace::constant(rate.parse().expect("a rate or max"), duration),
    };

    let origin = Origin::start(Settings::default())?;
    let target = Target::parse(&format!("http://{}", origin.address())).expect("an address");
    let connector = Connector::new(
        target,
        Options {
            version,
            ..Options::default()
        },
    )
    .expect("usable options");
    let plan = Plan {
        warmup: Duration::from_secs(1),
        ..Plan::new(pace, clients)
    };
    let measured = run(&Arc::new(Bare(connector)), plan, &mut ()).expect("a run");

    let cpu_us = measured.generator.cpu * 1e6 / measured.totals.rate;
    let (corrected, uncorrected) = (&measured.overall.corrected, &measured.overall.uncorrected);
    let lag = &measured.generator.lag;
    let mut out = stdout();
    writeln!(
        out,
        "{version:?}, {clients} clients, {rate}: {:.0} requests a second",
        measured.totals.rate
    )?;
    writeln!(
        out,
        "generator: {cpu_us:.1} µs of processor a request, {:.0} % of it used",
        measured.generator.cpu * 100.0
    )?;
    for (name, times) in [("corrected", corrected), ("uncorrected", uncorrected), ("lag", lag)] {
        let (p50, p99, p999, max) = (times.p50_us, times.p99_us, times.p999_us, times.max_us);
        writeln!(
            out,
            "{name:>11} µs: p50 {p50:.0}, p99 {p99:.0}, p99.9 {p999:.0}, max {max:.0}"
        )?;
    }
    writeln!(
        out,
        "errors: {:?}; invalid: {:?}; {:?}",
        measured.errors, measured.invalid, measured.notes
    )
}
