//! Who asks: where a token sits, what its verdict means on a route, and what a route wants of it.

mod query;
mod require;
mod source;

pub use query::{masked, without};
pub use require::Requirement;
pub use source::{Token, TokenSource, token};

use shared_contracts::Code;
use shared_identity::Verified;
use std::sync::Arc;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; tokens are not looked at.
    Public,
    /// Everybody, but a token that is sent must be good, so that a client learns that it has to refresh.
    Optional,
    /// Signed-in users.
    Required,
}

/// What is known about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// No token, or a route that does not look.
    Anonymous,
    /// A good token.
    User(Arc<Verified>),
    /// A bad token, with the code that says why: `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_REVOKED`; or one that cannot be
    /// judged now, `SERVICE_UNAVAILABLE`, or shall not be, `TOO_MANY_BAD_TOKENS`.
    Rejected(Code),
}

impl Identity {
    /// What the user's token says, if the caller is one.
    pub fn claims(&self) -> Option<&Verified> {
        match self {
            Self::User(verified) => Some(verified),
            Self::Anonymous | Self::Rejected(_) => None,
        }
    }

    /// The code of the 401 or 403, if this caller may not use such a route. Ask after the quotas were charged: guessing
    /// tokens is not free.
    pub fn refusal(&self, access: Access, required: &[Requirement]) -> Option<Code> {
        match (access, self) {
            (Access::Public, _) | (Access::Optional, Self::Anonymous) => None,
            (Access::Required, Self::Anonymous) => Some(Code::Unauthenticated),
            (Access::Optional | Access::Required, Self::Rejected(code)) => Some(*code),
            (_, Self::User(verified)) => {
                let lacks = required.iter().any(|requirement| !requirement.is_met(verified));
                lacks.then_some(Code::Forbidden)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(role: &str) -> Identity {
        Identity::User(Arc::new(Verified {
            sub: "7".into(),
            compared: [("role".into(), [role.into()].into())].into(),
            ..Verified::default()
        }))
    }

    #[test]
    fn a_bad_token_is_told_unless_the_route_is_public() {
        use Access::{Optional, Public, Required};
        let rejected = Identity::Rejected(Code::TokenExpired);
        assert_eq!(rejected.refusal(Public, &[]), None);
        assert_eq!(rejected.refusal(Optional, &[]), Some(Code::TokenExpired));
        assert_eq!(rejected.refusal(Required, &[]), Some(Code::TokenExpired));
        assert_eq!(Identity::Anonymous.refusal(Optional, &[]), None);
        assert_eq!(Identity::Anonymous.refusal(Required, &[]), Some(Code::Unauthenticated));
        assert_eq!(user("user").refusal(Required, &[]), None);
        assert!(rejected.claims().is_none(), "for quotas it is anonymous");
    }

    #[test]
    fn a_user_must_have_what_the_route_requires() {
        let required = [Requirement {
            claim: "role".into(),
            one_of: vec!["admin".into(), "editor".into()],
        }];
        let refusal = |identity: &Identity| identity.refusal(Access::Required, &required);
        assert_eq!(refusal(&user("editor")), None);
        assert_eq!(refusal(&user("user")), Some(Code::Forbidden));
        assert_eq!(refusal(&Identity::User(Arc::default())), Some(Code::Forbidden));
        assert_eq!(refusal(&Identity::Anonymous), Some(Code::Unauthenticated));
        let both = [
            required[0].clone(),
            Requirement {
                claim: "scope".into(),
                ..required[0].clone()
            },
        ];
        assert_eq!(
            user("admin").refusal(Access::Required, &both),
            Some(Code::Forbidden),
            "each of them"
        );
    }
}
