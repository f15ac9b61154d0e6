//! `/graphql`: a feed query understood for the first time and again, split and merged, and introspection.

use crate::Workload;
use async_trait::async_trait;
use bytes::Bytes;
use edge_graphql::{Answer, Call, Engine, HttpRequest, Limits, Subgraph, SubgraphClient, SubgraphError};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::rc::Rc;

const FEED: &str = "query Feed($input: GetPostsInput) { getPosts(input: $input) { success message code field \
                    posts { id content postType mediaUrls author { id username fullName avatarUrl } likeCount \
                    likedByMe commentCount createdAt updatedAt } pageInfo { hasNextPage endCursor } } }";
const BOTH: &str = "query Both { getPosts { success posts { id content author { username } } } \
                    getComments(postId: 1) { success comments { id content author { username } } } }";
const SCHEMA: &str = "query Schema { __schema { queryType { name } types { name kind fields { name type { name kind \
                      ofType { name kind } } args { name } } } } }";
/// Posts of one page, and comments.
const ITEMS: u32 = 20;

pub(super) fn workloads() -> Vec<Workload> {
    let desk = Rc::new(Desk::new());
    let repeated = |document: &'static str| {
        let (desk, body) = (Rc::clone(&desk), body(document));
        assert!(desk.answer(&body).status.is_success());
        move || desk.answer(&body)
    };
    let (known, split) = (repeated(FEED), repeated(BOTH));
    vec![
        Workload::heavy("graphql::feed::new document", new_document(&desk, FEED)),
        Workload::new("graphql::feed::known document", known),
        Workload::new("graphql::split and merged::known document", split),
        Workload::heavy("graphql::introspection::new document", new_document(&desk, SCHEMA)),
    ]
}

/// The same document under ever other names, of one length: each is parsed, validated and planned anew.
fn new_document(desk: &Rc<Desk>, document: &'static str) -> impl FnMut() -> Answer + 'static {
    let (desk, mut number) = (Rc::clone(desk), 0_u32);
    move || {
        number += 1;
        let named = document.replacen("query ", &format!("query N{number:08}"), 1);
        desk.answer(&body(&named))
    }
}

fn body(document: &str) -> Vec<u8> {
    let variables = if document.contains("$input") {
        json!({ "input": { "limit": ITEMS } })
    } else {
        json!({})
    };
    json!({ "query": document, "variables": variables })
        .to_string()
        .into_bytes()
}

/// The engine over the platform's own schemas, and subgraphs that answer at once.
struct Desk {
    engine: Engine,
    subgraphs: Canned,
    headers: HeaderMap,
}

impl Desk {
    fn new() -> Self {
        let schemas = [
            ("posts", include_str!("../../../../conf/graphql/posts.graphql")),
            ("comments", include_str!("../../../../conf/graphql/comments.graphql")),
        ];
        let schemas = schemas.map(|(name, sdl)| Subgraph {
            name: name.into(),
            sdl: sdl.into(),
        });
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            engine: Engine::new(&schemas, Limits::default()).expect("schemas that compose"),
            subgraphs: Canned::new(),
            headers,
        }
    }

    fn answer(&self, body: &[u8]) -> Answer {
        let request = HttpRequest {
            method: &Method::POST,
            query: None,
            headers: &self.headers,
            body,
        };
        let answer = self.engine.answer(request, &self.subgraphs, &()).now_or_never();
        answer.expect("subgraphs that answer at once")
    }
}

/// Answers with one page, whatever is asked.
struct Canned {
    posts: Bytes,
    comments: Bytes,
}

impl Canned {
    fn new() -> Self {
        let author = json!({ "id": "7", "username": "ann", "fullName": "Ann Example", "avatarUrl": null });
        let page = |name: &str, list: &str, item: &dyn Fn(u32) -> Value| {
            let items: Vec<Value> = (0..ITEMS).map(item).collect();
            let page =
                json!({ "success": true, list: items, "pageInfo": { "hasNextPage": true, "endCursor": "MjAyNg" } });
            Bytes::from(json!({ "data": { name: page } }).to_string())
        };
        let post = |id: u32| {
            json!({
                "id": id.to_string(), "content": "A post of some words, as people write them.", "postType": "TEXT",
                "mediaUrls": [], "author": author, "likeCount": 3, "likedByMe": false, "commentCount": 2,
                "createdAt": "2026-01-31T23:59:59.123456Z", "updatedAt": "2026-01-31T23:59:59.123456Z",
            })
        };
        let comment = |id: u32| json!({ "id": id.to_string(), "content": "A comment.", "author": author });
        Self {
            posts: page("getPosts", "posts", &post),
            comments: page("getComments", "comments", &comment),
        }
    }
}

#[async_trait]
impl SubgraphClient for Canned {
    type Context = ();

    async fn call(&self, call: Call<'_>, (): &()) -> Result<Bytes, SubgraphError> {
        Ok(match call.subgraph {
            "posts" => self.posts.clone(),
            _ => self.comments.clone(),
        })
    }
}
