//! Pure rules: what an account is, how passwords and tokens are made and judged. No I/O.

pub(crate) mod account;
pub(crate) mod keys;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod seal;
