//! The workloads, a file for each thing the edge does.

mod balance;
mod config;
mod cross_site;
mod graphql;
mod head;
mod identity;
mod rate_limit;
mod route;
mod shed;

use crate::Workload;
use http::{HeaderMap, HeaderName, HeaderValue};

/// All of them, in the order in which a request meets them; what no request meets comes last.
pub fn all() -> Vec<Workload> {
    [
        head::workloads(),
        route::workloads(),
        cross_site::workloads(),
        identity::workloads(),
        rate_limit::workloads(),
        shed::workloads(),
        balance::workloads(),
        graphql::workloads(),
        config::workloads(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A head as a browser's script sends it, with `more` fields.
fn browser(more: &[(&'static str, &str)]) -> HeaderMap {
    let usual = [
        ("host", "feed.example"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip, deflate, br"),
        ("accept-language", "en"),
        ("origin", "http://localhost:5173"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ),
    ];
    let fields = usual.iter().chain(more).map(|(name, value)| {
        let value = HeaderValue::from_str(value).expect("a header value");
        (HeaderName::from_static(name), value)
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_workload_has_a_name_of_its_own_and_can_be_repeated() {
        let mut all = all();
        let names: HashSet<_> = all.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), all.len());
        for workload in &mut all {
            for _ in 0..3 {
                workload.run();
            }
        }
    }
}
