//! Bodies of requests.

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

/// A request's body. It is never announced by `Expect`.
#[derive(Default)]
pub struct Body(Content);

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Whole(Bytes),
    Chunks(Box<dyn Iterator<Item = Bytes>>, Option<u64>),
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = io::Error>>>),
}

impl Body {
    /// Nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Made chunk by chunk while it is sent. With its `length` in bytes it goes as `Content-Length`, without as chunks.
    pub fn chunks(chunks: impl IntoIterator<Item = Bytes, IntoIter: 'static>, length: Option<u64>) -> Self {
        Self(Content::Chunks(Box::new(chunks.into_iter()), length))
    }

    /// Any body: for chunks that must be waited for.
    pub fn stream(body: impl HttpBody<Data = Bytes, Error = io::Error> + 'static) -> Self {
        Self(Content::Stream(Box::pin(body)))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self(if bytes.is_empty() {
            Content::Empty
        } else {
            Content::Whole(bytes)
        })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let content = &mut self.get_mut().0;
        let chunk = match content {
            Content::Empty => None,
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *content = Content::Empty;
                Some(bytes)
            }
            Content::Chunks(chunks, left) => {
                let chunk = chunks.next();
                let size = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                *left = left.map(|left| left.saturating_sub(size));
                chunk
            }
            Content::Stream(body) => return body.as_mut().poll_frame(cx),
        };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Empty => true,
            Content::Whole(_) | Content::Chunks(..) => false,
            Content::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty | Content::Chunks(_, Some(0)) => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Chunks(_, Some(left)) => SizeHint::with_exact(*left),
            Content::Chunks(_, None) => SizeHint::default(),
            Content::Stream(body) => body.size_hint(),
        }
    }
}
