//! The protocol's examples, what breaks it, and mutations of both.

use super::*;
use proptest::prelude::*;

fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, payload].concat()
}

fn client(bytes: &[u8]) -> Result<Option<SocketAddr>, Malformed> {
    Ok(read(bytes)?.expect("a whole header").client)
}

const V4: [u8; 12] = [203, 0, 113, 9, 10, 0, 0, 1, 0x30, 0x39, 0, 80];

#[test]
fn reads_text() {
    let at = |text: &str| Some(text.parse::<SocketAddr>().unwrap());
    for (line, expected) in [
        ("PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\n", at("203.0.113.9:12345")),
        ("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", at("[2001:db8::1]:1")),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None),
    ] {
        assert_eq!(client(line.as_bytes()), Ok(expected), "{line}");
        let with_request = format!("{line}GET / HTTP/1.1\r\n");
        assert_eq!(read(with_request.as_bytes()).unwrap().unwrap().length, line.len());
        for end in 0..line.len() {
            assert_eq!(read(&line.as_bytes()[..end]), Ok(None), "{line} up to {end}");
        }
    }
}

#[test]
fn refuses_broken_text() {
    for line in [
        "GET / HTTP/1.1\r\n",
        "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
        "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY UNKNOWNS\r\n",
    ] {
        assert_eq!(read(line.as_bytes()), Err(Malformed), "{line}");
    }
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
    assert_eq!(read(long.as_bytes()), Err(Malformed));
}

#[test]
fn reads_binary() {
    assert_eq!(
        client(&v2(0x21, 0x11, &V4)),
        Ok(Some("203.0.113.9:12345".parse().unwrap()))
    );
    let mut v6 = [0; 36];
    v6[..16].copy_from_slice(&"2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    v6[33] = 7;
    assert_eq!(
        client(&v2(0x21, 0x21, &v6)),
        Ok(Some("[2001:db8::1]:7".parse().unwrap()))
    );
    let with_tlvs = [&V4[..], &[0x04, 0, 3, 0, 0, 0, 0x20, 0, 0]].concat();
    let header = v2(0x21, 0x11, &with_tlvs);
    assert_eq!(read(&header).unwrap().unwrap().length, header.len());
    // A health check of the balancer, one that knows nothing, a socket without address.
    assert_eq!(client(&v2(0x20, 0x11, &V4)), Ok(None));
    assert_eq!(client(&v2(0x20, 0x00, &[])), Ok(None));
    assert_eq!(client(&v2(0x21, 0x00, &[1, 2, 3])), Ok(None));
    assert_eq!(client(&v2(0x21, 0x31, &[0; 216])), Ok(None));
    for end in 0..header.len() {
        assert_eq!(read(&header[..end]), Ok(None), "up to {end}");
    }
}

#[test]
fn refuses_broken_binary() {
    for header in [
        v2(0x11, 0x11, &V4),
        v2(0x22, 0x11, &V4),
        v2(0x21, 0x12, &V4),
        v2(0x21, 0x41, &V4),
        v2(0x21, 0x11, &V4[..11]),
        v2(0x21, 0x21, &V4),
        v2(0x21, 0x31, &V4),
        v2(0x21, 0x11, &[&V4[..], &[4]].concat()),
        v2(0x21, 0x11, &[&V4[..], &[4, 0, 2, 0]].concat()),
        v2(0x21, 0x00, &[0; MAX_BINARY + 1]),
    ] {
        assert_eq!(read(&header), Err(Malformed), "{header:?}");
    }
    let huge = [&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat();
    assert_eq!(read(&huge), Err(Malformed), "what is announced is enough");
}

proptest! {
    /// Law: what a balancer writes reads as what it meant, whatever follows.
    #[test]
    fn reads_what_is_written(client_v4: [u8; 4], client_v6: [u8; 16], port: u16, rest in prop::collection::vec(any::<u8>(), 0..20)) {
        let v4 = SocketAddr::new(IpAddr::from(client_v4), port);
        let line = format!("PROXY TCP4 {} 10.0.0.1 {port} 80\r\n", v4.ip());
        prop_assert_eq!(client(&[line.as_bytes(), &rest].concat()), Ok(Some(v4)));
        let mut block = [0; 36];
        block[..16].copy_from_slice(&client_v6);
        block[32..34].copy_from_slice(&port.to_be_bytes());
        let v6 = SocketAddr::new(IpAddr::from(client_v6), port);
        prop_assert_eq!(client(&[&v2(0x21, 0x21, &block)[..], &rest].concat()), Ok(Some(v6)));
    }

    /// Laws, over headers with some bytes changed and cut off: nothing panics, nothing longer than allowed is waited for, and
    /// what is read with more bytes is what was read with fewer.
    #[test]
    fn mutations_are_read_in_one_way(
        which in 0usize..4,
        changes in prop::collection::vec((0usize..60, any::<u8>()), 0..4),
        cut in 0usize..70,
    ) {
        let mut bytes = match which {
            0 => b"PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\nGET / HTTP/1.1\r\n".to_vec(),
            1 => b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\nGET / HTTP/1.1\r\n".to_vec(),
            2 => v2(0x21, 0x11, &[&V4[..], &[0x04, 0, 3, 0, 0, 0, 0x20, 0, 0]].concat()),
            _ => v2(0x21, 0x21, &[7; 36]),
        };
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let cut = cut.min(bytes.len());
        let (part, whole) = (read(&bytes[..cut]), read(&bytes));
        if part != Ok(None) {
            prop_assert_eq!(part, whole);
        }
        bytes.resize(MAX_HEADER, b' ');
        prop_assert_ne!(read(&bytes), Ok(None));
    }
}
