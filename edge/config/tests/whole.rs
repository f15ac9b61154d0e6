//! The file with every key that the design names: it loads, and all of it is acted on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Config, Diagnostic, Loaded, Surroundings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{fs, path::Path};

/// A folder with all files that the fixture names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["edge.example".to_owned()]).unwrap();
    write("certs/edge.pem", &cert.pem());
    write("certs/edge.key", &signing_key.serialize_pem());
    write(".run/admin.token", "token");
    for name in ["posts", "comments"] {
        write(&format!("conf/graphql/{name}.graphql"), "type Query { x: Int }");
    }
    folder
}

fn load(root: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/whole.yaml");
    Config::load_in(
        &file,
        &Surroundings {
            root,
            ..Surroundings::new(&|_| None)
        },
    )
}

#[test]
fn the_whole_design_loads_and_all_of_it_is_acted_on() {
    let folder = folder();
    let Loaded { config, warnings, .. } = load(folder.path()).unwrap_or_else(|all| panic!("{all:#?}"));
    assert_eq!(warnings, []);
    assert_eq!(config.routes["graphql"].graphql.as_ref().unwrap().subgraphs.len(), 2);
    assert_eq!(config.upstreams["media"].instances()[0].address, "media.internal:3003");
}

#[test]
fn files_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = load(folder.path()).unwrap_err();
    let missing: Vec<_> = told
        .iter()
        .filter(|one| one.code == "E210")
        .map(|one| one.path.as_str())
        .collect();
    let want = [
        "listeners.https.tls.certificates.0.cert_file",
        "listeners.https.tls.certificates.0.key_file",
        "routes.graphql.graphql.subgraphs.comments.schema",
        "routes.graphql.graphql.subgraphs.posts.schema",
    ];
    for path in want {
        assert!(missing.contains(&path), "{path}: {missing:?}");
    }
}
