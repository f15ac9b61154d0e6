//! From text to pieces.

use super::{ColumnName, Gap, Piece};
use edge_config::diagnose::did_you_mean;

/// All functions; no variable may be called like one.
pub(crate) const FUNCTIONS: [&str; 9] = [
    "nonce",
    "client",
    "iteration",
    "random",
    "zipf",
    "pick",
    "row",
    "other",
    "ip",
];
/// An exponent that fits what people look at (Zipf's own law has 1).
const EXPONENT: f64 = 1.0;

pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        push_text(&mut pieces, &rest[..start]);
        let inner = &rest[start + 2..];
        let unclosed = || format!("`{{{{{}` is not closed with `}}}}`", shortened(inner));
        if let Some(quoted) = inner.strip_prefix('"') {
            let (literal, tail) = quoted.split_once("\"}}").ok_or_else(unclosed)?;
            push_text(&mut pieces, literal);
            rest = tail;
            continue;
        }
        let (call, tail) = inner.split_once("}}").ok_or_else(unclosed)?;
        pieces.push(Piece::Gap(gap(call)?));
        rest = tail;
    }
    push_text(&mut pieces, rest);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn gap(call: &str) -> Result<Gap, String> {
    let words: Vec<_> = call.split_whitespace().collect();
    let wrong = |how: &str| format!("`{{{{{call}}}}}`: write {how}");
    match words.as_slice() {
        [] => Err(wrong("a name between the braces, like `{{token}}`")),
        ["nonce"] => Ok(Gap::Nonce),
        ["client"] => Ok(Gap::Client),
        ["iteration"] => Ok(Gap::Iteration),
        ["ip"] => Ok(Gap::Ip { fresh: false }),
        ["ip", "fresh"] => Ok(Gap::Ip { fresh: true }),
        ["random", from, to] => random(from, to).ok_or_else(|| wrong("`{{random 1 100}}`, the smaller number first")),
        ["zipf", of] => zipf(of, EXPONENT).ok_or_else(|| wrong(ZIPF)),
        ["zipf", of, exponent] => {
            let exponent = exponent.parse().ok().filter(|exponent| (0.0..=10.0).contains(exponent));
            exponent
                .and_then(|exponent| zipf(of, exponent))
                .ok_or_else(|| wrong(ZIPF))
        }
        ["pick", cell] => column(cell)
            .map(Gap::Pick)
            .ok_or_else(|| wrong("`{{pick users.email}}`, a table and its column")),
        ["row", cell] => column(cell)
            .map(Gap::Row)
            .ok_or_else(|| wrong("`{{row users.email}}`, a table and its column")),
        ["other", cell] => column(cell)
            .map(Gap::Other)
            .ok_or_else(|| wrong("`{{other users.email}}`, a table and its column")),
        ["random", ..] => Err(wrong("`{{random 1 100}}`")),
        ["zipf", ..] => Err(wrong(ZIPF)),
        ["pick" | "row" | "other", ..] => Err(wrong("a table and its column, like `{{pick users.email}}`")),
        ["nonce" | "client" | "iteration" | "ip", ..] => Err(wrong("the function without an argument")),
        [name] if is_name(name) => Ok(Gap::Variable((*name).to_owned())),
        [name] => Err(format!(
            "`{name}` is not a name; a variable has letters, digits and `_`"
        )),
        [function, ..] => {
            let hint = did_you_mean(function, FUNCTIONS);
            Err(format!(
                "`{function}` is not a function; there are {}{hint}",
                FUNCTIONS.join(", ")
            ))
        }
    }
}

const ZIPF: &str = "`{{zipf 1000}}` or `{{zipf posts.id 1.2}}`: a number of ranks or a table and its column, then an exponent from 0 to 10";

fn random(from: &str, to: &str) -> Option<Gap> {
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some(Gap::Random { from, to })
}

fn zipf(of: &str, exponent: f64) -> Option<Gap> {
    match of.parse::<u64>() {
        Ok(0) => None,
        Ok(ranks) => Some(Gap::ZipfRank { ranks, exponent }),
        Err(_) => column(of).map(|column| Gap::ZipfCell { column, exponent }),
    }
}

fn column(text: &str) -> Option<ColumnName> {
    let (table, column) = text.split_once('.')?;
    (is_name(table) && is_name(column)).then(|| ColumnName {
        table: table.to_owned(),
        column: column.to_owned(),
    })
}

/// Letters, digits and `_`, not a digit first.
pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}
