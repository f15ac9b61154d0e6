//! Samples by kind of work, and the functions at their tips.

use super::record::plain;
use std::{collections::BTreeMap, fmt::Write};

/// Functions that are listed.
const LISTED: usize = 25;

/// Kinds, and what begins the names of their functions or stands in them. The first that fits decides.
const KINDS: [(&str, &[&str]); 8] = [
    (
        "allocator",
        &[
            "mi_",
            "_mi_",
            "malloc",
            "free",
            "realloc",
            "calloc",
            "_int_",
            "unlink_chunk",
            "__rust_alloc",
            "__rdl_",
        ],
    ),
    ("access log", &["edge::access_log", "edge::phase::record", "tracing"]),
    (
        "tokens",
        &["shared_identity", "siphasher", "moka", "sha2", "jsonwebtoken"],
    ),
    ("quota store", &["redis", "shared_redis", "bb8"]),
    (
        "our policies and phases",
        &["edge::", "edge_policy", "edge_graphql", "edge_config"],
    ),
    ("Pingora", &["pingora"]),
    ("HTTP types and parser", &["http::", "httparse", "bytes::"]),
    ("runtime", &["tokio", "mio::"]),
];

/// Both tables, as text. Stacks are weighted by nanoseconds: perf's period of the software clock.
pub(super) fn table(folded: &str) -> String {
    let (mut kinds, mut tips) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
    let mut all = 0;
    for (stack, count) in folded.lines().filter_map(stack) {
        all += count;
        *kinds.entry(kind(stack)).or_default() += count;
        *tips
            .entry(plain(stack.rsplit(';').next().unwrap_or(stack)))
            .or_default() += count;
    }
    let mut text = format!("{:.2} s of CPU\n\nby kind of work\n", all as f64 / 1e9);
    list(&mut text, kinds, all, usize::MAX);
    text.push_str("\nby function\n");
    list(&mut text, tips, all, LISTED);
    text
}

fn list(text: &mut String, counts: BTreeMap<&str, u64>, all: u64, most: usize) {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (name, count) in counts.into_iter().take(most) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{:>6.1} %  {name}", count as f64 / all as f64 * 100.0);
    }
}

fn stack(line: &str) -> Option<(&str, u64)> {
    let (stack, count) = line.rsplit_once(' ')?;
    Some((stack, count.parse().ok()?))
}

/// Of the innermost frame that tells: a copy or a hash is work of whoever asked for it.
fn kind(stack: &str) -> &'static str {
    let mut frames = stack.rsplit(';');
    if stack.ends_with("_[k]") {
        return "kernel";
    }
    let told = frames.find_map(|frame| {
        KINDS
            .iter()
            .find(|(_, names)| names.iter().any(|name| is_of(frame, name)))
    });
    told.map_or("other", |(kind, _)| kind)
}

/// Implementations are named `<Type as Trait>::function`.
fn is_of(frame: &str, name: &str) -> bool {
    let frame = frame.trim_start_matches(['<', '&']);
    frame.starts_with(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_frame_that_tells_decides() {
        assert_eq!(kind("edge;edge::main;tcp_sendmsg_[k]"), "kernel");
        assert_eq!(
            kind("edge;pingora_proxy::x;edge::phase::admit::admit;sha2::sha256::compress"),
            "tokens"
        );
        assert_eq!(kind("edge;pingora_proxy::x;__memcpy_avx_unaligned_erms"), "Pingora");
        assert_eq!(
            kind("edge;<edge::front::Front as pingora_core::apps::ServerApp>::process_new"),
            "our policies and phases"
        );
        assert_eq!(kind("edge;pingora_proxy::x;mi_malloc"), "allocator");
        assert_eq!(kind("edge;clone"), "other");
    }

    #[test]
    fn shares_are_of_all_samples() {
        let text = table("edge;edge::a 3000000000\nedge;edge::a;read_[k] 1000000000\n");
        assert!(text.contains("4.00 s of CPU"));
        assert!(text.contains("  75.0 %  our policies and phases"), "{text}");
        assert!(text.contains("  25.0 %  kernel"), "{text}");
        assert!(text.contains("  25.0 %  read_[k]"), "{text}");
    }
}
