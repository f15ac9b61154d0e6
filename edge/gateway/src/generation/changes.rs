//! Changes to header fields, ready to be made.

use edge_config::{HeaderChanges, Headers};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A route's changes to header fields, each side apart.
#[derive(Default)]
pub(crate) struct Changes {
    /// To what a service is sent.
    pub(crate) request: Fields,
    /// To what the client is answered.
    pub(crate) response: Fields,
}

/// Fields to remove and to set.
#[derive(Default)]
pub(crate) struct Fields {
    remove: Box<[HeaderName]>,
    set: Box<[(HeaderName, HeaderValue)]>,
}

impl Changes {
    /// From the configuration.
    ///
    /// # Errors
    /// The field that is none.
    pub(super) fn new(headers: &Headers) -> Result<Self, String> {
        Ok(Self {
            request: Fields::new(&headers.request)?,
            response: Fields::new(&headers.response)?,
        })
    }
}

impl Fields {
    fn new(changes: &HeaderChanges) -> Result<Self, String> {
        let name = |field: &String| HeaderName::from_bytes(field.as_bytes()).map_err(|_| field.clone());
        let set = changes.set.iter().map(|(field, value)| {
            let value = HeaderValue::from_str(value).map_err(|_| field.clone())?;
            Ok((name(field)?, value))
        });
        Ok(Self {
            remove: changes.remove.iter().map(name).collect::<Result<_, _>>()?,
            set: set.collect::<Result<_, String>>()?,
        })
    }

    /// Makes them.
    pub(crate) fn apply(&self, head: &mut HeaderMap) {
        for name in &self.remove {
            head.remove(name);
        }
        for (name, value) in &self.set {
            head.insert(name, value.clone());
        }
    }
}
