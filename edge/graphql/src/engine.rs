//! One generation of the composed schema, and the way of a request through it.

use crate::answer::negotiate;
use crate::compose::{Api, compose};
use crate::error::Refusal;
use crate::execute::execute;
use crate::introspect::introspect;
use crate::merge::merge;
use crate::prepare::{Documents, Prepared};
use crate::request::{self, Parameters};
use crate::{Answer, ComposeError, HttpRequest, Limits, Subgraph, SubgraphClient, answer, variables};
use bytes::Bytes;
use http::Method;
use std::sync::Arc;

/// A composed schema with its caches. Built once a configuration generation, shared by all requests of it.
#[derive(Debug)]
pub struct Engine {
    api: Api,
    sdl: String,
    documents: Documents,
}

impl Engine {
    /// Composes the subgraphs.
    ///
    /// # Errors
    /// [`ComposeError`] says, for a person, what does not fit together and where.
    pub fn new(subgraphs: &[Subgraph], limits: Limits) -> Result<Self, ComposeError> {
        let api = compose(subgraphs)?;
        Ok(Self {
            sdl: api.schema.to_string(),
            api,
            documents: Documents::new(limits),
        })
    }

    /// The composed schema in SDL.
    pub fn sdl(&self) -> &str {
        &self.sdl
    }

    /// Answers one request. Never fails: what goes wrong is in the answer.
    pub async fn answer<C: SubgraphClient>(
        &self,
        request: HttpRequest<'_>,
        client: &C,
        context: &C::Context,
    ) -> Answer {
        let Some(format) = negotiate(request.headers) else {
            return Answer::refused(answer::Format::Json, &Refusal::not_acceptable(), None);
        };
        // What the client wrote is understood before anything is executed…
        let (parameters, prepared) = match self.understand(&request) {
            Ok(understood) => understood,
            Err(refusal) => return Answer::refused(format, &refusal, None),
        };
        // …then executed.
        match self.execute(&parameters, &prepared, client, context).await {
            Ok(body) => Answer::executed(format, body, prepared.label()),
            Err(refusal) => Answer::refused(format, &refusal, Some(prepared.label())),
        }
    }

    fn understand(&self, request: &HttpRequest<'_>) -> Result<(Parameters, Arc<Prepared>), Arc<Refusal>> {
        let parameters = request::read(request)?;
        let prepared = self
            .documents
            .get(&self.api, &parameters.query, parameters.operation_name.as_deref())?;
        // A link must not change anything (RFC 9110, section 9.2.1).
        if *request.method == Method::GET && !prepared.operation.is_query() {
            return Err(Refusal::method("POST", "Send mutations by POST.").into());
        }
        Ok((parameters, prepared))
    }

    async fn execute<C: SubgraphClient>(
        &self,
        parameters: &Parameters,
        prepared: &Prepared,
        client: &C,
        context: &C::Context,
    ) -> Result<Bytes, Refusal> {
        let coerced = variables::coerce(&self.api, &prepared.operation, &parameters.variables)?;
        let plan = prepared.plan(&self.api, &coerced);
        let introspected = match plan.introspects {
            true => introspect(&self.api, prepared, &coerced)?,
            false => Vec::new(),
        };
        let ordered = prepared.operation.is_mutation();
        let fetched = execute(&plan, ordered, &parameters.variables, client, context).await;
        Ok(merge(&plan, &fetched, &introspected, &prepared.document.sources))
    }
}

#[cfg(test)]
mod tests;
