//! What a scenario's `system:` names, started: where it is, who is in it, and what can be done to its parts.

use crate::{
    platform::{self, Platform, seed::Amounts},
    system::{cpus::Layout, edge, origins, place::Place, process, watch::Watched},
};
use bench_load::{
    journey::data::{Data, Table},
    scenario::{
        Deed, Scenario, System,
        system::{POSTS, SESSIONS, USERS},
    },
};
use bench_micro::token;
use shared_stack::{
    Context, Error, Options, Result, Stack, Store,
    process::{Process, Signal},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// How to start it.
pub(super) struct Wanted<'a> {
    /// What is up already, instead.
    pub(super) target: Option<&'a str>,
    /// An edge that was built before.
    pub(super) edge: Option<&'a Path>,
    /// Who runs where.
    pub(super) layout: &'a Layout,
    /// Decides what chance decides.
    pub(super) seed: u64,
}

/// A system that runs. Dropped, what was started for it ends.
pub(super) struct Subject {
    parts: Parts,
    /// Where the load goes.
    pub(super) target: String,
    /// What templates take from.
    pub(super) data: Data,
}

enum Parts {
    Origins(Box<Origins>),
    Platform(Box<Platform>),
    External,
}

struct Origins {
    origins: Vec<origins::Origin>,
    edge: edge::Edge,
    redis: Option<Redis>,
}

/// A private Redis, gone with this value.
struct Redis(Stack);

impl Drop for Redis {
    fn drop(&mut self) {
        // On the way out there is nobody to tell; its directory is the run's.
        let _ = self.0.destroy();
    }
}

impl Subject {
    /// Starts what the scenario names; it is ready when this returns.
    ///
    /// # Errors
    /// Something does not start, or the scenario needs a target and has none.
    pub(super) async fn start(place: &Place, scenario: &Scenario, wanted: &Wanted<'_>) -> Result<Self> {
        match (&scenario.system, wanted.target) {
            (System::Platform(wants), target) => Self::platform(place, wants, wanted, target).await,
            (_, Some(target)) => Ok(Self {
                parts: Parts::External,
                target: target.to_owned(),
                data: Data::default(),
            }),
            (System::Origin(wants), None) => Self::origins(place, wants, wanted),
            (System::External, None) => {
                Err(Error::new(format!("{} starts no system of its own", scenario.name)).cure("name one: --target URL"))
            }
        }
    }

    fn origins(place: &Place, wants: &bench_load::scenario::system::Origin, wanted: &Wanted<'_>) -> Result<Self> {
        let program = edge::binary(&place.root, wanted.edge)?;
        let redis = wants.redis.then(|| redis(place)).transpose()?;
        let mut origin = origins::Wanted::new(wants.instances, wanted.layout.origin.as_ref())?;
        origin.jwks = token::jwks();
        let origins = origin.start(place)?;
        let targets: Vec<String> = origins.iter().map(|origin| origin.address.to_string()).collect();
        let mut variables = vec![("ORIGIN_TARGETS".to_owned(), targets.join(","))];
        if let Some(Redis(stack)) = &redis {
            variables.push(("REDIS_URL".to_owned(), stack.redis_url()?.unwrap_or_default()));
        }
        let edge = edge::Wanted {
            program,
            config: absolute(&wants.edge)?,
            variables,
            cpus: wanted.layout.system.clone(),
            access_log: false,
        };
        let edge = edge.start(place)?;
        let mut data = Data::default();
        let mut sessions = Table::new(SESSIONS);
        for user in 1..=wants.data.sessions {
            sessions.push([user.to_string(), token::access_token_of(user)]);
        }
        data.insert("sessions", sessions);
        Ok(Self {
            target: format!("http://{}", edge.address),
            parts: Parts::Origins(Box::new(Origins { origins, edge, redis })),
            data,
        })
    }

    async fn platform(
        place: &Place,
        wants: &bench_load::scenario::system::Platform,
        wanted: &Wanted<'_>,
        target: Option<&str>,
    ) -> Result<Self> {
        let platform = match target {
            Some(url) => Platform::attach(place, url)?,
            None => Platform::start(
                place,
                &platform::Options {
                    config: wants.edge.clone(),
                    release: true,
                    keep: false,
                    cpus: wanted.layout.system.clone(),
                },
            )?,
        };
        let amounts = Amounts {
            users: wants.data.users.max(wants.data.sessions),
            posts: wants.data.posts,
            comments: wants.data.comments,
            likes: wants.data.likes,
        };
        let seeded = platform.seed(&amounts, wanted.seed).await?;
        let target = platform.edge()?.to_owned();
        let mut data = Data::default();
        let (mut users, mut posts) = (Table::new(USERS), Table::new(POSTS));
        for user in &seeded.users {
            let own = [
                user.id.to_string(),
                user.username.clone(),
                user.email.clone(),
                user.password.to_owned(),
            ];
            users.push(own);
        }
        for post in &seeded.posts {
            posts.push([post.to_string()]);
        }
        let mut sessions = Table::new(SESSIONS);
        for user in seeded.users.iter().take(wants.data.sessions as usize) {
            let token = super::sign_in::token(&target, &user.email, user.password).await?;
            sessions.push([user.id.to_string(), token]);
        }
        data.insert("users", users);
        data.insert("posts", posts);
        data.insert("sessions", sessions);
        Ok(Self {
            parts: Parts::Platform(Box::new(platform)),
            target,
            data,
        })
    }

    /// What is measured, and what stands around it.
    ///
    /// # Errors
    /// What `cargo dev status` says.
    pub(super) fn watched(&self) -> Result<Vec<Watched>> {
        match &self.parts {
            Parts::External => Ok(Vec::new()),
            Parts::Platform(platform) => platform.watched(),
            Parts::Origins(parts) => {
                let mut all = vec![Watched::under_test("edge", parts.edge.running.pid())];
                let each = parts.origins.iter().enumerate();
                all.extend(each.map(|(at, origin)| Watched::beside(&format!("origin-{}", at + 1), origin.pid())));
                if let Some(Redis(stack)) = &parts.redis
                    && let Some(process) = stack.process(Store::Redis)?
                {
                    all.push(Watched::under_test("redis", process.pid));
                }
                Ok(all)
            }
        }
    }

    /// Does one of the scenario's actions.
    ///
    /// # Errors
    /// There is no such part, or it cannot be done.
    pub(super) fn act(&self, place: &Place, deed: &Deed) -> Result<()> {
        if let Deed::Run(command) = deed {
            let handles = match &self.parts {
                Parts::Origins(parts) => parts.edge.handles.as_slice(),
                _ => &[],
            };
            return shell(command, &place.root, handles);
        }
        match (&self.parts, deed) {
            (Parts::External, _) => Err(Error::new(format!("cannot {deed}: the system was not started here"))),
            (Parts::Platform(platform), Deed::Kill(name)) => platform.dev(&["kill", name]),
            (Parts::Platform(platform), Deed::Start(name)) => platform.dev(&["start", name]),
            (Parts::Platform(_), Deed::Delay { target, .. }) => {
                Err(Error::new(format!("{target} cannot be delayed: only origins can")))
            }
            (Parts::Platform(platform), deed) => {
                let name = deed.target().unwrap_or_default();
                let parts = platform.parts()?;
                let part = parts.iter().find(|part| part.name == name);
                let part = part.ok_or_else(|| Error::new(format!("the platform runs no {name}")))?;
                send(part.pid, signal(deed)?)
            }
            (Parts::Origins(parts), deed) => parts.act(place, deed),
        }
    }
}

impl Origins {
    fn act(&self, place: &Place, deed: &Deed) -> Result<()> {
        let name = deed.target().unwrap_or_default();
        if name == "edge" {
            return send(self.edge.running.pid(), signal(deed)?);
        }
        let number = name
            .strip_prefix("origin-")
            .and_then(|number| number.parse::<usize>().ok());
        let origin = number.and_then(|number| self.origins.get(number.checked_sub(1)?));
        let origin = origin.ok_or_else(|| Error::new(format!("there is no {name} in this system")))?;
        match deed {
            Deed::Start(_) => origin.start_again(place),
            Deed::Delay { by, .. } => origin.fault(&format!("delay={}", by.as_millis())),
            other if origin.signal(signal(other)?) => Ok(()),
            _ => Err(Error::new(format!("{name} is gone already"))),
        }
    }
}

fn signal(deed: &Deed) -> Result<Signal> {
    let named = match deed {
        Deed::Kill(_) => Some(Signal::KILL),
        Deed::Stop(_) => Some(Signal::STOP),
        Deed::Resume(_) => Some(Signal::CONT),
        Deed::Signal { name, .. } => match name.as_str() {
            "HUP" => Some(Signal::HUP),
            "INT" => Some(Signal::INT),
            "QUIT" => Some(Signal::QUIT),
            "TERM" => Some(Signal::TERM),
            "USR1" => Some(Signal::USR1),
            "USR2" => Some(Signal::USR2),
            _ => None,
        },
        _ => None,
    };
    named.ok_or_else(|| Error::new(format!("cannot {deed}: this part does not know how")))
}

fn send(pid: u32, signal: Signal) -> Result<()> {
    let process = Process::of(pid).ok_or_else(|| Error::new(format!("process {pid} is gone")))?;
    process.signal(signal);
    Ok(())
}

fn shell(command: &str, directory: &Path, variables: &[(&'static str, String)]) -> Result<()> {
    let status = Command::new("sh")
        .arg("-c")
        .arg(command)
        .current_dir(directory)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .status();
    let status = status.context(|| format!("cannot run `{command}`"))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("`{command}` ended with {status}")))
}

fn redis(place: &Place) -> Result<Redis> {
    let options = Options {
        throwaway: true,
        ..Options::default()
    };
    let redis = Redis(Stack::new(&place.file("stores"), options)?);
    redis.0.start(Store::Redis, &|| false)?;
    if let Some(process) = redis.0.process(Store::Redis)? {
        process::adopt([process]);
    }
    Ok(redis)
}

fn absolute(file: &Path) -> Result<PathBuf> {
    file.canonicalize()
        .context(|| format!("cannot find {}", file.display()))
}
