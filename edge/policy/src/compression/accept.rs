//! What the client takes.

use super::Coding;
use http::{HeaderMap, header};

/// A preference in thousandths: at most three digits after the point are written.
type Quality = u16;
const FULL: Quality = 1000;

/// The coding for an answer: of those offered the one that the client prefers, and of those that it likes alike the first. `None`: as it
/// is. A client that says nothing of codings gets none (RFC 9110, section 12.5.3, would allow any), and one that takes nothing that
/// there is gets the answer as it is, which serves it better than 406.
pub fn negotiate(headers: &HeaderMap, offered: &[Coding]) -> Option<Coding> {
    let (mut named, mut identity, mut any) = ([None; Coding::ALL.len()], None, None);
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    for element in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')) {
        let Some((name, quality)) = read(element) else { continue };
        let place = match coding(name) {
            Some(coding) => &mut named[coding as usize],
            None if name == b"*" => &mut any,
            None if name.eq_ignore_ascii_case(b"identity") => &mut identity,
            None => continue,
        };
        *place = Some(quality);
    }
    let liked = |coding: &Coding| named[*coding as usize].or(any).unwrap_or(0);
    // Of equals the last is taken by `max_by_key`, the first is wanted.
    let best = offered.iter().rev().max_by_key(|coding| liked(coding))?;
    let quality = liked(best);
    (quality > 0 && quality >= identity.unwrap_or(0)).then_some(*best)
}

fn coding(name: &[u8]) -> Option<Coding> {
    if name.eq_ignore_ascii_case(b"x-gzip") {
        return Some(Coding::Gzip);
    }
    Coding::ALL
        .into_iter()
        .find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
}

/// A name and its quality; `None` where it is not well-formed: what is not understood is not wished.
fn read(element: &[u8]) -> Option<(&[u8], Quality)> {
    let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let Some(weight) = parts.next() else {
        return Some((name, FULL));
    };
    let value = weight.strip_prefix(b"q=").or_else(|| weight.strip_prefix(b"Q="))?;
    match parts.next() {
        None => Some((name, quality(value)?)),
        Some(_) => None,
    }
}

/// `qvalue` of RFC 9110, section 12.4.2.
fn quality(text: &[u8]) -> Option<Quality> {
    let (whole, rest) = text.split_first()?;
    let digits = match rest.split_first() {
        None => &[],
        Some((b'.', digits)) if digits.len() <= 3 => digits,
        Some(_) => return None,
    };
    let mut value = match whole {
        b'0' => 0,
        b'1' => 1,
        _ => return None,
    };
    for place in 0..3 {
        let digit = digits.get(place).copied().unwrap_or(b'0');
        value = value * 10 + digit.is_ascii_digit().then(|| Quality::from(digit - b'0'))?;
    }
    (value <= FULL).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Br, Gzip, Zstd};
    use http::HeaderValue;
    use proptest::prelude::*;

    fn with(lines: &[&str]) -> HeaderMap {
        let value = |line: &&str| (header::ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        lines.iter().map(value).collect()
    }

    #[test]
    fn the_client_prefers_and_the_order_of_the_offer_decides_ties() {
        let all = [Zstd, Br, Gzip];
        for (lines, want) in [
            (&[][..], None),
            (&[""], None),
            (&["gzip"], Some(Gzip)),
            (&["gzip, deflate, br, zstd"], Some(Zstd)),
            (&["gzip, deflate", "br"], Some(Br)),
            (&["GZIP;Q=0.5"], Some(Gzip)),
            (&["x-gzip"], Some(Gzip)),
            (&["gzip;q=1.0, br;q=0.9"], Some(Gzip)),
            (&["gzip ; q=0.5 , br;q=0.501"], Some(Br)),
            (&["gzip;q=0"], None),
            (&["gzip;q=0.000, *"], Some(Zstd)),
            (&["*;q=0"], None),
            (&["*;q=0, gzip"], Some(Gzip)),
            (&["zstd;q=0, *;q=0.1"], Some(Br)),
            (&["identity"], None),
            (&["identity, gzip;q=0.5"], None),
            (&["identity;q=0.5, gzip"], Some(Gzip)),
            (&["identity, gzip"], Some(Gzip)),
            (&["identity;q=0"], None),
            (&["deflate, compress"], None),
            (&["gzip;q=2"], None),
            (&["gzip;q=1.001"], None),
            (&["gzip;q=0.1234"], None),
            (&["gzip;q=, br"], Some(Br)),
            (&["gzip;level=9, br"], Some(Br)),
            (&[", ,gzip,"], Some(Gzip)),
        ] {
            assert_eq!(negotiate(&with(lines), &all), want, "{lines:?}");
        }
        assert_eq!(negotiate(&with(&["gzip, br, zstd"]), &[Gzip, Br]), Some(Gzip));
        assert_eq!(negotiate(&with(&["gzip"]), &[Br]), None);
        assert_eq!(negotiate(&with(&["*"]), &[]), None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_refused_or_not_offered_is_chosen(line in "[a-z0-9*;=., ]{0,40}", offer in 0..3usize) {
            let offered = &Coding::ALL[..offer];
            if let Some(coding) = negotiate(&with(&[&line]), offered) {
                prop_assert!(offered.contains(&coding));
                prop_assert!(line.contains(coding.name()) || line.contains('*'));
                let refused = format!("{line},{};q=0", coding.name());
                prop_assert_ne!(negotiate(&with(&[&refused]), offered), Some(coding));
            }
        }
    }
}
