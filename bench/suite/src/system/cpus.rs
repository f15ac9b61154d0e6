//! Who runs on which processors, so that what is measured does not share one with what measures it.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fmt;

/// Some processors, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cpus(Vec<usize>);

/// Processors for each part. `None` everywhere on a machine with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// For the system under test.
    pub(crate) system: Option<Cpus>,
    /// For the origins behind it.
    pub(crate) origin: Option<Cpus>,
    /// For the generator.
    pub(crate) generator: Option<Cpus>,
    /// Worker threads that fit the system's processors.
    pub(crate) workers: usize,
}

impl Layout {
    /// A layout of the processors that this process may use.
    pub(crate) fn of_this_machine() -> Self {
        Self::of(&allowed())
    }

    /// Two: one for the system, one for everything else. More: a quarter each (at least one) for origins and generator,
    /// the rest for the system.
    fn of(cpus: &[usize]) -> Self {
        let some = |cpus: &[usize]| Some(Cpus(cpus.to_vec()));
        match cpus {
            [] | [_] => Self {
                system: None,
                origin: None,
                generator: None,
                workers: 1,
            },
            [first, other] => Self {
                system: some(&[*first]),
                origin: some(&[*other]),
                generator: some(&[*other]),
                workers: 1,
            },
            many => {
                let share = (many.len() / 4).max(1);
                let (system, rest) = many.split_at(many.len() - 2 * share);
                let (origin, generator) = rest.split_at(share);
                Self {
                    system: some(system),
                    origin: some(origin),
                    generator: some(generator),
                    workers: system.len(),
                }
            }
        }
    }

    /// One sentence for the report.
    pub(crate) fn describe(&self) -> String {
        match (&self.system, &self.origin, &self.generator) {
            (Some(system), Some(origin), Some(generator)) if origin == generator => {
                format!("pinned: system on processor {system}; origins and generator share {origin}")
            }
            (Some(system), Some(origin), Some(generator)) => {
                format!("pinned: system on processors {system}; origins on {origin}; generator on {generator}")
            }
            _ => "not pinned: there is one processor for everything".to_owned(),
        }
    }
}

impl Cpus {
    /// One of those that this process may use.
    pub(crate) fn first() -> Option<Self> {
        allowed().first().map(|cpu| Self(vec![*cpu]))
    }

    /// Their numbers.
    pub(crate) fn numbers(&self) -> &[usize] {
        &self.0
    }

    /// Binds the calling thread, and what it starts from now on, to these processors.
    pub(crate) fn bind_this_thread(&self) -> bool {
        let mut set = CpuSet::new();
        for cpu in &self.0 {
            set.set(*cpu);
        }
        sched_setaffinity(None, &set).is_ok()
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

fn allowed() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else {
        return Vec::new();
    };
    (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_no_processor_where_there_are_enough() {
        let layout = |count: usize| Layout::of(&(0..count).collect::<Vec<_>>());
        assert_eq!(layout(1).system, None);
        let two = layout(2);
        assert_eq!((two.system, two.workers), (Some(Cpus(vec![0])), 1));
        assert_eq!(two.origin, two.generator);
        let three = layout(3);
        assert_eq!(
            (three.system, three.origin, three.generator),
            (Some(Cpus(vec![0])), Some(Cpus(vec![1])), Some(Cpus(vec![2])))
        );
        let eight = layout(8);
        assert_eq!(eight.workers, 4);
        assert_eq!(eight.generator, Some(Cpus(vec![6, 7])));
    }

    #[test]
    fn a_bound_thread_stays_where_it_was_put() {
        let Some(first) = allowed().first().copied() else {
            return;
        };
        let seen = std::thread::spawn(move || {
            assert!(Cpus(vec![first]).bind_this_thread());
            allowed()
        });
        assert_eq!(seen.join().unwrap(), [first]);
    }
}
