//! The report of a run or of a comparison, as it is written to disk. Times are microseconds where a name says `_us`,
//! seconds from the start of the measured part where it says `_s`.

use serde::{Deserialize, Serialize};

/// The format's version; a reader refuses another.
pub const SCHEMA: u32 = 1;

/// The name of the step that holds all steps of a run together.
pub const ALL_STEPS: &str = "all steps";

/// A whole report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Report {
    /// One scenario against one system.
    Run(Box<RunReport>),
    /// Several proxies at the same work.
    Peers(Box<PeersReport>),
    /// Instruction counts of single functions.
    Instructions(Instructions),
}

impl Report {
    /// What it begins with; instruction counts have none.
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Run(run) => Some(&run.header),
            Self::Peers(peers) => Some(&peers.header),
            Self::Instructions(_) => None,
        }
    }
}

/// What every report begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: u32,
    /// A short name: the scenario's, or `peers`.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// The exact command that makes this report again.
    pub command: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Where it ran.
    pub environment: Environment,
    /// What became of it.
    pub verdict: Verdict,
}

/// The machine and the programs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name.
    pub cpu: String,
    /// Online processors.
    pub cores: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Kernel release.
    pub kernel: String,
    /// Distribution.
    pub os: String,
    /// The compiler that built the programs.
    pub rustc: String,
    /// The project's commit, with `+` where the tree had changes.
    pub commit: String,
    /// How the programs under test were built: `release`, `release+pgo`.
    pub profile: String,
    /// Anything a reader must know: other load on the machine, a build without optimisation, no pinning.
    pub notes: Vec<String>,
}

/// Whether the figures may be believed, and whether they are good enough.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// False where the generator itself could not keep its schedule: the figures then say nothing about the system.
    pub valid: bool,
    /// Valid, every answer right, and every threshold met.
    pub passed: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// `PASSED`, `FAILED` or `INVALID`: what a person reads first.
    pub const fn word(&self) -> &'static str {
        match (self.valid, self.passed) {
            (false, _) => "INVALID",
            (true, false) => "FAILED",
            (true, true) => "PASSED",
        }
    }
}

/// One scenario against one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// What every report begins with.
    pub header: Header,
    /// What was asked for.
    pub load: Load,
    /// What happened, over all steps.
    pub totals: Totals,
    /// All steps together, named [`ALL_STEPS`], then by step of the journeys, in the scenario's order.
    pub steps: Vec<Step>,
    /// Subscriptions that were held open beside the journeys.
    pub streams: Vec<Stream>,
    /// By second.
    pub timeline: Vec<Second>,
    /// By rate, where the load ramps.
    pub stages: Vec<Stage>,
    /// What the ramp found, where it had a bound to climb until.
    #[serde(default)]
    pub ramp: Option<Ramp>,
    /// What went wrong, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// The generator's own conduct.
    pub generator: Generator,
    /// What the system's processes used.
    pub processes: Vec<ProcessUse>,
    /// The bounds that decide the exit code.
    pub thresholds: Vec<Threshold>,
}

impl RunReport {
    /// The highest stage that held: the last before the first one that the system did not keep up with.
    pub fn held(&self) -> Option<&Stage> {
        held(&self.stages)
    }

    /// The load asked for, as people read it: `500/s`, `up to 4,000/s` where it ramped; none of a closed loop.
    pub fn rate_asked(&self) -> Option<String> {
        let top = self.stages.iter().map(|stage| stage.rate).reduce(f64::max);
        match top {
            Some(top) => Some(format!("up to {}", crate::units::rate(top))),
            None => self.load.rate.map(crate::units::rate),
        }
    }
}

/// See [`RunReport::held`].
pub fn held(stages: &[Stage]) -> Option<&Stage> {
    stages.iter().take_while(|stage| stage.sustained).last()
}

/// What was asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Load {
    /// `open` (a schedule, whatever the answers take) or `closed` (each client waits for its answer).
    pub mode: String,
    /// Iterations per second of an open loop; the last one where it ramps.
    pub rate: Option<f64>,
    /// Measured seconds, without warm-up.
    pub duration_s: f64,
    /// Seconds before that are not measured.
    pub warmup_s: f64,
    /// Clients, each with a connection of its own (h2: a stream).
    pub clients: u32,
    /// `http/1.1`, `h2`, `h2c`, with `+tls`.
    pub protocol: String,
    /// Where it went.
    pub target: String,
}

/// What happened.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Iterations that were due.
    pub due: u64,
    /// Iterations that ended well.
    pub completed: u64,
    /// Iterations that failed: refused, cut, or answered wrongly.
    pub failed: u64,
    /// Iterations that were never begun, because too many were waiting.
    pub dropped: u64,
    /// Requests of all steps.
    pub requests: u64,
    /// Completed iterations per second.
    pub rate: f64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
}

/// One step of a journey.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// `journey.step`, or the journey's name where it has one step.
    pub name: String,
    /// Right answers.
    pub completed: u64,
    /// Wrong or missing ones.
    pub failed: u64,
    /// From when it was due: what a user waits. Free of coordinated omission.
    pub corrected: Latency,
    /// From when it was sent.
    pub uncorrected: Latency,
}

/// A distribution of times.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Samples.
    pub count: u64,
    /// Smallest.
    pub min_us: f64,
    /// Mean.
    pub mean_us: f64,
    /// Median.
    pub p50_us: f64,
    /// 90th percentile.
    pub p90_us: f64,
    /// 95th percentile.
    pub p95_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Largest.
    pub max_us: f64,
    /// Points of the percentile curve: (percentile in 0..=100, microseconds), ascending.
    pub curve: Vec<(f64, f64)>,
}

/// Subscriptions of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stream {
    /// Its name in the scenario.
    pub name: String,
    /// How many were opened.
    pub opened: u64,
    /// How many could not be opened, or ended too early.
    pub lost: u64,
    /// Events that should have arrived, over all subscriptions.
    pub expected: u64,
    /// Events that did.
    pub delivered: u64,
    /// Events that came twice or out of order.
    pub wrong: u64,
    /// From when the event's cause was due to its arrival.
    pub delivery: Latency,
}

/// One second of the run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Second {
    /// Its start.
    pub at_s: f64,
    /// Iterations due.
    pub due: u64,
    /// Ended well.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Dropped.
    pub dropped: u64,
    /// Corrected median.
    pub p50_us: f64,
    /// Corrected 99th percentile.
    pub p99_us: f64,
    /// Under way or waiting at its end.
    pub in_flight: u64,
    /// Share of one processor that the system's processes used, all together.
    pub cpu: f64,
    /// What the scenario did in this second: `kill origin-2`.
    pub marks: Vec<String>,
}

/// One rate of a ramp.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stage {
    /// Iterations per second asked for.
    pub rate: f64,
    /// Iterations per second that ended well.
    pub achieved: f64,
    /// Corrected times.
    pub corrected: Latency,
    /// Failed and dropped.
    pub failed: u64,
    /// Whether the system kept up, and within the ramp's bounds where it has some. False for a stage that the ramp ended in.
    pub sustained: bool,
}

/// What a ramp found that was to climb until a bound is exceeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// Why it ended before its last rate; none where it came to its end.
    pub ended: Option<String>,
    /// The highest rate asked for that held, of [`RunReport::held`]; none where not even the first did.
    pub held: Option<f64>,
}

/// Errors of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorCount {
    /// A stable word: `connect`, `timeout`, `truncated`, `status`, `body`, `count`, `stale`, `dropped`, …
    pub kind: String,
    /// Which step.
    pub step: String,
    /// One example, shortened.
    pub example: String,
    /// How many.
    pub count: u64,
    /// When first.
    pub first_at_s: f64,
}

/// The generator's own conduct.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Generator {
    /// From when an iteration was due to when the generator looked at it.
    pub lag: Latency,
    /// The bound on the lag's 99th percentile over which a run is invalid.
    pub lag_bound_us: f64,
    /// Share of its processors that it used, 0..=1.
    pub cpu: f64,
    /// Its threads.
    pub threads: u32,
}

/// What one process (or a group by one name) used while it was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProcessUse {
    /// `edge`, `origin`, `posts`, `postgres`, …
    pub name: String,
    /// True for what is being measured, false for its surroundings.
    pub under_test: bool,
    /// User and system seconds.
    pub cpu_s: f64,
    /// The same by request, in microseconds.
    pub cpu_us_per_request: f64,
    /// Largest resident size.
    pub peak_rss_bytes: u64,
    /// Resident size at the begin and at the end: growth is a leak's sign.
    pub rss_begin_bytes: u64,
    /// See `rss_begin_bytes`.
    pub rss_end_bytes: u64,
    /// System calls by request, where they could be counted.
    pub syscalls_per_request: Option<f64>,
}

/// One bound.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Threshold {
    /// `p99`, `errors`, `dropped`, `cpu`, …
    pub metric: String,
    /// As written: `< 50ms`.
    pub bound: String,
    /// As measured, with its unit.
    pub measured: String,
    /// Whether it was met.
    pub met: bool,
}

/// Several proxies at the same work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeersReport {
    /// What every report begins with.
    pub header: Header,
    /// Interleaved rounds.
    pub rounds: u32,
    /// The peer that ratios are against: theirs divided by its.
    pub reference: String,
    /// By kind of work.
    pub works: Vec<Work>,
    /// Peers that were left out, and why.
    pub skipped: Vec<Skipped>,
    /// The project's goals, met or missed.
    pub goals: Vec<Goal>,
}

/// One kind of work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Work {
    /// `pass-through`, `admitted`, `feed`.
    pub name: String,
    /// What is asked and what each must do for it.
    pub description: String,
    /// The fixed rate of the latency part, in requests per second.
    pub fixed_rate: f64,
    /// Clients.
    pub clients: u32,
    /// By peer, in the order given.
    pub rows: Vec<PeerRow>,
}

/// One peer at one work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeerRow {
    /// Its name.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// The policies that it carries out for this work; what it lacks is said.
    pub policies: Vec<String>,
    /// CPU of all of its processes by request, microseconds, saturated.
    pub cpu_us: Spread,
    /// CPU by request at the fixed rate.
    pub cpu_us_fixed: Spread,
    /// `cpu_us` divided by the reference's of the same round.
    pub cpu_ratio: Spread,
    /// Requests per second, saturated.
    pub throughput: Spread,
    /// Corrected times at the fixed rate.
    pub p50_us: Spread,
    /// 99th percentile.
    pub p99_us: Spread,
    /// 99.9th percentile.
    pub p999_us: Spread,
    /// Largest resident size of all of its processes together.
    pub peak_rss_bytes: u64,
    /// System calls by request, where they could be counted.
    pub syscalls_per_request: Option<f64>,
    /// User-space instructions by request, where they could be counted.
    pub instructions_per_request: Option<f64>,
    /// Wrong answers; any makes the comparison fail.
    pub failed: u64,
    /// By process, for a peer of several.
    pub processes: Vec<ProcessUse>,
}

/// Median and extremes over the rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median.
    pub median: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of one round.
    pub const fn one(value: f64) -> Self {
        Self {
            median: value,
            min: value,
            max: value,
        }
    }
}

/// A peer that was left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Skipped {
    /// Its name.
    pub peer: String,
    /// Why.
    pub reason: String,
}

/// A goal of the project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Goal {
    /// `feed read: at least 10 × node-newfeed by CPU`.
    pub name: String,
    /// As measured.
    pub measured: String,
    /// Whether it was met.
    pub met: bool,
}

/// Instruction counts of single functions (callgrind): the same on a noisy machine, so small changes are judged by them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instructions {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The compiler that built them; counts of another compiler are not comparable.
    pub rustc: String,
    /// By benchmark, in a fixed order.
    pub entries: Vec<InstructionCount>,
}

/// One benchmark's instructions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstructionCount {
    /// `group::function::case`, stable over time: a baseline is matched by it.
    pub name: String,
    /// Instructions of one call, user space.
    pub instructions: f64,
}
