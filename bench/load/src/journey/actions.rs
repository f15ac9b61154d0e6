//! Carries out a scenario's actions while it runs.

use crate::scenario::{Action, Deed};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

/// Who can do something to the system. Programs are named as in [`Deed`]; an error says what stood in the way. Each blocks
/// until it is done.
pub trait Control {
    /// Kills a program (SIGKILL).
    ///
    /// # Errors
    /// What stood in the way.
    fn kill(&self, target: &str) -> Result<(), String>;

    /// Starts a program that is down, and returns once it serves.
    ///
    /// # Errors
    /// What stood in the way.
    fn start(&self, target: &str) -> Result<(), String>;

    /// Lets a program stand still (SIGSTOP).
    ///
    /// # Errors
    /// What stood in the way.
    fn stop(&self, target: &str) -> Result<(), String>;

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// What stood in the way.
    fn resume(&self, target: &str) -> Result<(), String>;

    /// Lets an origin answer so much later; zero takes it back.
    ///
    /// # Errors
    /// What stood in the way.
    fn delay(&self, target: &str, by: Duration) -> Result<(), String>;

    /// Sends a signal: `HUP`.
    ///
    /// # Errors
    /// What stood in the way.
    fn signal(&self, target: &str, name: &str) -> Result<(), String>;

    /// Runs a command of the shell, and returns once it has ended.
    ///
    /// # Errors
    /// It cannot be run, or its exit code is not 0.
    fn run(&self, command: &str) -> Result<(), String>;
}

/// What was done, or could not be.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// From the begin of the measured part to when it was begun.
    pub at: Duration,
    /// `kill origin-2`.
    pub text: String,
    /// What stood in the way; the run is then no good.
    pub error: Option<String>,
}

/// Does each at its time after `begun`, one after the other, and returns when all are done or `stop` says so (or is gone): what was
/// then still due is told as an error. It blocks: give it a thread of its own. An action that takes long makes the next one
/// late; none overtakes another.
pub fn carry_out(actions: &[Action], begun: Instant, control: &impl Control, stop: &Receiver<()>) -> Vec<Mark> {
    let mut actions: Vec<_> = actions.iter().collect();
    actions.sort_by_key(|action| action.at);
    let mut marks = Vec::new();
    let mut stopped = false;
    for action in actions {
        let wait = (begun + action.at).saturating_duration_since(Instant::now());
        stopped = stopped || !matches!(stop.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
        let (at, text) = (begun.elapsed(), action.does.to_string());
        let error = match stopped {
            true => Some("the run was over before".to_owned()),
            false => carry_out_one(&action.does, control).err(),
        };
        marks.push(Mark { at, text, error });
    }
    marks
}

fn carry_out_one(deed: &Deed, control: &impl Control) -> Result<(), String> {
    match deed {
        Deed::Kill(target) => control.kill(target),
        Deed::Start(target) => control.start(target),
        Deed::Stop(target) => control.stop(target),
        Deed::Resume(target) => control.resume(target),
        Deed::Delay { target, by } => control.delay(target, *by),
        Deed::Signal { target, name } => control.signal(target, name),
        Deed::Run(command) => control.run(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, sync::mpsc};

    /// Writes down what it is asked for; what is called `broken` fails.
    #[derive(Default)]
    struct Clerk(RefCell<Vec<String>>);

    impl Clerk {
        fn note(&self, text: String) -> Result<(), String> {
            let broken = text.contains("broken");
            self.0.borrow_mut().push(text);
            if broken { Err("it is broken".into()) } else { Ok(()) }
        }
    }

    impl Control for Clerk {
        fn kill(&self, target: &str) -> Result<(), String> {
            self.note(format!("kill {target}"))
        }
        fn start(&self, target: &str) -> Result<(), String> {
            self.note(format!("start {target}"))
        }
        fn stop(&self, target: &str) -> Result<(), String> {
            self.note(format!("stop {target}"))
        }
        fn resume(&self, target: &str) -> Result<(), String> {
            self.note(format!("resume {target}"))
        }
        fn delay(&self, target: &str, by: Duration) -> Result<(), String> {
            self.note(format!("delay {target} {by:?}"))
        }
        fn signal(&self, target: &str, name: &str) -> Result<(), String> {
            self.note(format!("signal {target} {name}"))
        }
        fn run(&self, command: &str) -> Result<(), String> {
            self.note(format!("run {command}"))
        }
    }

    fn actions(yaml: &str) -> Vec<Action> {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn each_is_done_in_time_and_order_whatever_becomes_of_the_others() {
        let actions = actions(
            "[{ at: 80ms, run: ls }, { at: 10ms, kill: a }, { at: 20ms, start: broken }, { at: 30ms, delay: { target: o, by: 20ms } }, \
             { at: 40ms, delay: { target: o } }, { at: 50ms, stop: a }, { at: 60ms, resume: a }, { at: 70ms, signal: { target: a, name: HUP } }]",
        );
        let (_running, stop) = mpsc::channel();
        let clerk = Clerk::default();
        let marks = carry_out(&actions, Instant::now(), &clerk, &stop);
        let want = [
            "kill a",
            "start broken",
            "delay o 20ms",
            "delay o 0ns",
            "stop a",
            "resume a",
            "signal a HUP",
            "run ls",
        ];
        assert_eq!(*clerk.0.borrow(), want);
        assert!(
            marks
                .iter()
                .zip(1..)
                .all(|(mark, tens)| mark.at >= Duration::from_millis(10 * tens)),
            "{marks:?}"
        );
        let failed: Vec<_> = marks.iter().filter_map(|mark| mark.error.as_deref()).collect();
        assert_eq!(failed, ["it is broken"]);
        assert_eq!(marks[3].text, "o without delay");
    }

    #[test]
    fn what_is_due_after_the_end_is_told_and_not_done() {
        let (running, stop) = mpsc::channel();
        drop(running);
        let clerk = Clerk::default();
        let marks = carry_out(&actions("[{ at: 1h, kill: a }]"), Instant::now(), &clerk, &stop);
        assert_eq!(marks[0].error.as_deref(), Some("the run was over before"));
        assert!(clerk.0.borrow().is_empty());
    }
}
