//! What a benchmark measures, and the machine it does so on: processes started, pinned, accounted and ended.

pub(crate) mod build;
pub(crate) mod cpus;
pub(crate) mod edge;
pub(crate) mod environment;
pub(crate) mod origins;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod signals;
pub(crate) mod syscalls;
pub(crate) mod tree;
pub(crate) mod watch;
