//! Prints the subgraph's schema: `cargo run -p posts --example posts-schema > conf/graphql/posts.graphql`.

use std::io::{Result, Write, stdout};

fn main() -> Result<()> {
    stdout().write_all(posts::graphql::sdl().as_bytes())
}
