//! The one task that reloads.

use super::{
    Ask, Requests,
    changes::changes,
    look::Look,
    loss::losses,
    outcome::{Attempt, Outcome, Trigger},
    upgrade::needs_upgrade,
    watch::Watcher,
};
use crate::{
    edge::Edge,
    finding::Finding,
    generation::{self, Generation, Source},
    keeper::Tasks,
};
use edge_config::diagnose::code;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};

/// How long names, probes, keys and ended sessions of what is new are waited for before it serves.
const WARM_UP: Duration = Duration::from_secs(5);

/// What a reloader begins with.
pub(crate) struct Start {
    /// The configuration's file.
    pub(crate) file: PathBuf,
    /// What the first generation was read from.
    pub(crate) look: Look,
}

/// Reads, builds, brings up and swaps, one reload after the other.
pub(crate) struct Reloader {
    edge: Arc<Edge>,
    tasks: Tasks,
    file: PathBuf,
    watcher: Watcher,
    /// What the last attempt read, whatever became of it.
    seen: Look,
    /// What the process was started with.
    started: Arc<Source>,
}

impl Reloader {
    /// One for an edge that serves its first generation.
    pub(crate) fn new(edge: Arc<Edge>, tasks: Tasks, start: Start) -> Self {
        Self {
            tasks,
            file: start.file,
            watcher: Watcher::new(start.look.files()),
            seen: start.look,
            started: Arc::clone(&edge.generation.load().source),
            edge,
        }
    }

    /// Waits for reasons to reload, for ever.
    pub(crate) async fn run(mut self, mut requests: Requests) {
        let mut hangups = signal(SignalKind::hangup());
        if let Err(error) = &hangups {
            tracing::error!(%error, "SIGHUP cannot be heard; `edge reload` works all the same");
        }
        loop {
            tokio::select! {
                request = requests.recv() => {
                    let Some(request) = request else { return };
                    if let Some(outcome) = self.perform(request.ask).await {
                        // Whoever asked may have gone: the reload is done all the same.
                        let _ = request.reply.send(outcome);
                    }
                }
                () = next(hangups.as_mut().ok()) => drop(self.reload(Trigger::Signal).await),
                () = self.watcher.changed() => drop(self.reload(Trigger::Watch).await),
            }
        }
    }

    async fn perform(&mut self, ask: Ask) -> Option<Outcome> {
        match ask {
            Ask::Reload => self.reload(Trigger::Api).await,
            Ask::Rollback(number, source) => {
                let began = Instant::now();
                let attempt = self.apply(source, Trigger::Rollback).await;
                Some(self.tell(attempt, Trigger::Rollback, began, Some(number)))
            }
        }
    }

    /// The file as it is. `None`: nothing has changed that a watcher would care for.
    async fn reload(&mut self, trigger: Trigger) -> Option<Outcome> {
        let began = Instant::now();
        let (file, files) = (self.file.clone(), self.watcher.files().clone());
        let (known, is_watch) = (self.seen.clone(), trigger == Trigger::Watch);
        let read = spawn_blocking(move || {
            // Looked at before it is read: what is written in between is found by the next look.
            let look = Look::at(&files);
            if is_watch && look == known {
                return None;
            }
            let read = generation::read(&file, &|name| std::env::var(name).ok());
            // Of a file with a mistake it is not known what it names.
            let files = match read.source {
                Ok(_) => read.files.clone(),
                Err(_) => files.union(&read.files).cloned().collect::<BTreeSet<_>>(),
            };
            Some((read, look.of(&files)))
        });
        let attempt = match read.await {
            Ok(None) => return None,
            Ok(Some((read, look))) => {
                self.watcher.watch(look.files());
                self.seen = look;
                let mut attempt = match read.source {
                    Ok(source) => self.apply(Arc::new(source), trigger).await,
                    Err(mistakes) => Attempt::refused(mistakes.into_iter().map(Finding::from).collect()),
                };
                attempt.warnings.extend(read.warnings.into_iter().map(Finding::from));
                attempt
            }
            Err(error) => broken(&error),
        };
        Some(self.tell(attempt, trigger, began, None))
    }

    /// Makes a source the one that serves, if nothing is lost by it.
    async fn apply(&mut self, source: Arc<Source>, trigger: Trigger) -> Attempt {
        let active = self.edge.generation.load_full();
        let mut attempt = Attempt {
            needs_upgrade: needs_upgrade(&self.started.config, &source.config),
            changes: changes(&active.source, &source),
            is_unchanged: *active.source == *source,
            ..Attempt::default()
        };
        if attempt.is_unchanged {
            active.source.sources.store(source.sources.load_full());
            return attempt;
        }
        let (edge, previous, sources) = (Arc::clone(&self.edge), Arc::clone(&active), Arc::clone(&source));
        let number = active.number + 1;
        let built = spawn_blocking(move || Generation::build(source, number, &edge.parts, Some(&previous)));
        let new = match built.await {
            Ok(Ok(new)) => Arc::new(new),
            Ok(Err(error)) => return Attempt::refused(vec![error.diagnostic(&sources.sources.load()).into()]),
            Err(error) => return broken(&error),
        };
        let beginning = self.tasks.start(&new);
        if !beginning.wait(WARM_UP).await {
            tracing::warn!("what is new has not come up within {WARM_UP:?}");
        }
        attempt.errors = losses(&active, &new);
        if !attempt.errors.is_empty() {
            self.tasks.keep_only(&active).await;
            return attempt;
        }
        self.edge.serve(&new);
        self.edge.board.remember(&new, trigger, attempt.changes.clone());
        self.tasks.keep_only(&new).await;
        attempt
    }

    fn tell(&self, attempt: Attempt, trigger: Trigger, began: Instant, rolled_back_to: Option<u64>) -> Outcome {
        let generation = self.edge.generation.load().number;
        let outcome = attempt.into_outcome(trigger, generation, began.elapsed());
        outcome.log();
        self.edge.metrics.reloaded(outcome.outcome, outcome.at.timestamp());
        self.edge.board.note(&outcome, rolled_back_to);
        outcome
    }
}

/// The next hangup; never, where they cannot be heard.
async fn next(hangups: Option<&mut Signal>) {
    let heard = match hangups {
        Some(hangups) => hangups.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// A defect of the edge must not end reloads for ever.
fn broken(error: &tokio::task::JoinError) -> Attempt {
    let message = format!("the edge broke over it: {error}");
    Attempt::refused(vec![Finding::error(code::INTERNAL, "", message)])
}
