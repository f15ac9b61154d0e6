//! What a load may look at beside the file itself.

use crate::Env;
use std::{path::Path, time::SystemTime};

/// What a load may look at beside the file itself.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Answers `${NAME}`.
    pub env: Env<'a>,
    /// Folder that relative paths in the file are against; empty means the working directory.
    pub root: &'a Path,
    /// When certificates must be valid.
    pub now: SystemTime,
}

impl<'a> Surroundings<'a> {
    /// The process's own: its working directory, its clock.
    pub fn new(env: Env<'a>) -> Self {
        Self {
            env,
            root: Path::new(""),
            now: SystemTime::now(),
        }
    }
}
