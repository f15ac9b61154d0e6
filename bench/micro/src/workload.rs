//! One piece of work, to be done over and over.

use std::hint::black_box;

/// Iterations of cheap work in one count: enough to spread out what caches do once in a while.
const MANY: u32 = 2_000;
/// Iterations of work that takes a million instructions or so.
const FEW: u32 = 50;

/// A named piece of work.
pub struct Workload {
    /// `policy::step::case`. Baselines know it by this name.
    pub name: &'static str,
    /// How often it is repeated to be counted.
    pub iterations: u32,
    work: Box<dyn FnMut()>,
}

impl Workload {
    /// Work that takes up to some ten thousand instructions.
    pub fn new<T>(name: &'static str, work: impl FnMut() -> T + 'static) -> Self {
        Self::repeated(name, MANY, work)
    }

    /// Work that takes a million instructions or so.
    pub fn heavy<T>(name: &'static str, work: impl FnMut() -> T + 'static) -> Self {
        Self::repeated(name, FEW, work)
    }

    /// Work that takes hundreds of millions of instructions: done once.
    pub fn once<T>(name: &'static str, work: impl FnMut() -> T + 'static) -> Self {
        Self::repeated(name, 1, work)
    }

    fn repeated<T>(name: &'static str, iterations: u32, mut work: impl FnMut() -> T + 'static) -> Self {
        let work = move || {
            black_box(work());
        };
        Self {
            name,
            iterations,
            work: Box::new(work),
        }
    }

    /// Does it once.
    pub fn run(&mut self) {
        (self.work)();
    }
}
