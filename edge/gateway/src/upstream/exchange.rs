//! One HTTP/1.1 exchange on a connection at hand: a small request, a whole answer.

use super::{Ask, call::Reply};
use bytes::BytesMut;
use pingora_core::protocols::{
    Stream,
    http::v1::client::{HttpSession, http_req_header_to_wire},
};
use pingora_error::{Error, ErrorType, OrErr};
use tokio::io::AsyncWriteExt;

/// An exchange that broke off; its connection is closed.
pub(super) struct Broken {
    pub(super) error: Box<Error>,
    /// Whether the answer's head had come.
    pub(super) answered: bool,
}

/// Sends and reads; the connection comes back where it can be used again. `answered` hears the status as soon as it is there.
/// Bounded by whoever calls: every wait in here ends with the call's deadline.
pub(super) async fn exchange(
    mut stream: Stream,
    ask: &Ask<'_>,
    mut answered: impl FnMut(u16),
) -> Result<(Reply, Option<Stream>), Broken> {
    if let Err(error) = send(&mut stream, ask).await {
        return Err(Broken { error, answered: false });
    }
    let mut session = HttpSession::new(stream);
    session.read_timeout = Some(ask.timeouts.read);
    let read = read(&mut session, ask, &mut answered).await;
    match read {
        Ok(reply) => {
            session.respect_keepalive();
            Ok((reply, session.reuse().await))
        }
        Err(error) => {
            let answered = session.resp_header().is_some();
            session.shutdown().await;
            Err(Broken { error, answered })
        }
    }
}

/// Head and body in one write, so that the service finds them in one read. Pingora's session would write them apart.
async fn send(stream: &mut Stream, ask: &Ask<'_>) -> Result<(), Box<Error>> {
    let head = http_req_header_to_wire(ask.head);
    let mut request = head.ok_or_else(|| Error::explain(ErrorType::InvalidHTTPHeader, "the path cannot be written"))?;
    request.extend_from_slice(&ask.body);
    let written = stream.write_all(&request).await;
    written.or_err(ErrorType::WriteError, "writing the request")?;
    stream
        .flush()
        .await
        .or_err(ErrorType::WriteError, "flushing the request")
}

async fn read(session: &mut HttpSession, ask: &Ask<'_>, answered: &mut impl FnMut(u16)) -> Result<Reply, Box<Error>> {
    let status = loop {
        session.read_response().await?;
        match session.get_status() {
            Some(status) if status.is_informational() => {}
            Some(status) => break status.as_u16(),
            None => return Error::e_explain(ErrorType::InvalidHTTPHeader, "no response header"),
        }
    };
    answered(status);
    let mut body = BytesMut::new();
    while let Some(chunk) = session.read_body_ref().await? {
        if body.len() + chunk.len() > ask.max_answer {
            return Error::e_explain(TOO_LARGE, "answer over the limit");
        }
        body.extend_from_slice(chunk);
    }
    Ok(Reply {
        status,
        body: body.freeze(),
    })
}

/// Marks an answer over the limit among Pingora's errors.
pub(super) const TOO_LARGE: ErrorType = ErrorType::Custom("AnswerTooLarge");
