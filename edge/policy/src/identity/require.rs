//! What a route wants of a token beside its being good.

use shared_identity::Verified;

/// A claim, and the values of which it must have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The claim, by path.
    pub claim: String,
    /// Of a list, or of the words of a `scope`, it is enough that one element is among them.
    pub one_of: Vec<String>,
}

impl Requirement {
    /// Whether a token meets it. One that lacks the claim does not.
    pub fn is_met(&self, verified: &Verified) -> bool {
        verified.has_one_of(&self.claim, &self.one_of)
    }
}
