//! HTTP/2, frame by frame, with clients that abuse it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame: its type, its stream and its content.
#[derive(Debug)]
struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of a GET, in the words of HPACK's static table but for the path.
fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend([0x41, 1, b'x']);
    block
}

fn asked(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &get(path))
}

async fn open(buffer: usize, goaway_chance: f64, settings: &[u8]) -> Connection {
    let mut connection = connect(Protocol::Http2, buffer, goaway_chance);
    connection.io.write_all(PREFACE).await.unwrap();
    connection.io.write_all(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
    connection
}

impl Connection {
    /// Returns the next frame, or none when the connection ended.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.io.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], stream, payload })
    }

    /// Returns the next frame of a type.
    async fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    async fn send(&mut self, frame: &[u8]) {
        self.io.write_all(frame).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_asks_is_told_to_go_and_cut() {
    let mut connection = open(4096, 0.0, &[]).await;
    connection.next_of(GOAWAY).await.unwrap();
    let seconds = connection.ended().await;
    assert!((50..=92).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_resets_its_stream_alone() {
    // A window of no bytes for each stream.
    let mut connection = open(1 << 20, 0.0, &[0, 4, 0, 0, 0, 0]).await;
    connection.send(&asked(1, "/healthz")).await;
    let opened = connection.opened;
    loop {
        let frame = connection.next().await.expect("a connection");
        if frame.kind == 6 && frame.payload != [0; 8] {
            connection.send(&self::frame(6, 1, 0, &frame.payload)).await;
        }
        if frame.kind == RESET {
            assert_eq!(frame.stream, 1);
            break;
        }
        assert_ne!(frame.kind, DATA);
    }
    assert_eq!(opened.elapsed(), ANSWER);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_resets_ends_the_connection() {
    let mut connection = open(64 << 10, 0.0, &[]).await;
    let mut flood = Vec::new();
    for stream in (1..2000).step_by(2) {
        flood.extend(asked(stream, "/healthz"));
        flood.extend(frame(RESET, 0, stream, &[0, 0, 0, 8]));
    }
    // The server may end the connection before it has read all of it.
    let _ = connection.io.write_all(&flood).await;
    let goaway = connection.next_of(GOAWAY).await.expect("a word of farewell");
    assert_eq!(goaway.payload[4..8], [0, 0, 0, 0xb], "ENHANCE_YOUR_CALM");
    assert_eq!(connection.ended().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_ends_the_connection() {
    let mut connection = open(64 << 10, 0.0, &[]).await;
    connection.send(&frame(HEADERS, END_STREAM, 1, &get("/healthz"))).await;
    let drip = frame(CONTINUATION, 0, 1, &[0x40, 1, b'x', 1, b'y']);
    while connection.io.write_all(&drip).await.is_ok() {}
    connection.ended().await;
}

#[tokio::test(start_paused = true)]
async fn chance_ends_a_connection_after_the_answer() {
    let mut connection = open(64 << 10, 1.0, &[]).await;
    connection.send(&asked(1, "/healthz")).await;
    assert_eq!(connection.next_of(DATA).await.unwrap().payload, b"ok");
    connection.next_of(GOAWAY).await.expect("a word of farewell");
}

#[tokio::test(start_paused = true)]
async fn without_chance_a_connection_goes_on() {
    let mut connection = open(64 << 10, 0.0, &[]).await;
    for stream in [1, 3, 5] {
        connection.send(&asked(stream, "/healthz")).await;
        assert_eq!(connection.next_of(DATA).await.unwrap().stream, stream);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_says_so_and_is_not_kept_by_who_does_not_answer() {
    let mut connection = open(64 << 10, 0.0, &[]).await;
    connection.send(&asked(1, "/healthz")).await;
    connection.next_of(DATA).await.unwrap();
    connection.stop.send_replace(true);
    connection.next_of(GOAWAY).await.unwrap();
    assert!(connection.ended().await <= 2);
}
