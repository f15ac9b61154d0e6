//! Every kind of report in both views: what matters is told, and the page is sound before a browser sees it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod samples;

use html5gum::{Token, Tokenizer};
use samples::Sample;
use std::collections::BTreeSet;

#[test]
fn both_views_tell_what_matters() {
    for sample in samples::all().unwrap() {
        let Sample { name, page, text, .. } = &sample;
        let words = words(page);
        let absent = |from: &str, facts: &[String]| -> Vec<String> {
            let absent = facts.iter().filter(|fact| !from.contains(*fact));
            absent.cloned().collect()
        };
        assert!(!sample.facts.is_empty(), "{name}");
        assert_eq!(
            absent(text, &sample.facts),
            [""; 0],
            "{name}: not in the terminal:\n{text}"
        );
        assert_eq!(absent(&words, &sample.facts), [""; 0], "{name}: not on the page");
        assert_eq!(absent(&words, &sample.details), [""; 0], "{name}: not on the page");
    }
}

#[test]
fn pages_are_well_formed_and_refer_to_nothing_but_themselves() {
    for Sample { name, page, .. } in samples::all().unwrap() {
        let (mut ids, mut references) = (BTreeSet::new(), BTreeSet::new());
        for Ok(token) in Tokenizer::new(&page) {
            match token {
                Token::Error(error) => panic!("{name}: {error:?}"),
                Token::StartTag(tag) => {
                    for (key, value) in &tag.attributes {
                        let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
                        match key.as_ref() {
                            "id" => assert!(ids.insert(value.to_string()), "{name}: two of {value}"),
                            "src" | "srcset" | "action" | "style" => panic!("{name}: {key}={value}"),
                            "href" if value.starts_with("data:") => {}
                            "href" => drop(
                                references.insert(value.strip_prefix('#').expect("a place on the page").to_string()),
                            ),
                            "aria-labelledby" | "aria-describedby" => drop(references.insert(value.to_string())),
                            key => assert!(!key.starts_with("on"), "{name}: {key}"),
                        }
                    }
                    assert_ne!(&**tag.name, b"script", "{name}");
                }
                _ => {}
            }
        }
        assert!(references.is_subset(&ids), "{name}: {:?}", references.difference(&ids));
    }
}

/// The text between tags.
fn words(page: &str) -> String {
    let mut words = String::new();
    for Ok(token) in Tokenizer::new(page) {
        if let Token::String(text) = token {
            words.push_str(&String::from_utf8_lossy(&text));
        }
    }
    words
}
