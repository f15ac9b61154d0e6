//! Laws that hold for whatever is sent.

use crate::testing::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;

fn shared() -> &'static crate::Engine {
    static ENGINE: OnceLock<crate::Engine> = OnceLock::new();
    ENGINE.get_or_init(engine)
}

fn block<F: Future>(future: F) -> F::Output {
    futures::executor::block_on(future)
}

/// A selection of a `Post`, of a `Comment`, or of a `User`, with fragments and conditions inside.
fn author() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "author { id }",
        "author { ...Who __typename }",
        "author { name: username @include(if: $on) ... on User { avatarUrl } }",
        "who: author @skip(if: $on) { fullName }",
    ])
    .prop_map(str::to_owned)
}

fn selection(own: &'static [&'static str]) -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(own).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![3 => leaf, 2 => author()], 1..4).prop_map(|parts| parts.join(" "))
}

const POST: &[&str] = &[
    "id",
    "content",
    "t: postType",
    "mediaUrls",
    "likeCount",
    "createdAt",
    "...P",
    "... { likedByMe }",
];
const COMMENT: &[&str] = &["id", "postId", "text: content", "updatedAt", "...C"];

fn root() -> impl Strategy<Value = String> {
    let condition = prop::sample::select(vec![
        "",
        "",
        "@include(if: $on)",
        "@skip(if: $on)",
        "@skip(if: $off)",
        "@include(if: true)",
    ]);
    let post_input = prop::sample::select(vec![
        "",
        "(input: $in)",
        "(input: { limit: $n, cursor: \"a\\nb\" })",
        "(input: null)",
    ]);
    let id = prop::sample::select(vec!["1", "\"x\"", "$id"]);
    let field = prop_oneof![
        (post_input, selection(POST), condition.clone()).prop_map(|(input, inner, on)| format!(
            "getPosts{input} {on} {{ posts {{ {inner} }} pageInfo {{ endCursor }} }}"
        )),
        (id.clone(), selection(POST), condition.clone())
            .prop_map(|(id, inner, on)| format!("getPost(id: {id}) {on} {{ success post {{ {inner} }} }}")),
        (id, selection(COMMENT), condition.clone()).prop_map(|(id, inner, on)| format!(
            "getComments(postId: {id}, limit: $n) {on} {{ comments {{ {inner} }} }}"
        )),
        Just("__typename".to_owned()),
        Just("__type(name: $name) { name kind }".to_owned()),
    ];
    (field, condition, 0..4).prop_map(|(field, on, wrap)| match wrap {
        0 => format!("... {on} {{ @ {field} }}"),
        1 => format!("... on Query {on} {{ @ {field} }}"),
        _ => format!("@ {field}"),
    })
}

/// A valid query. Each root field has its own alias, so that any set of them fits together.
fn query() -> impl Strategy<Value = String> {
    (prop::collection::vec(root(), 1..7), 0..7_usize).prop_map(|(roots, split)| {
        let mut roots: Vec<_> =
            roots.iter().enumerate().map(|(at, root)| root.replace("@ ", &format!("r{at}: "))).collect();
        let rest = roots.split_off(split.min(roots.len()));
        // What `query` needs so that every variable and fragment is used whichever roots were drawn.
        let used = "used: getPosts(input: $in) @skip(if: $off) { posts { ...P author { ...Who } } } \
            also: getComments(postId: $id, limit: $n) @include(if: $on) { comments { ...C } } t: __type(name: $name) { name }";
        format!(
            "query Q($in: GetPostsInput, $n: Int = 3, $id: ID!, $on: Boolean!, $off: Boolean = false, $name: String!) \
             {{ {} ...Rest }} fragment Rest on Query {{ {} {used} }} fragment P on Post {{ commentCount author {{ ...Who }} }} \
             fragment C on Comment {{ id author {{ ...Who }} }} fragment Who on User {{ username }}",
            roots.join(" "),
            rest.join(" ")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Splitting and merging changes nothing: the answer is that of one executor over the composed schema.
    #[test]
    fn the_whole_answers_like_one(query in query(), on: bool, id in 0..9, given: bool) {
        let mut variables = json!({ "id": id, "on": on, "name": "User" });
        if given {
            variables["in"] = json!({ "limit": 7, "cursor": "c\"\\" });
            variables["n"] = json!(null);
            variables["off"] = json!(!on);
        }
        let direct = resolve(&shared().api.schema, &query, None, &variables);
        let answer = block(post(shared(), &World::new(), &json!({ "query": query, "variables": variables })));
        let merged: Value = body(&answer);
        prop_assert_eq!(merged.get("errors"), None, "{}", query);
        prop_assert_eq!(&merged["data"], &direct["data"], "{}", query);
    }

    /// Whatever the body, there is an answer in JSON, and a refusal has a code.
    #[test]
    fn random_bytes_get_an_answer(bytes: Vec<u8>) {
        let answer = block(raw_post(shared(), &World::new(), &[], &bytes));
        prop_assert!(body(&answer)["errors"][0]["extensions"]["code"].is_string());
    }

    #[test]
    fn random_documents_get_an_answer(document in r#"(\{|\}|\(|\)|\[|\]|:|\.\.\.|\$|@|!|=|"|"""|\\|#|query|mutation|fragment|on|getPosts|getComments|postId|success|\$a|1|-|1\.5|é| |\n){0,40}"#) {
        let answer = block(post(shared(), &World::new(), &json!({ "query": document })));
        prop_assert!(body(&answer).is_object());
    }

    #[test]
    fn random_variables_get_an_answer(a in ".{0,20}", variables in r#"(\{|\}|\[|\]|:|,|"id"|"in"|1|1e999|null|true|"\\ud800"| ){0,20}"#) {
        let document = "query ($id: ID!, $in: GetPostsInput) { getPost(id: $id) { success } getPosts(input: $in) { success } }";
        let world = World::new();
        block(get(shared(), &world, &[("query", document), ("variables", &variables)]));
        block(get(shared(), &world, &[("query", &a), ("variables", &a), ("operationName", &a)]));
        let text = format!(r#"{{"query":{},"variables":{variables}}}"#, json!(document));
        prop_assert!(body(&block(raw_post(shared(), &world, &[], text.as_bytes()))).is_object());
    }

    /// Whatever a subgraph says, the client gets a response with every root field.
    #[test]
    fn random_answers_of_a_subgraph_are_survived(answer in r#"(\{|\}|\[|\]|:|,|"data"|"errors"|"getPosts"|"path"|"message"|1|null| ){0,16}"#) {
        let mut world = World::new();
        world.scripted.insert("posts", answer);
        let response = block(post(shared(), &world, &json!({ "query": "{ getPosts { success } getComments(postId: 1) { success } }" })));
        let response = body(&response);
        prop_assert!(response["data"].get("getPosts").is_some());
        prop_assert!(response["data"]["getComments"].is_object());
    }
}
