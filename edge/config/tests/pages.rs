//! Every code has its page, and the examples on it are true: the first is told with that code, the second is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{
    Config, Diagnostic, Surroundings,
    diagnose::explain::{Page, explain, pages, reference},
};
use std::{collections::BTreeSet, path::Path};

/// What an example stands in; a section of the example replaces the one here.
const BASE: [&str; 6] = [
    "version: 1\n",
    "admin: { bind: \"127.0.0.1:9901\" }\n",
    "listeners: { http: { bind: \"0.0.0.0:8080\" } }\n",
    "redis: { url: \"redis://127.0.0.1:6379\" }\n",
    "upstreams: { posts: { targets: [\"127.0.0.1:3002\"] } }\n",
    "routes: { posts: { match: { path_prefix: /api/posts }, upstream: posts } }\n",
];

/// Codes whose examples need certificates.
const NEED_CERTIFICATES: [&str; 1] = ["E211"];

fn told(example: &str) -> Vec<Diagnostic> {
    let name = |text: &str| text.split(':').next().unwrap().to_owned();
    let own: BTreeSet<String> = example
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(name)
        .collect();
    let base = BASE.iter().filter(|section| !own.contains(&name(section)));
    let text: String = base.copied().chain([example]).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edge.yaml");
    std::fs::write(&file, text).unwrap();
    match Config::load_in(&file, &Surroundings::new(&|_| None)) {
        Ok(loaded) => loaded.warnings,
        Err(all) => all,
    }
}

fn examples(page: &Page) -> Vec<String> {
    let blocks = page.text.split("```yaml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn wrong_examples_are_wrong_and_right_ones_right() {
    let mut shown = 0;
    for page in pages() {
        let examples = examples(&page);
        if NEED_CERTIFICATES.contains(&page.code) || examples.is_empty() {
            continue;
        }
        let [wrong, right] = examples.as_slice() else {
            panic!("{}: {} examples", page.code, examples.len())
        };
        let codes = |example: &str| told(example).iter().map(|one| one.code).collect::<Vec<_>>();
        assert!(codes(wrong).contains(&page.code), "{}: {:?}", page.code, told(wrong));
        assert_eq!(codes(right), [""; 0], "{}: {:?}", page.code, told(right));
        shown += 1;
    }
    assert!(shown >= 18, "{shown}");
}

#[test]
fn each_page_has_a_title_and_a_cure() {
    let pages = pages();
    let codes: BTreeSet<_> = pages.iter().map(|page| page.code).collect();
    assert_eq!(codes.len(), pages.len(), "each code once");
    for page in &pages {
        assert!(
            page.text.starts_with(&format!("# {}: {}\n", page.code, page.title)),
            "{}",
            page.text
        );
        assert!(page.text.lines().count() > 4, "{}", page.text);
        assert!(
            page.text.lines().all(|line| line.chars().count() <= 140),
            "{}",
            page.code
        );
    }
}

#[test]
fn an_unknown_code_is_told_with_what_was_meant() {
    assert_eq!(explain("e201").unwrap().code, "E201");
    assert_eq!(
        explain("E2O1").unwrap_err(),
        "there is no code `E2O1`; did you mean `E201`?"
    );
    assert!(explain("nonsense").unwrap_err().contains("codes are E100, E101"));
}

#[test]
fn the_shipped_pages_are_these() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/edge-errors.md");
    let shipped = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        shipped == reference(),
        "make it anew: cargo run -p edge-config --example regenerate"
    );
}
