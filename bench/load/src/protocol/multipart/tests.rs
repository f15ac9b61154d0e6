use super::*;
use crate::protocol::{Connection, fixture::serve};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Multipart},
    http::{HeaderMap, Request, StatusCode, header},
    routing::post,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

fn bytes(content: &Content) -> Vec<u8> {
    content.chunks().collect::<Vec<_>>().concat()
}

/// Tells what it received.
async fn receive(head: HeaderMap, mut form: Multipart) -> Json<Value> {
    let mut parts = Vec::new();
    while let Some(part) = form.next_field().await.unwrap() {
        let about = json!([part.name(), part.file_name(), part.content_type()]);
        let content = part.bytes().await.unwrap();
        parts.push(json!([about, crc32fast::hash(&content), content.len()]));
    }
    Json(json!({ "length": head[header::CONTENT_LENGTH].to_str().unwrap(), "parts": parts }))
}

async fn send(form: Encoded) -> Value {
    let router = Router::new()
        .route("/", post(receive))
        .layer(DefaultBodyLimit::disable());
    let mut connection = Connection::open(&serve(router).await).await.unwrap();
    let request = Request::post("/").header(header::CONTENT_TYPE, form.content_type());
    let answer = connection
        .send(request.body(form.body()).unwrap(), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn axum_reads_what_was_written() {
    let video = Format::Mp4.make(3_000_001, 7).unwrap();
    let sum = crc32fast::hash(&bytes(&video));
    let form = Form::new()
        .text("title", "Grüße\r\n--x")
        .file("video", "a \"b\".mp4", "video/mp4", video)
        .file("empty", "e", "text/plain", &b""[..])
        .encode();
    let length = form.length();
    let seen = send(form).await;
    assert_eq!(
        seen["parts"],
        json!([
            [["title", null, null], crc32fast::hash("Grüße\r\n--x".as_bytes()), 12],
            [["video", "a %22b%22.mp4", "video/mp4"], sum, 3_000_001],
            [["empty", "e", "text/plain"], 0, 0],
        ])
    );
    assert_eq!(seen["length"], length.to_string());
}

#[tokio::test]
async fn a_form_can_be_sent_again() {
    let form = Form::new()
        .file("image", "a.png", "image/png", Format::Png.make(20_000, 1).unwrap())
        .encode();
    assert_eq!(send(form.clone()).await, send(form).await);
}

#[test]
fn a_boundary_in_the_content_is_noticed() {
    let form = Form::new().text("a", "xx--guessed--").text("b", "guess");
    let holds = |boundary: &str| {
        form.parts
            .iter()
            .any(|(head, content)| head.contains(boundary) || content.contains(boundary))
    };
    assert!(holds("guessed"));
    assert!(!holds("guessed!"));
    assert!(
        Form::new().text("guessed", "").parts[0].0.contains("guessed"),
        "names count too"
    );
}

proptest! {
    /// Law: the length is exact, and the boundary occurs once before each part and once at the end.
    #[test]
    fn lengths_are_exact(fields in prop::collection::vec(("[a-z\"\r\n]{0,8}", any::<Vec<u8>>()), 0..5)) {
        let mut form = Form::new();
        for (name, value) in &fields {
            form = form.file(name, name, "application/octet-stream", value.clone());
        }
        let encoded = form.encode();
        let body = bytes(&encoded.content);
        prop_assert_eq!(body.len() as u64, encoded.length());
        let delimiter = format!("--{}", encoded.boundary);
        prop_assert_eq!(memchr::memmem::find_iter(&body, &delimiter).count(), fields.len() + 1);
    }

    #[test]
    fn files_have_exactly_the_wanted_size(more in 0_u64..400_000, seed: u64) {
        for format in Format::ALL {
            let wanted = format.bounds().0 + more;
            let made = format.make(wanted, seed).unwrap();
            prop_assert_eq!(made.length(), if format == Format::WebP { wanted.next_multiple_of(2) } else { wanted });
            prop_assert_eq!(bytes(&made).len() as u64, made.length());
        }
    }
}

/// Sizes around those where blocks and segments fill up.
fn sizes(format: Format) -> Vec<u64> {
    let least = format.bounds().0;
    let mut sizes: Vec<u64> = (0..12).map(|more| least + more).collect();
    for around in [255_u64, 1024, 65_535, 63 * 1024, 131_072, 300_000] {
        sizes.extend((around - 6..around + 6).map(|size| least + size));
    }
    sizes
}

#[test]
fn pngs_are_pictures() {
    for size in sizes(Format::Png) {
        let file = bytes(&Format::Png.make(size, size).unwrap());
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        reader.finish().unwrap();
        assert_eq!(frame.width, 341);
        assert!(
            size - u64::from(frame.height) * 1024 < 1024 + 1500,
            "the picture is most of the file"
        );
        assert!(pixels.iter().all(|value| *value >= 0x80));
    }
}

#[test]
fn jpegs_are_pictures() {
    for size in sizes(Format::Jpeg) {
        let file = bytes(&Format::Jpeg.make(size, size).unwrap());
        let pixels = jpeg_decoder::Decoder::new(file.as_slice())
            .decode()
            .unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(pixels, [128; 64], "{size}");
    }
}

#[test]
fn gifs_are_pictures() {
    for size in sizes(Format::Gif) {
        let file = bytes(&Format::Gif.make(size, size).unwrap());
        let mut reader = gif::DecodeOptions::new().read_info(file.as_slice()).unwrap();
        let frame = reader
            .read_next_frame()
            .unwrap_or_else(|error| panic!("{size}: {error}"))
            .unwrap();
        assert_eq!((frame.width, frame.height, &frame.buffer[..]), (1, 1, &[0][..]));
        assert!(reader.read_next_frame().unwrap().is_none(), "{size}");
    }
}

#[test]
fn webps_are_pictures() {
    for size in sizes(Format::WebP) {
        let file = bytes(&Format::WebP.make(size, size).unwrap());
        let mut reader = image_webp::WebPDecoder::new(std::io::Cursor::new(&file)).unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader
            .read_image(&mut pixels)
            .unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(pixels[..3], [128; 3]);
    }
}

#[test]
fn mp4s_are_boxes_to_their_end() {
    for size in sizes(Format::Mp4) {
        let file = bytes(&Format::Mp4.make(size, size).unwrap());
        let (mut rest, mut kinds) = (file.as_slice(), Vec::new());
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            kinds.push(&rest[4..8]);
            rest = &rest[length..];
        }
        assert_eq!(kinds, [b"ftyp", b"moov", b"mdat"]);
    }
}

#[test]
fn files_of_other_seeds_differ() {
    for format in Format::ALL {
        let of = |seed| bytes(&format.make(100_000, seed).unwrap());
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2), "{format:?}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for format in Format::ALL {
        let (least, most) = format.bounds();
        for wanted in [0, least - 1, most + 1] {
            let refused = format.make(wanted, 1).unwrap_err();
            assert_eq!((refused.least, refused.most), (least, most));
        }
    }
}
