//! Route: look-ups in a small and in a large table.

use crate::Workload;
use edge_policy::route::{Found, HostPattern, Pattern, RouteTable, Rule};
use http::Method;
use std::hint::black_box;

const SMALL: usize = 10;
const LARGE: usize = 2_000;

pub(super) fn workloads() -> Vec<Workload> {
    vec![
        Workload::new("route::exact::10 routes", find(SMALL, "exact")),
        Workload::new("route::exact::2,000 routes", find(LARGE, "exact")),
        Workload::new("route::template::10 routes", find(SMALL, "items/77/likes")),
        Workload::new("route::template::2,000 routes", find(LARGE, "items/77/likes")),
        Workload::new("route::prefix::10 routes", find(SMALL, "files/a/b/c")),
        Workload::new("route::prefix::2,000 routes", find(LARGE, "files/a/b/c")),
        Workload::new("route::miss::10 routes", miss(SMALL)),
        Workload::new("route::miss::2,000 routes", miss(LARGE)),
        Workload::new("route::host::10 routes", host(SMALL)),
        Workload::new("route::host::2,000 routes", host(LARGE)),
    ]
}

/// A path of the last service.
fn find(routes: usize, rest: &str) -> impl FnMut() -> bool + 'static {
    let table = table(routes, |_| Vec::new());
    let path = format!("/{}/{rest}", last(routes));
    assert!(matches!(table.find(None, &path, &Method::GET), Found::Route(_)));
    move || matches!(table.find(None, black_box(&path), &Method::GET), Found::Route(_))
}

/// A path that differs from a template in the last segment.
fn miss(routes: usize) -> impl FnMut() -> bool + 'static {
    let table = table(routes, |_| Vec::new());
    let path = format!("/{}/items/77/shares", last(routes));
    assert_eq!(table.find(None, &path, &Method::GET), Found::NotFound);
    move || matches!(table.find(None, black_box(&path), &Method::GET), Found::NotFound)
}

/// Each service has a host of its own, and the names below it.
fn host(routes: usize) -> impl FnMut() -> bool + 'static {
    let host = |pattern: String| pattern.parse::<HostPattern>().expect("a host");
    let table = table(routes, |service| {
        vec![
            host(format!("{service}.example.com")),
            host(format!("*.{service}.example.com")),
        ]
    });
    let (asked, path) = (
        format!("eu.{}.example.com:8080", last(routes)),
        format!("/{}/exact", last(routes)),
    );
    assert!(matches!(table.find(Some(&asked), &path, &Method::GET), Found::Route(_)));
    move || {
        matches!(
            table.find(Some(black_box(&asked)), black_box(&path), &Method::GET),
            Found::Route(_)
        )
    }
}

/// Names of one length, whatever the number.
fn service(number: usize) -> String {
    format!("service-{number:04}")
}

fn last(routes: usize) -> String {
    service(routes / 3 - 1)
}

/// About a third each of exact paths, templates and prefixes, over as many services.
fn table(routes: usize, hosts: impl Fn(&str) -> Vec<HostPattern>) -> RouteTable<usize> {
    let rule = |index: usize| {
        let service = service(index / 3);
        let pattern = match index % 3 {
            0 => Pattern::path(&format!("/{service}/exact")),
            1 => Pattern::path(&format!("/{service}/items/{{id}}/likes")),
            _ => Pattern::prefix(&format!("/{service}/files")),
        };
        Rule {
            patterns: vec![pattern.expect("a pattern")],
            methods: vec![Method::GET],
            hosts: hosts(&service),
        }
    };
    RouteTable::new((0..routes).map(|index| (rule(index), index)))
}
