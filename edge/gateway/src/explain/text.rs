//! An explanation for people: a line a fact, aligned, the place it comes from at the end.

use super::report::{Fact, Place, Report};
use std::{fmt, path::Path};

/// Longest text that the places of the others stand behind.
const WIDEST: usize = 64;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = match self.generation {
            Some(number) => format!("generation {number} of the running edge"),
            None => "offline: no keys, no counts, no health".to_owned(),
        };
        writeln!(f, "{} {}  ({}, {with})", self.method, self.target, self.file)?;
        let file = Path::new(&self.file)
            .file_name()
            .unwrap_or_default()
            .display()
            .to_string();
        let all = || self.stages.iter().flat_map(|stage| &stage.facts);
        let names = all().map(|fact| fact.name.len()).max().unwrap_or_default();
        let lengths = all()
            .filter(|fact| fact.source.is_some())
            .map(|fact| fact.text.chars().count());
        let texts = lengths.filter(|length| *length <= WIDEST).max().unwrap_or_default();
        for stage in &self.stages {
            let mut label = stage.stage.as_str();
            for Fact { name, text, source, .. } in &stage.facts {
                match source {
                    Some(place) => writeln!(f, "{label:8} {name:names$}  {text:texts$}  {}", Shown(place, &file))?,
                    None => writeln!(f, "{label:8} {name:names$}  {text}")?,
                }
                label = "";
            }
        }
        write!(f, "=> {}", self.verdict.text)
    }
}

/// A place, with the file's short name.
struct Shown<'p>(&'p Place, &'p str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(place, file) = self;
        match place.from.as_str() {
            "file" => write!(f, "{file}:{}", place.line)?,
            "defaults" => write!(f, "defaults, line {}", place.line)?,
            _ => f.write_str("built in")?,
        }
        for variable in &place.variables {
            let state = if variable.set { "" } else { " not set" };
            write!(f, ", ${{{}}}{state}", variable.name)?;
        }
        Ok(())
    }
}
