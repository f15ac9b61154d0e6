//! What can be asked of the suite, a file each: `Args` and `run`.

pub(crate) mod compare;
pub(crate) mod feed;
pub(crate) mod leases;
pub(crate) mod live;
pub(crate) mod origin;
pub(crate) mod peers;
pub(crate) mod report;
