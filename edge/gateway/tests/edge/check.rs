//! `edge check` and `edge schema`, as programs and people use them.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

const GOOD: &str = r#"version: 1
admin: { bind: "127.0.0.1:9901" }
listeners: { http: { bind: "0.0.0.0:8080" } }
redis: { url: "redis://127.0.0.1:6379" }
upstreams: { posts: { targets: ["127.0.0.1:3002"] } }
routes:
  graphql:
    match: { path: /graphql }
    graphql:
      subgraphs:
        posts: { upstream: posts, schema: posts.graphql }
        more: { upstream: posts, schema: more.graphql }
"#;

/// A folder with a configuration and its schemas.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("edge.yaml", text);
    write("posts.graphql", "type Query { posts: Int }");
    write("more.graphql", "type Query { more: Int }");
    folder
}

fn edge(root: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edge"))
        .args(args)
        .current_dir(root)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_clean_file_is_said_to_be_clean() {
    let folder = folder(GOOD);
    let output = edge(folder.path(), &["check", "edge.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), "edge.yaml: 1 routes, 1 upstreams, no mistakes\n");
    let output = edge(folder.path(), &["check", "edge.yaml", "--format", "json"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "[]\n"));
}

#[test]
fn mistakes_are_told_on_standard_output_in_the_wanted_form() {
    let folder = folder(&GOOD.replace("targets:", "target:").replace("version: 1", "version: 2"));
    let output = edge(folder.path(), &["check", "edge.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = text(&output.stdout);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines[0],
        "E110 edge.yaml:1:10 version: `2` is not known; this edge reads version `1`"
    );
    assert_eq!(
        lines[1],
        "E101 edge.yaml:5:23 unknown key `target` in upstreams.posts; did you mean `targets`?"
    );
    assert_eq!(lines.len(), 2, "{lines:#?}");

    let output = edge(folder.path(), &["check", "edge.yaml", "--format", "human"]);
    let shown = text(&output.stdout);
    assert!(
        shown.contains("\n   |                       ^^^^^^ did you mean `targets`?\n"),
        "{shown}"
    );
    assert!(
        shown.ends_with("edge.yaml: 2 errors, 0 warnings; `edge check --explain E110` tells more\n"),
        "{shown}"
    );

    let output = edge(folder.path(), &["check", "edge.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<_> = told[1].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["code", "severity", "file", "line", "column", "path", "message", "help"]
    );
    assert_eq!(told[1]["severity"], "error");
    assert_eq!(told[1]["path"], "upstreams.posts.target");
    assert_eq!((&told[1]["line"], &told[1]["column"]), (&5.into(), &23.into()));
}

#[test]
fn warnings_alone_are_no_failure() {
    let folder = folder(&GOOD.replace("\"127.0.0.1:9901\"", "\"0.0.0.0:9901\""));
    let output = edge(folder.path(), &["check", "edge.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).starts_with("W406 edge.yaml:2:16 admin.bind: "),
        "{output:?}"
    );
}

#[test]
fn what_cannot_be_checked_has_a_code_of_its_own() {
    let folder = folder(GOOD);
    let output = edge(folder.path(), &["check", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).starts_with("E100 nowhere.yaml:0:0 nowhere.yaml cannot be read"),
        "{output:?}"
    );
    assert_eq!(
        edge(folder.path(), &["check", "--format", "xml"]).status.code(),
        Some(2)
    );
}

#[test]
fn schemas_that_make_no_api_are_told_at_their_place() {
    let folder = folder(GOOD);
    fs::write(folder.path().join("more.graphql"), "type Query { posts: Int }").unwrap();
    let output = edge(folder.path(), &["check", "edge.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.starts_with("E220 edge.yaml:"), "{told}");
    assert!(told.contains("Query.posts") && !told.contains(":0:0 "), "{told}");
    fs::remove_file(folder.path().join("more.graphql")).unwrap();
    let told = text(&edge(folder.path(), &["check", "edge.yaml"]).stdout);
    assert!(told.starts_with("E210 edge.yaml:12:42 "), "{told}");
}

#[test]
fn codes_are_explained() {
    let root = Path::new(".");
    let output = edge(root, &["check", "--explain", "e201"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("# E201: a name that is not defined\n"));
    let output = edge(root, &["check", "--explain", "E20"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `E"), "{output:?}");
}

#[test]
fn the_schema_is_printed_in_three_forms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (format, file) in [
        ("json", "conf/edge.schema.json"),
        ("markdown", "docs/edge-yaml.md"),
        ("errors", "docs/edge-errors.md"),
    ] {
        let output = edge(&root, &["schema", "--format", format]);
        assert!(output.status.success());
        assert!(
            text(&output.stdout) == fs::read_to_string(root.join(file)).unwrap(),
            "{file}"
        );
    }
}
