//! Prometheus' text format (version 0.0.4).

use super::{
    Counter, FAULTS, Family, Gauge, Metrics,
    cells::{BUCKETS_US, Histogram},
};
use crate::reload::Verdict;
use edge_policy::{compression::Coding, shed::Level};
use std::{
    fmt::Write,
    sync::{Arc, PoisonError},
};

/// Names of the status classes, by first digit.
const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// `Content-Type` of what [`Metrics::render`] makes.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

fn family<T>(family: &Family<T>) -> Vec<(String, Arc<T>)> {
    let family = family.lock().unwrap_or_else(PoisonError::into_inner);
    family
        .iter()
        .map(|(name, cells)| (name.clone(), Arc::clone(cells)))
        .collect()
}

/// Text under construction. Writing to a `String` cannot fail, so results are dropped here, once.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// Introduces a metric.
    pub(crate) fn metric(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One value; `labels` without braces, may be empty.
    pub(crate) fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.metric(name, "counter", help);
        self.value(name, "", counter.get());
    }

    fn gauge(&mut self, name: &str, help: &str, gauge: &Gauge) {
        self.metric(name, "gauge", help);
        self.value(name, "", gauge.get());
    }

    fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let (buckets, count, sum) = histogram.read();
        let bucket = format!("{name}_bucket");
        for (bound, below) in BUCKETS_US.iter().zip(buckets) {
            self.value(&bucket, &format!("{labels},le=\"{}\"", *bound as f64 / 1e6), below);
        }
        self.value(&bucket, &format!("{labels},le=\"+Inf\""), count);
        self.value(&format!("{name}_sum"), labels, sum);
        self.value(&format!("{name}_count"), labels, count);
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

impl Metrics {
    fn compression(&self, page: &mut Page) {
        let name = "edge_compressed_answers_total";
        page.metric(name, "counter", "Answers that the edge compressed.");
        for coding in Coding::ALL {
            let label = format!("coding=\"{}\"", coding.name());
            page.value(name, &label, self.compression.answers(coding).get());
        }
        let name = "edge_compression_bytes_total";
        page.metric(name, "counter", "Bytes of bodies before and after compression.");
        page.value(name, "side=\"before\"", self.compression.bytes_in.get());
        page.value(name, "side=\"after\"", self.compression.bytes_out.get());
    }

    fn cache(&self, page: &mut Page) {
        let name = "edge_cache_requests_total";
        page.metric(name, "counter", "Requests of routes with a cache, by what it did.");
        for (word, count) in self.cache.answers() {
            page.value(name, &format!("result=\"{word}\""), count);
        }
        page.counter(
            "edge_cache_collapsed_total",
            "Requests that got the answer which another one fetched while they waited.",
            &self.cache.collapsed,
        );
        page.counter(
            "edge_cache_evictions_total",
            "Answers that went, or did not stay, for want of room.",
            &self.cache.evictions,
        );
        page.counter(
            "edge_cache_purged_total",
            "Answers that were purged.",
            &self.cache.purged,
        );
        page.counter(
            "edge_cache_no_room_total",
            "Answers not kept, as too many were on their way.",
            &self.cache.no_room,
        );
    }

    /// Every counter. The caller adds what it measures itself.
    pub(crate) fn render(&self) -> Page {
        let mut page = Page::default();
        self.routes(&mut page);
        self.upstreams(&mut page);
        self.shed(&mut page);
        self.limits(&mut page);
        page.gauge("edge_requests_in_flight", "Requests being answered.", &self.in_flight);
        page.gauge(
            "edge_streams",
            "Open event streams, sockets and long polls.",
            &self.streams,
        );
        page.gauge("edge_connections", "Open client connections.", &self.connections);
        page.counter(
            "edge_connections_refused_total",
            "Connections over a limit.",
            &self.connections_refused,
        );
        page.counter(
            "edge_tls_handshakes_total",
            "TLS handshakes with clients.",
            &self.handshakes,
        );
        page.counter(
            "edge_tls_handshakes_resumed_total",
            "Those of them that went on with a session of before.",
            &self.handshakes_resumed,
        );
        page.counter(
            "edge_tls_handshakes_failed_total",
            "TLS handshakes that led nowhere.",
            &self.handshakes_failed,
        );
        page.counter(
            "edge_floods_total",
            "Requests refused by the flood guard.",
            &self.floods,
        );
        page.counter(
            "edge_quota_store_failures_total",
            "Failed calls to the quota store.",
            &self.quota_store_failures,
        );
        page.counter(
            "edge_lease_calls_total",
            "Calls that borrowed tokens of leased quotas.",
            &self.lease_calls,
        );
        page.counter(
            "edge_tokens_refused_total",
            "Tokens that were not accepted.",
            &self.tokens_refused,
        );
        let name = "edge_cross_site_requests_total";
        page.metric(name, "counter", "Requests of other sites' pages that may not.");
        for (decision, counter) in [
            ("refused", &self.cross_site_refused),
            ("reported", &self.cross_site_reported),
        ] {
            page.value(name, &format!("decision=\"{decision}\""), counter.get());
        }
        page.counter(
            "edge_tokens_judged_total",
            "Tokens that were not known and had to be judged.",
            &self.tokens_judged,
        );
        page.counter(
            "edge_tokens_unread_total",
            "Tokens refused unread: too many of their client's were bad.",
            &self.tokens_unread,
        );
        page.counter(
            "edge_jwks_failures_total",
            "Failed fetches of the key set.",
            &self.jwks_failures,
        );
        self.compression(&mut page);
        self.cache(&mut page);
        page.counter(
            "edge_access_log_dropped_total",
            "Lines left out of the access log, which is read too slowly.",
            &self.access_log_dropped,
        );
        self.configuration(&mut page);
        page
    }

    fn configuration(&self, page: &mut Page) {
        page.gauge(
            "edge_config_generation",
            "Generation of the configuration in use.",
            &self.generation,
        );
        page.gauge(
            "edge_config_last_reload_successful",
            "Whether the last reload was not refused: 1 or 0.",
            &self.last_reload_successful,
        );
        page.gauge(
            "edge_config_last_reload_success_timestamp_seconds",
            "When the last reload that was not refused ended, since the Unix epoch.",
            &self.last_reload_success,
        );
        let name = "edge_clients_cut_total";
        page.metric(
            name,
            "counter",
            "Clients cut off because of their bytes, by what was wrong.",
        );
        for ((_, fault), counter) in FAULTS.iter().zip(&self.clients_cut) {
            page.value(name, &format!("reason=\"{fault}\""), counter.get());
        }
        let name = "edge_config_reloads_total";
        page.metric(name, "counter", "Reloads by what became of them.");
        for (verdict, counter) in Verdict::ALL.iter().zip(&self.reloads) {
            page.value(name, &format!("result=\"{}\"", verdict.as_str()), counter.get());
        }
    }

    fn routes(&self, page: &mut Page) {
        let name = "edge_requests_total";
        page.metric(name, "counter", "Requests by route and class of status.");
        for (route, cells) in family(&self.routes) {
            for (class, counter) in CLASSES.iter().zip(&cells.by_class) {
                page.value(name, &format!("route=\"{route}\",status=\"{class}\""), counter.get());
            }
        }
    }

    fn upstreams(&self, page: &mut Page) {
        let upstreams = family(&self.upstreams);
        let name = "edge_upstream_latency_seconds";
        page.metric(
            name,
            "histogram",
            "From the choice of a target to the head of its answer.",
        );
        for (upstream, cells) in &upstreams {
            page.histogram(name, &format!("upstream=\"{upstream}\""), &cells.latency);
        }
        let name = "edge_upstream_events_total";
        page.metric(
            name,
            "counter",
            "Failed connections and exchanges, retries, hedges, ejections, what the breaker did, and what fallbacks took over.",
        );
        for (upstream, cells) in &upstreams {
            let events = [
                ("connect_failure", &cells.connect_failures),
                ("failure", &cells.failures),
                ("retry", &cells.retries),
                ("retry_refused", &cells.retries_refused),
                ("hedge", &cells.hedges),
                ("hedge_won", &cells.hedges_won),
                ("hedge_refused", &cells.hedges_refused),
                ("ejection", &cells.ejections),
                ("breaker_opened", &cells.breaker_opened),
                ("breaker_refused", &cells.breaker_refused),
                ("fallback", &cells.fallbacks),
            ];
            for (event, counter) in events {
                page.value(
                    name,
                    &format!("upstream=\"{upstream}\",event=\"{event}\""),
                    counter.get(),
                );
            }
        }
    }

    fn shed(&self, page: &mut Page) {
        let name = "edge_requests_shed_total";
        page.metric(
            name,
            "counter",
            "Requests refused as their upstream had too much to do.",
        );
        for (upstream, cells) in family(&self.upstreams) {
            for (level, counter) in Level::ALL.iter().zip(&cells.shed) {
                let labels = format!("upstream=\"{upstream}\",priority=\"{}\"", level.word());
                page.value(name, &labels, counter.get());
            }
        }
    }

    fn limits(&self, page: &mut Page) {
        let limits = family(&self.limits);
        let name = "edge_rate_limit_decisions_total";
        page.metric(name, "counter", "Decisions by quota.");
        for (limit, cells) in &limits {
            for (decision, counter) in [
                ("admitted", &cells.admitted),
                ("refused", &cells.refused),
                ("over", &cells.over),
            ] {
                page.value(
                    name,
                    &format!("limit=\"{limit}\",decision=\"{decision}\""),
                    counter.get(),
                );
            }
        }
        let name = "edge_rate_limit_local_total";
        page.metric(name, "counter", "Decisions made without the store.");
        for (limit, cells) in &limits {
            page.value(name, &format!("limit=\"{limit}\""), cells.local.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_page_has_every_family() {
        let metrics = Metrics::default();
        metrics.route("files").answered(200);
        metrics.upstream("media").latency.observe(Duration::from_millis(2));
        metrics.limit("anonymous_ip").refused.add();
        metrics.serves(1);
        metrics.reloaded(Verdict::Refused, 0);
        let page = metrics.render().finish();
        for line in [
            "edge_requests_total{route=\"files\",status=\"2xx\"} 1",
            "edge_upstream_latency_seconds_bucket{upstream=\"media\",le=\"0.0025\"} 1",
            "edge_upstream_latency_seconds_count{upstream=\"media\"} 1",
            "edge_rate_limit_decisions_total{limit=\"anonymous_ip\",decision=\"refused\"} 1",
            "# TYPE edge_config_generation gauge",
            "edge_config_last_reload_successful 0",
            "edge_config_reloads_total{result=\"refused\"} 1",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
    }
}
