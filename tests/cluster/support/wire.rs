//! What no library sends: the bytes of a request as a test writes them, inside TLS.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ALL;
use super::client::tls;
use crate::pki::{Authority, Identity};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// `:status: 200`, of the static table of RFC 7541.
const STATUS_200: u8 = 0x88;

/// A way to a server for clients that keep to no rules, who list all Workflows.
pub(crate) struct Wire<'a> {
    pub(super) server: &'a str,
    pub(super) authority: &'a Authority,
    pub(super) identity: Option<&'a Identity>,
}

/// What an HTTP/2 server made of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It was answered with 200.
    Done,
    /// It was answered with something else.
    Refused,
    /// It was not even answered.
    Reset,
}

impl Wire<'_> {
    /// Asks over HTTP/1.1 with these lines in the head, and returns the code of the answer.
    pub(crate) async fn http1(&self, lines: &[&str]) -> u16 {
        let mut stream = self.connected("http/1.1").await;
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("GET {ALL} HTTP/1.1\r\nHost: {}\r\n{lines}\r\n", self.server);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        String::from_utf8_lossy(&begin[9..]).parse().unwrap()
    }

    /// Asks over HTTP/2 with these fields behind those that every request has.
    pub(crate) async fn http2(&self, fields: &[(&str, &str)]) -> Fate {
        let mut stream = self.connected("h2").await;
        let usual = [(":method", "GET"), (":scheme", "https"), (":authority", self.server), (":path", ALL)];
        let fields: Vec<u8> = usual.iter().chain(fields).flat_map(|field| literal(*field)).collect();
        let (settings, headers) = (frame(SETTINGS, 0, 0, &[]), frame(HEADERS, 0x4 | 0x1, 1, &fields));
        stream.write_all(&[PREFACE, &settings, &headers].concat()).await.unwrap();
        fate(&mut stream).await
    }

    async fn connected(&self, protocol: &str) -> TlsStream<TcpStream> {
        let mut tls = tls(self.authority, self.identity);
        tls.alpn_protocols = vec![protocol.into()];
        let stream = TcpStream::connect(self.server).await.unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        TlsConnector::from(std::sync::Arc::new(tls)).connect(name, stream).await.unwrap()
    }
}

/// Reads frames until one tells what became of the only request.
async fn fate(stream: &mut TlsStream<TcpStream>) -> Fate {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return Fate::Reset;
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        match head[3] {
            HEADERS if payload[0] == STATUS_200 => return Fate::Done,
            HEADERS => return Fate::Refused,
            RST_STREAM | GOAWAY => return Fate::Reset,
            _ => {}
        }
    }
}

/// A frame of RFC 9113.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field of RFC 7541 that is neither indexed nor compressed.
fn literal((name, value): (&str, &str)) -> Vec<u8> {
    let short = |text: &str| u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap();
    [&[0, short(name)], name.as_bytes(), &[short(value)], value.as_bytes()].concat()
}
