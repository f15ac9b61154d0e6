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
        if is_number(text) {
            let bytes = text
                .parse()
                .ok()
                .filter(|bytes| *bytes > 0)
                .map(|bytes| Self(bytes).to_string());
            return Err(match bytes {
                Some(same) if same != format!("{text}B") => {
                    format!("`{text}` has no unit; write `{text}B`, that is `{same}`")
                }
                _ => format!("`{text}` has no unit; write `{text}B` or `{text}KiB`"),
            });
        }
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

/// Says what is wrong, with the unit that was probably meant. `MB` may mean two things, so nothing is guessed.
fn wrong(text: &str) -> String {
    let spelled = text.to_ascii_lowercase().replace([' ', '_'], "");
    let (number, unit) = split_number(&spelled);
    let meant = match unit {
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "kib" | "ki" => "KiB",
        "m" | "mb" | "mib" | "mi" => "MiB",
        "g" | "gb" | "gib" | "gi" => "GiB",
        _ => "",
    };
    let cure = if number.is_empty() || meant.is_empty() {
        "write it like `512B`, `1KiB` or `50MiB`".to_owned()
    } else {
        format!("write `{number}{meant}` (units are B, KiB, MiB and GiB, 1024 each)")
    };
    format!("`{text}` is not a size; {cure}")
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
