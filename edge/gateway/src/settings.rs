//! What comes from the environment and not from the file: secrets, and the prefix that keeps tests apart.

use http::HeaderValue;
use shared_contracts::token;

/// Environment variable with the key of affinity cookies, in hex. All edges of a fleet need the same.
const AFFINITY_KEY: &str = "EDGE_AFFINITY_KEY";
/// Environment variable with what is put before every Redis key and channel.
const REDIS_PREFIX: &str = "REDIS_PREFIX";

/// The process's settings.
pub(crate) struct Settings {
    /// The edge's own service token.
    pub(crate) service_token: Option<HeaderValue>,
    /// Key of affinity cookies.
    pub(crate) affinity_key: Vec<u8>,
    /// Put before every Redis key and channel.
    pub(crate) redis_prefix: String,
}

/// A setting that cannot be used. Values are secrets and not repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// Not a header value.
    #[error("{} is not a token: only visible ASCII is allowed", token::TOKEN_VARIABLE)]
    ServiceToken,
    /// Not hex.
    #[error("{AFFINITY_KEY} is not an even number of hex digits, at least 32")]
    AffinityKey,
}

impl Settings {
    /// Reads them; `env` is usually `|name| std::env::var(name).ok()`. An empty value counts as none.
    pub(crate) fn read(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let service_token = match env(token::TOKEN_VARIABLE) {
            Some(text) => {
                let mut value = HeaderValue::from_str(&text).map_err(|_| SettingsError::ServiceToken)?;
                value.set_sensitive(true);
                Some(value)
            }
            None => {
                tracing::warn!(
                    "{} is not set: services will not believe who the caller is",
                    token::TOKEN_VARIABLE
                );
                None
            }
        };
        let affinity_key = match env(AFFINITY_KEY) {
            Some(text) => unhex(&text)
                .filter(|key| key.len() >= 16)
                .ok_or(SettingsError::AffinityKey)?,
            None => {
                tracing::info!("{AFFINITY_KEY} is not set: clients lose their instance when the edge restarts");
                rand::random::<[u8; 32]>().to_vec()
            }
        };
        Ok(Self {
            service_token,
            affinity_key,
            redis_prefix: env(REDIS_PREFIX).unwrap_or_default(),
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(&|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn secrets_are_read_and_checked() {
        let key = "0123456789abcdefABCDEF0123456789";
        let settings = read(&[("SERVICE_TOKEN", "edge.s3cret"), (AFFINITY_KEY, key)]).unwrap();
        assert_eq!(settings.service_token.unwrap(), "edge.s3cret");
        assert_eq!(settings.affinity_key[..2], [0x01, 0x23]);
        assert_eq!(read(&[(AFFINITY_KEY, "abc")]).err(), Some(SettingsError::AffinityKey));
        assert_eq!(read(&[(AFFINITY_KEY, "abcd")]).err(), Some(SettingsError::AffinityKey));
        assert_eq!(
            read(&[("SERVICE_TOKEN", "a\nb")]).err(),
            Some(SettingsError::ServiceToken)
        );
        let (one, two) = (read(&[]).unwrap(), read(&[]).unwrap());
        assert_ne!(one.affinity_key, two.affinity_key, "each process makes its own");
    }
}
