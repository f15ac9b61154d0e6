//! Keys that a running process cannot change: a listener's address, and what was sized or connected at the start.

use edge_config::Config;

/// Those of them in which `wanted` differs from what the process was started with.
pub(super) fn needs_upgrade(started: &Config, wanted: &Config) -> Vec<String> {
    let (admin, limits) = ((&started.admin, &wanted.admin), (&started.limits, &wanted.limits));
    let keys = [
        ("admin.audit_file", admin.0.audit_file != admin.1.audit_file),
        ("admin.bind", admin.0.bind != admin.1.bind),
        ("admin.token_file", admin.0.token_file != admin.1.token_file),
        ("limits.connections", limits.0.connections != limits.1.connections),
        (
            "limits.connections_per_ip",
            limits.0.connections_per_ip != limits.1.connections_per_ip,
        ),
        (
            "listeners.http.bind",
            started.listeners.http.bind != wanted.listeners.http.bind,
        ),
        ("redis.url", started.redis != wanted.redis),
    ];
    let differing = keys.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(key, _)| key.to_owned()).collect()
}
