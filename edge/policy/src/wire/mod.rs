//! What is decided about a connection's bytes while they come in, before there is a request to look at.

pub mod chunks;
pub mod frames;
pub mod lines;
pub mod pace;

/// What is wrong with the bytes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// They could be read in two ways, or break the rules of HTTP.
    #[error("the bytes could be read in two ways")]
    Ambiguous,
    /// A head is larger than allowed.
    #[error("the head is too large")]
    TooLarge,
    /// They come too slowly.
    #[error("the bytes come too slowly")]
    TooSlow,
    /// They make work and carry nothing.
    #[error("the frames make work and carry nothing")]
    Flood,
}
