//! The engine as its callers see it, over subgraphs that check what they are asked.

mod failures;
mod hostile;
mod laws;
mod split;
mod transport;
mod variables;
