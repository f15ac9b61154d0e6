//! Words that come only once, so that an answer or an event can be told from one to somebody else.

use rand::Rng;
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

const RUN: usize = 8;
const DIGITS: usize = 10;
const LENGTH: usize = RUN + DIGITS;

/// Eight letters of the run, ten digits of the iteration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; LENGTH]);

impl Nonce {
    /// The word.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its number within the run.
    pub fn number(&self) -> u64 {
        number(&self.0[RUN..])
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The nonces of a run.
#[derive(Debug)]
pub(crate) struct Nonces {
    run: [u8; RUN],
    next: AtomicU64,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        let mut random = rand::rng();
        Self {
            run: std::array::from_fn(|_| random.random_range(b'a'..=b'z')),
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> Nonce {
        let mut number = self.next.fetch_add(1, Relaxed);
        let mut word = [b'0'; LENGTH];
        word[..RUN].copy_from_slice(&self.run);
        for digit in word[RUN..].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        Nonce(word)
    }

    /// The number of the first nonce of this run in a text.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u64> {
        memchr::memmem::find_iter(text, &self.run)
            .filter_map(|at| text.get(at + RUN..at + LENGTH))
            .find(|digits| digits.iter().all(u8::is_ascii_digit))
            .map(number)
    }
}

fn number(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_again_and_unlike_the_others() {
        let nonces = Nonces::new();
        let (first, second) = (nonces.next(), nonces.next());
        assert_eq!((first.number(), second.number()), (0, 1));
        assert_ne!(first, second);
        assert_eq!(
            nonces.find(format!("{{\"content\":\"so {second}!\"}}").as_bytes()),
            Some(1)
        );
        let cut = second.to_string();
        assert_eq!(nonces.find(&cut.as_bytes()[..LENGTH - 1]), None);
        assert_eq!(Nonces::new().find(first.as_bytes()), None, "another run's");
    }
}
