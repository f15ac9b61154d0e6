//! Every shipped scenario loads, fits on a page, and can be run against its system.

use bench_load::{
    journey::{Data, Journeys, Table},
    protocol::Target,
    scenario::{Scenario, System, system},
};
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

fn load(file: &Path) -> Scenario {
    let told = Scenario::load(file, &|_| None);
    told.unwrap_or_else(|all| panic!("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// The tables that the scenario's system has, each with two rows.
fn data(scenario: &Scenario) -> Data {
    let mut data = Data::default();
    let mut users = Table::new(system::USERS);
    let mut posts = Table::new(system::POSTS);
    let mut sessions = Table::new(system::SESSIONS);
    for id in ["1", "2"] {
        users.push([id, "bench", "bench@bench.example", "secret-1"].map(str::to_owned));
        posts.push([id.to_owned()]);
        sessions.push([id, "a.b.c"].map(str::to_owned));
    }
    if let System::Platform(platform) = &scenario.system {
        for (rows, name, table) in [
            (platform.data.users, "users", users),
            (platform.data.posts, "posts", posts),
        ] {
            if rows > 0 {
                data.insert(name, table);
            }
        }
    }
    data.insert("sessions", sessions);
    data
}

#[test]
fn each_fits_on_a_page() {
    for file in files() {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 60, "{} has {lines} lines", file.display());
    }
}

#[test]
fn each_can_be_prepared_against_its_system() {
    for file in files() {
        let scenario = load(&file);
        let target = Target::parse("http://127.0.0.1:1").unwrap();
        if let Err(error) = Journeys::new(&scenario, &target, &data(&scenario), 1) {
            panic!("{}: {error}", file.display());
        }
    }
}

#[test]
fn each_edge_is_a_configuration_that_the_edge_takes() {
    for file in files() {
        let scenario = load(&file);
        let Some(edge) = scenario.system.edge() else { continue };
        let env = |name: &str| {
            Some(
                match name {
                    "ORIGIN_TARGETS" => "127.0.0.1:9001,127.0.0.1:9002",
                    "EDGE_BIND" => "127.0.0.1:9003",
                    "EDGE_ADMIN_BIND" => "127.0.0.1:9004",
                    "REDIS_URL" => "redis://127.0.0.1:9005",
                    _ => return None,
                }
                .to_owned(),
            )
        };
        let told = edge_config::Config::load(edge, &env);
        if let Err(all) = told {
            panic!("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
}
