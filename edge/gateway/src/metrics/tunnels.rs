//! What is counted of WebSockets, by route.

use super::{Counter, Gauge, Metrics, Page, render::family};
use crate::tunnel::Why;

/// What a route's WebSockets carry.
#[derive(Debug, Default)]
pub(crate) struct TunnelCells {
    /// Those that are open.
    pub(crate) open: Gauge,
    /// Those that were opened.
    pub(crate) opened: Counter,
    /// From clients.
    pub(crate) received: Carried,
    /// To clients.
    pub(crate) sent: Carried,
    /// Those that ended, by why.
    pub(crate) ended: [Counter; Why::WORDS.len()],
}

/// What was carried one way.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// All bytes behind the handshake.
    pub(crate) bytes: Counter,
    /// Whole messages of texts or bytes; pings, pongs and closes are none.
    pub(crate) messages: Counter,
}

impl Metrics {
    /// Adds it to the page.
    pub(super) fn of_tunnels(&self, page: &mut Page) {
        let routes = family(&self.tunnels);
        let name = "edge_tunnels";
        page.metric(name, "gauge", "Open WebSockets.");
        for (route, cells) in &routes {
            page.value(name, &format!("route=\"{route}\""), cells.open.get());
        }
        let name = "edge_tunnels_opened_total";
        page.metric(name, "counter", "WebSockets that were opened.");
        for (route, cells) in &routes {
            page.value(name, &format!("route=\"{route}\""), cells.opened.get());
        }
        let name = "edge_tunnels_ended_total";
        page.metric(name, "counter", "WebSockets that ended, by why.");
        for (route, cells) in &routes {
            for (why, counter) in Why::WORDS.iter().zip(&cells.ended) {
                page.value(name, &format!("route=\"{route}\",why=\"{why}\""), counter.get());
            }
        }
        let mut carried = |name, help, what: fn(&Carried) -> &Counter| {
            page.metric(name, "counter", help);
            for (route, cells) in &routes {
                for (direction, carried) in [("received", &cells.received), ("sent", &cells.sent)] {
                    let labels = format!("route=\"{route}\",direction=\"{direction}\"");
                    page.value(name, &labels, what(carried).get());
                }
            }
        };
        carried("edge_tunnel_bytes_total", "Bytes that WebSockets carried.", |carried| {
            &carried.bytes
        });
        carried(
            "edge_tunnel_messages_total",
            "Messages that WebSockets carried.",
            |carried| &carried.messages,
        );
        let name = "edge_tunnels_refused_total";
        page.metric(
            name,
            "counter",
            "WebSockets and event streams refused, by the bound that was met.",
        );
        page.value(name, "bound=\"all\"", self.tunnels_refused.get());
        page.value(name, "bound=\"user\"", self.tunnels_refused_to_one.get());
    }
}
