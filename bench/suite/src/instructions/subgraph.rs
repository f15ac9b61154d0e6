//! A subgraph that answers every query with the same page of posts.

use serde_json::{Value, json};
use shared_stack::{Context, Result};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Posts of its page.
const POSTS: u32 = 20;

/// Listens on a free port, for as long as this program runs.
///
/// # Errors
/// No port can be had.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context(|| "cannot listen for subgraph calls".to_owned())?;
    let address = listener
        .local_addr()
        .context(|| "cannot tell the subgraph's port".to_owned())?;
    let answer = answer();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A connection ends when the edge closes it.
            thread::spawn(move || serve(stream, answer.as_bytes()));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut request, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
        // The body is one JSON object, and one connection carries one request at a time.
        let body = request
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|end| &request[end + 4..]);
        if body.is_some_and(|body| serde_json::from_slice::<Value>(body).is_ok()) {
            stream.write_all(answer)?;
            request.clear();
        }
    }
}

fn answer() -> String {
    let post = |id: u32| {
        json!({
            "id": id.to_string(), "content": "A post of some words, as people write them.", "postType": "TEXT",
            "mediaUrls": [], "author": { "id": "7", "username": "ann", "fullName": "Ann Example", "avatarUrl": null },
            "likeCount": 3, "likedByMe": false, "commentCount": 2,
            "createdAt": "2026-01-31T23:59:59.123456Z", "updatedAt": "2026-01-31T23:59:59.123456Z",
        })
    };
    let posts: Vec<Value> = (0..POSTS).map(post).collect();
    let page = json!({ "success": true, "posts": posts, "pageInfo": { "hasNextPage": true, "endCursor": "MjAyNg" } });
    let body = json!({ "data": { "getPosts": page } }).to_string();
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}
