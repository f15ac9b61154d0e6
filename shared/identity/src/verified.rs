//! What a good token says.

use crate::{Bearer, VerifierSettings, claims::Registered, told};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A claim and its texts.
pub type Texts = (Box<str>, Box<[Box<str>]>);

/// What a good token says, in the forms in which it is asked for: made once, when the token is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The user (`sub`), never empty.
    pub sub: String,
    /// Whose word it is: the `iss` that was wanted.
    pub iss: Arc<str>,
    /// The session (`sid`): what a logout revokes. Empty where the issuer names none.
    pub sid: String,
    /// The token's own name (`jti`). Empty where it has none.
    pub jti: String,
    /// When it was issued, seconds since the Unix epoch; 0 where it does not say.
    pub iat: u64,
    /// When it expires, seconds since the Unix epoch.
    pub exp: u64,
    /// The fields that tell services of it, see [`VerifierSettings::forward`].
    pub fields: Box<[(HeaderName, HeaderValue)]>,
    /// The texts of each claim in [`VerifierSettings::compared`].
    pub compared: Box<[Texts]>,
    /// All claims; empty unless someone only looks ([`crate::Verifier::peek`]), since nobody else asks for them.
    pub claims: Map<String, Value>,
}

impl Verified {
    pub(crate) fn new(
        iss: &Arc<str>,
        registered: Registered,
        claims: &Map<String, Value>,
        settings: &VerifierSettings,
    ) -> Self {
        let fields = settings.forward.iter().filter_map(|(claim, name)| {
            let value = told::field(told::find(claims, claim)?)?;
            // The first copy makes a name and a value shared; all later ones only count.
            Some((name.clone(), value.clone()))
        });
        let compared = settings.compared.iter().filter_map(|claim| {
            let texts = told::texts(claim, told::find(claims, claim)?);
            Some((claim.as_str().into(), texts))
        });
        Self {
            sub: registered.sub,
            iss: Arc::clone(iss),
            sid: registered.sid,
            jti: registered.jti,
            iat: registered.iat,
            exp: registered.exp,
            fields: fields.collect(),
            compared: compared.collect(),
            claims: Map::new(),
        }
    }

    /// By what it can be revoked.
    pub fn bearer(&self) -> Bearer<'_> {
        Bearer {
            sub: &self.sub,
            sid: &self.sid,
            jti: &self.jti,
            iat: self.iat,
        }
    }

    /// The text of a claim, if it has exactly one and that is not empty: of `iss`, `sub`, `sid`, `jti`, or of one among
    /// [`VerifierSettings::compared`].
    pub fn text(&self, claim: &str) -> Option<&str> {
        let text: &str = match claim {
            "iss" => &self.iss,
            "sub" => &self.sub,
            "sid" => &self.sid,
            "jti" => &self.jti,
            _ => match &*self.compared.iter().find(|(known, _)| **known == *claim)?.1 {
                [text] => text,
                _ => return None,
            },
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Whether the claim has one of these texts, a list if one of its elements has. Of claims that are not among
    /// [`VerifierSettings::compared`] nothing is known, so they have none.
    pub fn has_one_of(&self, claim: &str, texts: &[String]) -> bool {
        let known = self.compared.iter().find(|(known, _)| **known == *claim);
        known.is_some_and(|(_, has)| has.iter().any(|has| texts.iter().any(|text| **has == **text)))
    }
}
