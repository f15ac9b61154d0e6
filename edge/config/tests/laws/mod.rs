//! What holds for every text, whatever is in it.

use edge_config::{Config, Diagnostic, Loaded, diagnose::explain::explain, diff};
use std::path::Path;

/// Reads a text and looks at what comes out.
///
/// # Panics
/// A law does not hold.
pub fn hold(text: &str) {
    let env = |name: &str| match name.len() % 3 {
        0 => None,
        1 => Some(String::new()),
        _ => Some("7".to_owned()),
    };
    match Config::parse(text, Path::new("edge.yaml"), &env) {
        Ok(loaded) => usable(&loaded, text),
        Err(told) => {
            assert!(told.iter().any(Diagnostic::is_error), "refused without a reason");
            assert!(told.len() <= 402, "{}", told.len());
            told.iter().for_each(|one| well_told(one, text));
        }
    }
}

fn usable(loaded: &Loaded, text: &str) {
    loaded.warnings.iter().for_each(|one| well_told(one, text));
    assert!(loaded.warnings.iter().all(|one| !one.is_error()));
    assert_eq!(diff(&loaded.config, &loaded.config), []);
    for (path, source) in loaded.sources.under("") {
        // Two names with dots may spell the same path; one of them answers.
        assert!(loaded.sources.get(&path).is_some(), "{path}");
        let _ = (source.origin.to_string(), loaded.sources.place(&path));
    }
    // Secrets are not in it, so only what has none reads back as the same.
    let shown = loaded.sources.effective().to_string();
    if !shown.contains("(hidden)") && !shown.contains("${") && !shown.contains(char::is_control) {
        let again = Config::parse(&shown, Path::new("edge.yaml"), &|_| None);
        let again = again.unwrap_or_else(|told| panic!("{}\n{shown}", told[0]));
        assert_eq!(again.sources.effective(), loaded.sources.effective());
    }
}

fn well_told(one: &Diagnostic, text: &str) {
    let line = one.to_string();
    assert!(!line.contains('\n') && !one.message.is_empty(), "{line}");
    assert!(line.chars().count() < 2_000, "{line}");
    assert!(explain(one.code).is_ok(), "{line}");
    assert!(
        one.at.line == 0 || one.at.line as usize <= text.lines().count() + 1,
        "{line}"
    );
    assert!(!one.render(text).is_empty());
}
