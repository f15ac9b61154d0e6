//! The subcommands that look at a running edge, or at a configuration as one would see it.

pub(crate) mod explain;
