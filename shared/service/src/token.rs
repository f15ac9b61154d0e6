//! Which service calls? Judged by digests, so that a callee cannot speak for its callers.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// Digests of accepted service tokens, by caller; up to two each, so that a secret can rotate.
#[derive(Debug, Clone, Default)]
pub struct ServiceTokens {
    by_caller: HashMap<String, Vec<[u8; 32]>>,
}

/// The text of [`shared_contracts::token::DIGESTS_VARIABLE`] cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("SERVICE_TOKEN_DIGESTS: `{0}` is not `<caller>:<sha256 hex>[|<sha256 hex>]`")]
pub struct DigestsError(String);

impl ServiceTokens {
    /// Reads `edge:<hex>|<hex>,posts:<hex>`; empty text accepts nobody.
    pub fn parse(text: &str) -> Result<Self, DigestsError> {
        let mut by_caller = HashMap::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let wrong = || DigestsError(entry.to_owned());
            let (caller, digests) = entry.split_once(':').ok_or_else(wrong)?;
            let digests: Vec<_> = digests.split('|').map(unhex).collect::<Option<_>>().ok_or_else(wrong)?;
            if caller.is_empty() || digests.len() > 2 {
                return Err(wrong());
            }
            by_caller.insert(caller.to_owned(), digests);
        }
        Ok(Self { by_caller })
    }

    /// The caller that `token` proves, if it is genuine. Takes the same time for every wrong secret.
    pub fn caller(&self, token: &str) -> Option<&str> {
        let (caller, _) = token.split_once('.')?;
        let (name, digests) = self.by_caller.get_key_value(caller)?;
        let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        digests
            .iter()
            .any(|digest| bool::from(digest.ct_eq(&shown)))
            .then_some(name)
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(token: &str) -> String {
        Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn both_secrets_count_while_one_rotates() {
        let text = format!(
            "edge:{}|{}, posts:{}",
            digest("edge.old"),
            digest("edge.new"),
            digest("posts.x")
        );
        let tokens = ServiceTokens::parse(&text).unwrap();
        assert_eq!(tokens.caller("edge.old"), Some("edge"));
        assert_eq!(tokens.caller("edge.new"), Some("edge"));
        assert_eq!(tokens.caller("posts.x"), Some("posts"));
        assert_eq!(tokens.caller("edge.x"), None);
        assert_eq!(tokens.caller("edge"), None);
    }

    #[test]
    fn unreadable_digests_are_named() {
        for wrong in [
            "edge",
            "edge:12",
            ":",
            "edge:zz",
            &format!("edge:{0}|{0}|{0}", "0".repeat(64)),
        ] {
            assert!(ServiceTokens::parse(wrong).is_err(), "{wrong}");
        }
    }
}
