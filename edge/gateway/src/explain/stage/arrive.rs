//! Arrive: who sends it, and to which path.

use crate::{
    context::RequestContext,
    explain::{ask::Ask, peek::Peek, report::StageName::Arrive},
    problem::ClientError,
};
use pingora_http::RequestHeader;
use shared_contracts::Code;

/// The path in normal form, or why there is none.
pub(in crate::explain) fn path(peek: &mut Peek<'_>, ask: &Ask, head: &RequestHeader) {
    if let Some(error) = peek.bad_path {
        peek.book
            .note(Arrive, "path", None::<&str>, format!("refused: {error}"));
        return;
    }
    let (path, asked) = (peek.target_of(head), peek.shown(&ask.target));
    let text = match path == asked {
        true => path.clone(),
        false => format!("{path}, the normal form of {asked}"),
    };
    peek.book.note(Arrive, "path", path, text);
}

/// Who the client is.
pub(in crate::explain) fn client(peek: &mut Peek<'_>, ask: &Ask, ctx: &RequestContext) {
    let (client, peer) = (ctx.client, ask.client_ip.to_canonical());
    let forwarded = ask.has("x-forwarded-for");
    let text = match (client == peer, forwarded) {
        (true, false) => format!("{client}, where the connection comes from"),
        (true, true) => format!("{client}, where the connection comes from: it names no other that is believed"),
        (false, _) => format!("{client}, named by {peer}, a trusted proxy"),
    };
    peek.book
        .because("trusted_proxies", Arrive, "client", client.to_string(), text);
    if ctx.secure {
        let (key, text) = match ask.tls {
            true => ("listeners.https", "https"),
            false => ("trusted_proxies", "https, as a trusted proxy says"),
        };
        peek.book.because(key, Arrive, "scheme", "https", text);
    }
}

/// A request that has to come over TLS.
pub(in crate::explain) fn redirect(peek: &mut Peek<'_>, location: &str) {
    let text = format!("sent to {location}");
    peek.book
        .because("listeners.http.redirect_to_https", Arrive, "redirect", location, text);
}

/// The head as a whole was refused.
pub(in crate::explain) fn refused(peek: &mut Peek<'_>, error: &ClientError) {
    match error.code {
        _ if peek.bad_path.is_some() => {}
        Code::HeadersTooLarge => {
            let most = peek.book.shown("limits.max_header");
            let text = format!("refused: more than {most}, or too many fields");
            peek.book
                .because("limits.max_header", Arrive, "head", None::<&str>, text);
        }
        _ => peek
            .book
            .note(Arrive, "head", None::<&str>, format!("refused: {}", error.detail)),
    }
}
