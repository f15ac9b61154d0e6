//! Mistakes that only building shows, told like those of the file.

use super::BuildError;
use edge_config::{Diagnostic, Sources, diagnose::code};
use edge_graphql::ComposeError;

impl BuildError {
    /// The mistake with its code and its place in the file.
    pub(crate) fn diagnostic(&self, sources: &Sources) -> Diagnostic {
        let (code, path, cure) = match self {
            Self::Missing { route, .. } => (code::DANGLING, format!("routes.{route}"), "define it"),
            Self::Match(route, key, _) => (code::BAD_VALUE, format!("routes.{route}.match.{key}"), "mend it"),
            Self::Cors(name, _) => (code::BAD_VALUE, format!("cors.{name}"), "mend it"),
            Self::Header(route, _) => (code::BAD_VALUE, format!("routes.{route}.headers"), "mend it"),
            Self::Fallback(route) => (code::BAD_VALUE, format!("routes.{route}.fallback"), "mend it"),
            Self::Keys(name, _) => (code::BAD_FILE, format!("jwt.{name}.jwks.file"), "mend it"),
            Self::Tls(_) => (code::BAD_FILE, "listeners.https.tls".to_owned(), "mend it"),
            Self::Identity(name, _) => (code::BAD_FILE, format!("upstreams.{name}.tls"), "mend it"),
            Self::Compose(route, error) => {
                let path = format!("routes.{route}.graphql.subgraphs");
                match subgraph(error) {
                    Some(subgraph) => {
                        let path = format!("{path}.{subgraph}");
                        (code::COMPOSITION, path, "mend its schema, or rename one side")
                    }
                    None => (code::COMPOSITION, path, "give the schemas a `Query` with fields"),
                }
            }
        };
        sources.diagnostic(code, &path, format!("{self}; {cure}"))
    }
}

/// The subgraph that is at odds with those before it.
fn subgraph(error: &ComposeError) -> Option<&str> {
    match error {
        ComposeError::Invalid { subgraph, .. } => Some(subgraph),
        ComposeError::SameName(name) => Some(name),
        ComposeError::TwoOwners { second, .. } | ComposeError::TypesDiffer { second, .. } => Some(second),
        ComposeError::Whole(_) => None,
    }
}
