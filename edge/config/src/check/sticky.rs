//! Socket.IO over several instances needs a client to stay with its own.

use super::Report;
use crate::{Config, Match, Route, Streaming, Upstream, diagnose::code};

/// A part of every path that Socket.IO is spoken on, unless somebody changed it on both sides.
const SOCKET_IO: &str = "socket.io";

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, route) in &config.routes {
        let Some(upstream) = route.upstream.as_ref() else {
            continue;
        };
        let Some(instances) = config.upstreams.get(upstream).and_then(several) else {
            continue;
        };
        let bound = config
            .upstreams
            .get(upstream)
            .is_some_and(|upstream| upstream.sticky.is_some());
        if route.streaming != Some(Streaming::Websocket) || !speaks_socket_io(route) || (bound && route.sticky) {
            continue;
        }
        let key = report
            .tree()
            .entry("upstreams")
            .and_then(|section| section.node.entry(upstream));
        let at = key.map(|entry| entry.key_at).unwrap_or_default();
        let (lack, cure) = if bound {
            (format!(", and `sticky: false` on route `{name}`"), "take that out")
        } else {
            (
                " without `sticky`".to_owned(),
                "add `sticky: { cookie: edge_affinity, ttl: 1h }`",
            )
        };
        let words =
            format!("{instances} Socket.IO targets{lack}: polling fails with 400 \"Session ID unknown\"; {cure}");
        report.add_at(code::STICKY, at, &["upstreams", upstream], words);
    }
}

/// How many instances, if there may be more than one.
fn several(upstream: &Upstream) -> Option<String> {
    if upstream.discovery.is_some() {
        return Some("several".to_owned());
    }
    (upstream.targets.len() > 1).then(|| upstream.targets.len().to_string())
}

fn speaks_socket_io(route: &Route) -> bool {
    let Match {
        path,
        paths,
        path_prefix,
        ..
    } = &route.matches;
    let mut texts = paths
        .iter()
        .chain(path)
        .chain(path_prefix)
        .chain(&route.rewrite_prefix)
        .chain(&route.rewrite);
    texts.any(|text| text.contains(SOCKET_IO))
}
