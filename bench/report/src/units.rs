//! Figures as people read them: three significant digits, the unit that fits, `–` where there is no figure.

/// What is shown where nothing was measured.
pub const NONE: &str = "–";

/// A time given in microseconds: `640 µs`, `1.21 ms`, `2.5 s`.
pub fn time(us: f64) -> String {
    match us {
        us if !us.is_finite() => NONE.into(),
        us if us < 999.5 => format!("{} µs", significant(us)),
        us if us < 999_500.0 => format!("{} ms", significant(us / 1e3)),
        us => format!("{} s", significant(us / 1e6)),
    }
}

/// A length of time given in seconds, for people: `45 s`, `5 min 30 s`, `2 h`.
pub fn duration(s: f64) -> String {
    if !s.is_finite() || s < 0.0 {
        return NONE.into();
    }
    if s < 60.0 {
        return format!("{} s", significant(s));
    }
    let whole = s.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let parts = [(hours, "h"), (minutes, "min"), (seconds, "s")];
    let shown: Vec<_> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n} {unit}"))
        .collect();
    shown.join(" ")
}

/// A place in time, given in seconds: `02:05`, `1:00:00`.
pub fn clock(s: f64) -> String {
    let whole = if s.is_finite() { s.max(0.0) as u64 } else { 0 };
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// An amount of memory: `812 B`, `64.2 MiB`.
pub fn bytes(bytes: f64) -> String {
    if !bytes.is_finite() {
        return NONE.into();
    }
    let mut value = bytes;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value.abs() < 1023.5 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{} {unit}", significant(value))
}

/// A whole number with its thousands set apart: `30,000`.
pub fn count(n: u64) -> String {
    group(&n.to_string())
}

/// A number: whole and set apart from 100 on, three significant digits below.
pub fn number(value: f64) -> String {
    match value {
        value if !value.is_finite() => NONE.into(),
        value if value.abs() >= 100.0 => {
            let digits = group(&format!("{:.0}", value.abs()));
            if value < 0.0 { format!("−{digits}") } else { digits }
        }
        value => significant(value),
    }
}

/// Something per second: `998/s`, `12.5/s`.
pub fn rate(per_second: f64) -> String {
    if per_second.is_finite() {
        format!("{}/s", number(per_second))
    } else {
        NONE.into()
    }
}

/// A change in per cent, with its sign: `+4.2 %`, `−12 %`.
pub fn change(percent: f64) -> String {
    if !percent.is_finite() {
        return NONE.into();
    }
    let digits = match percent.abs() {
        size if size < 0.05 => return "±0 %".into(),
        size if size < 9.95 => format!("{size:.1}"),
        size => group(&format!("{size:.0}")),
    };
    format!("{}{digits} %", if percent < 0.0 { '−' } else { '+' })
}

/// A share of one, in per cent: `0.998` is `99.8 %`. Never rounded up to all, nor down to nothing.
pub fn share(part: f64) -> String {
    match part * 100.0 {
        percent if !percent.is_finite() => NONE.into(),
        percent if percent > 0.0 && percent < 0.01 => "< 0.01 %".into(),
        percent if percent < 100.0 && percent > 99.99 => "> 99.99 %".into(),
        percent if percent > 99.0 && percent < 100.0 => format!("{} %", trimmed(&format!("{percent:.2}"))),
        percent => format!("{} %", significant(percent)),
    }
}

/// One thing as a multiple of another: `1.42 ×`.
pub fn ratio(ratio: f64) -> String {
    if !ratio.is_finite() || ratio <= 0.0 {
        return NONE.into();
    }
    format!(
        "{} ×",
        if ratio < 10.0 {
            format!("{ratio:.2}")
        } else {
            number(ratio)
        }
    )
}

/// From one value to another, with the unit once where it is the same: `47.6 – 50.6 µs`, `950 µs – 1.02 ms`.
pub fn range(from: f64, to: f64, show: impl Fn(f64) -> String) -> String {
    let (from, to) = (show(from), show(to));
    let number = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    let (number, unit) = from.split_at(number(&from));
    if to.ends_with(unit) && !number.is_empty() {
        format!("{number} – {to}")
    } else {
        format!("{from} – {to}")
    }
}

/// A moment given as RFC 3339 in UTC: `2026-08-14 09:26:53 UTC`. Another text stays as it is.
pub fn moment(rfc3339: &str) -> String {
    let parts = rfc3339.strip_suffix('Z').and_then(|text| text.split_once('T'));
    parts.map_or_else(|| rfc3339.to_owned(), |(date, time)| format!("{date} {time} UTC"))
}

/// Three significant digits, without trailing zeros; whole numbers from 100 on.
fn significant(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.0995 => 2,
        _ => 3,
    };
    let text = trimmed(&format!("{size:.decimals$}"));
    if value < 0.0 && text != "0" {
        format!("−{text}")
    } else {
        text
    }
}

fn trimmed(digits: &str) -> String {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        digits.into()
    }
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_the_unit_that_fits() {
        let shown = [
            0.0,
            0.42,
            7.0,
            99.96,
            640.4,
            999.6,
            1_214.0,
            12_340.0,
            999_700.0,
            2_500_000.0,
            61e6,
        ]
        .map(time);
        let expected = [
            "0 µs", "0.42 µs", "7 µs", "100 µs", "640 µs", "1 ms", "1.21 ms", "12.3 ms", "1 s", "2.5 s", "61 s",
        ];
        assert_eq!(shown, expected);
        assert_eq!([f64::NAN, f64::INFINITY].map(time), [NONE, NONE]);
    }

    #[test]
    fn durations_and_clocks() {
        assert_eq!(
            [0.5, 45.0, 60.0, 330.0, 7_200.0].map(duration),
            ["0.5 s", "45 s", "1 min", "5 min 30 s", "2 h"]
        );
        assert_eq!(
            [-1.0, 0.0, 125.9, 3_600.0].map(clock),
            ["00:00", "00:00", "02:05", "1:00:00"]
        );
    }

    #[test]
    fn memory_in_powers_of_two() {
        let shown = [0.0, 812.0, 1_024.0, 67_318_579.0, 1_073_741_824.0, -2_097_152.0].map(bytes);
        assert_eq!(shown, ["0 B", "812 B", "1 KiB", "64.2 MiB", "1 GiB", "−2 MiB"]);
    }

    #[test]
    fn numbers_are_set_apart_by_thousands() {
        assert_eq!(
            [0, 999, 1_000, 30_000, 1_234_567].map(count),
            ["0", "999", "1,000", "30,000", "1,234,567"]
        );
        assert_eq!(
            [12.54, 998.4, 26_300.0, -1_500.0].map(number),
            ["12.5", "998", "26,300", "−1,500"]
        );
        assert_eq!(rate(998.4), "998/s");
    }

    #[test]
    fn changes_carry_their_sign() {
        let shown = [4.23, -12.4, 0.01, -0.01, 1_250.0].map(change);
        assert_eq!(shown, ["+4.2 %", "−12 %", "±0 %", "±0 %", "+1,250 %"]);
    }

    #[test]
    fn a_share_is_never_rounded_to_all_or_nothing() {
        let shown = [0.0, 0.000_01, 0.124, 0.998_7, 0.999_99, 1.0].map(share);
        assert_eq!(shown, ["0 %", "< 0.01 %", "12.4 %", "99.87 %", "> 99.99 %", "100 %"]);
    }

    #[test]
    fn a_range_tells_its_unit_once() {
        assert_eq!(range(47.6, 50.6, time), "47.6 – 50.6 µs");
        assert_eq!(range(950.0, 1_020.0, time), "950 µs – 1.02 ms");
        assert_eq!(range(0.98, 1.02, ratio), "0.98 – 1.02 ×");
        assert_eq!(range(1_620.0, 1_700.0, rate), "1,620 – 1,700/s");
        assert_eq!(range(f64::NAN, 2.0, time), "– – 2 µs");
    }

    #[test]
    fn a_moment_is_read_without_letters_between() {
        assert_eq!(moment("2026-08-14T09:26:53Z"), "2026-08-14 09:26:53 UTC");
        assert_eq!(moment("yesterday"), "yesterday");
    }

    #[test]
    fn ratios_keep_two_decimals_so_that_they_align() {
        assert_eq!(
            [1.0, 1.418, 12.34, 0.0].map(ratio),
            ["1.00 ×", "1.42 ×", "12.3 ×", NONE]
        );
    }
}
