//! Quantities that scenarios write beside those of `edge.yaml`.

use edge_config::units::{Rate, TimeSpan, from_text};
use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr, time::Duration};

/// A time to think: `1s..3s`. A user's pauses are never equal, and equal ones would march all clients in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Shortest.
    pub from: Duration,
    /// Longest.
    pub to: Duration,
}

/// How many: `10` exactly, `1..20` both included, `1..` at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Fewest.
    pub from: u64,
    /// Most.
    pub to: Option<u64>,
}

/// A share: `1%`, `0.5%`. Kept as 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

/// Iterations per second: `500/s`, `90/m`; or `max`, as fast as the answers come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// An open loop of so many per second.
    PerSecond(f64),
    /// A closed loop: each client goes again as soon as it is done.
    Max,
}

impl Count {
    /// Whether so many are right.
    pub fn allows(self, count: u64) -> bool {
        self.from <= count && self.to.is_none_or(|most| count <= most)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) if to == self.from => write!(f, "{to}"),
            Some(to) => write!(f, "{} to {to}", self.from),
            None => write!(f, "at least {}", self.from),
        }
    }
}

/// Iterations or connections per second.
pub fn per_second(rate: Rate) -> f64 {
    f64::from(rate.0.count) / rate.0.per.as_secs_f64()
}

impl FromStr for TimeRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((from, to)) = text.split_once("..") else {
            let cure = text.parse::<TimeSpan>().map_or("1s..3s".to_owned(), |span| {
                let millis = span.as_millis();
                format!("{}ms..{}ms", (millis / 2).max(1), millis * 3 / 2)
            });
            return Err(format!("`{text}` is one time; thinking takes a range, like `{cure}`"));
        };
        let (from, to) = (from.parse::<TimeSpan>()?.0, to.parse::<TimeSpan>()?.0);
        if from > to {
            return Err(format!("`{text}` begins after its end"));
        }
        Ok(Self { from, to })
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` is not a count; write `10`, `1..20` or `1..`");
        let count = match text.split_once("..") {
            None => text.parse().map(|count| Self {
                from: count,
                to: Some(count),
            }),
            Some((from, "")) => from.parse().map(|from| Self { from, to: None }),
            Some((from, to)) => from.parse().and_then(|from| {
                Ok(Self {
                    from,
                    to: Some(to.parse()?),
                })
            }),
        }
        .map_err(wrong)?;
        if count.to.is_some_and(|to| to < count.from) {
            return Err(format!("`{text}` begins after its end"));
        }
        Ok(count)
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text
            .strip_suffix('%')
            .map(str::trim_end)
            .and_then(|text| text.parse::<f64>().ok());
        let share = number.filter(|number| (0.0..=100.0).contains(number));
        share
            .map(|number| Self(number / 100.0))
            .ok_or_else(|| format!("`{text}` is not a share; write it like `1%` or `0.1%`"))
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<Rate>() {
            Ok(rate) => Ok(Self::PerSecond(per_second(rate))),
            Err(_) if text.bytes().all(|b| b.is_ascii_digit()) => {
                Err(format!("`{text}` has no unit; write `{text}/s`"))
            }
            Err(_) => Err(format!(
                "`{text}` is not a rate; write it like `500/s`, `90/m` or `max`"
            )),
        }
    }
}

macro_rules! read_as_text {
    ($($type:ty: $what:literal,)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, $what)
            }
        }
    )*};
}

read_as_text! {
    TimeRange: "a range of times like `1s..3s`",
    Count: "a count like `10` or `1..20`",
    Percent: "a share like `1%`",
    Speed: "a rate like `500/s`, or `max`",
}

/// One value, or a list of them.
pub(super) fn one_or_many<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Many<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Many<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value or a list")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(de::value::StrDeserializer::new(text)).map(|one| vec![one])
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Vec<T>, E> {
            T::deserialize(de::value::I64Deserializer::new(number)).map(|one| vec![one])
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Vec<T>, E> {
            T::deserialize(de::value::U64Deserializer::new(number)).map(|one| vec![one])
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = seq.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_any(Many(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_ranges() {
        let range = "500ms..2s".parse::<TimeRange>().unwrap();
        assert_eq!((range.from.as_millis(), range.to.as_millis()), (500, 2000));
        assert_eq!(
            "1s".parse::<TimeRange>(),
            Err("`1s` is one time; thinking takes a range, like `500ms..1500ms`".into())
        );
        for bad in ["", "3s..1s", "1s..", "1..3", "x"] {
            assert!(bad.parse::<TimeRange>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reads_counts_and_shares() {
        let count = |text: &str| text.parse::<Count>();
        assert!(count("10").unwrap().allows(10) && !count("10").unwrap().allows(9));
        assert!(count("1..20").unwrap().allows(20) && !count("1..20").unwrap().allows(21));
        assert!(count("3..").unwrap().allows(1 << 40) && !count("3..").unwrap().allows(2));
        for bad in ["", "-1", "5..3", "..3", "1.5", "a"] {
            assert!(count(bad).is_err(), "{bad:?}");
        }
        assert_eq!("0.5%".parse(), Ok(Percent(0.005)));
        for bad in ["1", "101%", "-1%", "%", "NaN%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reads_speeds() {
        assert_eq!("500/s".parse(), Ok(Speed::PerSecond(500.0)));
        assert_eq!("90/m".parse(), Ok(Speed::PerSecond(1.5)));
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("500".parse::<Speed>(), Err("`500` has no unit; write `500/s`".into()));
        assert!("fast".parse::<Speed>().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,12}|[0-9.]{0,25}[smh%/.]{0,4}[0-9a-z]{0,3}") {
            let _ = (text.parse::<TimeRange>(), text.parse::<Count>(), text.parse::<Percent>(), text.parse::<Speed>());
        }
    }
}
