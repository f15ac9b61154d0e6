//! A client's cookies, as far as one session needs them: the edge's sticky cookie, the server's own.

use cookie::Cookie;
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

/// Names and values. Domains and paths do not matter, since all requests of a session go to one path of one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Keeps what an answer sets, and forgets what it ends.
    pub(crate) fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let Some(cookie) = line.to_str().ok().and_then(|line| Cookie::parse(line).ok()) else {
                continue;
            };
            self.0.retain(|(name, _)| name != cookie.name());
            if cookie.max_age().is_none_or(|age| age.is_positive()) {
                self.0.push((cookie.name().to_owned(), cookie.value().to_owned()));
            }
        }
    }

    /// Adds them to a request, beside those that its own headers bring; of one name the kept one counts.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let own: Vec<String> = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .map(|pair| pair.trim().to_owned())
            .filter(|pair| self.0.iter().all(|(name, _)| pair.split('=').next() != Some(name)))
            .collect();
        let kept = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        let line = own.into_iter().chain(kept).collect::<Vec<_>>().join("; ");
        if let Ok(line) = HeaderValue::try_from(line) {
            headers.insert(COOKIE, line);
        }
    }

    /// The value kept under `name`.
    #[cfg(test)]
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(kept, _)| kept == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookies: &mut Cookies, lines: &[&'static str]) {
        let lines = lines.iter().map(|line| (SET_COOKIE, HeaderValue::from_static(line)));
        cookies.keep(&lines.collect());
    }

    #[test]
    fn the_last_value_counts_and_ended_ones_go() {
        let mut cookies = Cookies::default();
        set(
            &mut cookies,
            &["edge_affinity=a; Path=/; HttpOnly", "io=1; Max-Age=60", "not a cookie"],
        );
        set(&mut cookies, &["edge_affinity=b=; SameSite=Lax", "io=; Max-Age=0"]);
        assert_eq!((cookies.get("edge_affinity"), cookies.get("io")), (Some("b="), None));
    }

    #[test]
    fn they_join_those_that_a_request_brings() {
        let mut headers = HeaderMap::new();
        Cookies::default().add_to(&mut headers);
        assert!(headers.is_empty());
        headers.insert(COOKIE, HeaderValue::from_static("access_token=t; edge_affinity=old"));
        let mut cookies = Cookies::default();
        set(&mut cookies, &["edge_affinity=new"]);
        cookies.add_to(&mut headers);
        assert_eq!(headers[COOKIE], "access_token=t; edge_affinity=new");
    }
}
