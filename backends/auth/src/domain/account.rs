//! What a user may be called.

use shared_service::{ApiError, ApiResult, validate};

/// Longest e-mail address (RFC 5321, section 4.5.3.1, less the angle brackets).
const MAX_EMAIL: usize = 254;
/// Longest part before the `@` (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;

/// A normalised e-mail address: trimmed, lower case, plausible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    /// Reads an address. Whether it exists only a mail could tell; this keeps out what cannot.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let email = text.trim().to_ascii_lowercase();
        let plausible = email.len() <= MAX_EMAIL
            && email
                .split_once('@')
                .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if plausible {
            Ok(Self(email))
        } else {
            Err(ApiError::invalid("email", "email must be an e-mail address"))
        }
    }

    /// The address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A dot-atom of RFC 5322, section 3.2.3.
fn is_local_part(text: &str) -> bool {
    let atom = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
    };
    text.len() <= MAX_LOCAL_PART && text.split('.').all(atom)
}

/// At least two labels of RFC 1123, section 2.1.
fn is_domain(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.contains('.') && text.split('.').all(label)
}

/// A user name: 3 to 30 of `A-Z a-z 0-9 _ .`; its case is kept, but does not tell users apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(String);

impl Username {
    /// Reads a user name.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if (3..=30).contains(&text.len()) && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(ApiError::invalid(
            "username",
            "username must have 3 to 30 letters, digits, underscores or dots",
        ))
    }

    /// The name as its owner writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are compared.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A display name: one line of 1 to 100 characters.
pub(crate) fn full_name(text: &str) -> ApiResult<String> {
    let name = validate::text("fullName", text, 1..=100)?;
    if name.chars().any(char::is_control) {
        return Err(ApiError::invalid("fullName", "fullName must be one line"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn emails_are_normalised() {
        assert_eq!(
            Email::parse(" John.Doe+x@Test.COM ").unwrap().as_str(),
            "john.doe+x@test.com"
        );
        let long = format!("{}@test.com", "a".repeat(65));
        for wrong in [
            "",
            "john",
            "@test.com",
            "john@",
            "john@test",
            "a b@test.com",
            "a@b@c.de",
            "a..b@c.de",
            "a@-b.de",
            &long,
        ] {
            assert_eq!(
                Email::parse(wrong).unwrap_err().field.as_deref(),
                Some("email"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn usernames_are_plain() {
        assert_eq!(Username::parse("John_D.1").unwrap().key(), "john_d.1");
        for wrong in ["", "ab", &"a".repeat(31), "jo hn", "jöhn", "john!", " john"] {
            assert_eq!(
                Username::parse(wrong).unwrap_err().field.as_deref(),
                Some("username"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn full_names_are_one_line() {
        assert_eq!(full_name(" Zoë Müller ").unwrap(), "Zoë Müller");
        for wrong in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert!(full_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
