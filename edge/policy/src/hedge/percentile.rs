//! A percentile in words: `p95`, `p99.9`.

use std::{fmt, str::FromStr};

/// From `p50` to `p99.9`: what part of all requests a latency is not exceeded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile(u16);

impl Percentile {
    /// Nineteen of twenty.
    pub const P95: Self = Self(950);

    /// As a part of 1.
    pub fn share(self) -> f32 {
        f32::from(self.0) / 1_000.0
    }

    /// In thousandths, 500 to 999.
    pub(super) fn thousandths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", f64::from(self.0) / 10.0)
    }
}

impl FromStr for Percentile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix('p').ok_or(())?;
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str, most: usize| {
            let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| text.parse::<u16>().ok()).flatten().ok_or(())
        };
        let thousandths = digits(whole, 2)? * 10 + digits(tenth, 1)?;
        (500..1_000)
            .contains(&thousandths)
            .then_some(Self(thousandths))
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_as_the_same_and_nothing_else_does() {
        for number in 500..1_000 {
            let percentile = Percentile(number);
            assert_eq!(percentile.to_string().parse(), Ok(percentile));
        }
        assert_eq!("p95".parse(), Ok(Percentile::P95));
        for bad in [
            "", "p", "95", "P95", "p9", "p49.9", "p100", "p99.99", "p95.", "p.9", "p-5", "p 95", "p95%",
        ] {
            assert!(bad.parse::<Percentile>().is_err(), "{bad:?}");
        }
    }
}
