//! Composed APIs that have parts.

use super::Report;
use crate::Graphql;

pub(super) fn check(name: &str, graphql: &Graphql, report: &mut Report<'_>) {
    let path = ["routes", name, "graphql", "subgraphs"];
    if graphql.subgraphs.is_empty() && report.is_whole(&path) {
        report.bad_value(
            &path,
            "none; name at least one, `{ posts: { upstream: posts, schema: … } }`",
        );
    }
}
