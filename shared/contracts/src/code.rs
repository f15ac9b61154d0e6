//! Stable error codes: what a client may branch on. A code is never renamed and never changes its meaning.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = ($text:literal, $status:literal, $title:literal),)*) => {
        /// A stable error code, with the HTTP status and the title that go with it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code, for documents and tests.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The HTTP status that carries it.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// A short title that does not change from one occurrence to the next (RFC 9457 `title`).
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = ("MALFORMED_JSON", 400, "The body is not valid JSON"),
    /// A field the operation does not know.
    UnknownField = ("UNKNOWN_FIELD", 400, "A field is not known"),
    /// A field is missing, of a wrong type, or outside its range.
    ValidationFailed = ("VALIDATION_FAILED", 400, "A field is not valid"),
    /// A pagination cursor that this service did not make.
    InvalidCursor = ("INVALID_CURSOR", 400, "The cursor is not valid"),
    /// The request breaks HTTP's rules or is ambiguous.
    BadRequest = ("BAD_REQUEST", 400, "The request is not valid"),
    /// A multipart body that cannot be read, or without the wanted part.
    MalformedMultipart = ("MALFORMED_MULTIPART", 400, "The multipart body is not valid"),
    /// Signing in is needed.
    Unauthenticated = ("UNAUTHENTICATED", 401, "Sign in first"),
    /// Unknown e-mail or wrong password; which of the two is not told.
    InvalidCredentials = ("INVALID_CREDENTIALS", 401, "E-mail or password is wrong"),
    /// The token is malformed, forged, or meant for another audience.
    TokenInvalid = ("TOKEN_INVALID", 401, "The token is not valid"),
    /// The token's time is over: refresh it.
    TokenExpired = ("TOKEN_EXPIRED", 401, "The token has expired"),
    /// The token's session has ended.
    TokenRevoked = ("TOKEN_REVOKED", 401, "The session has ended"),
    /// The refresh token is unknown, expired, or was used before.
    RefreshTokenInvalid = ("REFRESH_TOKEN_INVALID", 401, "The refresh token is not valid"),
    /// Signed in, but not allowed.
    Forbidden = ("FORBIDDEN", 403, "Not allowed"),
    /// A cookie came with a foreign `Origin`.
    CrossSiteRequest = ("CROSS_SITE_REQUEST", 403, "Cross-site request refused"),
    /// No such object.
    NotFound = ("NOT_FOUND", 404, "Not found"),
    /// The edge has no route for this path.
    RouteNotFound = ("ROUTE_NOT_FOUND", 404, "No such route"),
    /// The path exists, the method does not.
    MethodNotAllowed = ("METHOD_NOT_ALLOWED", 405, "Method not allowed"),
    /// The client was too slow to send its request.
    RequestTimeout = ("REQUEST_TIMEOUT", 408, "The request took too long to arrive"),
    /// The e-mail address has an account already.
    EmailTaken = ("EMAIL_TAKEN", 409, "The e-mail address is taken"),
    /// The user name is taken.
    UsernameTaken = ("USERNAME_TAKEN", 409, "The user name is taken"),
    /// The body is larger than allowed.
    BodyTooLarge = ("BODY_TOO_LARGE", 413, "The body is too large"),
    /// The `Content-Type` is not one this operation reads.
    UnsupportedMediaType = ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type"),
    /// The file's content is not of an accepted kind.
    UnsupportedFile = ("UNSUPPORTED_FILE", 415, "Unsupported kind of file"),
    /// The wanted byte range lies outside the file.
    RangeNotSatisfiable = ("RANGE_NOT_SATISFIABLE", 416, "Range not satisfiable"),
    /// Too many failed attempts to sign in from here to this account.
    TooManyAttempts = ("TOO_MANY_ATTEMPTS", 429, "Too many attempts"),
    /// The client expects something that is not done here.
    ExpectationFailed = ("EXPECTATION_FAILED", 417, "The expectation cannot be met"),
    /// Too many tokens from this client were not valid: for a while none is looked at that is not known to be good.
    TooManyBadTokens = ("TOO_MANY_BAD_TOKENS", 429, "Too many tokens that are not valid"),
    /// A quota is used up; `Retry-After` tells when to come again.
    RateLimited = ("RATE_LIMITED", 429, "Too many requests"),
    /// The caller holds as many sockets and event streams as one may.
    TooManyTunnels = ("TOO_MANY_TUNNELS", 429, "Too many open streams"),
    /// A configuration that the edge does not take; the old one stays.
    ConfigRefused = ("CONFIG_REFUSED", 422, "The configuration is refused"),
    /// The header section is too large.
    HeadersTooLarge = ("HEADERS_TOO_LARGE", 431, "Request header fields too large"),
    /// The GraphQL document does not parse.
    GraphqlParseFailed = ("GRAPHQL_PARSE_FAILED", 400, "The GraphQL document does not parse"),
    /// The GraphQL document does not fit the schema.
    GraphqlValidationFailed = ("GRAPHQL_VALIDATION_FAILED", 400, "The GraphQL document does not fit the schema"),
    /// The GraphQL document asks for more than one request may.
    GraphqlLimitExceeded = ("GRAPHQL_LIMIT_EXCEEDED", 400, "The GraphQL document asks for too much"),
    /// Something broke inside; the request id finds it in the logs.
    Internal = ("INTERNAL", 500, "Internal error"),
    /// The method is served on no path.
    MethodNotImplemented = ("METHOD_NOT_IMPLEMENTED", 501, "The method is not implemented"),
    /// A part that is needed is away; try again.
    ServiceUnavailable = ("SERVICE_UNAVAILABLE", 503, "Temporarily unavailable"),
    /// What has to be written down before it is done could not be.
    AuditFailed = ("AUDIT_FAILED", 503, "The change could not be recorded"),
    /// Another process was to take over, and did not get ready: this one goes on.
    HandoverFailed = ("HANDOVER_FAILED", 503, "Nobody took over"),
    /// No target of the upstream takes requests: none is known, or an operator keeps them all out.
    NoTarget = ("NO_TARGET", 503, "No instance takes requests"),
    /// An operator, or the edge itself, keeps requests away from the upstream for a while.
    CircuitOpen = ("CIRCUIT_OPEN", 503, "The service behind is spared for a while"),
    /// The edge holds as many connections, or sockets and event streams, as it may; try again.
    EdgeFull = ("EDGE_FULL", 503, "The edge has no room"),
    /// The upstream has as much to do as it can: the request was not passed on, and may be sent again.
    Overloaded = ("OVERLOADED", 503, "The service behind has too much to do"),
    /// No target of the upstream could answer.
    UpstreamUnavailable = ("UPSTREAM_UNAVAILABLE", 503, "The service behind is unavailable"),
    /// The upstream's answer broke off or made no sense.
    UpstreamFailed = ("UPSTREAM_FAILED", 502, "The service behind failed"),
    /// The time that the caller gave was over before the answer was ready.
    DeadlineExceeded = ("DEADLINE_EXCEEDED", 504, "The answer was not ready in time"),
    /// The client wanted what is kept alone, and nothing is.
    NotCached = ("NOT_CACHED", 504, "Nothing is kept that answers this"),
    /// The upstream did not answer in time.
    UpstreamTimeout = ("UPSTREAM_TIMEOUT", 504, "The service behind did not answer in time"),
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
