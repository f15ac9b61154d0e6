//! Header names that the edge and the services agree on. All lower case, as `http::HeaderName::from_static` wants them.

/// Caller's token: `<caller>.<secret>`, see [`crate::token`].
pub const SERVICE_TOKEN: &str = "x-service-token";
/// The signed-in user's id.
pub const USER_ID: &str = "x-user-id";
/// The signed-in user's name.
pub const USER_NAME: &str = "x-user-name";
/// The signed-in user's role.
pub const USER_ROLE: &str = "x-user-role";
/// The session of the request's token.
pub const SESSION_ID: &str = "x-session-id";
/// Names one request over all services.
pub const REQUEST_ID: &str = "x-request-id";
/// W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";
/// The client's address, as the edge saw it; a single address.
pub const FORWARDED_FOR: &str = "x-forwarded-for";
/// `http` or `https`, as the client spoke to the edge.
pub const FORWARDED_PROTO: &str = "x-forwarded-proto";
/// The `Host` the client asked for.
pub const FORWARDED_HOST: &str = "x-forwarded-host";
/// The certificate that a client showed the edge (RFC 9440).
pub const CLIENT_CERT: &str = "client-cert";
/// Whole milliseconds after which nobody waits for the answer any more, counted from when the request was sent on.
pub const REQUEST_TIMEOUT: &str = "x-request-timeout-ms";
/// Which try this is, from 2 on; the first does not say so.
pub const REQUEST_ATTEMPT: &str = "x-request-attempt";
/// The same three in one field (RFC 7239), which proxies in front of the edge may write.
pub const FORWARDED: &str = "forwarded";

/// What services believe about who asks, and who asks them.
pub const IDENTITY: &[&str] = &[SERVICE_TOKEN, USER_ID, USER_NAME, USER_ROLE, SESSION_ID];

/// What a client may never set: the edge removes each before it adds its own. Some server takes each of the others for the
/// client's address, for what was asked, or for a setting of its own: `Proxy` is one (httpoxy), `X-Original-URL` another path.
/// `X_User_Id` is the same as `X-User-Id` to servers that make variables of names, and goes with it.
pub const STRIPPED_FROM_CLIENTS: &[&str] = &[
    SERVICE_TOKEN,
    USER_ID,
    USER_NAME,
    USER_ROLE,
    SESSION_ID,
    FORWARDED_FOR,
    FORWARDED_PROTO,
    FORWARDED_HOST,
    FORWARDED,
    REQUEST_TIMEOUT,
    REQUEST_ATTEMPT,
    CLIENT_CERT,
    "client-cert-chain",
    "x-real-ip",
    "x-forwarded-port",
    "x-forwarded",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "client-ip",
    "x-host",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "http2-settings",
    "proxy",
];
