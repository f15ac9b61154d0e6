use super::*;
use proptest::prelude::*;

mod cost;
mod hosts;
mod laws;

/// A `*` at the end makes a prefix.
pub(super) fn rule(patterns: &[&str], methods: &[Method]) -> Rule {
    rule_at(&[], patterns, methods)
}

pub(super) fn rule_at(hosts: &[&str], patterns: &[&str], methods: &[Method]) -> Rule {
    let pattern = |text: &&str| match text.strip_suffix('*') {
        Some(prefix) => Pattern::prefix(prefix).unwrap(),
        None => Pattern::path(text).unwrap(),
    };
    Rule {
        patterns: patterns.iter().map(pattern).collect(),
        methods: methods.to_vec(),
        hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
    }
}

fn table(routes: &[(&'static str, &[&str], &[Method])]) -> RouteTable<&'static str> {
    RouteTable::new(
        routes
            .iter()
            .map(|(name, patterns, methods)| (rule(patterns, methods), *name)),
    )
}

fn name(table: &RouteTable<&'static str>, method: &Method, path: &str) -> String {
    told(&table.find(None, path, method))
}

fn told(found: &Found<'_, &'static str>) -> String {
    match found {
        Found::Route(name) => (**name).to_owned(),
        Found::MethodNotAllowed { allow } => format!("405 {allow}"),
        Found::NotFound => "404".to_owned(),
    }
}

const ROUTES: [(&str, &[&str], &[Method]); 8] = [
    ("auth", &["/api/auth*"], &[]),
    ("sign_in", &["/api/auth/login", "/api/auth/signup"], &[Method::POST]),
    ("stream", &["/api/sse/comments/{postId}"], &[Method::GET]),
    ("latest", &["/api/sse/comments/latest"], &[Method::GET]),
    ("media", &["/api/media*"], &[]),
    ("pictures", &["/api/media/pictures*"], &[]),
    ("files", &["/media*"], &[Method::GET]),
    ("graphql", &["/graphql"], &[Method::GET, Method::POST]),
];

#[test]
fn exact_then_template_then_the_longest_prefix() {
    let table = table(&ROUTES);
    let get = |path: &str| name(&table, &Method::GET, path);
    assert_eq!(get("/api/sse/comments/latest"), "latest");
    assert_eq!(get("/api/sse/comments/7"), "stream");
    assert_eq!(get("/api/sse/comments/"), "404", "a parameter is not empty");
    assert_eq!(get("/api/sse/comments/7/8"), "404");
    assert_eq!(get("/api/media/pictures/1"), "pictures");
    assert_eq!(get("/api/media/picturesque"), "media");
    assert_eq!(get("/api/media"), "media");
    assert_eq!(get("/api/mediax"), "404");
    assert_eq!(get("/graphql/"), "404");
    assert_eq!(get("/"), "404");
}

#[test]
fn a_method_that_nobody_takes_is_405() {
    let table = table(&ROUTES);
    assert_eq!(name(&table, &Method::POST, "/api/auth/login"), "sign_in");
    assert_eq!(
        name(&table, &Method::GET, "/api/auth/login"),
        "auth",
        "the less specific route takes it"
    );
    assert_eq!(name(&table, &Method::DELETE, "/graphql"), "405 GET, HEAD, POST");
    assert_eq!(name(&table, &Method::HEAD, "/media/a.png"), "files");
    assert_eq!(name(&table, &Method::POST, "/media/a.png"), "405 GET, HEAD");
}

#[test]
fn internal_paths_are_never_routed() {
    let all = table(&[("all", &["/*"], &[])]);
    assert_eq!(name(&all, &Method::GET, "/"), "all");
    assert_eq!(name(&all, &Method::GET, "/x/y"), "all");
    assert_eq!(name(&all, &Method::GET, "/internal/users"), "404");
    assert_eq!(name(&all, &Method::GET, "/internal"), "404");
    assert_eq!(name(&all, &Method::GET, "/internals"), "all");
}

#[test]
fn what_is_no_path_is_below_no_prefix() {
    let all = table(&[("all", &["/*", "/{x}"], &[])]);
    for path in ["*", "x", "x/y"] {
        assert_eq!(name(&all, &Method::OPTIONS, path), "404", "{path}");
    }
    assert_eq!(name(&all, &Method::OPTIONS, ""), "all");
}

#[test]
fn a_method_falls_through_kind_by_kind() {
    let all = table(&[
        ("exact", &["/a/b"], &[Method::PUT]),
        ("left", &["/a/{x}"], &[Method::POST]),
        ("right", &["/{x}/b"], &[Method::PATCH]),
        ("long", &["/a*"], &[Method::DELETE]),
        ("short", &["/*"], &[Method::GET]),
    ]);
    for (method, want) in [
        (Method::PUT, "exact"),
        (Method::POST, "left"),
        (Method::PATCH, "right"),
        (Method::DELETE, "long"),
        (Method::HEAD, "short"),
        (Method::OPTIONS, "405 DELETE, GET, HEAD, PATCH, POST, PUT"),
    ] {
        assert_eq!(name(&all, &method, "/a/b"), want);
    }
}

#[test]
fn a_parameter_is_not_empty_on_the_way_back_either() {
    let all = table(&[
        ("exact", &["/a/"], &[Method::POST]),
        ("not", &["/a/{x}"], &[]),
        ("template", &["/{x}/"], &[Method::GET]),
    ]);
    assert_eq!(name(&all, &Method::GET, "/a/"), "template");
    assert_eq!(name(&all, &Method::PUT, "/a/"), "405 GET, HEAD, POST");
}

#[test]
fn of_two_templates_the_one_with_the_literal_further_left_wins() {
    let both = table(&[
        ("left", &["/{a}/c/{b}"], &[]),
        ("right", &["/x/{a}/{b}"], &[Method::GET]),
    ]);
    assert_eq!(name(&both, &Method::GET, "/x/c/1"), "right");
    assert_eq!(name(&both, &Method::POST, "/x/c/1"), "left");
}

proptest! {
    /// Law: the order of the file never matters.
    #[test]
    fn order_does_not_matter(
        shuffled in Just(ROUTES.to_vec()).prop_shuffle(),
        path in "(/(api|auth|login|sse|comments|latest|media|pictures|graphql|7)){1,5}",
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::HEAD, Method::DELETE]),
    ) {
        prop_assert_eq!(name(&table(&shuffled), &method, &path), name(&table(&ROUTES), &method, &path));
    }

    /// Law: the table answers as a plain reading of the rule of precedence does.
    #[test]
    fn agrees_with_a_linear_search(path in "(/(api|auth|login|sse|comments|latest|media|pictures|7)){1,4}") {
        let fits = |pattern: &Pattern| match pattern {
            Pattern::Exact(p) => (*p == path).then_some((0, 0)),
            Pattern::Template(t) => (t.matches('/').count() == path.matches('/').count()
                && t.split('/').zip(path.split('/')).all(|(t, p)| t == p || t.starts_with('{'))).then_some((1, 0)),
            Pattern::Prefix(p) => is_under(&path, p).then_some((2, usize::MAX - p.len())),
        };
        let best = ROUTES.iter()
            .flat_map(|(name, patterns, methods)| {
                let rule = rule(patterns, methods);
                let taken = rule.takes(&Method::POST);
                rule.patterns.into_iter().filter(move |_| taken).map(move |p| (p, *name)).collect::<Vec<_>>()
            })
            .filter_map(|(pattern, name)| fits(&pattern).map(|rank| (rank, name)))
            .min();
        let found = name(&table(&ROUTES), &Method::POST, &path);
        match best {
            Some((_, name)) => prop_assert_eq!(found, name),
            None => prop_assert!(found.starts_with('4')),
        }
    }
}
