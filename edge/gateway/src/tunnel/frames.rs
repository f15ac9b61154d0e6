//! Where frames end (RFC 6455, section 5.2), as far as it takes to count messages, and to put a last frame between two.

/// Follows the frames of one direction. Payloads are skipped by their length and never looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frames {
    /// Bytes of the present frame's head.
    head: [u8; 14],
    /// How many of them are known.
    known: usize,
    /// Bytes of its payload that are still to come.
    left: u64,
    /// A close frame has passed: nothing may follow it.
    is_closed: bool,
}

const CLOSE: u8 = 0x8;
/// Set in the last frame of a message.
const FIN: u8 = 0x80;

impl Frames {
    /// These bytes passed. Tells how many messages end in frames that began with them; control frames are none.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> u64 {
        let mut messages = 0;
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head[self.known] = bytes[0];
            self.known += 1;
            bytes = &bytes[1..];
            if self.known == self.head_length() {
                let opcode = self.head[0] & 0xf;
                self.is_closed |= opcode == CLOSE;
                messages += u64::from(opcode < CLOSE && self.head[0] & FIN != 0);
                self.left = self.payload();
                self.known = 0;
            }
        }
        messages
    }

    /// How long the present head is, by what is known of it.
    fn head_length(&self) -> usize {
        if self.known < 2 {
            return 2;
        }
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        let extended = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + extended + mask
    }

    fn payload(&self) -> u64 {
        match self.head[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
            127 => {
                let mut length = [0; 8];
                length.copy_from_slice(&self.head[2..10]);
                u64::from_be_bytes(length)
            }
            short => u64::from(short),
        }
    }

    /// How many more bytes the present frame has, at least: 0 between two frames.
    pub(super) fn missing(&self) -> u64 {
        match self.known {
            0 => self.left,
            known => (self.head_length() - known) as u64,
        }
    }

    /// Whether a close frame has passed.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// A close frame of a server: a status (RFC 6455, section 7.4) and a reason of at most 123 bytes.
pub(super) fn close(status: u16, reason: &str) -> Vec<u8> {
    let reason = &reason.as_bytes()[..reason.len().min(123)];
    let mut frame = vec![FIN | CLOSE, (2 + reason.len()) as u8];
    frame.extend(status.to_be_bytes());
    frame.extend(reason);
    frame
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A frame of this length, as servers (without a mask) or clients send it.
    fn frame(length: usize, is_masked: bool) -> Vec<u8> {
        let mask = if is_masked { 0x80 } else { 0 };
        let mut frame = vec![0x82];
        match length {
            0..126 => frame.push(mask | length as u8),
            126..65_536 => {
                frame.push(mask | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + if is_masked { 4 } else { 0 } + length, 0x88);
        frame
    }

    #[test]
    fn however_the_bytes_are_cut_the_ends_are_found() {
        for is_masked in [false, true] {
            let all: Vec<Vec<u8>> = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000]
                .map(|n| frame(n, is_masked))
                .into();
            for step in [1, 2, 3, 7, 100, 5_000, 1_000_000] {
                let mut frames = Frames::default();
                for frame in &all {
                    for piece in frame.chunks(step) {
                        assert!(piece.len() == frame.len() || frames.missing() > 0 || piece.as_ptr() == frame.as_ptr());
                        frames.pass(piece);
                    }
                    assert_eq!(frames.missing(), 0);
                }
                let whole = all.concat();
                let messages: u64 = whole.chunks(step).map(|piece| frames.pass(piece)).sum();
                assert_eq!((messages, frames.missing()), (all.len() as u64, 0));
                assert!(!frames.is_closed(), "payloads are not looked at");
            }
        }
    }

    #[test]
    fn a_message_of_several_frames_is_one_and_a_ping_is_none() {
        let (begins, ping, goes_on, ends) = ([0x01, 1, b'a'], [0x89, 0], [0x00, 1, b'b'], [0x80, 1, b'c']);
        let mut frames = Frames::default();
        let counts = [&begins[..], &ping, &goes_on, &ends].map(|frame| frames.pass(frame));
        assert_eq!(counts, [0, 0, 0, 1]);
        assert_eq!(frames.pass(&close(1000, "")), 0);
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let mut frames = Frames::default();
        frames.pass(&close(1008, "TOKEN_REVOKED"));
        assert!(frames.is_closed() && frames.missing() == 0);
        assert_eq!(close(1008, &"x".repeat(500)).len(), 127);
    }
}
