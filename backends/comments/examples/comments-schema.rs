//! Prints the subgraph's schema: `cargo run -p comments --example comments-schema > conf/graphql/comments.graphql`.

use std::io::{Result, Write, stdout};

fn main() -> Result<()> {
    stdout().write_all(comments::graphql::sdl().as_bytes())
}
