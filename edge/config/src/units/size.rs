//! Numbers of bytes.

use super::{is_number, split_number, text_type};
use std::{fmt, str::FromStr};

/// A number of bytes: `512B`, `1KiB`, `50MiB`, `1GiB`. More than zero. Shown in the largest unit that fits evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

text_type!(ByteSize, "size", "a size like `1KiB`", r"^[0-9]+(B|KiB|MiB|GiB)$");

const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let even = UNITS.iter().rev().find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (name, factor) = even.unwrap_or(&UNITS[0]);
        write!(f, "{}{name}", self.0 / factor)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split_number(text);
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let bytes = number.parse::<u64>().ok().zip(factor);
        match bytes.and_then(|(number, factor)| number.checked_mul(factor)) {
            None => Err(wrong(text)),
            Some(0) => Err(format!("`{text}` leaves no room at all; write at least `1B`")),
            Some(bytes) => Ok(Self(bytes)),
        }
    }
}

/// Says what is wrong, with what was probably meant.
fn wrong(text: &str) -> String {
    const LIKE: &str = "write it like `512B`, `1KiB` or `50MiB`";
    if is_number(text) {
        return match (meant(&format!("{text}B")), meant(&format!("{text}KiB"))) {
            (Some(bytes), _) if bytes.to_string() != format!("{text}B") => {
                format!("`{text}` has no unit; write `{text}B`, that is `{bytes}`")
            }
            (Some(bytes), Some(kib)) => format!("`{text}` has no unit; write `{bytes}` or `{kib}`"),
            (None, Some(kib)) => format!("`{text}` has no unit; write `{kib}`"),
            (_, None) => format!("`{text}` is no number of bytes that anything could have; {LIKE}"),
        };
    }
    match meant(text) {
        Some(size) => format!("`{text}` is not a size; write `{size}` (units are B, KiB, MiB and GiB, 1024 each)"),
        None => format!("`{text}` is not a size; {LIKE}"),
    }
}

/// What an odd spelling means: spaces, capitals, other names of units, fractions. `MB` may mean two things: the larger.
fn meant(text: &str) -> Option<ByteSize> {
    let spelled = text.to_ascii_lowercase().replace([' ', '_', '+'], "");
    let (number, unit) = spelled.split_at(spelled.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "b" | "byte" | "bytes" => 1,
        "k" | "kb" | "kib" | "ki" => 1 << 10,
        "m" | "mb" | "mib" | "mi" => 1 << 20,
        "g" | "gb" | "gib" | "gi" => 1 << 30,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * f64::from(factor);
    // Up to there every whole number is exact.
    let fits = bytes >= 1.0 && bytes < (1u64 << 53) as f64 && bytes.fract() == 0.0;
    fits.then_some(ByteSize(bytes as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_sizes() {
        assert_eq!("51MiB".parse(), Ok(ByteSize(51 << 20)));
        assert_eq!("512B".parse(), Ok(ByteSize(512)));
        for bad in ["1MB", "1", "0B", "MiB", "1 KiB", "99999999999GiB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad:?}");
        }
        let told = "10 MB".parse::<ByteSize>().unwrap_err();
        assert!(told.contains("write `10MiB`"), "{told}");
        let told = |text: &str| text.parse::<ByteSize>().unwrap_err();
        assert!(told("1.5MiB").contains("write `1536KiB`"), "{}", told("1.5MiB"));
        assert!(told("1048576").ends_with("write `1048576B`, that is `1MiB`"));
        assert!(told("100").ends_with("write `100B` or `100KiB`"));
        assert!(told("1.5").ends_with("write `1536B`"), "{}", told("1.5"));
        for odd in ["0", "10485760000000000000000", "-1", "unlimited"] {
            assert!(
                told(odd).ends_with("write it like `512B`, `1KiB` or `50MiB`"),
                "{}",
                told(odd)
            );
        }
    }

    proptest! {
        /// Law: what is shown reads as the same.
        #[test]
        fn shown_sizes_read_back(bytes in 1u64.., shift in 0u32..40) {
            let size = ByteSize((bytes >> shift).max(1) << (shift % 31).min(bytes.leading_zeros()));
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
