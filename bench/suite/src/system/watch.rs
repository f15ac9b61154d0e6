//! Watches what several systems use while they are measured.

use super::tree;
use bench_report::model::ProcessUse;
use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Between two looks. Each costs some 50 µs a process on the generator's processor.
const EVERY: Duration = Duration::from_millis(100);
/// Looks between two searches for new processes, which read all of `/proc`.
const SEARCH_EVERY: u32 = 10;

/// Something to watch: a process and all below it.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// Its name in the report.
    pub(crate) name: String,
    /// True for what is being measured, false for its surroundings.
    pub(crate) under_test: bool,
    /// Its first process.
    pub(crate) pid: u32,
}

impl Watched {
    /// What is being measured.
    pub(crate) fn under_test(name: &str, pid: u32) -> Self {
        Self {
            name: name.to_owned(),
            under_test: true,
            pid,
        }
    }

    /// What stands around it.
    pub(crate) fn beside(name: &str, pid: u32) -> Self {
        Self {
            under_test: false,
            ..Self::under_test(name, pid)
        }
    }
}

/// What was used between begin and end.
#[derive(Debug, Clone)]
pub(crate) struct Used {
    /// See [`Watched::name`].
    pub(crate) name: String,
    /// See [`Watched::under_test`].
    pub(crate) under_test: bool,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Largest resident size, in bytes.
    pub(crate) peak: u64,
    /// Resident size at the begin and at the end.
    pub(crate) resident: (u64, u64),
}

impl Used {
    /// As a report has it.
    pub(crate) fn by_request(&self, requests: u64) -> ProcessUse {
        ProcessUse {
            name: self.name.clone(),
            under_test: self.under_test,
            cpu_s: self.cpu.as_secs_f64(),
            cpu_us_per_request: micros_each(self.cpu, requests),
            peak_rss_bytes: self.peak,
            rss_begin_bytes: self.resident.0,
            rss_end_bytes: self.resident.1,
            syscalls_per_request: None,
        }
    }
}

/// Microseconds by request; 0 where there was none.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(crate) fn micros_each(cpu: Duration, requests: u64) -> f64 {
    if requests == 0 {
        0.0
    } else {
        cpu.as_secs_f64() * 1e6 / requests as f64
    }
}

/// A watch that runs until [`Watch::end`].
pub(crate) struct Watch {
    begun: Vec<Begun>,
    samples: Arc<Mutex<Samples>>,
    stop: mpsc::Sender<()>,
    sampler: Option<JoinHandle<()>>,
}

struct Begun {
    what: Watched,
    cpu: Duration,
    resident: u64,
}

#[derive(Default)]
struct Samples {
    /// Sum of resident sizes, by watched.
    peaks: Vec<u64>,
    /// CPU so far of all that is under test.
    cpu: Vec<(Instant, Duration)>,
}

impl Watch {
    /// Begins now. What a system starts later is counted from its start.
    pub(crate) fn begin(what: Vec<Watched>) -> Self {
        let samples = Arc::new(Mutex::new(Samples {
            peaks: vec![0; what.len()],
            cpu: Vec::new(),
        }));
        let (stop, stopped) = mpsc::channel();
        let begun = what.iter().map(|what| {
            let pids = tree::pids(what.pid);
            Begun {
                what: what.clone(),
                cpu: tree::cpu(&pids),
                resident: tree::resident(&pids),
            }
        });
        let begun = begun.collect();
        let shared = Arc::clone(&samples);
        let sampler = thread::spawn(move || {
            let mut found: Vec<Vec<u32>> = Vec::new();
            for look in 0_u32.. {
                if look % SEARCH_EVERY == 0 {
                    found = what.iter().map(|what| tree::pids(what.pid)).collect();
                }
                self::look(&what, &found, &shared);
                if stopped.recv_timeout(EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self {
            begun,
            samples,
            stop,
            sampler: Some(sampler),
        }
    }

    /// CPU so far of all that is under test, by moment, a tenth of a second apart: for a timeline.
    pub(crate) fn cpu_samples(&self) -> Vec<(Instant, Duration)> {
        lock(&self.samples).cpu.clone()
    }

    /// What was used since the begin, in the order given.
    pub(crate) fn end(mut self) -> Vec<Used> {
        // First of all, so that nothing after the measured part is counted.
        let now: Vec<(Vec<u32>, Duration)> = self.begun.iter().map(|begun| spent(begun.what.pid)).collect();
        self.finish();
        let samples = lock(&self.samples);
        let each = self.begun.iter().zip(now).zip(&samples.peaks);
        each.map(|((begun, (pids, cpu)), sampled)| Used {
            name: begun.what.name.clone(),
            under_test: begun.what.under_test,
            cpu: cpu.saturating_sub(begun.cpu),
            peak: tree::peak(&pids).unwrap_or(*sampled),
            resident: (begun.resident, tree::resident(&pids)),
        })
        .collect()
    }

    fn finish(&mut self) {
        let _ = self.stop.send(());
        if let Some(sampler) = self.sampler.take() {
            // A panic there was told on standard error.
            let _ = sampler.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.finish();
    }
}

fn spent(pid: u32) -> (Vec<u32>, Duration) {
    let pids = tree::pids(pid);
    let cpu = tree::cpu(&pids);
    (pids, cpu)
}

fn lock(samples: &Mutex<Samples>) -> std::sync::MutexGuard<'_, Samples> {
    samples.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(what: &[Watched], found: &[Vec<u32>], samples: &Mutex<Samples>) {
    let mut cpu = Duration::ZERO;
    for (at, (what, pids)) in what.iter().zip(found).enumerate() {
        let resident = tree::resident(pids);
        if what.under_test {
            cpu += tree::cpu(pids);
        }
        let mut samples = lock(samples);
        samples.peaks[at] = samples.peaks[at].max(resident);
    }
    lock(samples).cpu.push((Instant::now(), cpu));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{place::Place, process::Program};

    #[test]
    fn a_busy_system_and_an_idle_one_are_told_apart() {
        let place = Place::open().unwrap();
        let busy = Program::new("busy", "sh", &["-c", "(while :; do :; done) & wait"])
            .start(&place)
            .unwrap();
        let idle = Program::new("idle", "sleep", &["600"]).start(&place).unwrap();
        let watch = Watch::begin(vec![
            Watched::under_test("busy", busy.pid()),
            Watched::beside("idle", idle.pid()),
        ]);
        let end = Instant::now() + Duration::from_secs(20);
        let enough = || tree::cpu(&tree::pids(busy.pid())) > Duration::from_millis(200);
        while !enough() && Instant::now() < end {
            thread::yield_now();
        }
        assert!(!watch.cpu_samples().is_empty());
        let used = watch.end();
        let [busy, idle] = used.as_slice() else {
            panic!("{used:?}")
        };
        assert!(busy.cpu > Duration::from_millis(100), "{busy:?}");
        assert!(busy.cpu > 4 * idle.cpu, "{used:?}");
        assert!(busy.peak > 0 && idle.peak > 0 && idle.resident.1 > 0);
        let told = busy.by_request(100);
        assert!(told.under_test && (told.cpu_us_per_request - told.cpu_s * 1e4).abs() < 1e-6);
        assert!((micros_each(Duration::from_secs(1), 0)).abs() < f64::EPSILON);
    }
}
