//! Writes what is made from the types: the schema, the reference page, the page of codes.
//!
//! `cargo run -p edge-config --example regenerate`, in the root of the repository.

use std::{fs, io};

fn main() -> io::Result<()> {
    fs::write("conf/edge.schema.json", edge_config::schema_text())?;
    fs::write("docs/edge-yaml.md", edge_config::reference())?;
    fs::write("docs/edge-errors.md", edge_config::diagnose::explain::reference())
}
