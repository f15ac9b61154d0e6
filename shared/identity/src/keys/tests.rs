//! See later.
