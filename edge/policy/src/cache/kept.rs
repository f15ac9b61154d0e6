//! Which answers are kept, and for how long (RFC 9111, sections 3 and 4.2).

use super::{Credentials, ResponseControl, named, tags};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::time::{Duration, SystemTime};

/// How a route caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long an answer is fresh that does not say so itself; none: it is not kept.
    pub ttl: Option<Duration>,
    /// How long a stale answer is given while it is asked for again, where it does not say so itself.
    pub stale_while_revalidate: Duration,
    /// How long a stale answer is given where asking again fails, where it does not say so itself.
    pub stale_if_error: Duration,
    /// Request fields that part answers, whether these say so or not.
    pub vary: Box<[HeaderName]>,
    /// What becomes of what tells who asks.
    pub credentials: Credentials,
    /// Largest body that is kept, bytes.
    pub max_object: u64,
}

/// An answer as a service gave it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// Whether the service saw who asks.
    pub is_personal: bool,
}

/// How long an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// When it came into being: its age counts from there.
    pub born: SystemTime,
    /// Given without asking until then.
    pub fresh_until: SystemTime,
    /// For so long after that, given while it is asked for again.
    pub stale_while_revalidate: Duration,
    /// For so long after that, given where asking again fails.
    pub stale_if_error: Duration,
}

/// Why an answer is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// Its status tells of an error of the service: the next answer may be another.
    Failure,
    /// Its status is none that can be kept.
    Status,
    /// `no-store`.
    NoStore,
    /// `private`.
    Private,
    /// `no-cache`.
    NoCache,
    /// `Set-Cookie`: it is for one client.
    SetsCookie,
    /// The service saw who asks, and did not say that others may have it (section 3.5).
    Personal,
    /// `Vary: *`, or a field that is no name.
    VariesByAll,
    /// A part of something.
    Part,
    /// It does not say how long it is fresh, or not for a moment.
    NoFreshness,
    /// Where it ends is not told, so that a whole one cannot be told from a broken one.
    NoEnd,
    /// It is larger than what is kept.
    TooLarge,
    /// It has more tags than can be kept.
    TooManyTags,
}

impl Unkept {
    /// In some words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Status => "status",
            Self::NoStore => "no-store",
            Self::Private => "private",
            Self::NoCache => "no-cache",
            Self::SetsCookie => "set-cookie",
            Self::Personal => "personal",
            Self::VariesByAll => "vary",
            Self::Part => "part",
            Self::NoFreshness => "no-freshness",
            Self::NoEnd => "no-end",
            Self::TooLarge => "too-large",
            Self::TooManyTags => "too-many-tags",
        }
    }
}

impl Terms {
    /// Decides. `now` is when the answer's head arrived.
    ///
    /// # Errors
    /// The answer is not kept.
    pub fn judge(&self, answer: &Answer<'_>, now: SystemTime) -> Result<Kept, Unkept> {
        let control = ResponseControl::of(answer.headers);
        self.may_be_kept(answer, &control)?;
        let date = date(answer.headers, &header::DATE);
        let lifetime = match control.s_maxage.or(control.max_age) {
            Some(told) => Some(told),
            None => expires(answer.headers, date.unwrap_or(now)).or_else(|| self.usual(answer.status)),
        };
        let lifetime = lifetime.ok_or(Unkept::NoFreshness)?;
        let age = age(answer.headers, date, now);
        let is_fresh = lifetime > age;
        // What is stale from its beginning is kept only if it says itself what for.
        let window = |told: Option<Duration>, usual: Duration| match told {
            _ if control.must_revalidate => Duration::ZERO,
            Some(told) => told,
            None if is_fresh => usual,
            None => Duration::ZERO,
        };
        let kept = Kept {
            born: back(now, age),
            fresh_until: match is_fresh {
                true => now + (lifetime - age),
                false => back(now, age - lifetime),
            },
            stale_while_revalidate: window(control.stale_while_revalidate, self.stale_while_revalidate),
            stale_if_error: window(control.stale_if_error, self.stale_if_error),
        };
        match is_fresh || !kept.stale_while_revalidate.is_zero() || !kept.stale_if_error.is_zero() {
            true => Ok(kept),
            false => Err(Unkept::NoFreshness),
        }
    }

    fn may_be_kept(&self, answer: &Answer<'_>, control: &ResponseControl) -> Result<(), Unkept> {
        let Answer {
            status,
            headers,
            is_personal,
        } = *answer;
        let checks = [
            (
                status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED,
                Unkept::Failure,
            ),
            (is_part(status, headers), Unkept::Part),
            (!can_be_kept(status), Unkept::Status),
            (control.no_store, Unkept::NoStore),
            (control.private, Unkept::Private),
            (control.no_cache, Unkept::NoCache),
            (headers.contains_key(header::SET_COOKIE), Unkept::SetsCookie),
            (is_personal && !control.is_for_all(), Unkept::Personal),
            (named(headers).is_none(), Unkept::VariesByAll),
            (!has_end(status, headers), Unkept::NoEnd),
            (
                declared(headers).is_some_and(|length| length > self.max_object),
                Unkept::TooLarge,
            ),
            (tags(headers).is_none(), Unkept::TooManyTags),
        ];
        let found = checks.into_iter().find(|(holds, _)| *holds);
        found.map_or(Ok(()), |(_, why)| Err(why))
    }

    /// What an answer that says nothing is fresh for: only such as mean something that lasts.
    fn usual(&self, status: StatusCode) -> Option<Duration> {
        let lasts = [
            StatusCode::OK,
            StatusCode::NON_AUTHORITATIVE_INFORMATION,
            StatusCode::NO_CONTENT,
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::PERMANENT_REDIRECT,
        ];
        self.ttl.filter(|_| lasts.contains(&status))
    }
}

fn is_part(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE)
}

/// Final statuses that an answer with explicit freshness may have. What is not understood is not kept.
fn can_be_kept(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 302 | 307 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

fn has_end(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_chunked = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked");
    status == StatusCode::NO_CONTENT
        || declared(headers).is_some()
        || headers.get_all(header::TRANSFER_ENCODING).iter().any(is_chunked)
}

/// The body's length, where it is declared.
fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What `Expires` leaves (section 5.3): nothing where it is no date, or there are two.
fn expires(headers: &HeaderMap, date: SystemTime) -> Option<Duration> {
    let mut lines = headers.get_all(header::EXPIRES).iter();
    let first = lines.next()?;
    let told = first
        .to_str()
        .ok()
        .and_then(|text| httpdate::parse_http_date(text).ok());
    let told = told.filter(|_| lines.next().is_none());
    Some(told.and_then(|told| told.duration_since(date).ok()).unwrap_or_default())
}

/// How old it is as it arrives (section 4.2.3): as it says itself, or as its date does, whichever is more.
fn age(headers: &HeaderMap, date: Option<SystemTime>, now: SystemTime) -> Duration {
    let told = { headers.get(header::AGE) }
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map_or(Duration::ZERO, |seconds: u32| Duration::from_secs(seconds.into()));
    let apparent = date.and_then(|date| now.duration_since(date).ok()).unwrap_or_default();
    // A date has no fractions: what is less than two seconds old may be of this moment.
    let apparent = apparent.saturating_sub(Duration::from_secs(1));
    told.max(Duration::from_secs(apparent.as_secs()))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn back(now: SystemTime, by: Duration) -> SystemTime {
    now.checked_sub(by).unwrap_or(SystemTime::UNIX_EPOCH)
}
