//! Targets: forms, and the spellings by which a path gets past whoever looks at it first.

use super::{Case, pass, refuse, refuse_as};

/// A request for this target.
macro_rules! target {
    ($target:literal) => {
        concat!("GET ", $target, " HTTP/1.1\r\nHost: a.example\r\n\r\n").as_bytes()
    };
}

pub(super) const CASES: &[Case] = &[
    pass(
        "a query",
        "RFC 9112 3.2.1",
        target!("/api/auth/x?a=/../b&c=%2f"),
        "GET /api/auth/x?a=/../b&c=%2f HTTP/1.1",
        b"",
    ),
    pass(
        "letters as escapes",
        "RFC 3986 6.2.2.2",
        target!("/%61pi/auth/x"),
        "GET /api/auth/x HTTP/1.1",
        b"",
    ),
    pass(
        "escapes in lower case",
        "RFC 3986 6.2.2.1",
        target!("/api/auth/%e2%82%ac"),
        "GET /api/auth/%E2%82%AC HTTP/1.1",
        b"",
    ),
    pass(
        "the absolute form",
        "RFC 9112 3.2.2",
        target!("http://a.example/api/auth/x"),
        "GET /api/auth/x HTTP/1.1",
        b"",
    ),
    refuse(
        "another host in the absolute form",
        "RFC 9112 3.2.2",
        target!("http://b.example/api/auth/x"),
    ),
    refuse(
        "a name in the absolute form",
        "RFC 9110 4.2.4",
        target!("http://u@a.example/api/auth/x"),
    ),
    refuse(
        "a foreign scheme",
        "RFC 9112 3.2.2",
        target!("ftp://a.example/api/auth/x"),
    ),
    refuse(
        "a scheme without slashes",
        "RFC 9112 3.2.2",
        target!("http:/api/auth/x"),
    ),
    refuse("no slash first", "RFC 9112 3.2.1", target!("api/auth/x")),
    refuse("an asterisk with GET", "RFC 9112 3.2.4", target!("*")),
    refuse(
        "an asterisk with OPTIONS",
        "RFC 9112 3.2.4 (no one behind answers it)",
        b"OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse("a host for a target", "RFC 9112 3.2.3", target!("a.example:80")),
    refuse("two slashes first", "RFC 3986 4.2", target!("//b.example/api/auth/x")),
    refuse("two slashes", "path confusion", target!("/api//auth/x")),
    refuse("a fragment", "RFC 9112 3.2", target!("/api/auth/x#y")),
    refuse("dots", "RFC 3986 5.2.4", target!("/api/auth/../media")),
    refuse("a dot", "RFC 3986 5.2.4", target!("/api/./auth/x")),
    refuse("dots at the end", "RFC 3986 5.2.4", target!("/api/auth/..")),
    refuse("dots as escapes", "path confusion", target!("/api/auth/%2e%2e/media")),
    refuse(
        "dots half as escapes",
        "path confusion",
        target!("/api/auth/.%2E/media"),
    ),
    refuse(
        "dots escaped twice",
        "path confusion",
        target!("/api/auth/%252e%252e/media"),
    ),
    refuse(
        "dots with a parameter",
        "Tsai, Breaking parser logic",
        target!("/api/auth/..;/media"),
    ),
    refuse(
        "a session in the path",
        "Tsai, Breaking parser logic",
        target!("/api/auth/x;jsessionid=1"),
    ),
    refuse(
        "a semicolon as an escape",
        "Tsai, Breaking parser logic",
        target!("/api/auth/x%3bjsessionid=1"),
    ),
    refuse("a backslash", "RFC 3986 3.3", target!("/api/auth/..\\media")),
    refuse("a backslash first", "RFC 3986 3.3", target!("\\api\\auth\\x")),
    refuse(
        "a backslash as an escape",
        "path confusion",
        target!("/api/auth/%5c..%5cmedia"),
    ),
    refuse("a slash as an escape", "RFC 3986 2.2", target!("/api/auth%2fx")),
    refuse("NUL as an escape", "path confusion", target!("/api/auth/x%00.png")),
    refuse("NUL", "RFC 9112 3.2", target!("/api/auth/\0x")),
    refuse(
        "a line end as an escape",
        "header injection",
        target!("/api/auth/x%0d%0aX-User-Id:1"),
    ),
    refuse("overlong dots", "RFC 3629 3", target!("/api/auth/%c0%ae%c0%ae/media")),
    refuse("an overlong slash", "RFC 3629 3", target!("/api/auth/%c0%afmedia")),
    refuse("an escape that is no UTF-8", "RFC 3986 2.5", target!("/api/auth/%ff")),
    refuse("a surrogate", "RFC 3629 3", target!("/api/auth/%ed%a0%80")),
    refuse(
        "IIS's escapes",
        "path confusion",
        target!("/api/auth/%u002e%u002e/media"),
    ),
    refuse("half an escape", "RFC 3986 2.1", target!("/api/auth/%2")),
    refuse("a letter beyond ASCII", "RFC 9112 3.2", target!("/api/auth/\u{e4}")),
    refuse(
        "a wide dot",
        "RFC 9112 3.2",
        target!("/api/auth/\u{ff0e}\u{ff0e}/media"),
    ),
    refuse("quotes", "RFC 3986 2", target!("/api/auth/\"x\"")),
    refuse("markup", "RFC 3986 2", target!("/api/auth/<x>")),
    refuse("a pipe", "RFC 3986 2", target!("/api/auth/x|y")),
    refuse(
        "a control character in the query",
        "RFC 9112 3.2",
        target!("/api/auth/x?a=\x01"),
    ),
    refuse("a tab in the query", "RFC 9112 3.2", target!("/api/auth/x?a=\tb")),
];

/// Rows that are too long to be written down.
pub(super) fn large() -> Vec<Case> {
    let leak = |text: String| -> &'static [u8] { text.into_bytes().leak() };
    let long = "x".repeat(64 << 10);
    vec![
        refuse_as(
            &[400, 414, 431],
            "a long target",
            "RFC 9112 3",
            leak(format!("GET /api/auth/{long} HTTP/1.1\r\nHost: a.example\r\n\r\n")),
        ),
        refuse_as(
            &[400, 414, 431],
            "a long query",
            "RFC 9112 3",
            leak(format!("GET /api/auth/x?{long} HTTP/1.1\r\nHost: a.example\r\n\r\n")),
        ),
        refuse_as(
            &[400, 431, 501],
            "a long method",
            "RFC 9112 3",
            leak(format!(
                "{} /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
                "X".repeat(64 << 10)
            )),
        ),
    ]
}
