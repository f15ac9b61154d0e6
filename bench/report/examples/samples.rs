//! Writes a sample of every kind of report: its page for a browser, its text for a terminal, and what must be read in both.
//!
//! `cargo run -p bench-report --example samples -- DIR` makes `DIR/<name>.html`, `DIR/<name>.txt` and `DIR/samples.json`.

#[path = "../tests/samples/mod.rs"]
mod samples;

use samples::Sample;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(env::args_os().nth(1).ok_or("usage: samples DIR")?);
    fs::create_dir_all(&dir)?;
    let mut index = vec![];
    for sample in samples::all()? {
        let Sample { name, page, text, .. } = &sample;
        fs::write(dir.join(format!("{name}.html")), page)?;
        fs::write(dir.join(format!("{name}.txt")), text)?;
        let facts = [sample.facts.as_slice(), &sample.details].concat();
        index.push(serde_json::json!({ "name": name, "facts": facts }));
    }
    fs::write(dir.join("samples.json"), serde_json::to_string_pretty(&index)?)?;
    Ok(())
}
