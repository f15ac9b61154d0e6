//! Route: look-ups in a small and in a large table.

use crate::Workload;
use edge_policy::route::{Found, Pattern, RouteTable, Rule};
use http::Method;
use std::hint::black_box;

pub(super) fn workloads() -> Vec<Workload> {
    let (exact, template, prefix) = (
        "/service-3/exact",
        "/service-3/items/77/likes",
        "/service-3/files/a/b/c",
    );
    let find = |routes: usize, path: &'static str| {
        let table = table(routes);
        assert!(matches!(table.find(path, &Method::GET), Found::Route(_)));
        move || matches!(table.find(black_box(path), &Method::GET), Found::Route(_))
    };
    vec![
        Workload::new("route::exact::10 routes", find(10, exact)),
        Workload::new("route::exact::2,000 routes", find(2_000, exact)),
        Workload::new("route::template::10 routes", find(10, template)),
        // Templates of one length are tried one after the other.
        Workload::heavy("route::template::2,000 routes", find(2_000, template)),
        Workload::new("route::prefix::10 routes", find(10, prefix)),
        Workload::new("route::prefix::2,000 routes", find(2_000, prefix)),
    ]
}

/// About a third each of exact paths, templates and prefixes, over as many services.
fn table(routes: usize) -> RouteTable<usize> {
    let rule = |index: usize| {
        // Whatever the size, service 3 has one of each kind.
        let service = index / 3 + 3;
        let pattern = match index % 3 {
            0 => Pattern::path(&format!("/service-{service}/exact")),
            1 => Pattern::path(&format!("/service-{service}/items/{{id}}/likes")),
            _ => Pattern::prefix(&format!("/service-{service}/files")),
        };
        Rule {
            patterns: vec![pattern.expect("a pattern")],
            methods: vec![Method::GET],
        }
    };
    RouteTable::new((0..routes).map(|index| (rule(index), index)))
}
