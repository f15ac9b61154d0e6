//! The command line: what can be asked, and clear words for what cannot.

use std::{collections::BTreeMap, path::PathBuf};

use shared_stack::{Error, Result};

use crate::names::{Part, Program, Target, unknown};
use rest::Rest;

mod rest;

/// A whole command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) global: Global,
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Global {
    /// Where the platform lives; default `.run` in the workspace.
    pub(crate) state: Option<PathBuf>,
    /// Programs take free ports instead of 8080 and 300x.
    pub(crate) free_ports: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Up(UpOptions),
    Build(BuildOptions),
    Down,
    Status {
        json: bool,
    },
    Logs(LogOptions),
    Stop(Vec<Target>),
    Start(Vec<Target>),
    Restart(Vec<Target>),
    Kill(Vec<Target>),
    Env,
    Smoke,
    Test(TestOptions),
    /// What follows is for the bench suite alone.
    Bench(Vec<String>),
    Reset {
        yes: bool,
    },
    Doctor {
        install: bool,
    },
    Secrets,
    Help(Option<String>),
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct UpOptions {
    pub(crate) detach: bool,
    /// Instances by program; a program that is not named keeps what it has, at first one.
    pub(crate) scale: BTreeMap<Program, u32>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) docker: bool,
    pub(crate) build: BuildOptions,
    /// A built edge, in the place of the checkout's own.
    pub(crate) edge: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct BuildOptions {
    /// Optimised.
    pub(crate) release: bool,
    /// An edge optimised by a profile of itself too; never without `release`.
    pub(crate) pgo: bool,
}

impl BuildOptions {
    /// Takes one of its options.
    fn take(&mut self, option: &str) -> bool {
        match option {
            "--release" => self.release = true,
            "--pgo" => {
                *self = Self {
                    release: true,
                    pgo: true,
                }
            }
            _ => return false,
        }
        true
    }
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct TestOptions {
    /// Long tests too.
    pub(crate) full: bool,
    /// The end-to-end tests alone.
    pub(crate) e2e: bool,
    /// For `cargo test`.
    pub(crate) args: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct LogOptions {
    pub(crate) target: Option<Target>,
    pub(crate) follow: bool,
    pub(crate) lines: usize,
}

/// Every command, for suggestions.
pub(crate) const COMMANDS: [&str; 17] = [
    "up", "down", "status", "logs", "stop", "start", "restart", "kill", "env", "smoke", "build", "test", "bench",
    "reset", "doctor", "secrets", "help",
];

/// More would run into another program's ports.
const MAX_INSTANCES: u32 = 10;

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Request> {
    let mut rest = Rest {
        args: args.collect::<Vec<_>>().into(),
        global: Global::default(),
        help: false,
    };
    let command = match rest.next()? {
        Some(word) if word.starts_with('-') => {
            return Err(unknown("option", &word, &["--state", "--free-ports", "--help"]));
        }
        Some(word) => word,
        None => return Ok(rest.request(Command::Help(None))),
    };
    if rest.help {
        return Ok(rest.request(Command::Help(Some(command))));
    }
    let parsed = parse_command(&command, &mut rest)?;
    let parsed = if rest.help {
        Command::Help(Some(command))
    } else {
        parsed
    };
    Ok(rest.request(parsed))
}

fn parse_command(command: &str, rest: &mut Rest) -> Result<Command> {
    Ok(match command {
        "up" => Command::Up(parse_up(rest)?),
        "status" => Command::Status {
            json: rest.flags(&["--json"])?[0],
        },
        "logs" => Command::Logs(parse_logs(rest)?),
        "stop" => Command::Stop(rest.targets(command)?),
        "start" => Command::Start(rest.targets(command)?),
        "restart" => Command::Restart(rest.targets(command)?),
        "kill" => Command::Kill(rest.targets(command)?),
        "build" => Command::Build(parse_build(rest)?),
        "test" => Command::Test(parse_test(rest)?),
        "bench" => Command::Bench(rest.args.drain(..).collect()),
        "reset" => {
            let given = rest.flags(&["--yes", "-y"])?;
            Command::Reset {
                yes: given[0] || given[1],
            }
        }
        "down" => rest.nothing(Command::Down)?,
        "env" => rest.nothing(Command::Env)?,
        "smoke" => rest.nothing(Command::Smoke)?,
        "doctor" => Command::Doctor {
            install: rest.flags(&["--install"])?[0],
        },
        "secrets" => rest.nothing(Command::Secrets)?,
        "help" => Command::Help(rest.next()?),
        other => return Err(unknown("command", other, &COMMANDS)),
    })
}

fn parse_up(rest: &mut Rest) -> Result<UpOptions> {
    let mut options = UpOptions::default();
    while let Some(word) = rest.next()? {
        match word.as_str() {
            "--detach" | "-d" => options.detach = true,
            "--docker" => options.docker = true,
            option if options.build.take(option) => {}
            "--config" => options.config = Some(rest.value("--config")?.into()),
            "--edge" => options.edge = Some(rest.value("--edge")?.into()),
            "--scale" => options.scale.extend(parse_scale(&rest.value("--scale")?)?),
            other => {
                let known = [
                    "--detach",
                    "--scale",
                    "--config",
                    "--docker",
                    "--release",
                    "--pgo",
                    "--edge",
                    "--state",
                    "--free-ports",
                ];
                return Err(unknown("option of `up`", other, &known));
            }
        }
    }
    if options.build.pgo && options.edge.is_some() {
        return Err(Error::new("--pgo and --edge name two different edges"));
    }
    Ok(options)
}

fn parse_build(rest: &mut Rest) -> Result<BuildOptions> {
    let mut options = BuildOptions::default();
    while let Some(word) = rest.next()? {
        if !options.take(&word) {
            return Err(unknown("option of `build`", &word, &["--release", "--pgo"]));
        }
    }
    Ok(options)
}

/// `comments=3,notifications=2`
fn parse_scale(text: &str) -> Result<BTreeMap<Program, u32>> {
    let mut scale = BTreeMap::new();
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let example = "--scale comments=3,notifications=2";
        let Some((name, count)) = item.split_once('=') else {
            return Err(Error::new(format!("--scale `{item}` has no number")).cure(format!("write it like {example}")));
        };
        let Part::Program(program) = name.parse()? else {
            return Err(Error::new(format!("--scale `{item}`: a store has one instance")));
        };
        let count = count.parse().ok().filter(|n| (1..=MAX_INSTANCES).contains(n));
        let Some(count) = count else {
            return Err(Error::new(format!(
                "--scale `{item}`: the number must be from 1 to {MAX_INSTANCES}"
            )));
        };
        scale.insert(program, count);
    }
    if scale.is_empty() {
        return Err(Error::new("--scale names no program").cure("--scale comments=3,notifications=2"));
    }
    Ok(scale)
}

fn parse_logs(rest: &mut Rest) -> Result<LogOptions> {
    let mut options = LogOptions {
        target: None,
        follow: false,
        lines: 100,
    };
    while let Some(word) = rest.next()? {
        match word.as_str() {
            "-f" | "--follow" => options.follow = true,
            "-n" | "--lines" => {
                let text = rest.value("--lines")?;
                options.lines = text
                    .parse()
                    .map_err(|_| Error::new(format!("--lines `{text}` is not a number")))?;
            }
            flag if flag.starts_with('-') => return Err(unknown("option of `logs`", flag, &["--follow", "--lines"])),
            name if options.target.is_none() => options.target = Some(name.parse()?),
            more => return Err(Error::new(format!("`logs` takes one name; `{more}` is a second one"))),
        }
    }
    Ok(options)
}

fn parse_test(rest: &mut Rest) -> Result<TestOptions> {
    let mut options = TestOptions::default();
    while let Some(word) = rest.next()? {
        match word.as_str() {
            "--full" => options.full = true,
            "--e2e" => options.e2e = true,
            "--" => options.args = rest.args.drain(..).collect(),
            other => {
                let error = unknown("option of `test`", other, &["--full", "--e2e"]);
                return Err(error.cure("arguments for `cargo test` follow `--`: cargo dev test -- -p posts"));
            }
        }
    }
    if options.e2e && !options.args.is_empty() {
        return Err(Error::new("--e2e runs no `cargo test`, so nothing can follow `--`"));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use shared_stack::Store;

    use super::*;

    fn parsed(line: &str) -> Result<Request> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn refused(line: &str) -> String {
        parsed(line).unwrap_err().to_string()
    }

    #[test]
    fn up_takes_its_options_in_any_order() {
        let request =
            parsed("--free-ports up --scale comments=3,edge=2 --detach --state /x --config=tests/edge.yaml").unwrap();
        assert_eq!(
            request.global,
            Global {
                state: Some("/x".into()),
                free_ports: true
            }
        );
        let scale = BTreeMap::from([(Program::Comments, 3), (Program::Edge, 2)]);
        let config = Some("tests/edge.yaml".into());
        assert_eq!(
            request.command,
            Command::Up(UpOptions {
                detach: true,
                scale,
                config,
                ..UpOptions::default()
            })
        );
    }

    #[test]
    fn scale_is_checked() {
        assert!(refused("up --scale comments").contains("has no number"));
        assert!(refused("up --scale comments=0").contains("from 1 to 10"));
        assert!(refused("up --scale comment=2").contains("did you mean `comments`"));
        assert!(refused("up --scale redis=2").contains("one instance"));
        assert!(refused("up --scale").contains("needs a value"));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(refused("statsu").contains("did you mean `status`?"));
        assert!(refused("up --detatch").contains("did you mean `--detach`?"));
        assert!(refused("--stat x up").contains("did you mean `--state`?"));
        assert!(refused("kill").contains("needs a name"));
        assert!(refused("kill post").contains("did you mean `posts`?"));
        assert!(refused("down now").contains("unexpected `now`"));
        assert!(refused("test --e2e -- -p posts").contains("nothing can follow"));
        assert!(refused("test -p posts").contains("follow `--`"));
        assert!(refused("reset --all").contains("unknown option"));
    }

    #[test]
    fn test_passes_everything_after_the_dashes() {
        let args = ["-p", "posts", "--", "--state=x", "--nocapture"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(
            parsed("test --full -- -p posts -- --state=x --nocapture")
                .unwrap()
                .command,
            Command::Test(TestOptions {
                full: true,
                e2e: false,
                args
            })
        );
    }

    #[test]
    fn a_build_by_profile_is_an_optimised_one() {
        let both = BuildOptions {
            release: true,
            pgo: true,
        };
        assert_eq!(
            parsed("build").unwrap().command,
            Command::Build(BuildOptions::default())
        );
        assert_eq!(parsed("build --pgo").unwrap().command, Command::Build(both));
        let up = UpOptions {
            build: both,
            ..UpOptions::default()
        };
        assert_eq!(parsed("up --pgo").unwrap().command, Command::Up(up));
        assert!(refused("up --pgo --edge target/pgo/edge").contains("two different edges"));
        assert!(refused("build --relase").contains("did you mean `--release`?"));
    }

    #[test]
    fn everything_after_bench_is_for_the_bench() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let request = parsed("--state /x bench run feed --rate=max --state y --help").unwrap();
        assert_eq!(
            request.command,
            Command::Bench(words("run feed --rate=max --state y --help"))
        );
        assert_eq!(request.global.state, Some("/x".into()));
        assert_eq!(parsed("bench").unwrap().command, Command::Bench(Vec::new()));
        assert_eq!(
            parsed("help bench").unwrap().command,
            Command::Help(Some("bench".to_owned()))
        );
    }

    #[test]
    fn help_is_there_for_all_and_for_each() {
        assert_eq!(parsed("").unwrap().command, Command::Help(None));
        assert_eq!(parsed("--help").unwrap().command, Command::Help(None));
        assert_eq!(
            parsed("up --help").unwrap().command,
            Command::Help(Some("up".to_owned()))
        );
        assert_eq!(
            parsed("kill -h").unwrap().command,
            Command::Help(Some("kill".to_owned()))
        );
    }

    #[test]
    fn targets_and_logs() {
        let redis = Target {
            part: Part::Store(Store::Redis),
            instance: None,
        };
        assert_eq!(parsed("kill redis").unwrap().command, Command::Kill(vec![redis]));
        let options = LogOptions {
            target: Some(redis),
            follow: true,
            lines: 5,
        };
        assert_eq!(parsed("logs redis -f -n 5").unwrap().command, Command::Logs(options));
    }
}
