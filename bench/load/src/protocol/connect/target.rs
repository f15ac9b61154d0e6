//! Where the load goes.

use super::ConnectorError;

/// Where the load goes: an `http`, `https`, `ws` or `wss` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    /// Reads `scheme://host[:port][/path]`. A path is kept as the [prefix](Self::path) of what is asked for.
    ///
    /// # Errors
    /// What is wrong with it, and how it should look.
    pub fn parse(url: &str) -> Result<Self, ConnectorError> {
        let wrong = |reason: &str| ConnectorError::Target {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: ::http::Uri = url.parse().map_err(|error| wrong(&format!("{error}")))?;
        let tls = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            Some(_) => return Err(wrong("its scheme must be http, https, ws or wss")),
            None => return Err(wrong("it needs a scheme, as in http://127.0.0.1:8080")),
        };
        if uri.query().is_some() {
            return Err(wrong("a query belongs to the request, not to the target"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a user name is not possible here"));
        }
        Ok(Self {
            tls,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a `Host` header says: the host, and the port where the address named one.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path without its last `/`; empty for a target that is a whole host.
    pub fn path(&self) -> &str {
        &self.path
    }
}
