//! The real stores in a temporary directory: started, killed, started again, stopped, removed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::{path::PathBuf, process::Command, thread};

use shared_stack::{Condition, Options, Stack, Store, process};

fn no_cancel() -> bool {
    false
}

fn open(state: &std::path::Path) -> Stack {
    let databases = vec!["post_db".to_owned(), "auth_db".to_owned()];
    Stack::new(
        state,
        Options {
            databases,
            ..Options::default()
        },
    )
    .unwrap()
}

/// Leaves nothing running when a test fails half-way.
struct Cleanup(Stack);

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Err(error) = self.0.destroy() {
            eprintln!("{error}");
        }
    }
}

fn start_all(stack: &Stack) {
    thread::scope(|scope| {
        for store in Store::ALL {
            scope.spawn(move || {
                stack
                    .start(store, &no_cancel)
                    .map_err(|error| error.to_string())
                    .unwrap()
            });
        }
    });
}

fn redis_cli(stack: &Stack, args: &[&str]) -> String {
    let port = stack
        .address(Store::Redis)
        .unwrap()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let output = Command::new("redis-cli")
        .args(["-p", &port])
        .args(args)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn sql(stack: &Stack, statement: &str) -> String {
    let url = stack.database_url("post_db").unwrap().unwrap();
    let output = Command::new("psql")
        .args(["-XAtq", "-c", statement, &url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// One test, since the point is the order of events on one set of stores.
#[test]
fn stores_start_survive_a_kill_and_leave_nothing() {
    // A space in the path and, for root, a directory closed to others: both must work.
    let temporary = tempfile::tempdir().unwrap();
    let stack = open(&temporary.path().join("my state"));
    let _cleanup = Cleanup(stack.clone());
    start_all(&stack);
    for store in Store::ALL {
        assert_eq!(stack.condition(store).unwrap(), Condition::Ready, "{store}");
        assert!(!stack.start(store, &no_cancel).unwrap().new, "{store} started twice");
    }
    let urls = (
        stack.database_url("auth_db").unwrap(),
        stack.redis_url().unwrap(),
        stack.amqp_url().unwrap(),
    );

    assert_eq!(redis_cli(&stack, &["INCR", "count"]), "1");
    sql(&stack, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)");
    for store in Store::ALL {
        assert!(stack.kill(store).unwrap());
        assert_eq!(stack.condition(store).unwrap(), Condition::Killed, "{store}");
    }
    // Another command, which knows only the directory, brings them back.
    let stack = open(&temporary.path().join("my state"));
    start_all(&stack);
    assert_eq!(redis_cli(&stack, &["INCR", "count"]), "2", "a count was lost");
    assert_eq!(sql(&stack, "SELECT n FROM kept"), "7");
    let again = (
        stack.database_url("auth_db").unwrap(),
        stack.redis_url().unwrap(),
        stack.amqp_url().unwrap(),
    );
    assert_eq!(urls, again, "programs that run would lose their stores");

    for store in Store::ALL {
        assert!(stack.stop(store).unwrap());
        assert_eq!(stack.condition(store).unwrap(), Condition::Stopped, "{store}");
        assert!(!stack.stop(store).unwrap());
    }
    assert_eq!(process::marked(stack.state()), Vec::new(), "left running");
    let outside = outside_data(&stack);
    stack.destroy().unwrap();
    assert!(outside.iter().all(|dir| !dir.exists()), "{outside:?} left behind");
}

#[test]
fn a_store_whose_record_was_lost_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let stack = open(temporary.path());
    let _cleanup = Cleanup(stack.clone());
    stack.start(Store::Redis, &no_cancel).unwrap();
    let first = stack.process(Store::Redis).unwrap().unwrap();
    std::fs::remove_file(stack.state().join("redis/store.json")).unwrap();
    stack.start(Store::Redis, &no_cancel).unwrap();
    assert!(!first.is_alive(), "two servers on the same data");
    stack.destroy().unwrap();
}

/// Directories in `/var/tmp` that this stack made.
fn outside_data(stack: &Stack) -> Vec<PathBuf> {
    let records = Store::ALL.iter().filter_map(|store| {
        let text = std::fs::read_to_string(stack.state().join(store.name()).join("store.json")).ok()?;
        let record: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(PathBuf::from(record["elsewhere"].as_str()?))
    });
    records.collect()
}
