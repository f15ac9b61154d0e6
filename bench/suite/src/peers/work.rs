//! What every peer is asked, and what makes an answer right.

use super::{
    Peer,
    peer::Verifies,
    tokens::{Tokens, User},
};
use bench_origin::SMALL;
use clap::ValueEnum;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The page's origin that may read answers.
pub(crate) const WEB_ORIGIN: &str = "http://localhost:5173";

/// What the edge does for [`Work::Leased`].
const LEASED: [&str; 4] = [
    "token: EdDSA, keys from the origin, remembered",
    "quota by user: leased, exact over all edges within its bound",
    "flood guard by address",
    "identity, request id, trace context and service token to the origin",
];

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// What a peer does for [`Work::Full`] beside what it does for [`Work::Admitted`].
fn full(peer: Peer) -> &'static [&'static str] {
    match peer {
        Peer::Edge => &[
            "here the quota is leased, by user",
            "the less busy and quicker of two targets; breaker, ejection, retries",
            "compression, of answers above 1 KiB",
        ],
        Peer::Haproxy => &[
            "the less busy of two targets; ejection (observe layer7), retries",
            "compression, of pages (it knows no smallest size)",
            "lacks: breaker",
        ],
        Peer::Envoy => &[
            "the less busy of two targets; breaker (its bounds), ejection, retries",
            "compression, of answers above 1 KiB",
        ],
        Peer::Nginx => &[
            "ejection, retries; compression, of answers above 1 KiB",
            "lacks: breaker",
        ],
        _ => &["lacks: breaker, ejection, compression"],
    }
}

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// 60 bytes of JSON, no policy.
    PassThrough,
    /// What admission is made of.
    Admitted,
    /// The edge's token and leased quota alone; all others do as for [`Work::Admitted`].
    Leased,
    /// Everything that a proxy does for a request: admission, balancing, breaker, ejection, retries, compression offered.
    Full,
    /// 20 KiB of JSON for clients that take gzip, at level 1.
    Gzip,
    /// What stays open: see [`super::live`].
    #[value(skip)]
    Live,
}

/// A request, and its right answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Path.
    pub(crate) target: &'static str,
    /// Header fields beside `host`.
    pub(crate) headers: HeaderMap,
    /// How the body must begin, or, where it ends with `}`, what it must be.
    pub(crate) body: String,
    /// Whether the body must come in gzip.
    pub(crate) is_gzipped: bool,
    /// Whether the answer must open itself to [`WEB_ORIGIN`].
    pub(crate) cors: bool,
}

impl Work {
    /// Its name on the command line, in files and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PassThrough => "pass-through",
            Self::Admitted => "admitted",
            Self::Leased => "leased",
            Self::Full => "full",
            Self::Gzip => "gzip",
            Self::Live => "live",
        }
    }

    /// Whether nothing is admitted: no token, no pages, no quota.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Self::PassThrough | Self::Gzip | Self::Live)
    }

    /// Whether the peer has a configuration of its own for this; others do what they do for the nearest work.
    fn is_special(peer: Peer) -> bool {
        matches!(peer, Peer::Edge | Peer::Haproxy | Peer::Nginx | Peer::Envoy)
    }

    /// The name of a peer's configuration for it.
    pub(crate) fn config(self, peer: Peer) -> &'static str {
        match self {
            Self::Leased if peer != Peer::Edge => Self::Admitted.name(),
            Self::Full if !Self::is_special(peer) => Self::Admitted.name(),
            Self::Gzip | Self::Live if !Self::is_special(peer) => Self::PassThrough.name(),
            _ => self.name(),
        }
    }

    /// For the report.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::PassThrough => "GET of 60 bytes of JSON over kept connections, two origins in turn, no policy",
            Self::Admitted => {
                "GET by signed-in users from a page: token verified, CORS list, body limit, a quota by address that \
                 refuses nobody, the same origin for the same client, the user's id to the origin; what a peer lacks \
                 stands in its row"
            }
            Self::Leased => {
                "GET by signed-in users: the edge verifies the token and counts a leased quota, and does nothing else; \
                 all others do as for `admitted`"
            }
            Self::Full => {
                "GET by signed-in users from a page, as for `admitted` with a leased quota of each user on the edge, and more: \
                 the less busy of two origins for who is new, circuit breaker, ejection, retries, compression offered (the answer \
                 is too small for it); what a peer lacks stands in its row"
            }
            Self::Gzip => {
                "GET of 20 KiB of JSON over kept connections, by clients that take gzip: level 1, no other policy"
            }
            Self::Live => "GET of what stays open",
        }
    }

    /// Whether this peer's answers are compressed.
    pub(crate) fn is_gzipped(self, peer: Peer) -> bool {
        self == Self::Gzip && Self::is_special(peer)
    }

    /// What a peer does for it.
    pub(crate) fn policies(self, peer: Peer) -> Vec<String> {
        match self {
            Self::PassThrough => Vec::new(),
            Self::Leased if peer == Peer::Edge => LEASED.map(str::to_owned).into(),
            Self::Gzip if self.is_gzipped(peer) => vec!["gzip at level 1".to_owned()],
            Self::Gzip => vec!["none: the answer passes as it is".to_owned()],
            Self::Live => Vec::new(),
            Self::Full => [peer.policies(), full(peer)]
                .concat()
                .iter()
                .map(ToString::to_string)
                .collect(),
            Self::Admitted | Self::Leased => peer.policies().iter().map(ToString::to_string).collect(),
        }
    }

    /// What client `number` asks of a peer.
    pub(crate) fn question(self, peer: Peer, tokens: &Tokens, number: u32) -> Question {
        if self.is_plain() {
            return self.plain(peer);
        }
        let user = User(1000 + number);
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(WEB_ORIGIN));
        let bearer = format!("Bearer {}", tokens.token(user, peer.verifies()));
        // A token is base64 and dots.
        if let Ok(value) = HeaderValue::from_str(&bearer) {
            headers.insert(header::AUTHORIZATION, value);
        }
        if self == Self::Full {
            headers.insert(header::ACCEPT_ENCODING, GZIP);
        }
        Question {
            target: "/user",
            is_gzipped: false,
            headers,
            body: if peer.names_user() {
                format!(r#"{{"user":"{user}","#)
            } else {
                r#"{"user":null,"#.to_owned()
            },
            cors: peer.has_cors() && (self != Self::Leased || peer != Peer::Edge),
        }
    }

    fn plain(self, peer: Peer) -> Question {
        let mut headers = HeaderMap::new();
        let (target, body) = match self {
            Self::Gzip => {
                headers.insert(header::ACCEPT_ENCODING, GZIP);
                ("/json?n=550", bench_origin::items(550))
            }
            _ => ("/", SMALL.to_owned()),
        };
        Question {
            target,
            headers,
            body,
            is_gzipped: self.is_gzipped(peer),
            cors: false,
        }
    }

    /// Questions that a peer must refuse with 401: without a token, and with one that somebody else signed.
    pub(crate) fn refused(self, peer: Peer, tokens: &Tokens) -> Vec<Question> {
        if self.is_plain() || peer.verifies() == Verifies::Nothing {
            return Vec::new();
        }
        let mut without = self.question(peer, tokens, 0);
        without.headers.remove(header::AUTHORIZATION);
        vec![without, self.question(peer, &Tokens::new(), 0)]
    }

    /// A question whose client says that it is somebody else; only the token counts.
    pub(crate) fn spoofed(self, peer: Peer, tokens: &Tokens) -> Option<Question> {
        if self.is_plain() || !peer.names_user() {
            return None;
        }
        let mut question = self.question(peer, tokens, 0);
        question
            .headers
            .insert(HeaderName::from_static("x-user-id"), HeaderValue::from_static("1"));
        Some(question)
    }
}

impl Question {
    /// The same by a client that takes no coding.
    pub(crate) fn unencoded(mut self) -> Self {
        self.headers.remove(header::ACCEPT_ENCODING);
        self.is_gzipped = false;
        self
    }

    /// Whether this body is the right one.
    pub(crate) fn is_right(&self, body: &[u8]) -> bool {
        let whole = self.body.ends_with('}');
        body.starts_with(self.body.as_bytes()) && (!whole || body.len() == self.body.len()) && body.ends_with(b"}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_right_body_is_right() {
        let tokens = Tokens::new();
        let plain = Work::PassThrough.question(Peer::Nginx, &tokens, 3);
        assert!(plain.is_right(SMALL.as_bytes()));
        assert!(!plain.is_right(&SMALL.as_bytes()[..59]));
        assert!(!plain.is_right(format!("{SMALL}}}").as_bytes()));
        let admitted = Work::Admitted.question(Peer::Edge, &tokens, 3);
        assert!(admitted.is_right(br#"{"user":"1003","token":true}"#));
        assert!(!admitted.is_right(br#"{"user":"1004","token":true}"#));
        assert!(!admitted.is_right(br#"{"user":"1003","tok"#));
        assert!(
            Work::Admitted
                .question(Peer::Caddy, &tokens, 0)
                .is_right(br#"{"user":null,"token":false}"#)
        );
    }

    #[test]
    fn who_verifies_must_refuse_and_who_names_users_must_not_be_fooled() {
        let tokens = Tokens::new();
        for peer in Peer::value_variants() {
            let refused = Work::Admitted.refused(*peer, &tokens);
            assert_eq!(
                refused.len(),
                if peer.verifies() == Verifies::Nothing { 0 } else { 2 },
                "{peer}"
            );
            assert_eq!(Work::Admitted.spoofed(*peer, &tokens).is_some(), peer.names_user());
            assert!(Work::PassThrough.refused(*peer, &tokens).is_empty());
            assert!(
                !peer.names_user() || peer.verifies() != Verifies::Nothing,
                "{peer} would believe anybody"
            );
        }
    }
}
