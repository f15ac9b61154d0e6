//! What a client knows, and how it fills the gaps.

use super::{
    Program,
    compile::{Fill, Part, Spelling},
};
use crate::journey::{data::Data, nonce::Nonce};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::{
    io::Write,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

/// What RFC 3986, section 2.3, calls unreserved stays; all else is encoded.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// 198.18.0.0/15 (RFC 2544, section C.2.2): addresses for benchmarks, which no network routes.
const ADDRESSES: u32 = u32::from_be_bytes([198, 18, 0, 0]);
/// Without the first and the last one.
const HOSTS: u32 = (1 << 17) - 2;

/// A variable of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Variable {
    /// Nothing has set it, or `null`.
    #[default]
    Unset,
    /// A text.
    Text(String),
    /// Any other JSON: a number, `true`, a list.
    Json(String),
}

impl From<serde_json::Value> for Variable {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Unset,
            serde_json::Value::String(text) => Self::Text(text),
            other => Self::Json(other.to_string()),
        }
    }
}

/// What all clients of a run share.
#[derive(Debug)]
pub struct Shared {
    pub(crate) nonces: crate::journey::nonce::Nonces,
    seed: u64,
    first_address: u32,
    addresses: AtomicU32,
    rows: Vec<usize>,
    clients: AtomicU64,
}

impl Shared {
    /// For clients that use this data. The seed makes their choices; two runs with one seed make the same ones.
    pub fn new(data: &Data, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            nonces: crate::journey::nonce::Nonces::new(),
            seed,
            // Another one for each run, whose quotas may still be held against the last one's addresses.
            first_address: rand::rng().random_range(0..HOSTS),
            addresses: AtomicU32::new(HOSTS / 2),
            rows: data.lengths(),
            clients: AtomicU64::new(0),
        })
    }
}

/// What one client knows.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Shared>,
    client: u32,
    iteration: u64,
    variables: Vec<Variable>,
    picks: Vec<Option<usize>>,
    others: Vec<Option<usize>>,
    nonce: Option<Nonce>,
    address: Option<u32>,
    pub(crate) random: SmallRng,
}

impl Memory {
    /// Of client `number`, with so many variables.
    pub fn new(shared: &Arc<Shared>, number: u32, variables: usize) -> Self {
        let born = shared.clients.fetch_add(1, Relaxed);
        // One who comes back must not repeat what it did; the golden ratio spreads the seeds.
        let seed = shared.seed ^ (u64::from(number) << 32 | born).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            shared: Arc::clone(shared),
            client: number,
            iteration: 0,
            variables: vec![Variable::Unset; variables],
            picks: vec![None; shared.rows.len()],
            others: vec![None; shared.rows.len()],
            nonce: None,
            address: None,
            random: SmallRng::seed_from_u64(seed),
        }
    }

    /// Begins iteration `number`: nonce, picked rows and address are new.
    pub fn begin(&mut self, number: u64) {
        self.iteration = number;
        self.nonce = None;
        self.address = None;
        self.picks.fill(None);
        self.others.fill(None);
    }

    /// Sets a variable.
    pub fn set(&mut self, slot: u16, value: Variable) {
        if let Some(variable) = self.variables.get_mut(usize::from(slot)) {
            *variable = value;
        }
    }

    /// A variable.
    pub fn get(&self, slot: u16) -> &Variable {
        self.variables.get(usize::from(slot)).unwrap_or(&Variable::Unset)
    }

    /// This iteration's nonce.
    pub fn nonce(&mut self) -> Nonce {
        *self.nonce.get_or_insert_with(|| self.shared.nonces.next())
    }

    fn row(&mut self, table: u16) -> usize {
        let table = usize::from(table);
        let rows = self.shared.rows.get(table).copied().unwrap_or(1).max(1);
        let Some(pick) = self.picks.get_mut(table) else {
            return 0;
        };
        *pick.get_or_insert_with(|| self.random.random_range(0..rows))
    }

    /// A row of `rows`, two at least, that is not the client's own.
    fn other(&mut self, table: u16, rows: usize) -> usize {
        let own = self.client as usize % rows;
        let chosen = self.others.get(usize::from(table)).copied().flatten();
        let other = chosen.unwrap_or_else(|| {
            let among_others = self.random.random_range(0..rows - 1);
            among_others + usize::from(among_others >= own)
        });
        if let Some(place) = self.others.get_mut(usize::from(table)) {
            *place = Some(other);
        }
        other
    }

    fn address(&mut self, fresh: bool) -> Ipv4Addr {
        let host = if fresh {
            *self
                .address
                .get_or_insert_with(|| self.shared.addresses.fetch_add(1, Relaxed))
        } else {
            self.client
        };
        let host = self.shared.first_address.wrapping_add(host) % HOSTS;
        Ipv4Addr::from(ADDRESSES + 1 + host)
    }
}

/// What fills a gap.
enum Filled<'a> {
    Nothing,
    Number(i64),
    Text(&'a str),
    Json(&'a str),
    Nonce(Nonce),
    Address(Ipv4Addr),
}

impl Program {
    /// Appends what it says to this client.
    pub fn render(&self, memory: &mut Memory, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Put(fill, spelling) => filled(fill, memory).write(*spelling, out),
            }
        }
    }

    /// What it says to this client.
    pub fn bytes(&self, memory: &mut Memory) -> Bytes {
        match self.constant() {
            Some(constant) => constant.clone(),
            None => {
                let mut out = Vec::with_capacity(128);
                self.render(memory, &mut out);
                out.into()
            }
        }
    }
}

fn filled<'a>(fill: &'a Fill, memory: &'a mut Memory) -> Filled<'a> {
    match fill {
        Fill::Slot(slot) => match memory.get(*slot) {
            Variable::Unset => Filled::Nothing,
            Variable::Text(text) => Filled::Text(text),
            Variable::Json(json) => Filled::Json(json),
        },
        Fill::Nonce => Filled::Nonce(memory.nonce()),
        Fill::Client => Filled::Number(memory.client.into()),
        Fill::Iteration => Filled::Number(i64::try_from(memory.iteration).unwrap_or(i64::MAX)),
        Fill::Random(from, to) => Filled::Number(memory.random.random_range(*from..=*to)),
        Fill::ZipfRank(law) => Filled::Number(rank(law, memory)),
        Fill::ZipfCell(law, cells) => {
            let rank = usize::try_from(rank(law, memory)).unwrap_or(1);
            Filled::Text(cells.get(rank - 1).map_or("", String::as_str))
        }
        Fill::Pick(table, cells) => Filled::Text(cells.get(memory.row(*table)).map_or("", String::as_str)),
        Fill::Row(cells) => Filled::Text(&cells[memory.client as usize % cells.len()]),
        Fill::Other(table, cells) => Filled::Text(&cells[memory.other(*table, cells.len())]),
        Fill::Ip { fresh } => Filled::Address(memory.address(*fresh)),
    }
}

/// 1 and up.
fn rank(law: &rand_distr::Zipf<f64>, memory: &mut Memory) -> i64 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the law gives whole numbers within its ranks"
    )]
    let rank = memory.random.sample(law) as i64;
    rank.max(1)
}

impl Filled<'_> {
    fn write(&self, spelling: Spelling, out: &mut Vec<u8>) {
        let quoted = spelling == Spelling::JsonValue;
        // Writing to a vector cannot fail.
        match self {
            Self::Nothing if quoted => out.extend_from_slice(b"null"),
            Self::Nothing => {}
            Self::Number(number) => drop(write!(out, "{number}")),
            Self::Json(json) if quoted => out.extend_from_slice(json.as_bytes()),
            Self::Json(text) | Self::Text(text) => match spelling {
                Spelling::Plain => out.extend_from_slice(text.as_bytes()),
                Spelling::Url => url_encode(text, out),
                Spelling::JsonText => json_escape(text, out),
                Spelling::JsonValue => {
                    out.push(b'"');
                    json_escape(text, out);
                    out.push(b'"');
                }
            },
            // Neither has a character that any spelling would change.
            Self::Nonce(nonce) if quoted => drop(write!(out, "\"{nonce}\"")),
            Self::Nonce(nonce) => out.extend_from_slice(nonce.as_bytes()),
            Self::Address(address) if quoted => drop(write!(out, "\"{address}\"")),
            Self::Address(address) => drop(write!(out, "{address}")),
        }
    }
}

/// Appends a text as a part of a path or query.
pub(super) fn url_encode(text: &str, out: &mut Vec<u8>) {
    for piece in percent_encode(text.as_bytes(), URL) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Appends a text as the inside of a JSON text (RFC 8259, section 7).
pub(super) fn json_escape(text: &str, out: &mut Vec<u8>) {
    let special = |b: u8| b < 0x20 || b == b'"' || b == b'\\';
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            control => drop(write!(out, "\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
}
