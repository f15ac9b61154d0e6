//! What may be uploaded, told by content.

mod kind;
mod public_id;

pub use kind::{Format, Kind, SNIFF_BYTES};
pub use public_id::PublicId;
