//! The front: start, look at, stop and remove the stores of one directory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    Condition, Context, Error, Result, Store, Wanted, docker, postgres, probe,
    process::{self, Process, Signal, Spawned, pause},
    rabbitmq,
    record::Record,
    redis,
};

/// Asked while waiting: true gives up.
pub type Cancel<'a> = &'a (dyn Fn() -> bool + Sync);

/// How the stores of a stack run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// For tests: no password, and nothing is kept safe from a power cut.
    pub throwaway: bool,
    /// Databases that exist once PostgreSQL has started.
    pub databases: Vec<String>,
    /// In containers instead of as processes.
    pub docker: bool,
}

/// What [`Stack::start`] did.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// False when it ran already.
    pub new: bool,
    /// How long it took to answer.
    pub took: Duration,
}

/// The private stores of one state directory.
#[derive(Clone, Debug)]
pub struct Stack {
    state: PathBuf,
    options: Options,
}

/// A store's place.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) state: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) log: PathBuf,
}

impl Stack {
    /// The stack of a directory, which is made when it is missing.
    pub fn new(state: &Path, options: Options) -> Result<Self> {
        let logs = state.join("logs");
        fs::create_dir_all(&logs).context(|| format!("cannot make {}", logs.display()))?;
        let state = state
            .canonicalize()
            .context(|| format!("cannot find {}", state.display()))?;
        Ok(Self { state, options })
    }

    /// The directory, as an absolute path without links.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Starts a store and waits until it answers. One that runs already is only waited for.
    ///
    /// # Errors
    /// With the last lines of its log, when it ends or does not answer in time, or when `cancel` said so.
    pub fn start(&self, store: Store, cancel: Cancel<'_>) -> Result<Started> {
        let begun = Instant::now();
        let home = self.home(store)?;
        let _lock = lock(&home)?;
        let mut record = Record::load(&home.dir)?;
        let running = record.process.as_ref().is_some_and(Process::is_alive) && !record.docker;
        let mut new = false;
        if running || (record.docker && answers(store, &record).is_ok()) {
            self.await_ready(store, &home, &record, None, cancel)?;
        } else {
            new = true;
            self.start_new(store, &home, &mut record, cancel)?;
        }
        if store == Store::Postgres && !record.docker {
            postgres::ensure_databases(&home, &record, &self.options.databases)?;
        }
        if store == Store::Postgres && record.docker {
            docker::ensure_databases(&home, &self.options.databases)?;
        }
        Ok(Started {
            new,
            took: begun.elapsed(),
        })
    }

    fn start_new(&self, store: Store, home: &Home, record: &mut Record, cancel: Cancel<'_>) -> Result<()> {
        record.docker = self.options.docker;
        record.wanted = Wanted::Running;
        if record.docker {
            docker::start(home, record, store)?;
            record.save(&home.dir)?;
            return self.await_ready(store, home, record, None, cancel);
        }
        // A process whose record was lost would hold the data.
        end_strays(&home.state, store);
        let mut attempt = 1;
        loop {
            let spawned = match store {
                Store::Postgres => postgres::start(home, record, self.options.throwaway)?,
                Store::Redis => redis::start(home, record, self.options.throwaway)?,
                Store::Rabbitmq => rabbitmq::start(home, record)?,
            };
            record.process = Some(spawned.process.clone());
            record.save(&home.dir)?;
            match self.await_ready(store, home, record, Some(&spawned), cancel) {
                // The workers of a killed server may need a moment to let go of its memory, and a port may have been taken.
                Err(_) if spawned.ending().is_some() && attempt < 3 && !cancel() => {
                    attempt += 1;
                    pause(Duration::from_millis(500));
                }
                Err(error) => {
                    spawned.process.kill();
                    return Err(error);
                }
                Ok(()) => return Ok(()),
            }
        }
    }

    fn await_ready(
        &self,
        store: Store,
        home: &Home,
        record: &Record,
        spawned: Option<&Spawned>,
        cancel: Cancel<'_>,
    ) -> Result<()> {
        // Images may have to be fetched, and RabbitMQ recovers queues before it listens.
        let patience = Duration::from_secs(if record.docker { 180 } else { 90 });
        let end = Instant::now() + patience;
        loop {
            let Err(why) = answers(store, record) else {
                return Ok(());
            };
            if cancel() {
                return Err(Error::new(format!("{store} was not waited for")));
            }
            if let Some(ending) = spawned.and_then(Spawned::ending) {
                return Err(Error::new(format!("{store} {ending} while it started")).log(&home.log));
            }
            if Instant::now() > end {
                let what = format!("{store} does not answer after {} s: {why}", patience.as_secs());
                return Err(Error::new(what).log(&home.log));
            }
            pause(Duration::from_millis(50));
        }
    }

    /// Stops a store cleanly, or by force when it takes too long. False when it was not running.
    pub fn stop(&self, store: Store) -> Result<bool> {
        let home = self.home(store)?;
        let _lock = lock(&home)?;
        let mut record = Record::load(&home.dir)?;
        if record.wanted != Wanted::Stopped {
            record.wanted = Wanted::Stopped;
            record.save(&home.dir)?;
            if record.docker {
                return docker::stop(&home, store).map(|()| true);
            }
        }
        let (signal, patience) = match store {
            Store::Postgres => (postgres::STOP, 20),
            Store::Redis => (Signal::TERM, 10),
            Store::Rabbitmq => (Signal::TERM, 20),
        };
        let ended = record
            .process
            .take()
            .map(|process| process.stop(signal, Duration::from_secs(patience)));
        end_strays(&home.state, store);
        record.save(&home.dir)?;
        Ok(ended.is_some_and(|ended| ended != process::Ended::Already))
    }

    /// Kills a store without warning. False when it was not running.
    pub fn kill(&self, store: Store) -> Result<bool> {
        let home = self.home(store)?;
        let mut record = Record::load(&home.dir)?;
        record.wanted = Wanted::Killed;
        record.save(&home.dir)?;
        if record.docker {
            return docker::kill(&home, store).map(|()| true);
        }
        let Some(process) = &record.process else {
            return Ok(false);
        };
        let killed = process.kill();
        process.wait_gone(Duration::from_secs(5));
        Ok(killed)
    }

    /// What a store is doing now.
    pub fn condition(&self, store: Store) -> Result<Condition> {
        let record = self.record(store)?;
        let alive = record.docker || record.process.as_ref().is_some_and(Process::is_alive);
        Ok(match (alive, record.wanted) {
            (true, Wanted::Running) if answers(store, &record).is_ok() => Condition::Ready,
            (true, Wanted::Running) if record.docker => Condition::Died,
            (true, _) if !record.docker => Condition::Silent,
            (_, Wanted::Running) => Condition::Died,
            (_, Wanted::Stopped) => Condition::Stopped,
            (_, Wanted::Killed) => Condition::Killed,
        })
    }

    /// Its process, when it runs as one.
    pub fn process(&self, store: Store) -> Result<Option<Process>> {
        Ok(self.record(store)?.process.filter(Process::is_alive))
    }

    /// What was last asked of it.
    pub fn wanted(&self, store: Store) -> Result<Wanted> {
        Ok(self.record(store)?.wanted)
    }

    /// `127.0.0.1:<port>`, once it has one.
    pub fn address(&self, store: Store) -> Result<Option<String>> {
        Ok(address(store, &self.record(store)?))
    }

    /// Its log.
    pub fn log(&self, store: Store) -> PathBuf {
        self.state.join("logs").join(format!("{store}.log"))
    }

    /// The URL of one database, once PostgreSQL has a port.
    pub fn database_url(&self, database: &str) -> Result<Option<String>> {
        Ok(postgres::url(&self.record(Store::Postgres)?, database))
    }

    /// Redis without a database path, once it has a port.
    pub fn redis_url(&self) -> Result<Option<String>> {
        Ok(redis::url(&self.record(Store::Redis)?))
    }

    /// The broker, once it has a port.
    pub fn amqp_url(&self) -> Result<Option<String>> {
        Ok(rabbitmq::url(&self.record(Store::Rabbitmq)?))
    }

    /// The broker's management API, once it has a port.
    pub fn amqp_admin_url(&self) -> Result<Option<String>> {
        Ok(rabbitmq::admin_url(&self.record(Store::Rabbitmq)?))
    }

    /// Stops all stores and removes their data, wherever it is.
    pub fn destroy(&self) -> Result<()> {
        for store in Store::ALL {
            let home = self.home(store)?;
            let record = Record::load(&home.dir).unwrap_or_default();
            if record.docker {
                docker::remove(&home, store)?;
            } else {
                self.stop(store)?;
            }
            if let Some(outside) = record.elsewhere.as_deref().and_then(Path::parent) {
                remove(outside)?;
            }
            remove(&home.dir)?;
        }
        Ok(())
    }

    fn record(&self, store: Store) -> Result<Record> {
        Record::load(&self.state.join(store.name()))
    }

    fn home(&self, store: Store) -> Result<Home> {
        let dir = self.state.join(store.name());
        fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
        Ok(Home {
            state: self.state.clone(),
            dir,
            log: self.log(store),
        })
    }
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(format!("cannot remove {}: {error}", dir.display())))
        }
        _ => Ok(()),
    }
}

/// One command at a time may start or stop a store.
fn lock(home: &Home) -> Result<fs::File> {
    let file = home.dir.join("lock");
    let opened = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&file);
    let opened = opened.context(|| format!("cannot open {}", file.display()))?;
    opened.lock().context(|| format!("cannot lock {}", file.display()))?;
    Ok(opened)
}

/// Ends processes of this store that no record speaks of, RabbitMQ's name registry among them.
fn end_strays(state: &Path, store: Store) {
    let strays: Vec<Process> = process::marked(state)
        .into_iter()
        .filter(|(name, _)| name == store.name())
        .map(|(_, found)| found)
        .collect();
    let signal = if store == Store::Postgres {
        postgres::STOP
    } else {
        Signal::TERM
    };
    for stray in &strays {
        stray.signal(signal);
    }
    for stray in &strays {
        if !stray.wait_gone(Duration::from_secs(10)) {
            stray.kill();
            stray.wait_gone(Duration::from_secs(5));
        }
    }
}

fn address(store: Store, record: &Record) -> Option<String> {
    let purpose = match store {
        Store::Postgres => "sql",
        Store::Redis => "redis",
        Store::Rabbitmq => "amqp",
    };
    Some(format!("127.0.0.1:{}", record.port(purpose)?))
}

fn answers(store: Store, record: &Record) -> std::io::Result<()> {
    let address = address(store, record).ok_or_else(|| std::io::Error::other("it never ran"))?;
    match store {
        Store::Postgres => probe::postgres(&address),
        Store::Redis => probe::redis(&address),
        Store::Rabbitmq => {
            probe::amqp(&address)?;
            let admin = record.port("admin").unwrap_or_default();
            probe::http_status(&format!("127.0.0.1:{admin}"), "/").map(drop)
        }
    }
}
