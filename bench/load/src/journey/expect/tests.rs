use super::{
    shape::{Found, Shape, Want},
    *,
};
use crate::{
    journey::{data::Data, template::Shared},
    scenario::pointer::{Pointer, Segment},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn memory() -> Memory {
    Memory::new(&Shared::new(&Data::default(), 1), 3, 2)
}

fn verdict(expect: &str, capture: &str) -> Verdict {
    let data = Data::default();
    let scope = Scope::new(["a".to_owned(), "b".to_owned()], &data);
    let expect: Expect = serde_saphyr::from_str(expect).unwrap();
    let capture: Named<Source> = serde_saphyr::from_str(capture).unwrap();
    Verdict::new(&expect, &capture, &scope).unwrap()
}

fn judge(
    verdict: &Verdict,
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
    memory: &mut Memory,
) -> Result<(), Failure> {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), http::HeaderValue::from_static(value)));
    let headers: HeaderMap = headers.collect();
    let status = StatusCode::from_u16(status).unwrap();
    verdict.judge(
        &Seen {
            status,
            headers: &headers,
            body: body.as_bytes(),
        },
        memory,
    )
}

const FEED: &str = r#"{"data":{"posts":[{"id":"1","likes":1},{"id":"2","likes":1.0}],"end":null,"n":7,"ok":true}}"#;

#[test]
fn right_answers_pass() {
    let cases = [
        "{}",
        "{ status: 200 }",
        "{ status: [201, 200] }",
        "{ headers: { x-a: '1' } }",
        "{ headers: { x-a: '2' } }",
        "{ json: { /data/ok: true, /data/n: 7, /data/end: null, /data/posts/1/id: '2', /data/posts/*/likes: 1 } }",
        "{ json: { /data/posts/0: { id: '1', likes: 1 } } }",
        "{ types: { /data/posts: array, /data/posts/*/id: string, /data/end: 'null', /data/ok: boolean } }",
        "{ count: { /data/posts: 2 } }",
        "{ count: { /data/posts: '1..' } }",
        "{ unique: /data/posts/*/id }",
        "{ contains: ['\"ok\":true', 'data'] }",
        "{ bytes: 91 }",
        "{ sha256: 4a9f2fdbd60a8c5b1e1ed4ac5ba0eff7c46a3b5d3b2f6c1f6a53d4d6f7c6a9d1 }",
    ];
    // The last one's hash is of another text, to see that it is looked at.
    for (index, expect) in cases.iter().enumerate() {
        let result = judge(
            &verdict(expect, "{}"),
            200,
            &[("x-a", "1"), ("x-a", "2")],
            FEED,
            &mut memory(),
        );
        assert_eq!(result.is_ok(), index + 1 < cases.len(), "{expect}: {result:?}");
    }
    let whole = format!("{{ body: '{FEED}' }}");
    assert_eq!(judge(&verdict(&whole, "{}"), 204, &[], FEED, &mut memory()), Ok(()));
    let upper = "{ sha256: E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855 }";
    assert_eq!(judge(&verdict(upper, "{}"), 200, &[], "", &mut memory()), Ok(()));
    let empty = "{ sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 }";
    assert_eq!(judge(&verdict(empty, "{}"), 200, &[], "", &mut memory()), Ok(()));
}

#[test]
fn wrong_answers_are_told_by_kind_and_detail() {
    let cases = [
        ("{}", "status", "418, not 2xx: {\"data\""),
        ("{ status: [200, 201] }", "status", "418, not 200 or 201"),
        ("{ status: 418, headers: { x-b: '1' } }", "header", "x-b: none, not `1`"),
        ("{ status: 418, headers: { x-a: 'y' } }", "header", "x-a: `1`, not `y`"),
        ("{ status: 418, json: { /data/n: 8 } }", "json", "/data/n is 7, not 8"),
        (
            "{ status: 418, json: { /data/n: '7' } }",
            "json",
            "/data/n is 7, not \"7\"",
        ),
        (
            "{ status: 418, json: { /data/m: 8 } }",
            "json",
            "there is nothing at /data/m",
        ),
        (
            "{ status: 418, json: { /data/posts/*/id: '1' } }",
            "json",
            "/data/posts/*/id is \"2\", not \"1\"",
        ),
        (
            "{ status: 418, types: { /data/n: string } }",
            "json",
            "/data/n is number, not of the kind string",
        ),
        (
            "{ status: 418, count: { /data/posts: 3 } }",
            "count",
            "/data/posts has 2 items, not 3",
        ),
        (
            "{ status: 418, count: { /data/n: 3 } }",
            "count",
            "/data/n is no list; 3 items are wanted",
        ),
        ("{ status: 418, unique: /data/posts/*/likes }", "", ""),
        (
            "{ status: 418, contains: nothing }",
            "body",
            "`nothing` is not in {\"data\"",
        ),
        (
            "{ status: 418, bytes: 10..20 }",
            "body",
            "91 bytes, not 10 to 20: {\"data\"",
        ),
        ("{ status: 418, nonce: body }", "stale", "nonce "),
        (
            "{ status: 418, nonce: /data/posts/0/id }",
            "stale",
            "/data/posts/0/id is \"1\", without nonce ",
        ),
        (
            "{ status: 418, nonce: /data/x }",
            "stale",
            "there is nothing at /data/x",
        ),
        (
            "{ status: 418, body: '{\"data\":{\"posts\":[]}}' }",
            "body",
            "from byte 18 on it differs: `…posts\":[{\"id\"",
        ),
    ];
    for (expect, kind, detail) in cases {
        match judge(&verdict(expect, "{}"), 418, &[("x-a", "1")], FEED, &mut memory()) {
            Ok(()) => assert_eq!(kind, "", "{expect}"),
            Err(failure) => assert!(
                failure.kind == kind && failure.detail.starts_with(detail),
                "{expect}: {failure}"
            ),
        }
    }
    let twice = judge(
        &verdict("{ unique: /*/id }", "{}"),
        200,
        &[],
        r#"[{"id":1},{"id":2},{"id":1}]"#,
        &mut memory(),
    );
    assert_eq!(twice, Err(Failure::new("json", "1 is at /*/id twice")));
    let cut = judge(
        &verdict("{ json: { /a: 1 } }", "{}"),
        200,
        &[],
        r#"{"a":1,"b":[1,2"#,
        &mut memory(),
    );
    assert_eq!(cut.unwrap_err().kind, "json");
}

#[test]
fn the_nonce_must_come_back() {
    let mut memory = memory();
    let body = format!(r#"{{"echo":["so: {}"]}}"#, memory.nonce());
    for expect in [
        "{ nonce: body }",
        "{ nonce: /echo/0 }",
        "{ json: { /echo/0: 'so: {{nonce}}' } }",
    ] {
        assert_eq!(
            judge(&verdict(expect, "{}"), 200, &[], &body, &mut memory),
            Ok(()),
            "{expect}"
        );
    }
    memory.begin(1);
    let late = judge(&verdict("{ nonce: body }", "{}"), 200, &[], &body, &mut memory);
    assert_eq!(late.unwrap_err().kind, "stale");
}

#[test]
fn variables_are_kept_of_right_answers_alone() {
    let mut memory = memory();
    let both = verdict("{ json: { /data/ok: true } }", "{ a: /data/posts/*/id, b: header x-a }");
    judge(&both, 200, &[("x-a", "1")], FEED, &mut memory).unwrap();
    let Variable::Text(id) = memory.get(0) else {
        panic!("{:?}", memory.get(0))
    };
    assert!(id == "1" || id == "2");
    assert_eq!(*memory.get(1), Variable::Text("1".into()));
    judge(
        &verdict("{}", "{ a: /data/n, b: /data/end }"),
        200,
        &[],
        FEED,
        &mut memory,
    )
    .unwrap();
    assert_eq!(
        (memory.get(0), memory.get(1)),
        (&Variable::Json("7".into()), &Variable::Unset)
    );
    let cookie = verdict("{}", "{ a: cookie sid, b: body }");
    judge(
        &cookie,
        200,
        &[("set-cookie", "x=1"), ("set-cookie", "sid=abc; Path=/")],
        "text",
        &mut memory,
    )
    .unwrap();
    assert_eq!(
        (memory.get(0), memory.get(1)),
        (&Variable::Text("abc".into()), &Variable::Text("text".into()))
    );
    let wrong = judge(
        &verdict("{ json: { /data/n: 8 } }", "{ a: /data/n }"),
        200,
        &[],
        FEED,
        &mut memory,
    );
    assert!(wrong.is_err());
    assert_eq!(
        *memory.get(0),
        Variable::Text("abc".into()),
        "nothing is kept of a wrong answer"
    );
    let missing = judge(&verdict("{}", "{ a: /data/m }"), 200, &[], FEED, &mut memory);
    assert_eq!(missing, Err(Failure::new("json", "there is nothing at /data/m")));
}

#[test]
fn excerpts_are_one_short_line() {
    assert_eq!(excerpt(b"a\nb\0c"), "a b c");
    let long = excerpt("é".repeat(1000).as_bytes());
    assert_eq!((long.chars().count(), long.ends_with('…')), (EXCERPT + 1, true));
    assert!(excerpt(&[0xff, b'x']).ends_with('x'));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|n| json!(n)),
        "[a-c\"\\\\é]{0,4}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-c/~]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Law: what is read by passing over is what a whole document has at that place.
    #[test]
    fn places_are_those_of_the_whole_document(
        document in any_json(),
        paths in prop::collection::vec(prop::collection::vec("[a-c]|[0-2]|\\*", 0..4), 1..4),
    ) {
        let mut shape = Shape::default();
        let pointers: Vec<Pointer> = paths.iter().map(|path| path.iter().map(|key| format!("/{key}")).collect::<String>().parse().unwrap()).collect();
        for pointer in &pointers {
            shape.want(pointer, Want::Value);
            shape.want(pointer, Want::Kind);
            shape.want(pointer, Want::Count);
        }
        let findings = shape.read(document.to_string().as_bytes()).unwrap();
        for (pointer, found) in pointers.iter().zip(findings.chunks(3)) {
            let mut values = vec![&document];
            for segment in &pointer.segments {
                values = values.into_iter().flat_map(|value| match segment {
                    Segment::Each => value.as_array().map(|items| items.iter().collect()).unwrap_or_default(),
                    Segment::Key(key) => {
                        let item = key.parse::<usize>().ok().and_then(|index| value.as_array()?.get(index));
                        value.as_object().and_then(|map| map.get(key)).or(item).into_iter().collect::<Vec<_>>()
                    }
                }).collect();
            }
            let want: Vec<_> = values.iter().map(|value| Found::Value((*value).clone())).collect();
            prop_assert_eq!(&found[0], &want, "{} of {}", pointer, document);
            let kinds: Vec<_> = values.iter().map(|value| Found::Kind(shape::kind_of(value))).collect();
            prop_assert_eq!(&found[1], &kinds);
            let counts: Vec<_> = values.iter().map(|value| Found::Count(value.as_array().map(|items| items.len() as u64))).collect();
            prop_assert_eq!(&found[2], &counts);
        }
    }

    /// Law: the same without building values.
    #[test]
    fn kinds_and_counts_need_no_values(document in any_json(), path in prop::collection::vec("[a-c]|[0-2]|\\*", 0..4)) {
        let pointer: Pointer = path.iter().map(|key| format!("/{key}")).collect::<String>().parse().unwrap();
        let (mut built, mut passed) = (Shape::default(), Shape::default());
        built.want(&pointer, Want::Value);
        for shape in [&mut built, &mut passed] {
            shape.want(&pointer, Want::Kind);
            shape.want(&pointer, Want::Count);
        }
        let text = document.to_string();
        let (built, passed) = (built.read(text.as_bytes()).unwrap(), passed.read(text.as_bytes()).unwrap());
        prop_assert_eq!(&built[1..], &passed[..]);
    }

    #[test]
    fn judging_never_panics(body in "[\\[\\]{}\":,a-c0-9\\\\ ]{0,40}") {
        let verdict = verdict("{ json: { /a/*/b: 1 }, count: { /a: 1 }, types: { /a/0: string }, unique: /a/*/c }", "{ a: /a/0 }");
        let _ = judge(&verdict, 200, &[], &body, &mut memory());
    }
}
