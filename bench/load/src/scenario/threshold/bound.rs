//! Bounds: `< 50ms`, `0`, `> 99%`.

/// What a metric may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// As written.
    pub text: String,
    pub(super) operator: Operator,
    /// In the unit's base: microseconds, bytes, a share as 0..=1.
    pub(super) value: f64,
    pub(super) unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What a bound counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Number,
    Share,
    Micros,
    PerSecond,
    Bytes,
}

const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
];
const UNITS: [(&str, Unit, f64); 12] = [
    ("", Unit::Number, 1.0),
    ("%", Unit::Share, 0.01),
    ("us", Unit::Micros, 1.0),
    ("µs", Unit::Micros, 1.0),
    ("ms", Unit::Micros, 1e3),
    ("s", Unit::Micros, 1e6),
    ("/s", Unit::PerSecond, 1.0),
    ("/m", Unit::PerSecond, 1.0 / 60.0),
    ("B", Unit::Bytes, 1.0),
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1024.0 * 1024.0),
    ("GiB", Unit::Bytes, 1024.0 * 1024.0 * 1024.0),
];

impl Bound {
    /// Without an operator it is the most, or where `least` the least, that may be.
    pub(super) fn parse(text: &str, least: bool) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a bound; write it like `< 50ms`, `0`, `< 1%`, `> 900/s` or `< 20MiB`");
        let found = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, *operator)));
        let default = if least { Operator::AtLeast } else { Operator::AtMost };
        let (rest, operator) = found.unwrap_or((text, default));
        let rest = rest.trim();
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, unit) = rest.split_at(end);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let (_, unit, factor) = UNITS.iter().find(|(name, ..)| *name == unit.trim()).ok_or_else(wrong)?;
        Ok(Self {
            text: text.to_owned(),
            operator,
            value: number * factor,
            unit: *unit,
        })
    }

    /// Whether a figure keeps it.
    pub(super) fn is_kept_by(&self, figure: f64) -> bool {
        match self.operator {
            Operator::Less => figure < self.value,
            Operator::AtMost => figure <= self.value,
            Operator::More => figure > self.value,
            Operator::AtLeast => figure >= self.value,
        }
    }

    /// Whether it allows nothing at all.
    pub(super) fn is_nothing(&self) -> bool {
        self.operator == Operator::AtMost && self.value == 0.0
    }
}
