//! The whole platform as the thing to be measured: built and started by `cargo dev` in a directory of its own, filled
//! with data, looked at process by process, stopped and erased.

mod dev;
mod edge_config;
pub(crate) mod seed;

use crate::system::{cpus::Cpus, place::Place, process, watch::Watched};
use dev::{Dev, Line};
use seed::{Amounts, Databases, Seeded};
use shared_stack::{Context, Error, Result, process::Process};
use std::{collections::BTreeMap, path::PathBuf};

/// How to bring a platform up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// The edge's configuration; without one the shipped one, made fit for load from this machine.
    pub(crate) config: Option<PathBuf>,
    /// A built edge, in the place of the one that is built with the rest.
    pub(crate) edge: Option<PathBuf>,
    /// Whether the optimised build runs.
    pub(crate) release: bool,
    /// Whether it is left running, with its data.
    pub(crate) keep: bool,
    /// Where its processes run.
    pub(crate) cpus: Option<Cpus>,
}

/// A process of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// `edge`, `auth`, `posts`, …, `postgres`, `redis`, `rabbitmq`; instances of one program share its name.
    pub(crate) name: String,
    /// Its process; what it started belongs to it.
    pub(crate) pid: u32,
}

/// A running platform. Dropped, it is stopped and erased, unless it was there before or shall be kept.
#[derive(Debug)]
pub(crate) struct Platform {
    dev: Dev,
    addresses: BTreeMap<String, String>,
    /// Its processes, where they are ours to end.
    owned: Option<Vec<Process>>,
}

impl Platform {
    /// Builds and starts one of its own. What an earlier run left behind is stopped and erased first.
    ///
    /// # Errors
    /// What `cargo dev` says.
    pub(crate) fn start(place: &Place, options: &Options) -> Result<Self> {
        let state = place.state.join("platform");
        let dev = Dev::new(&place.root, Some(&state));
        if state.exists() {
            dev.run(&["reset", "--yes"], None)?;
        }
        // The build takes all processors; what it makes then runs where it shall.
        dev.run(
            if options.release {
                &["build", "--release"]
            } else {
                &["build"]
            },
            None,
        )?;
        dev.prepare()?;
        let config = match &options.config {
            Some(file) => file
                .canonicalize()
                .context(|| format!("cannot find {}", file.display()))?,
            None => {
                let file = state.join("edge.yaml");
                edge_config::write(&place.root, &file)?;
                file
            }
        };
        let config = config.to_string_lossy();
        let edge = options.edge.as_ref().map(|edge| edge.to_string_lossy());
        let mut words = vec!["up", "--detach", "--config", &*config];
        if options.release {
            words.push("--release");
        }
        if let Some(edge) = &edge {
            words.extend(["--edge", edge]);
        }
        // From here on it is erased whatever happens.
        let mut platform = Self {
            dev,
            addresses: BTreeMap::new(),
            owned: Some(Vec::new()),
        };
        platform.dev.run(&words, options.cpus.as_ref())?;
        platform.addresses = platform.dev.addresses()?;
        if options.keep {
            platform.owned = None;
        } else {
            let all: Vec<Process> = platform
                .parts()?
                .iter()
                .filter_map(|part| Process::of(part.pid))
                .collect();
            process::adopt(all.clone());
            platform.owned = Some(all);
        }
        Ok(platform)
    }

    /// The one whose edge is at `url`: the checkout's own (`cargo dev up`), or one that was kept.
    ///
    /// # Errors
    /// When neither has its edge there.
    pub(crate) fn attach(place: &Place, url: &str) -> Result<Self> {
        for state in [None, Some(place.state.join("platform"))] {
            if state.as_ref().is_some_and(|dir| !dir.exists()) {
                continue;
            }
            let dev = Dev::new(&place.root, state.as_deref());
            // One that was never up has no addresses.
            let Ok(addresses) = dev.addresses() else { continue };
            if addresses.get("EDGE_URL").is_some_and(|edge| same_place(edge, url)) {
                return Ok(Self {
                    dev,
                    addresses,
                    owned: None,
                });
            }
        }
        let error = Error::new(format!("no platform of this checkout has its edge at {url}"));
        Err(error.cure("`cargo dev env` shows the addresses of the one that is up"))
    }

    /// The edge's address: `http://127.0.0.1:20001`.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn edge(&self) -> Result<&str> {
        self.address("EDGE_URL")
    }

    /// An address by its name in `cargo dev env`: `REDIS_URL`, `DATABASE_URL_POSTS`.
    ///
    /// # Errors
    /// When there is none of this name.
    pub(crate) fn address(&self, name: &str) -> Result<&str> {
        let found = self.addresses.get(name).map(String::as_str);
        found.ok_or_else(|| Error::new(format!("the platform has no {name}")))
    }

    /// Its processes of this moment, for a scenario may kill some.
    ///
    /// # Errors
    /// What `cargo dev status` says.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        let status = self.dev.status()?;
        let lines = status.programs.iter().chain(&status.stores);
        Ok(lines.filter_map(part).collect())
    }

    /// The same, to be watched.
    ///
    /// # Errors
    /// What `cargo dev status` says.
    pub(crate) fn watched(&self) -> Result<Vec<Watched>> {
        let parts = self.parts()?;
        Ok(parts
            .iter()
            .map(|part| Watched::under_test(&part.name, part.pid))
            .collect())
    }

    /// Runs `cargo dev` on it: `kill posts`, `start posts`.
    ///
    /// # Errors
    /// What it says.
    pub(crate) fn dev(&self, words: &[&str]) -> Result<()> {
        self.dev.run(words, None)
    }

    /// Fills its databases; see [`seed::seed`].
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub(crate) async fn seed(&self, amounts: &Amounts, number: u64) -> Result<Seeded> {
        let databases = Databases {
            auth: self.address("DATABASE_URL_AUTH")?.to_owned(),
            posts: self.address("DATABASE_URL_POSTS")?.to_owned(),
            comments: self.address("DATABASE_URL_COMMENTS")?.to_owned(),
        };
        seed::seed(&databases, amounts, number, seed::bcrypt_cost()).await
    }

    /// Stops and erases it, unless it is to stay.
    ///
    /// # Errors
    /// What `cargo dev reset` says.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let Some(processes) = self.owned.take() else {
            return Ok(());
        };
        let ended = self.dev.run(&["reset", "--yes"], None);
        process::release(&processes);
        ended
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // On the way out of another failure, which is the one to tell.
        let _ = self.end();
    }
}

fn part(line: &Line) -> Option<Part> {
    let name = line.name.split('.').next().unwrap_or_default().to_owned();
    Some(Part { name, pid: line.pid? })
}

/// `localhost` and `127.0.0.1` are the same machine, this one.
fn same_place(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').replace("//localhost:", "//127.0.0.1:");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_share_their_programs_name_and_the_stopped_are_left_out() {
        let line = |name: &str, pid| Line {
            name: name.to_owned(),
            pid,
        };
        let named = part(&line("comments.2", Some(7))).unwrap();
        assert_eq!((named.name.as_str(), named.pid), ("comments", 7));
        assert_eq!(part(&line("redis", None)), None);
    }

    #[test]
    fn an_edge_is_recognised_by_either_name_of_this_machine() {
        assert!(same_place("http://localhost:8080", "http://127.0.0.1:8080/"));
        assert!(!same_place("http://127.0.0.1:8080", "http://127.0.0.1:8081"));
    }
}
