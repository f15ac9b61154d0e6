//! What a look-up costs: no allocation, and steps that the number of patterns bounds.

use super::{
    walk::{Step, Walk},
    *,
};

/// Steps of a walk to its end.
fn steps(tree: &Tree, root: usize, path: &str) -> usize {
    let mut walk = Walk::new(tree, root, path);
    (1..).take_while(|_| !matches!(walk.step(), Step::End)).count()
}

fn tree(patterns: impl IntoIterator<Item = String>) -> (Tree, usize) {
    let mut tree = Tree::default();
    let root = tree.root();
    for (route, text) in patterns.into_iter().enumerate() {
        let pattern = match text.strip_suffix('*') {
            Some(prefix) => Pattern::prefix(prefix),
            None => Pattern::path(&text),
        };
        tree.insert(root, &pattern.unwrap(), Entry { route, pattern: 0 });
    }
    (tree, root)
}

/// The template of `length` segments with a parameter wherever the bit is set.
fn masked(length: u32, bits: u64) -> String {
    (0..length)
        .map(|at| if bits >> at & 1 == 1 { "/{x}" } else { "/a" })
        .collect()
}

#[test]
fn steps_are_of_the_path_and_not_of_the_number_of_routes() {
    let routes = |number: usize| {
        let services = (0..number).map(|n| [format!("/s{n}/x"), format!("/s{n}/{{x}}/y"), format!("/s{n}*")]);
        tree(services.flatten())
    };
    let ((few, one), (many, other)) = (routes(3), routes(2_000));
    for path in ["/s1/x", "/s1/7/y", "/s1/a/b/c", "/nothing", "/s1/7/8"] {
        assert_eq!(steps(&few, one, path), steps(&many, other, path), "{path}");
    }
}

#[test]
fn no_path_makes_the_walk_come_twice_to_a_node() {
    // All 1,024 templates over ten segments: each fits, so that each node has to be come to, and none more than once.
    let (tree, root) = tree((0..1 << 10).map(|bits| masked(10, bits)));
    let hostile = "/a".repeat(10);
    assert_eq!(Walk::new(&tree, root, &hostile).flatten().count(), 1 << 10);
    for path in [
        hostile.clone(),
        format!("{}/b", "/a".repeat(9)),
        "/a".repeat(9),
        "/a".repeat(400),
        format!("{hostile}/"),
    ] {
        assert!(steps(&tree, root, &path) <= 3 * tree.len(), "{path}");
    }
}

#[test]
fn a_long_hostile_path_costs_what_the_patterns_are_long() {
    // 300 templates of 40 segments, a quarter parameters: 2^40 ways for whoever takes each choice anew.
    let bits = (1..=300u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & n.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
    let (tree, root) = tree(bits.map(|bits| masked(40, bits)));
    for length in [39, 40, 41, 400, 4_000] {
        let path = "/a".repeat(length);
        assert!(steps(&tree, root, &path) <= 3 * tree.len(), "{length}");
    }
}

#[test]
fn a_found_route_allocates_nothing() {
    let table = RouteTable::new([
        (rule(&["/a"], &[Method::POST]), 0),
        (rule(&["/{x}"], &[Method::GET]), 1),
        (rule(&["/b*"], &[]), 2),
        (rule_at(&["*.example.com"], &["/a/b"], &[]), 3),
    ]);
    for (host, path, want) in [
        (None, "/a", 1),
        (Some("example.com"), "/b/c/d", 2),
        (Some("A.B.Example.com:80"), "/a/b", 3),
        (Some("a.example.com"), "/a", 1),
    ] {
        let mut found = None;
        let info = allocation_counter::measure(|| found = Some(table.find(host, path, &Method::GET)));
        assert_eq!(found, Some(Found::Route(&want)), "{path}");
        assert_eq!(info.count_total, 0, "{path}");
    }
}

proptest! {
    /// Law: three steps a node at most, whatever the patterns and the path.
    #[test]
    fn steps_are_bounded(
        patterns in prop::collection::vec("(/(a|b|\\{x\\})){1,6}", 0..60),
        path in "(/(a|b|c)){0,12}/?",
    ) {
        let (tree, root) = tree(patterns);
        prop_assert!(steps(&tree, root, &path) <= 3 * tree.len());
    }
}
