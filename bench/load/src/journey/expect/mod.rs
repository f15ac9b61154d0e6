//! Whether an answer is right, and what is kept of it.
//!
//! Cheap things come first: status, headers, length, the body as a whole. JSON is read once, and only where something in it
//! is asked for; what is not asked for is passed over and never built.

mod body;
mod content;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use content::Content;

use crate::{
    Failure,
    journey::template::{CompileError, Memory, Program, Scope, Variable},
    scenario::{
        expect::{Expect, Source},
        named::Named,
    },
};
use http::{HeaderMap, HeaderName, StatusCode, header::SET_COOKIE};

/// Longest excerpt of what was seen, in characters.
const EXCERPT: usize = 160;

/// What an HTTP answer must be, and what is kept of it.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Empty: any 2xx.
    status: Vec<u16>,
    headers: Vec<(HeaderName, Program)>,
    content: Content,
    /// Variables from anything but JSON.
    kept: Vec<(u16, Kept)>,
}

#[derive(Debug)]
enum Kept {
    Header(HeaderName),
    Cookie(String),
    Body,
}

/// An answer's parts.
pub(crate) struct Seen<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Verdict {
    /// Ready to judge.
    pub(crate) fn new(expect: &Expect, capture: &Named<Source>, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let header = |(name, value): &(String, _)| {
            let name = name
                .parse()
                .map_err(|_| CompileError(format!("`{name}` is not a header's name")))?;
            Ok((name, Program::text(value, scope)?))
        };
        let (mut kept, mut places) = (Vec::new(), Vec::new());
        for (name, source) in capture.iter() {
            let slot = scope.slot(name)?;
            match source {
                Source::Json(pointer) => places.push((slot, pointer)),
                Source::Header(name) => kept.push((slot, Kept::Header(name.clone()))),
                Source::Cookie(name) => kept.push((slot, Kept::Cookie(name.clone()))),
                Source::Body => kept.push((slot, Kept::Body)),
            }
        }
        Ok(Self {
            status: expect.status.clone(),
            headers: expect.headers.iter().map(header).collect::<Result<_, _>>()?,
            content: Content::new(expect, &places, scope)?,
            kept,
        })
    }

    /// Judges an answer; of a right one, variables are kept.
    pub(crate) fn judge(&self, seen: &Seen<'_>, memory: &mut Memory) -> Result<(), Failure> {
        self.status(seen)?;
        for (name, program) in &self.headers {
            let want = program.bytes(memory);
            let values: Vec<_> = seen
                .headers
                .get_all(name)
                .iter()
                .map(http::HeaderValue::as_bytes)
                .collect();
            if !values.iter().any(|value| **value == want[..]) {
                let got = values
                    .first()
                    .map_or("none".to_owned(), |value| format!("`{}`", excerpt(value)));
                let detail = format!("{name}: {got}, not `{}`", excerpt(&want));
                return Err(Failure::new("header", detail));
            }
        }
        // All of it is found before anything is kept.
        let kept = self.kept.iter().map(|(slot, kept)| Ok((*slot, kept.of(seen)?)));
        let kept: Vec<_> = kept.collect::<Result<_, Failure>>()?;
        self.content.judge(seen.body, memory)?;
        for (slot, value) in kept {
            memory.set(slot, Variable::Text(value));
        }
        Ok(())
    }

    fn status(&self, seen: &Seen<'_>) -> Result<(), Failure> {
        let right = match self.status.as_slice() {
            [] => seen.status.is_success(),
            all => all.contains(&seen.status.as_u16()),
        };
        if right {
            return Ok(());
        }
        let want: Vec<_> = self.status.iter().map(u16::to_string).collect();
        let want = if want.is_empty() {
            "2xx".to_owned()
        } else {
            want.join(" or ")
        };
        let detail = format!("{}, not {want}: {}", seen.status.as_u16(), excerpt(seen.body));
        Err(Failure::new("status", detail))
    }
}

impl Kept {
    fn of(&self, seen: &Seen<'_>) -> Result<String, Failure> {
        match self {
            Self::Body => Ok(String::from_utf8_lossy(seen.body).into_owned()),
            Self::Header(name) => {
                let value = seen.headers.get(name).and_then(|value| value.to_str().ok());
                value
                    .map(str::to_owned)
                    .ok_or_else(|| Failure::new("header", format!("there is no {name}")))
            }
            Self::Cookie(name) => {
                let lines = seen
                    .headers
                    .get_all(SET_COOKIE)
                    .iter()
                    .filter_map(|line| line.to_str().ok());
                let mut pairs = lines.filter_map(|line| line.split(';').next()?.split_once('='));
                let found = pairs.find(|(own, _)| own.trim() == name);
                let value = found.map(|(_, value)| value.trim().to_owned());
                value.ok_or_else(|| Failure::new("header", format!("the cookie {name} is not set")))
            }
        }
    }
}

/// The beginning of what was seen, in one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let end = bytes.len().min(4 * EXCERPT);
    let text = String::from_utf8_lossy(&bytes[..end]);
    let mut line: String = text
        .chars()
        .take(EXCERPT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if end < bytes.len() || text.chars().nth(EXCERPT).is_some() {
        line.push('…');
    }
    line
}
