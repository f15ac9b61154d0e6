//! Whether a store answers: the smallest honest exchange of each protocol.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);

/// PostgreSQL answers a [start-up message] with an authentication request once it accepts connections; while it starts,
/// recovers or stops it answers with an error of class 57.
///
/// [start-up message]: https://www.postgresql.org/docs/current/protocol-message-formats.html
pub fn postgres(address: &str) -> io::Result<()> {
    const PROTOCOL_3_0: u32 = 196_608;
    let parameters = b"user\0newfeed\0database\0postgres\0\0";
    let mut message = u32::try_from(8 + parameters.len())
        .unwrap_or_default()
        .to_be_bytes()
        .to_vec();
    message.extend(PROTOCOL_3_0.to_be_bytes());
    message.extend(parameters);
    let mut stream = connect(address)?;
    stream.write_all(&message)?;
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    if head[0] == b'R' {
        return Ok(());
    }
    let mut text = Vec::new();
    // An error carries readable fields; one that is cut short is an error all the same.
    let _ = stream.take(1024).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).replace('\0', " ");
    // Another server's own rules about users are no sign that it is away.
    if text.contains("C57") {
        Err(io::Error::other(text))
    } else {
        Ok(())
    }
}

/// Redis answers `PING`; one that asks for a password is there too.
pub fn redis(address: &str) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"+PONG" | b"-NOAU" => Ok(()),
        // "-LOADING Redis is loading the dataset in memory"
        other => Err(io::Error::other(String::from_utf8_lossy(other).into_owned())),
    }
}

/// RabbitMQ answers the [AMQP 0-9-1 header] with `Connection.Start`.
///
/// [AMQP 0-9-1 header]: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf
pub fn amqp(address: &str) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(b"AMQP\0\0\x09\x01")?;
    let mut frame = [0; 11];
    stream.read_exact(&mut frame)?;
    // Method frame on channel 0, class 10 (connection), method 10 (start).
    if frame[0] == 1 && frame[7..11] == [0, 10, 0, 10] {
        Ok(())
    } else {
        Err(io::Error::other("not AMQP 0-9-1"))
    }
}

/// The status of `GET path` over HTTP/1.1 without TLS.
pub fn http_status(address: &str, path: &str) -> io::Result<u16> {
    let mut stream = connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let text = String::from_utf8_lossy(&head);
    let status = text
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5)?.parse().ok());
    status.ok_or_else(|| io::Error::other("not HTTP"))
}

/// Opens a connection whose every step is bounded by two seconds.
pub fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match connect_one(&address) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect_one(address: &SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// A server that sends one fixed answer to one connection.
    fn answers(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 256];
            let _ = stream.read(&mut asked);
            stream.write_all(answer).unwrap();
        });
        address
    }

    #[test]
    fn a_starting_server_is_not_ready() {
        assert!(postgres(&answers(b"R\0\0\0\x08\0\0\0\0")).is_ok());
        assert!(postgres(&answers(b"E\0\0\0\x20SFATAL\0C57P03\0Mstarting up\0\0")).is_err());
        assert!(redis(&answers(b"+PONG\r\n")).is_ok());
        assert!(redis(&answers(b"-LOADING Redis is loading\r\n")).is_err());
        assert!(amqp(&answers(b"\x01\0\0\0\0\0\x10\0\x0a\0\x0a more")).is_ok());
        assert!(amqp(&answers(b"HTTP/1.1 400 Bad Request\r\n")).is_err());
    }

    #[test]
    fn http_status_is_the_number() {
        assert_eq!(
            http_status(&answers(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "/").unwrap(),
            503
        );
        assert!(http_status(&answers(b"SSH-2.0-OpenSSH_9.2\r\n"), "/").is_err());
    }
}
