//! The event stream format, as WHATWG HTML interprets it (section 9.2.6), but strict: what is not UTF-8 is an error.
//!
//! Own code, since none of the kept crates tells what a load test must know. `eventsource-stream` and `sseer` drop
//! comments uncounted (and the former panics on a byte order mark); `sse-stream` does too, and hides whether the stream
//! broke off within an event. A test compares this parser with `sse-stream`.

use crate::Failure;
use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

/// Longest line, and longest data of one event, in bytes. A server that sends more is broken, or leaks memory here.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where the server names none.
    pub name: String,
    /// Its data; lines are separated by line feeds.
    pub data: String,
    /// The last event id so far; empty where the server never gave one.
    pub id: String,
    /// When the bytes that complete it were read: when they arrived, as long as somebody waits for the stream.
    pub at: Instant,
}

/// Makes events of bytes, wherever the chunks begin and end.
#[derive(Debug, Default)]
pub struct Parser {
    /// A line whose end has not come yet.
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed that follows it belongs to the same line end.
    after_return: bool,
    /// The first line is over, so that no byte order mark can come any more.
    begun: bool,
    name: String,
    data: String,
    id: String,
    retry: Option<Duration>,
    comments: u64,
}

impl Parser {
    /// Reads what arrived at `at`, and appends the events that it completes.
    ///
    /// # Errors
    /// `protocol` where the stream is not UTF-8, or where a line or an event is longer than [`MAX_EVENT_BYTES`].
    pub fn feed(&mut self, mut chunk: &[u8], at: Instant, events: &mut VecDeque<Event>) -> Result<(), Failure> {
        if !chunk.is_empty() && mem::take(&mut self.after_return) {
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', chunk) {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            chunk = match chunk[end] {
                b'\r' if rest.is_empty() => {
                    self.after_return = true;
                    rest
                }
                b'\r' => rest.strip_prefix(b"\n").unwrap_or(rest),
                _ => rest,
            };
            if self.line.is_empty() {
                self.take_line(line, at, events)?;
            } else {
                let mut whole = mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(&whole, at, events)?;
            }
        }
        if self.line.len() + chunk.len() > MAX_EVENT_BYTES {
            return Err(too_long());
        }
        self.line.extend_from_slice(chunk);
        Ok(())
    }

    /// Whether nothing of an event has come that is not over: a stream that ends here lost nothing.
    pub fn is_between_events(&self) -> bool {
        self.line.is_empty() && self.data.is_empty() && self.name.is_empty()
    }

    /// Comments so far; servers send them as heartbeats.
    pub fn comments(&self) -> u64 {
        self.comments
    }

    /// When to come back after the stream's end, as the server last said.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn take_line(&mut self, mut line: &[u8], at: Instant, events: &mut VecDeque<Event>) -> Result<(), Failure> {
        if !mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let line = str::from_utf8(line).map_err(|_| Failure::new("protocol", "the event stream is not UTF-8"))?;
        if line.is_empty() {
            events.extend(self.dispatch(at));
            return Ok(());
        }
        match line.split_once(':') {
            Some(("", _)) => self.comments += 1,
            Some((field, value)) => self.take_field(field, value.strip_prefix(' ').unwrap_or(value)),
            None => self.take_field(line, ""),
        }
        match self.data.len() > MAX_EVENT_BYTES {
            true => Err(too_long()),
            false => Ok(()),
        }
    }

    fn take_field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Empty, or more milliseconds than there are: no time.
                self.retry = value.parse().map(Duration::from_millis).ok().or(self.retry);
            }
            // Others are ignored, as the standard wants.
            _ => {}
        }
    }

    fn dispatch(&mut self, at: Instant) -> Option<Event> {
        let (mut name, mut data) = (mem::take(&mut self.name), mem::take(&mut self.data));
        // A block without data is no event; the line feed after the last line is not part of the data.
        data.pop()?;
        if name.is_empty() {
            name.push_str("message");
        }
        let id = self.id.clone();
        Some(Event { name, data, id, at })
    }
}

fn too_long() -> Failure {
    Failure::new("protocol", format!("an event is longer than {MAX_EVENT_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt, stream};
    use proptest::prelude::*;
    use sse_stream::SseByteStream;
    use std::convert::Infallible;

    fn parse(chunks: &[&[u8]]) -> (Parser, Vec<Event>) {
        let (mut parser, mut events, at) = (Parser::default(), VecDeque::new(), Instant::now());
        for chunk in chunks {
            parser.feed(chunk, at, &mut events).unwrap();
        }
        (parser, events.into())
    }

    fn seen(text: &str) -> Vec<(String, String, String)> {
        let (_, events) = parse(&[text.as_bytes()]);
        events
            .into_iter()
            .map(|event| (event.name, event.data, event.id))
            .collect()
    }

    fn told(events: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        let owned = |(name, data, id): &(&str, &str, &str)| (name.to_string(), data.to_string(), id.to_string());
        events.iter().map(owned).collect()
    }

    #[test]
    fn the_examples_of_the_standard() {
        assert_eq!(
            seen("data: YHOO\ndata: +2\ndata: 10\n\n"),
            told(&[("message", "YHOO\n+2\n10", "")])
        );
        assert_eq!(
            seen(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            told(&[
                ("message", "first event", "1"),
                ("message", "second event", ""),
                ("message", " third event", "")
            ])
        );
        assert_eq!(
            seen("data\n\ndata\ndata\n\ndata:"),
            told(&[("message", "", ""), ("message", "\n", "")]),
            "the last block is not over"
        );
        assert_eq!(seen("event: add\ndata: 73857293\n\n"), told(&[("add", "73857293", "")]));
        assert_eq!(
            seen("event: add\n\ndata: x\n\n"),
            told(&[("message", "x", "")]),
            "no data, no event"
        );
    }

    #[test]
    fn ids_stay_and_odd_fields_are_passed_over() {
        assert_eq!(
            seen("id: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nDATA: d\nwhat: e\n\n"),
            told(&[("message", "a", "7"), ("message", "b", "7"), ("message", "c", "7")])
        );
    }

    #[test]
    fn comments_are_counted_and_retry_is_kept() {
        let (parser, events) =
            parse(&[b": hello\nretry: 2000\n\n:\n\nretry: soon\nretry: 99999999999999999999\nretry\n\n"]);
        assert!(events.is_empty());
        assert_eq!((parser.comments(), parser.retry()), (2, Some(Duration::from_secs(2))));
    }

    #[test]
    fn a_byte_order_mark_counts_at_the_beginning_only() {
        assert_eq!(seen("\u{feff}data: a\n\n"), told(&[("message", "a", "")]));
        assert_eq!(seen("data: a\n\n\u{feff}data: b\n\n"), told(&[("message", "a", "")]));
    }

    #[test]
    fn a_stream_that_ends_between_events_lost_nothing() {
        for whole in ["", "data: a\n\n", ": hi\n\n", ": hi\n", "data: a\r\n\r", "retry: 1\n"] {
            assert!(parse(&[whole.as_bytes()]).0.is_between_events(), "{whole:?}");
        }
        for cut in ["data: a\n", "data: a", "event: x\n", "d", ": hi"] {
            assert!(!parse(&[cut.as_bytes()]).0.is_between_events(), "{cut:?}");
        }
    }

    #[test]
    fn what_is_not_utf8_or_endless_is_refused() {
        let mut events = VecDeque::new();
        let refused = Parser::default()
            .feed(b"data: \xff\n\n", Instant::now(), &mut events)
            .unwrap_err();
        assert_eq!(refused.kind, "protocol");
        let mut parser = Parser::default();
        let mut feed = |chunk: &[u8]| parser.feed(chunk, Instant::now(), &mut events);
        feed(b"data: ").unwrap();
        let line = vec![b'x'; MAX_EVENT_BYTES];
        assert_eq!(feed(&line).unwrap_err().kind, "protocol");
        let mut parser = Parser::default();
        let lines = [b"data: ", &line[..MAX_EVENT_BYTES / 2], b"\n"].concat();
        parser.feed(&lines, Instant::now(), &mut events).unwrap();
        assert_eq!(
            parser.feed(&lines, Instant::now(), &mut events).unwrap_err().kind,
            "protocol"
        );
    }

    /// The same text as `sse-stream` reads it. It keeps neither ids nor times from block to block, so those stay out.
    fn by_another(text: &str) -> Vec<(String, String)> {
        let chunk = stream::iter([Ok::<_, Infallible>(text.as_bytes())]);
        let blocks: Vec<_> = SseByteStream::new(chunk).collect().now_or_never().unwrap();
        let event = |block: sse_stream::Sse| {
            let name = block.event.filter(|name| !name.is_empty());
            Some((name.unwrap_or_else(|| "message".into()), block.data?))
        };
        blocks.into_iter().filter_map(|block| event(block.unwrap())).collect()
    }

    fn stream_text() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just(String::new()),
            "(data|event|id|retry|x|)(:| )?[ a-zé0-9:]{0,8}",
            "(data|event): ?[a-z]{0,3}"
        ];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
        prop::collection::vec((line, end), 0..24).prop_map(|lines| {
            let mut text = String::new();
            for (line, end) in lines {
                text.push_str(&line);
                text.push_str(end);
            }
            text
        })
    }

    proptest! {
        /// Law: where a chunk ends changes nothing.
        #[test]
        fn chunks_may_end_anywhere(text in stream_text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let (cut, cut_events) = parse(&chunks);
            let (whole, whole_events) = parse(&[bytes]);
            let plain = |events: Vec<Event>| -> Vec<_> {
                events.into_iter().map(|event| (event.name, event.data, event.id)).collect()
            };
            prop_assert_eq!(plain(cut_events), plain(whole_events));
            prop_assert_eq!((cut.comments(), cut.retry()), (whole.comments(), whole.retry()));
            prop_assert_eq!(cut.is_between_events(), whole.is_between_events());
        }

        #[test]
        fn another_parser_reads_the_same(text in stream_text()) {
            let own: Vec<_> = seen(&text).into_iter().map(|(name, data, _)| (name, data)).collect();
            prop_assert_eq!(own, by_another(&text));
        }

        #[test]
        fn arbitrary_bytes_never_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let (mut parser, mut events) = (Parser::default(), VecDeque::new());
            for chunk in &chunks {
                let _ = parser.feed(chunk, Instant::now(), &mut events);
            }
        }
    }
}
