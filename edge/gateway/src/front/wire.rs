//! What the phases of a request and the bytes of its connection tell each other.

use crate::{access_log::AccessLog, connections::ConnectionGuard};
use edge_policy::wire::Fault;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// Where a connection stands in its present request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum At {
    /// A head is awaited, or on its way.
    Head = 0,
    /// The client owes a body, or the rest of it.
    Body = 1,
    /// Nothing is owed by the client.
    Answer = 2,
}

/// One connection. It is written and read by the connection's own task, so that nothing here is ever fought over.
pub(crate) struct Wire {
    /// Keeps it counted.
    guard: ConnectionGuard,
    at: AtomicU8,
    fault: AtomicU8,
    first_line: AtomicUsize,
    /// Where a head is told that becomes no request.
    pub(super) log: AccessLog,
}

impl Wire {
    pub(super) fn new(guard: ConnectionGuard, log: AccessLog) -> Self {
        Self {
            guard,
            log,
            at: AtomicU8::new(At::Head as u8),
            fault: AtomicU8::new(0),
            first_line: AtomicUsize::new(0),
        }
    }

    pub(super) fn at(&self) -> At {
        match self.at.load(Relaxed) {
            0 => At::Head,
            1 => At::Body,
            _ => At::Answer,
        }
    }

    /// The request has come so far.
    pub(crate) fn is_at(&self, at: At) {
        self.at.store(at as u8, Relaxed);
    }

    /// Length of the request line as it came.
    pub(crate) fn first_line(&self) -> usize {
        self.first_line.load(Relaxed)
    }

    pub(super) fn set_first_line(&self, length: usize) {
        self.first_line.store(length, Relaxed);
    }

    /// What was wrong with the client's bytes, if that is what ended them.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self.fault.load(Relaxed) {
            1 => Some(Fault::Ambiguous),
            2 => Some(Fault::TooLarge),
            3 => Some(Fault::TooSlow),
            4 => Some(Fault::Flood),
            _ => None,
        }
    }

    pub(super) fn set_fault(&self, fault: Fault) {
        let number = match fault {
            Fault::Ambiguous => 1,
            Fault::TooLarge => 2,
            Fault::TooSlow => 3,
            Fault::Flood => 4,
        };
        if self.fault.swap(number, Relaxed) == 0 {
            self.guard.cut(fault);
        }
    }
}
