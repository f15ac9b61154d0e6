//! Every shipped configuration loads, and says what the platform's contract says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Auth, Config, Diagnostic, Serves, Surroundings};
use edge_policy::{
    identity::Access,
    route::{Found, RouteTable},
};
use http::Method;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn no_env(_: &str) -> Option<String> {
    None
}

fn load(file: &str, env: &dyn Fn(&str) -> Option<String>) -> Config {
    let told = |all: Vec<Diagnostic>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let around = Surroundings {
        root: &root(),
        ..Surroundings::new(env)
    };
    let loaded = Config::load_in(&root().join(file), &around);
    let loaded = loaded.map_err(told).unwrap_or_else(|told| panic!("{told}"));
    assert_eq!(told(loaded.warnings), "", "{file}: nothing in it is hardly meant");
    loaded.config
}

#[test]
fn shipped_files_load_without_any_variable() {
    for file in ["conf/edge.yaml", "tests/edge.yaml"] {
        let config = load(file, &no_env);
        for route in config.routes.values() {
            if let Some(Serves::Graphql(graphql)) = route.serves() {
                for part in graphql.subgraphs.values() {
                    assert!(root().join(&part.schema).is_file(), "{file}: {}", part.schema.display());
                }
            }
        }
    }
}

#[test]
fn the_test_file_differs_in_the_trusted_proxies_alone() {
    let mut shipped = load("conf/edge.yaml", &no_env);
    let tests = load("tests/edge.yaml", &no_env);
    assert_ne!(shipped.trusted_proxies, tests.trusted_proxies);
    shipped.trusted_proxies.clone_from(&tests.trusted_proxies);
    assert_eq!(shipped, tests);
}

#[test]
fn variables_move_listeners_and_targets() {
    let config = load("conf/edge.yaml", &|name| match name {
        "COMMENTS_TARGETS" => Some("127.0.0.1:3004,127.0.0.1:3104, comments:3204".into()),
        "EDGE_BIND" => Some("127.0.0.1:18080".into()),
        _ => None,
    });
    let comments: Vec<_> = config.upstreams["comments"]
        .targets
        .iter()
        .map(|t| t.address.as_str())
        .collect();
    assert_eq!(comments, ["127.0.0.1:3004", "127.0.0.1:3104", "comments:3204"]);
    assert_eq!(config.listeners.http.bind.port(), 18080);
    assert_eq!(config.listeners.http.bind.ip().to_string(), "127.0.0.1");
}

#[test]
fn every_path_of_the_platform_has_its_route() {
    let config = load("conf/edge.yaml", &no_env);
    let table = RouteTable::new(
        config
            .routes
            .iter()
            .map(|(name, route)| (route.matches.to_rule().unwrap(), name)),
    );
    let cases = [
        (Method::POST, "/api/auth/login", "sign_in"),
        (Method::GET, "/api/auth/login", "auth"),
        (Method::POST, "/api/auth/logout", "logout"),
        (Method::GET, "/api/auth/me", "auth"),
        (Method::GET, "/api/auth/health", "auth_health"),
        (Method::GET, "/api/posts/health", "posts_health"),
        (Method::GET, "/api/comments/health", "comments_health"),
        (Method::GET, "/api/media/health", "media_health"),
        (Method::GET, "/api/notifications/health", "notifications_health"),
        (Method::GET, "/api/users/7", "users"),
        (Method::POST, "/graphql", "graphql"),
        (Method::GET, "/graphql", "graphql"),
        (Method::HEAD, "/media/a/b.png", "files"),
        (Method::POST, "/api/media/upload/image", "media"),
        (Method::GET, "/api/sse/comments/7", "comment_stream"),
        (Method::POST, "/api/notifications/read", "inbox"),
        (Method::GET, "/notifications/socket.io/", "socket"),
        (Method::GET, "/.well-known/jwks.json", "jwks"),
    ];
    for (method, path, want) in cases {
        let Found::Route(name) = table.find(None, path, &method) else {
            panic!("{method} {path} has no route")
        };
        assert_eq!(*name, want, "{method} {path}");
    }
    for path in ["/", "/internal/users", "/api/posts", "/socket.io/", "/health/ready"] {
        assert_eq!(table.find(None, path, &Method::GET), Found::NotFound, "{path}");
    }
}

#[test]
fn routes_inherit_and_override() {
    let config = load("conf/edge.yaml", &no_env);
    let route = |name: &str| &config.routes[name];
    assert_eq!(
        route("media").auth,
        Auth::Jwt {
            names: vec!["users".into()],
            optional: false,
            require: Default::default()
        }
    );
    assert_eq!(route("graphql").auth.access(), Access::Optional, "maps merge");
    assert_eq!(route("files").auth, Auth::Public, "scalars replace");
    assert!(route("files").rate_limits.is_empty(), "lists replace");
    assert_eq!(route("auth").rate_limits.len(), 1);
    assert!(route("auth").lists("anonymous_ip"));
    assert_eq!(route("media").timeouts.request.as_secs(), 120);
    assert_eq!(
        route("media").timeouts.connect.as_secs(),
        1,
        "what the route does not name stays"
    );
    assert_eq!(route("media").max_body.0, 51 << 20);
    assert_eq!(route("auth").max_body.0, 1 << 20);
    for health in ["auth", "posts", "comments", "media", "notifications"] {
        assert!(
            route(&format!("{health}_health")).rate_limits.is_empty(),
            "{health}: health is exempt from quotas"
        );
    }
}
