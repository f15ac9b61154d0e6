use super::*;

fn terms() -> Terms {
    Terms {
        offered: [Coding::Zstd, Coding::Br, Coding::Gzip].into(),
        min_size: 1024,
        types: ["text/*", "application/json", "application/*"]
            .map(|range| range.parse().unwrap())
            .into(),
        levels: Levels {
            zstd: 3,
            br: 4,
            gzip: 5,
        },
    }
}

fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let field =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    lines.iter().map(field).collect()
}

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

#[test]
fn what_is_encoded_and_what_is_not() {
    use Untouched::{Encoded, NoTransform, SetsCookie, Small, Status, Type};
    let untouched = Verdict::Untouched;
    let accepted = fields(&[("accept-encoding", "gzip")]);
    for (status, lines, want) in [
        (
            200,
            &[JSON, ("content-length", "1024")][..],
            Verdict::Encoded(Coding::Gzip),
        ),
        (200, &[JSON], Verdict::Encoded(Coding::Gzip)),
        (404, &[JSON], Verdict::Encoded(Coding::Gzip)),
        (
            200,
            &[JSON, ("content-encoding", "identity")],
            Verdict::Encoded(Coding::Gzip),
        ),
        (
            200,
            &[JSON, ("cache-control", "no-transform-not, private")],
            Verdict::Encoded(Coding::Gzip),
        ),
        (200, &[JSON, ("content-length", "1023")], untouched(Small)),
        (200, &[JSON, ("content-encoding", "br")], untouched(Encoded)),
        (
            200,
            &[JSON, ("cache-control", "private, No-Transform")],
            untouched(NoTransform),
        ),
        (200, &[JSON, ("content-digest", "sha-256=:x:")], untouched(NoTransform)),
        (200, &[JSON, ("set-cookie", "session=x")], untouched(SetsCookie)),
        (200, &[("content-type", "image/png")], untouched(Type)),
        (200, &[("content-type", "application/grpc+proto")], untouched(Type)),
        (200, &[], untouched(Type)),
        (204, &[JSON], untouched(Status)),
        (101, &[JSON], untouched(Status)),
        (206, &[JSON], Verdict::AsItIs),
        (200, &[JSON, ("content-range", "bytes 0-9/10")], Verdict::AsItIs),
        (304, &[], Verdict::AsItIs),
    ] {
        let asked = Asked {
            method: &Method::GET,
            version: Version::HTTP_2,
            headers: &accepted,
        };
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            terms().judge(&asked, status, &fields(lines)),
            want,
            "{status} {lines:?}"
        );
    }
}

#[test]
fn who_gets_it_as_it_is() {
    let accepted = fields(&[("accept-encoding", "gzip")]);
    for (method, version, headers) in [
        (&Method::HEAD, Version::HTTP_11, &accepted),
        (&Method::GET, Version::HTTP_10, &accepted),
        (&Method::GET, Version::HTTP_11, &HeaderMap::new()),
    ] {
        let asked = Asked {
            method,
            version,
            headers,
        };
        assert_eq!(terms().judge(&asked, StatusCode::OK, &fields(&[JSON])), Verdict::AsItIs);
    }
}

#[test]
fn the_head_of_an_encoded_answer() {
    let mut answer = fields(&[
        ("content-length", "2000"),
        ("accept-ranges", "bytes"),
        ("etag", "\"x\""),
        ("vary", "Origin"),
    ]);
    tell(&mut answer, Verdict::AsItIs);
    tell(&mut answer, Verdict::Encoded(Coding::Br));
    assert_eq!(
        answer,
        fields(&[
            ("etag", "W/\"x\""),
            ("vary", "Origin"),
            ("vary", "Accept-Encoding"),
            ("content-encoding", "br"),
        ])
    );
    tell(&mut answer, Verdict::Encoded(Coding::Br));
    assert_eq!(answer[header::ETAG], "W/\"x\"", "weak already");
    let mut any = fields(&[("vary", "*")]);
    tell(&mut any, Verdict::AsItIs);
    assert_eq!(any.get_all(header::VARY).iter().count(), 1);
}

#[test]
fn less_effort_is_a_lower_level() {
    let levels = Levels {
        zstd: 3,
        br: 0,
        gzip: 9,
    };
    let of = |coding| [Effort::Full, Effort::Half, Effort::Least].map(|effort| levels.of(coding, effort));
    assert_eq!(of(Coding::Zstd), [3, 2, 1]);
    assert_eq!(of(Coding::Br), [0, 0, 0]);
    assert_eq!(of(Coding::Gzip), [9, 5, 1]);
}
