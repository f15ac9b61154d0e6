use crate::testing::*;
use crate::{Engine, Limits};
use serde_json::json;
use std::time::{Duration, Instant};

async fn refused(document: &str) -> String {
    let world = World::new();
    let started = Instant::now();
    let response = run(&world, document).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(response.get("data").is_none(), "{}", &response.to_string()[..200]);
    assert!(world.asked().is_empty());
    assert!(response.to_string().len() < 20_000);
    response["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    for levels in [65, 300, 600, 20_000, 200_000] {
        let (open, close) = ("{a".repeat(levels), "}".repeat(levels));
        for document in [
            format!("{open}{close}"),
            open.clone(),
            format!(
                "{{ getPosts(input: {}) {{ success }} }}",
                "[".repeat(levels) + &"]".repeat(levels)
            ),
            format!(
                "{{ getPosts(input: {}1{}) {{ success }} }}",
                "{a:".repeat(levels),
                "}".repeat(levels)
            ),
            format!(
                "query ($a: {}Int{}) {{ getPosts {{ success }} }}",
                "[".repeat(levels),
                "]".repeat(levels)
            ),
            format!(
                "{{ {} getPosts {{ success }} {} }}",
                "...{".repeat(levels),
                "}".repeat(levels)
            ),
        ] {
            assert_eq!(refused(&document).await, "GRAPHQL_LIMIT_EXCEEDED", "{levels}");
        }
    }
}

#[tokio::test]
async fn introspection_cannot_grow_without_end() {
    let deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(refused(deep).await, "GRAPHQL_LIMIT_EXCEEDED");
    let of_type = format!(
        "{{ __type(name: \"Post\") {} name {} }}",
        "{ ofType ".repeat(30) + "{",
        "}".repeat(31)
    );
    assert_eq!(refused(&of_type).await, "GRAPHQL_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn too_much_of_anything_is_refused() {
    let roots: String = (0..21).map(|at| format!("a{at}: getPosts {{ success }} ")).collect();
    assert_eq!(refused(&format!("{{ {roots} }}")).await, "GRAPHQL_LIMIT_EXCEEDED");
    let aliases: String = (0..31).map(|at| format!("a{at}: success ")).collect();
    assert_eq!(
        refused(&format!("{{ getPosts {{ {aliases} }} }}")).await,
        "GRAPHQL_LIMIT_EXCEEDED"
    );
    // Sixteen aliases in the text, 4 × 15 once the fragments are followed.
    let fragment: String = (0..15).map(|at| format!("a{at}: success ")).collect();
    let spread = format!(
        "{{ a: getPosts {{ ...F }} b: getPosts {{ ...F }} c: getPosts {{ ...F }} getPosts {{ ...F }} }} fragment F on PostsPayload {{ {fragment} }}"
    );
    assert_eq!(refused(&spread).await, "GRAPHQL_LIMIT_EXCEEDED");
    assert_eq!(
        refused(&format!("{{ getPosts {{ {} }} }}", "success ".repeat(2_000))).await,
        "GRAPHQL_LIMIT_EXCEEDED"
    );
    assert_eq!(
        refused(&format!("{{ getPosts {{ {} }} }}", "success ".repeat(1_100))).await,
        "GRAPHQL_LIMIT_EXCEEDED"
    );
}

#[tokio::test]
async fn what_is_just_within_the_limits_is_answered() {
    let roots: String = (0..20).map(|at| format!("a{at}: getPosts {{ success }} ")).collect();
    assert!(
        run(&World::new(), &format!("{{ {roots} }}"))
            .await
            .get("errors")
            .is_none()
    );
    let tight = Limits {
        depth: 4,
        ..Limits::default()
    };
    let engine = Engine::new(&shipped(), tight).unwrap();
    for (query, good) in [
        ("{ getPosts { posts { author { id } } } }", true),
        (
            "{ getPosts { ...F } } fragment F on PostsPayload { posts { author { ... { id } } } }",
            true,
        ),
        (
            "{ getPosts { posts { author { id } } } __schema { types { fields { type { name } } } } }",
            true,
        ),
    ] {
        let answer = post(&engine, &World::new(), &json!({ "query": query })).await;
        assert_eq!(body(&answer).get("data").is_some(), good, "{query}");
    }
    let engine = Engine::new(&shipped(), Limits { depth: 3, ..tight }).unwrap();
    let answer = post(
        &engine,
        &World::new(),
        &json!({ "query": "{ getPosts { posts { author { id } } } }" }),
    )
    .await;
    assert!(
        body(&answer)["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("at most 3")
    );
}

#[tokio::test]
async fn fragments_that_multiply_or_turn_in_circles_are_refused() {
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    assert_eq!(refused("{ ...A } fragment A on Query { ...A }").await, invalid);
    assert_eq!(
        refused("{ ...A } fragment A on Query { ...B } fragment B on Query { ... { ...A } }").await,
        invalid
    );
    assert_eq!(refused("{ ...A }").await, invalid);
    // Each fragment spreads the next one twice: 2^150 fields.
    for body in [
        "...F{n} ...F{n}",
        "author { id } ... { ...F{n} } ... { ...F{n} }",
        "x: author { id } ...F{n} ...F{n}",
    ] {
        let fragments: String = (0..90)
            .map(|at| {
                format!(
                    "fragment F{at} on Post {{ {} }} ",
                    body.replace("{n}", &(at + 1).to_string())
                )
            })
            .collect();
        let document = format!("{{ getPosts {{ posts {{ ...F0 }} }} }} {fragments} fragment F90 on Post {{ id }}");
        refused(&document).await;
    }
}

#[tokio::test]
async fn long_chains_of_fragments_do_not_break_the_stack() {
    for (links, nest) in [(90, 4), (30, 18), (9, 60), (200, 0)] {
        let fragments: String = (0..links)
            .map(|at| {
                format!(
                    "fragment F{at} on Query {{ {} ...F{} {} }} ",
                    "...{".repeat(nest),
                    at + 1,
                    "}".repeat(nest)
                )
            })
            .collect();
        let document = format!("{{ ...F0 }} {fragments} fragment F{links} on Query {{ getPosts {{ success }} }}");
        let response = run(&World::new(), &document).await;
        assert!(response["data"]["getPosts"].is_object() || response["errors"].is_array());
    }
}

#[tokio::test]
async fn conflicting_aliases_are_refused() {
    let document = "{ a: getPosts { success } a: getComments(postId: 1) { success } }";
    assert_eq!(refused(document).await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(
        refused("{ getPost(id: 1) { success } getPost(id: 2) { success } }").await,
        "GRAPHQL_VALIDATION_FAILED"
    );
}

#[tokio::test]
async fn a_megabyte_of_anything_is_dealt_with_at_once() {
    for unit in [
        "a ", "{", "}", "\"", "\"\"\"", "#", ",", " ", "...", "$", "é", "\u{feff}", "\\", "@a", "1", "query ",
    ] {
        refused(&unit.repeat((1 << 20) / unit.len())).await;
    }
    let comment = format!("{{ getPosts {{ success }} }} # {}", "x".repeat(1 << 20));
    assert!(run(&World::new(), &comment).await["data"]["getPosts"].is_object());
    let content = format!(
        "mutation {{ createPost(input: {{ content: \"{}\" }}) {{ success }} }}",
        "x".repeat(1 << 20)
    );
    assert!(run(&World::new(), &content).await["data"]["createPost"].is_object());
}

#[tokio::test]
async fn many_faults_are_told_in_few_words() {
    let nope: String = (0..900).map(|at| format!("nope{at} ")).collect();
    let answer = post(&engine(), &World::new(), &json!({ "query": format!("{{ {nope} }}") })).await;
    assert_eq!(body(&answer)["errors"].as_array().unwrap().len(), 20);
}
