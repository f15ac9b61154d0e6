//! `POST /diff`: what a configuration would change. It is read and checked as a reload would, with the edge's own environment;
//! nothing of it is used.

use super::{
    Operation,
    answer::{Answer, Refusal},
    overrides::{parse, unblocked},
    status,
};
use crate::{
    diff::{Difference, Verdict, diff as compare},
    edge::Edge,
    generation,
};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is compared: the edge's own file as it is now, or a text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// The text; its relative paths are against the edge's working directory.
    text: Option<String>,
    /// What mistakes call it.
    file: Option<PathBuf>,
}

/// Compares.
pub(super) async fn diff(edge: &Arc<Edge>, operation: &Operation) -> Result<Answer, Refusal> {
    let body: Body = parse(&operation.body)?;
    let own = PathBuf::from(edge.board.config().file);
    let active = edge.generation.load_full();
    let started = edge.board.started();
    let compared = unblocked(move || {
        let env = |name: &str| std::env::var(name).ok();
        let read = match &body.text {
            Some(text) => generation::read_text(text, body.file.as_deref().unwrap_or(Path::new("edge.yaml")), &env),
            None => generation::read(&own, &env),
        };
        compare(&started, &active, read)
    });
    let mut difference: Difference = compared.await?;
    if difference.verdict != Verdict::Invalid {
        difference.overrides = status::overrides(edge);
    }
    Ok(Answer::json(&difference))
}
