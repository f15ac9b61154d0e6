//! The response cache's decisions (RFC 9111 as far as a cache between clients and services needs it): which requests may be
//! answered from it, which answers may be kept and for how long, under which key, and what a purge takes away.
//!
//! One law stands over all of them: what a service sees of who asks is part of the key. Nobody ever gets an answer that was
//! made for somebody else.

mod asked;
mod control;
mod digest;
mod kept;
mod key;
mod outcome;
mod purges;
mod range;
mod tags;
mod vary;

pub use asked::{Asked, Passed, judge};
pub use control::{RequestControl, ResponseControl};
pub use digest::{Digest, Secret};
pub use kept::{Answer, Kept, Terms, Unkept};
pub use key::{Caller, Credentials, Target, is_credential, key, strip};
pub use outcome::Outcome;
pub use purges::{Mark, Purges};
pub use range::if_range_holds;
pub use tags::{MOST_TAGS, page, path, tag, tags};
pub use vary::{named, variance};

#[cfg(test)]
mod tests;

/// Adds a part so that where it ends is told: no two lists of parts make the same bytes.
fn frame(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
    bytes.extend_from_slice(part);
}
