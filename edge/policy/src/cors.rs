//! The CORS protocol (Fetch standard, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::time::Duration;

/// One policy, with its header values made beforehand.
#[derive(Debug, Clone)]
pub struct CorsPolicy {
    origins: Vec<String>,
    credentials: bool,
    methods: Vec<Method>,
    headers: Vec<HeaderName>,
    allow_methods: HeaderValue,
    allow_headers: HeaderValue,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
}

/// A policy that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorsError {
    /// Not `scheme://host[:port]` in lower case; `*` and `null` are no origins here.
    #[error("`{0}` is not an origin; write `scheme://host[:port]` without a path")]
    Origin(String),
    /// Not a method.
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    /// Not a header name.
    #[error("`{0}` is not a header name")]
    Header(String),
}

/// Header fields to set on an answer.
pub type Fields = Vec<(HeaderName, HeaderValue)>;

/// Whether this is a preflight: an `OPTIONS` with `Origin` that names the method to come.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl CorsPolicy {
    /// Checks and prepares a policy.
    ///
    /// # Errors
    /// The first part that makes no sense.
    pub fn new<S: AsRef<str>>(
        origins: &[S],
        credentials: bool,
        methods: &[S],
        headers: &[S],
        expose: &[S],
        max_age: Duration,
    ) -> Result<Self, CorsError> {
        let method =
            |m: &S| Method::from_bytes(m.as_ref().as_bytes()).map_err(|_| CorsError::Method(m.as_ref().into()));
        let name =
            |h: &S| HeaderName::from_bytes(h.as_ref().as_bytes()).map_err(|_| CorsError::Header(h.as_ref().into()));
        let methods = methods.iter().map(method).collect::<Result<Vec<_>, _>>()?;
        let headers = headers.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let expose = expose.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            origins: origins
                .iter()
                .map(|o| checked_origin(o.as_ref()))
                .collect::<Result<_, _>>()?,
            credentials,
            allow_methods: list(methods.iter().map(Method::as_str)),
            allow_headers: list(headers.iter().map(HeaderName::as_str)),
            expose: (!expose.is_empty()).then(|| list(expose.iter().map(HeaderName::as_str))),
            max_age: HeaderValue::from(max_age.as_secs()),
            methods,
            headers,
        })
    }

    /// Whether scripts of this origin may read answers. Origins are compared byte by byte, as browsers serialise them.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }

    /// The fields of the 204 that answers a preflight. A refusal has `Vary` alone: the browser then stops.
    pub fn preflight(&self, request: &HeaderMap) -> Fields {
        let vary = "origin, access-control-request-method, access-control-request-headers";
        let mut fields = vec![(header::VARY, HeaderValue::from_static(vary))];
        let Some(origin) = self.allowed_origin(request) else {
            return fields;
        };
        if !self.permits(request) {
            return fields;
        }
        fields.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        self.push_credentials(&mut fields);
        fields.push((header::ACCESS_CONTROL_ALLOW_METHODS, self.allow_methods.clone()));
        if !self.headers.is_empty() {
            fields.push((header::ACCESS_CONTROL_ALLOW_HEADERS, self.allow_headers.clone()));
        }
        fields.push((header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone()));
        fields
    }

    /// Writes the fields of any other answer, errors included: a script must be able to read a 401. One voice about origins: what a
    /// service says of them itself is taken away. `Vary` keeps what it names.
    pub fn tell(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            answer.remove(name);
        }
        answer.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = self.allowed_origin(request) else {
            return;
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            answer.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        if let Some(expose) = &self.expose {
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    fn allowed_origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        origin
            .to_str()
            .is_ok_and(|text| self.allows(text))
            .then(|| origin.clone())
    }

    fn permits(&self, request: &HeaderMap) -> bool {
        let method = request
            .get(header::ACCESS_CONTROL_REQUEST_METHOD)
            .map(HeaderValue::as_bytes);
        // GET, HEAD and POST are always permitted (Fetch, "CORS-safelisted method").
        let safelisted = |m: &[u8]| matches!(m, b"GET" | b"HEAD" | b"POST");
        let method = method.is_some_and(|m| safelisted(m) || self.methods.iter().any(|k| k.as_str().as_bytes() == m));
        let lines = request.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let known = |name: &str| {
            self.headers
                .iter()
                .any(|known| known.as_str().eq_ignore_ascii_case(name))
        };
        let mut names = lines
            .map(|line| line.to_str().unwrap_or("\0"))
            .flat_map(|line| line.split(','));
        method && names.all(|name| name.trim().is_empty() || known(name.trim()))
    }

    fn push_credentials(&self, fields: &mut Fields) {
        if self.credentials {
            fields.push((
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            ));
        }
    }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> HeaderValue {
    let text = items.collect::<Vec<_>>().join(", ");
    // Methods and header names are tokens: always a valid value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn checked_origin(origin: &str) -> Result<String, CorsError> {
    let error = || CorsError::Origin(origin.to_owned());
    let (scheme, authority) = origin.split_once("://").ok_or_else(error)?;
    let host = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    let fine = matches!(scheme, "http" | "https") && !authority.is_empty() && authority.bytes().all(host);
    // A browser never writes the scheme's own port: such an entry could never match.
    let own_port =
        (scheme == "http" && authority.ends_with(":80")) || (scheme == "https" && authority.ends_with(":443"));
    if fine && !own_port && is_whole(authority) {
        Ok(origin.to_owned())
    } else {
        Err(error())
    }
}

/// A host, and a port that exists if there is one.
fn is_whole(authority: &str) -> bool {
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    match after_host.rsplit_once(':') {
        Some((_, port)) => port.parse::<u16>().is_ok(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> CorsPolicy {
        CorsPolicy::new(
            &["http://localhost:5173"],
            true,
            &["GET", "DELETE"],
            &["content-type", "authorization"],
            &["x-request-id"],
            Duration::from_secs(600),
        )
        .unwrap()
    }

    fn request(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap()))
            .collect()
    }

    fn get(fields: &Fields, name: &str) -> Option<String> {
        fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.to_str().unwrap().to_owned())
    }

    #[test]
    fn answers_a_preflight() {
        let ask = request(&[
            ("origin", "http://localhost:5173"),
            ("access-control-request-method", "DELETE"),
            ("access-control-request-headers", "Content-Type,authorization"),
        ]);
        assert!(is_preflight(&Method::OPTIONS, &ask));
        let fields = policy().preflight(&ask);
        assert_eq!(
            get(&fields, "access-control-allow-origin").as_deref(),
            Some("http://localhost:5173")
        );
        assert_eq!(
            get(&fields, "access-control-allow-credentials").as_deref(),
            Some("true")
        );
        assert_eq!(
            get(&fields, "access-control-allow-methods").as_deref(),
            Some("GET, DELETE")
        );
        assert_eq!(
            get(&fields, "access-control-allow-headers").as_deref(),
            Some("content-type, authorization")
        );
        assert_eq!(get(&fields, "access-control-max-age").as_deref(), Some("600"));
    }

    #[test]
    fn refuses_by_silence() {
        let origin = ("origin", "http://localhost:5173");
        let method = ("access-control-request-method", "DELETE");
        let header = ("access-control-request-headers", "x-evil");
        let cases = [
            request(&[("origin", "http://evil.example"), method]),
            request(&[("origin", "http://localhost:5173.evil.example"), method]),
            request(&[("origin", "null"), method]),
            request(&[origin, ("access-control-request-method", "PUT")]),
            request(&[origin, method, header]),
        ];
        for ask in &cases {
            let fields = policy().preflight(ask);
            assert_eq!(fields.len(), 1, "{ask:?}");
            assert!(get(&fields, "vary").unwrap().contains("origin"));
        }
        assert!(
            !policy()
                .preflight(&request(&[origin, ("access-control-request-method", "POST")]))
                .is_empty()
        );
    }

    #[test]
    fn marks_actual_answers() {
        let told = |asked: &[(&'static str, &str)]| {
            // A service that speaks of origins itself.
            let mut answer = request(&[
                ("access-control-allow-origin", "*"),
                ("access-control-allow-credentials", "true"),
                ("vary", "accept"),
            ]);
            policy().tell(&request(asked), &mut answer);
            answer
        };
        let answer = told(&[("origin", "http://localhost:5173")]);
        let one = |name: &str| {
            let mut values = answer.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).unwrap().clone()
        };
        assert_eq!(one("access-control-allow-origin"), "http://localhost:5173");
        assert_eq!(one("access-control-expose-headers"), "x-request-id");
        assert_eq!(one("access-control-allow-credentials"), "true");
        for other in [&[][..], &[("origin", "http://evil.example")]] {
            let answer = told(other);
            let vary: Vec<_> = answer.get_all("vary").iter().collect();
            assert_eq!(vary, ["accept", "origin"], "caches must not mix");
            assert_eq!(answer.len(), 2);
        }
        assert!(!is_preflight(&Method::OPTIONS, &request(&[("origin", "http://a")])));
    }

    #[test]
    fn refuses_origins_that_never_match() {
        for bad in [
            "*",
            "null",
            "localhost:5173",
            "http://a/",
            "http://A",
            "http://a:80",
            "https://a:443",
            "ftp://a",
            "http://",
            "http://a:99999",
            "http://[::1]:x",
        ] {
            let made = CorsPolicy::new(&[bad], false, &[], &[], &[], Duration::ZERO);
            assert!(matches!(made, Err(CorsError::Origin(_))), "{bad}");
        }
    }
}
