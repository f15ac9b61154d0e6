//! Asynchronous work from a `Drop`, which may run within a runtime or while a panic unwinds.

use std::future::Future;

/// Runs `work` on a thread and runtime of its own and waits for it. What fails is told, and fails nothing else.
pub(crate) fn run<F>(what: &str, work: F)
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(work)
    });
    let outcome = thread.join().unwrap_or_else(|_| Err("it panicked".into()));
    if let Err(error) = outcome {
        #[allow(clippy::print_stderr, reason = "the test's own output is the place for it")]
        {
            eprintln!("{what}: {error}");
        }
    }
}
