//! SHA-256 as scenarios write it.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The lower-case hexadecimal digits of the SHA-256 of all pieces, one after the other.
pub(super) fn sha256(pieces: impl IntoIterator<Item: AsRef<[u8]>>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_text() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(["abc"]), abc);
        assert_eq!(sha256(["a", "", "bc"]), abc);
    }
}
