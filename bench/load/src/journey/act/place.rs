//! Paths and headers, ready where they can be.

use crate::{
    Failure,
    journey::{
        expect::excerpt,
        template::{CompileError, Memory, Program, Scope, Template},
    },
    protocol::engine_io::cookies::Cookies,
    scenario::named::Named,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

/// A path and query.
#[derive(Debug)]
pub(crate) enum Place {
    Ready(Uri),
    Rendered { prefix: String, program: Program },
}

impl Place {
    /// `prefix` is the target's own path.
    pub(crate) fn new(template: &Template, prefix: &str, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let (prefix, program) = (prefix.to_owned(), Program::path(template, scope)?);
        let Some(text) = program.constant() else {
            return Ok(Self::Rendered { prefix, program });
        };
        let text = String::from_utf8_lossy(text);
        let uri = format!("{prefix}{text}").parse();
        uri.map(Self::Ready)
            .map_err(|error| CompileError(format!("`{text}` is not a path: {error}")))
    }

    /// As it is now.
    ///
    /// # Errors
    /// `protocol` where what fills it makes it no path.
    pub(crate) fn uri(&self, memory: &mut Memory) -> Result<Uri, Failure> {
        let (prefix, program) = match self {
            Self::Ready(uri) => return Ok(uri.clone()),
            Self::Rendered { prefix, program } => (prefix, program),
        };
        let mut text = prefix.clone().into_bytes();
        program.render(memory, &mut text);
        let text = Bytes::from(text);
        let wrong = || Failure::new("protocol", format!("`{}` is not a path", excerpt(&text)));
        let uri = Uri::from_maybe_shared(text.clone()).map_err(|_| wrong())?;
        // An address that an answer gave goes to the target too.
        let path = uri
            .path_and_query()
            .filter(|path| path.as_str().starts_with('/'))
            .ok_or_else(wrong)?;
        Ok(Uri::from(path.clone()))
    }

    /// The same as a text.
    ///
    /// # Errors
    /// See [`uri`](Self::uri).
    pub(crate) fn text(&self, memory: &mut Memory) -> Result<String, Failure> {
        Ok(self.uri(memory)?.to_string())
    }
}

/// Headers.
#[derive(Debug)]
pub(crate) struct Head(Vec<(HeaderName, Value)>);

#[derive(Debug)]
enum Value {
    Ready(HeaderValue),
    Rendered(Program),
}

impl Head {
    pub(crate) fn new(headers: &Named<Template>, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let one = |(name, template): &(String, Template)| {
            let wrong = |error: &dyn std::fmt::Display| CompileError(format!("header `{name}`: {error}"));
            let key: HeaderName = name.parse().map_err(|error| wrong(&error))?;
            let program = Program::text(template, scope)?;
            let value = match program.constant() {
                Some(text) => Value::Ready(HeaderValue::from_bytes(text).map_err(|error| wrong(&error))?),
                None => Value::Rendered(program),
            };
            Ok((key, value))
        };
        headers.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Adds them, and the client's cookies.
    ///
    /// # Errors
    /// `protocol` where what fills one makes it no header.
    pub(crate) fn write(
        &self,
        into: &mut HeaderMap,
        memory: &mut Memory,
        cookies: Option<&Cookies>,
    ) -> Result<(), Failure> {
        for (name, value) in &self.0 {
            let value = match value {
                Value::Ready(value) => value.clone(),
                Value::Rendered(program) => {
                    let text = program.bytes(memory);
                    HeaderValue::from_maybe_shared(text.clone()).map_err(|_| {
                        Failure::new("protocol", format!("header {name} cannot be `{}`", excerpt(&text)))
                    })?
                }
            };
            into.append(name.clone(), value);
        }
        if let Some(cookies) = cookies {
            cookies.add_to(into);
        }
        Ok(())
    }
}
