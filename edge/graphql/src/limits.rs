//! How much one document may ask for.
//!
//! Tokens are counted before anything is parsed, and the parser is held to a nesting; the rest is measured on the
//! validated operation with its fragments followed, in time proportional to the document's size.

use crate::error::GraphqlError;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::Name;
use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use shared_contracts::Code;

/// Nesting of braces and brackets that the parser follows, fragments not counted. It only guards the stack:
/// [`Limits::depth`] is what clients meet.
pub(crate) const NESTING: usize = 64;

/// Nesting of `__schema` and `__type`: the usual introspection query has 13 levels.
const INTROSPECTION_DEPTH: usize = 20;

/// Limits on one document. All are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of the document; white space, commas and comments are not counted.
    pub tokens: usize,
    /// Nesting of fields, fragments followed.
    pub depth: usize,
    /// Aliases, each counted as often as its fragment is spread.
    pub aliases: usize,
    /// Root fields, after merging by response key.
    pub root_fields: usize,
    /// Selected fields, each counted as often as its fragment is spread.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 2_000,
            depth: 12,
            aliases: 30,
            root_fields: 20,
            fields: 1_000,
        }
    }
}

/// The error for a limit that is passed.
pub(crate) fn exceeded(what: &str, limit: usize) -> GraphqlError {
    GraphqlError::new(
        Code::GraphqlLimitExceeded,
        format!("The document has too many {what}: at most {limit} are allowed."),
    )
}

/// The error for a document nested too deeply.
pub(crate) fn too_deep(limit: usize) -> GraphqlError {
    GraphqlError::new(
        Code::GraphqlLimitExceeded,
        format!("The document is nested too deeply: at most {limit} levels are allowed."),
    )
}

/// Whether a document has at most `limit` tokens, by the lexical grammar (GraphQL specification, section 2.1).
/// It stops at the first token too many.
pub(crate) fn tokens_within(document: &str, limit: usize) -> bool {
    let bytes = document.as_bytes();
    let (mut at, mut tokens) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at = skip_while(bytes, at, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => skip_string(bytes, at),
            b'.' => skip_while(bytes, at, |byte| byte == b'.'),
            _ if is_word(byte) => skip_while(bytes, at, |byte| is_word(byte) || byte == b'.'),
            _ => at + 1,
        };
        tokens += 1;
        if tokens > limit {
            return false;
        }
    }
    true
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+') || !byte.is_ascii()
}

fn skip_while(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .skip(from)
        .position(|byte| !wanted(*byte))
        .map_or(bytes.len(), |length| from + length)
}

fn skip_string(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let block = rest.starts_with(br#"""""#);
    let mut at = if block { 3 } else { 1 };
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if block && tail.starts_with(br#"\""""#) {
            at += 4;
        } else if block && tail.starts_with(br#"""""#) {
            return from + at + 3;
        } else if !block && tail.starts_with(b"\\") {
            at += 2;
        } else if !block && (tail.starts_with(b"\"") || tail.starts_with(b"\n")) {
            return from + at + 1;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// What a selection set amounts to with its fragments followed. Saturating: hostile documents overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    depth: usize,
    introspection_depth: usize,
    aliases: usize,
    fields: usize,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            introspection_depth: self.introspection_depth.max(other.introspection_depth),
            aliases: self.aliases.saturating_add(other.aliases),
            fields: self.fields.saturating_add(other.fields),
        }
    }
}

/// Measures a validated operation (fragments are free of cycles then).
pub(crate) fn check(limits: &Limits, document: &ExecutableDocument, operation: &Operation) -> Result<(), GraphqlError> {
    let size = measure(document, &mut HashMap::default(), &operation.selection_set);
    if size.depth > limits.depth {
        return Err(too_deep(limits.depth));
    }
    if size.introspection_depth > INTROSPECTION_DEPTH {
        return Err(too_deep(INTROSPECTION_DEPTH));
    }
    if size.aliases > limits.aliases {
        return Err(exceeded("aliases", limits.aliases));
    }
    if size.fields > limits.fields {
        return Err(exceeded("fields", limits.fields));
    }
    Ok(())
}

fn measure<'d>(
    document: &'d ExecutableDocument,
    known: &mut HashMap<&'d Name, Size>,
    selections: &'d SelectionSet,
) -> Size {
    let mut total = Size::default();
    for selection in &selections.selections {
        total = total.and(match selection {
            Selection::Field(field) => {
                let inner = measure(document, known, &field.selection_set);
                let introspection = matches!(field.name.as_str(), "__schema" | "__type");
                let depth = inner.depth.saturating_add(1);
                Size {
                    depth: if introspection { 0 } else { depth },
                    introspection_depth: if introspection {
                        depth
                    } else {
                        inner.introspection_depth
                    },
                    aliases: inner.aliases.saturating_add(usize::from(field.alias.is_some())),
                    fields: inner.fields.saturating_add(1),
                }
            }
            Selection::InlineFragment(inline) => measure(document, known, &inline.selection_set),
            Selection::FragmentSpread(spread) => {
                match (known.get(&spread.fragment_name), spread.fragment_def(document)) {
                    (Some(size), _) => *size,
                    (None, None) => Size::default(),
                    (None, Some(fragment)) => {
                        let size = measure(document, known, &fragment.selection_set);
                        known.insert(&spread.fragment_name, size);
                        size
                    }
                }
            }
        });
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(document: &str) -> usize {
        (0..).find(|limit| tokens_within(document, *limit)).unwrap()
    }

    #[test]
    fn tokens_are_counted_as_the_grammar_has_them() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens(" ,,\t\n# { not this }\r\n"), 0);
        assert_eq!(tokens("{ a(b: -1.5e+3, c: $d) ...F @x }"), 16);
        assert_eq!(tokens(r#"{ a(b: "x { \" } y", c: """ one " { \""" two """) }"#), 11);
        assert_eq!(tokens(r#""never closed"#), 1);
        assert_eq!(tokens(r#""""never closed \""""#), 1);
        assert_eq!(tokens("\"\\"), 1);
        assert_eq!(tokens("\u{feff}"), 1);
    }

    proptest::proptest! {
        #[test]
        fn counting_ends_and_is_monotonous(text: String, limit in 0_usize..50) {
            if tokens_within(&text, limit) {
                proptest::prop_assert!(tokens_within(&text, limit + 1));
            }
        }
    }
}
