//! Whose tokens a route takes, and what it wants of them.

use super::{BuildError, Generation};
use crate::store::Issuer;
use edge_config::{Config, Route};
use edge_policy::identity::{Requirement, Token, TokenSource, token};
use http::{HeaderMap, HeaderName};
use shared_contracts::header::STRIPPED_FROM_CLIENTS;
use shared_identity::{Verified, said_issuer};
use std::{collections::BTreeMap, sync::Arc};

/// Whose tokens a route takes, and what it wants of them.
pub(crate) struct Gate {
    /// In the order of the file; at least one.
    judges: Box<[Judge]>,
    /// Where a token may sit, whoever issued it.
    sources: Box<[TokenSource]>,
    /// What a token must have.
    pub(crate) required: Box<[Requirement]>,
}

/// An issuer, and where its own tokens may sit.
struct Judge {
    issuer: Arc<Issuer>,
    sources: Box<[TokenSource]>,
}

impl Gate {
    /// The gate of a route; none where tokens are not looked at.
    pub(super) fn new(
        name: &str,
        route: &Route,
        config: &Config,
        issuers: &BTreeMap<String, Arc<Issuer>>,
    ) -> Result<Option<Self>, BuildError> {
        let judges = route.auth.issuers().iter().map(|jwt| {
            let found = issuers.get(jwt).zip(config.jwt.get(jwt));
            let (issuer, jwt) = found.ok_or_else(|| BuildError::Missing {
                route: name.to_owned(),
                kind: "jwt",
                name: jwt.clone(),
            })?;
            Ok(Judge {
                issuer: Arc::clone(issuer),
                sources: jwt.token_from.as_slice().into(),
            })
        });
        let judges = judges.collect::<Result<Box<[Judge]>, BuildError>>()?;
        if judges.is_empty() {
            return Ok(None);
        }
        let mut sources: Vec<TokenSource> = Vec::new();
        for source in judges.iter().flat_map(|judge| &judge.sources) {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        let required = route.auth.required().map(|(claim, one_of)| Requirement {
            claim: claim.clone(),
            one_of: one_of.clone(),
        });
        Ok(Some(Self {
            judges,
            sources: sources.into(),
            required: required.collect(),
        }))
    }

    /// The issuers.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.judges.iter().map(|judge| &judge.issuer)
    }

    /// The issuers whose tokens may sit there.
    pub(crate) fn issuers_at(&self, source: &TokenSource) -> impl Iterator<Item = &Arc<Issuer>> {
        let here = self.judges.iter().filter(move |judge| judge.sources.contains(source));
        here.map(|judge| &judge.issuer)
    }

    /// Who issued a token that was found good here.
    pub(crate) fn issuer_of(&self, token: &Verified) -> Option<&Arc<Issuer>> {
        self.issuers()
            .find(|issuer| *issuer.settings.verifier.issuer == *token.iss)
    }

    /// The token of a request; `query` is its target's where tokens may be taken from it.
    pub(crate) fn token<'a>(&self, headers: &'a HeaderMap, query: Option<&'a str>) -> Option<Token<'a, '_>> {
        token(headers, query, &self.sources)
    }

    /// Who is to judge a token. Of several issuers the one that it names; nothing else that it says is listened to here.
    pub(crate) fn judge(&self, token: Token<'_, '_>) -> Option<&Arc<Issuer>> {
        let mut here = self.issuers_at(token.source);
        if self.judges.len() == 1 {
            return here.next();
        }
        let said = said_issuer(token.text)?;
        here.find(|issuer| issuer.settings.verifier.issuer == said)
    }

    /// The query parameters that may hold a token.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> + Clone {
        self.sources.iter().filter_map(|source| match source {
            TokenSource::Query(name) => Some(name.as_str()),
            TokenSource::Cookie(_) | TokenSource::Bearer => None,
        })
    }
}

/// Fields that tell services of tokens, beside those that clients may never set anyway: no route lets a client's own pass.
pub(super) fn told(config: &Config) -> Box<[HeaderName]> {
    let names = config.jwt.values().flat_map(|jwt| jwt.forward_claims.values());
    let names = names.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
    let mut names: Vec<HeaderName> = names
        .filter(|name| !STRIPPED_FROM_CLIENTS.contains(&name.as_str()))
        .collect();
    names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    names.dedup();
    names.into()
}

impl Generation {
    /// Query parameters that hold a token on one of the routes: they are shown nowhere.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> + Clone {
        let gates = self.named.iter().filter_map(|route| route.gate.as_ref());
        gates.flat_map(Gate::parameters)
    }
}
