//! Mistakes that operators make, a file each in `broken/`. What must be told stands in the file's first line, or beside it in
//! a file of the same name that ends in `.expect`: `# expect: E101 11:5 did you mean`, the code, the place, a part of the cure.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Config, Diagnostic, Surroundings};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

fn told(file: &Path) -> Vec<Diagnostic> {
    let around = Surroundings {
        root: &folder(),
        ..Surroundings::new(&|_| None)
    };
    match Config::load_in(file, &around) {
        Ok(loaded) => loaded.warnings,
        Err(all) => all,
    }
}

/// The code with its place, and a part of the words.
fn expectation(file: &Path) -> (String, String) {
    let beside = file.with_extension("expect");
    let text = fs::read_to_string(if beside.exists() { &beside } else { file }).unwrap();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("# expect: ").unwrap_or(line);
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (code, place, part) = (word(), word(), word());
    (format!("{code} {}:{place} ", file.file_name().unwrap().display()), part)
}

#[test]
fn each_mistake_is_told_with_its_place_and_cure() {
    let files = files();
    assert!(files.len() >= 100, "{}", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let (head, part) = expectation(file);
        let lines: Vec<String> = told(file).iter().map(ToString::to_string).collect();
        let fits = |line: &String| line.starts_with(&head) && line.contains(&part) && !part.is_empty();
        if !lines.iter().any(fits) {
            wrong.push(format!("want {head}{part}\n got {}", lines.join("\n     ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
}

/// One mistake makes one diagnostic: what follows from it is not told as well.
#[test]
fn a_mistake_is_told_once() {
    // What was a section becomes an unknown upstream; and the files are not there.
    let many = [
        "public-port-zero",
        "section-inside-another",
        "target-port-on-its-own",
        "version-of-tls-without-quotes",
    ];
    for file in files() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let told = told(&file);
        if !many.contains(&name.as_str()) {
            let errors = told.iter().filter(|one| one.is_error()).count();
            assert!(errors == 1 || (errors == 0 && told.len() == 1), "{name}: {told:#?}");
        }
        for one in &told {
            assert!(
                one.at.line > 0 && one.at.column > 0 && !one.help.is_empty(),
                "{name}: {one:#?}"
            );
            assert!(!one.to_string().contains('\n'), "{name}: {one:#?}");
        }
    }
}

#[test]
fn the_largest_and_the_oddest_files_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edge.yaml");
    let large = "a: [x, y]\n".repeat(10 * 1024 * 1024);
    for text in [
        large,
        "\u{feff}".to_owned(),
        "\"".repeat(1 << 19),
        "a:\n".repeat(1 << 17),
        "? ".repeat(1 << 18),
    ] {
        fs::write(&file, text).unwrap();
        let begun = Instant::now();
        let all = told(&file);
        assert!(!all.is_empty() && all.len() <= 402, "{}", all.len());
        assert!(all.iter().all(|one| one.to_string().len() < 1000));
        // Generous: the build is not optimised, and the machine may be busy.
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}: {}",
            begun.elapsed(),
            all[0]
        );
    }
    assert!(told(folder.path())[0].to_string().contains("cannot be read"));
}
