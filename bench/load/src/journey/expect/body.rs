//! What is asked of a body as bytes.

use super::excerpt;
use crate::{
    Failure,
    journey::{
        digest::sha256,
        template::{CompileError, Memory, Program, Scope},
    },
    scenario::{expect::Expect, quantity::Count},
};
use bytes::Bytes;
use memchr::memmem;

/// Bounds that need no parser.
#[derive(Debug)]
pub(super) struct Raw {
    bytes: Option<Count>,
    whole: Option<Program>,
    contains: Vec<Program>,
    sha256: Option<Program>,
    /// Whether the nonce is anywhere in it.
    pub(super) nonce: bool,
}

impl Raw {
    pub(super) fn new(expect: &Expect, nonce: bool, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let program = |template| Program::text(template, scope);
        Ok(Self {
            bytes: expect.bytes,
            whole: expect.body.as_ref().map(program).transpose()?,
            contains: expect.contains.iter().map(program).collect::<Result<_, _>>()?,
            sha256: expect.sha256.as_ref().map(|hash| program(&hash.0)).transpose()?,
            nonce,
        })
    }

    pub(super) fn judge(&self, body: &[u8], memory: &mut Memory) -> Result<(), Failure> {
        if let Some(bytes) = self.bytes.filter(|bytes| !bytes.allows(body.len() as u64)) {
            return Err(Failure::new(
                "body",
                format!("{} bytes, not {bytes}: {}", body.len(), excerpt(body)),
            ));
        }
        if self.nonce && memmem::find(body, memory.nonce().as_bytes()).is_none() {
            let detail = format!("nonce {} is not in {}", memory.nonce(), excerpt(body));
            return Err(Failure::new("stale", detail));
        }
        if let Some(whole) = &self.whole {
            let want = whole.bytes(memory);
            if want != body {
                return Err(Failure::new("body", differs(body, &want)));
            }
        }
        for part in &self.contains {
            let want: Bytes = part.bytes(memory);
            if memmem::find(body, &want).is_none() {
                return Err(Failure::new(
                    "body",
                    format!("`{}` is not in {}", excerpt(&want), excerpt(body)),
                ));
            }
        }
        match &self.sha256 {
            Some(want) => hash(body, &want.bytes(memory)),
            None => Ok(()),
        }
    }
}

/// Where two bodies part.
fn differs(got: &[u8], want: &[u8]) -> String {
    let same = got.iter().zip(want).take_while(|(a, b)| a == b).count();
    let from = |bytes: &[u8]| excerpt(&bytes[same.saturating_sub(8).min(bytes.len())..]);
    match same {
        0..=8 => format!("`{}`, not `{}`", excerpt(got), excerpt(want)),
        _ => format!(
            "from byte {same} on it differs: `…{}`, not `…{}`",
            from(got),
            from(want)
        ),
    }
}

/// `want` is hexadecimal digits.
fn hash(body: &[u8], want: &[u8]) -> Result<(), Failure> {
    let got = sha256([body]);
    if got.as_bytes().eq_ignore_ascii_case(want) {
        return Ok(());
    }
    let detail = format!(
        "SHA-256 {}…, not {}…, of {} bytes",
        &got[..16],
        excerpt(&want[..want.len().min(16)]),
        body.len()
    );
    Err(Failure::new("body", detail))
}
