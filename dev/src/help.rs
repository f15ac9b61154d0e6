//! The texts of `--help`.

const OVERVIEW: &str = "\
cargo dev: the NewFeed platform on one machine

Usage: cargo dev [OPTIONS] COMMAND

Run it
  up        install what is missing, build, start everything, wait until it serves
  down      stop everything
  status    what runs, where, since when
  logs      what the programs and stores wrote
  env       the addresses, as shell variables
  smoke     run the README's examples against the running platform

Break it and mend it
  stop, start, restart, kill NAME[.N]
            one program or store; kill gives no warning (SIGKILL)
            names: edge auth posts media comments notifications postgres redis rabbitmq

Work on it
  build     the programs, also with an edge that a profile of itself optimised (--pgo)
  test      all tests: crates, then end to end through a real edge
  bench     load tests, comparisons with peers, reports
  doctor    what is installed, free and configured
  secrets   fresh secrets as lines for `.env` (for docker compose)
  reset     delete all data

Options
  --state DIR     where the platform lives (default: .run in the workspace)
  --free-ports    programs take free ports instead of 8080 and 3001 to 3005
  -h, --help      this text, or a command's own: cargo dev up --help";

const UP: &str = "\
Usage: cargo dev up [--detach] [--scale NAME=N,...] [--config FILE] [--docker] [--release] [--pgo]
                    [--edge FILE]

Brings the platform up, or brings a running one in line: what is new or was rebuilt is (re)started, the rest is left
alone. In the foreground it stays, reports a program that ends by itself, and Ctrl-C stops everything.

  -d, --detach          return when everything is ready, and leave it running
  --scale comments=3    instances of a program, on its port, +100, +200 (default: as it is, at first 1)
  --config FILE         the edge's configuration (default: conf/edge.yaml)
  --docker              the three stores as containers
  --release             the optimised build
  --pgo                 the same, with an edge that a profile of itself optimised; first: cargo dev build --pgo
  --edge FILE           a built edge, in the place of the checkout's own

Stores: PostgreSQL 15+, Redis 7+ and RabbitMQ 3.10+ are started privately, on free ports of 127.0.0.1. To use others,
set DATABASE_URL_AUTH, DATABASE_URL_POSTS, DATABASE_URL_MEDIA, DATABASE_URL_COMMENTS, DATABASE_URL_NOTIFICATIONS,
REDIS_URL or AMQP_URL in `.env` or the environment (see conf/.env.example).";

const LOGS: &str = "\
Usage: cargo dev logs [NAME[.N]] [-f] [-n LINES]

  -f, --follow    go on as more is written
  -n, --lines N   begin this many lines before the end (default: 100)";

const TEST: &str = "\
Usage: cargo dev test [--full] [--e2e] [-- ARGS]

Runs `cargo test` on the workspace with stores of its own, then the end-to-end tests in tests/ against a platform of
its own (two instances of edge, comments and notifications). It does not touch a running platform.

  --full    also the tests that take long (those marked `ignored`, and TEST_FULL=1 for the end-to-end tests)
  --e2e     the end-to-end tests alone
  -- ARGS   for `cargo test`; with them only the tests of crates run: cargo dev test -- -p posts";

const BUILD: &str = "\
Usage: cargo dev build [--release] [--pgo]

Builds the six programs, as `up` does, and says where they are.

  --release    the optimised build
  --pgo        the same, and once more the edge, by a profile of itself: an edge that counts is built, the bench suite's
               scenarios train it, and what they counted decides how the edge is built. `cargo dev up --pgo` runs it,
               `cargo dev bench ... --edge target/pgo/edge` measures it. After a change of the code both build it again
               by the profile there is; this command makes a new one. An llvm-profdata of the compiler's LLVM is
               fetched from PyPI where there is none.";

const BENCH: &str = "\
Usage: cargo dev bench [ARGS]

Builds the bench suite and runs it with ARGS; without any it tells what there is. See bench/README.md.";

const STATUS: &str = "\
Usage: cargo dev status [--json]

Exits with 0 when everything is ready, else with 1.";

const ENV: &str = "\
Usage: eval \"$(cargo dev env)\"

EDGE_URL, ADMIN_URL, a DATABASE_URL_NAME and NAME_URL for each service (NAME_URLS: all its instances), REDIS_URL,
AMQP_URL, AMQP_ADMIN_URL, and EDGE_ADMIN and EDGE_ADMIN_TOKEN_FILE, by which the commands of `edge` find it.";

const SMOKE: &str = "\
Usage: cargo dev smoke

Runs every `curl` of the README's examples against the running platform, with names that were not used before, and
says of each whether it answered as it should. Exits with 1 when one did not.";

const RESET: &str = "\
Usage: cargo dev reset [--yes]

Stops everything and deletes the state directory: databases, files, secrets, logs. Asks first.";

const DOCTOR: &str = "\
Usage: cargo dev doctor [--install]

Looks at everything `up`, `test` and `bench` need and changes nothing. Exits with 1 when something is missing that they cannot
install by themselves.

  --install    first install what is missing; all but perf";

const SECRETS: &str = "\
Usage: cargo dev secrets > .env

Prints fresh secrets as lines for `.env`, as docker-compose.yml reads them. `cargo dev up` needs none of this: it makes
its own on the first run.";

const CONTROL: &str = "\
Usage: cargo dev stop|start|restart|kill NAME[.N]...

Without .N: every instance. stop asks politely and waits; kill is SIGKILL; start waits until it is ready and uses what
was built last. Names: edge auth posts media comments notifications postgres redis rabbitmq";

const DOWN: &str = "\
Usage: cargo dev down

Drains the edge, then stops the services, then the stores. Cleans up after an `up` that was killed, too.";

/// The help of one command, or of all.
pub(crate) fn text(topic: Option<&str>) -> String {
    let text = match topic {
        Some("up") => UP,
        Some("down") => DOWN,
        Some("logs") => LOGS,
        Some("build") => BUILD,
        Some("test") => TEST,
        Some("bench") => BENCH,
        Some("status") => STATUS,
        Some("env") => ENV,
        Some("smoke") => SMOKE,
        Some("reset") => RESET,
        Some("doctor") => DOCTOR,
        Some("secrets") => SECRETS,
        Some("stop" | "start" | "restart" | "kill") => CONTROL,
        _ => OVERVIEW,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::COMMANDS;

    #[test]
    fn every_command_is_in_the_overview_and_has_its_own_help() {
        for command in COMMANDS.into_iter().filter(|command| *command != "help") {
            assert!(OVERVIEW.contains(command), "{command}");
            assert_ne!(text(Some(command)), OVERVIEW, "{command}");
        }
    }
}
