//! Answers that are compressed while they are sent, because they are large and the client can take it.
//!
//! Watches never are: an event must not wait in an encoder. Source:
//! `apiserver/pkg/endpoints/handlers/responsewriters/writers.go`.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use http::{HeaderMap, Response};

use super::body::{Body, ListBody};
use super::stages::header;

/// The largest body that is sent as it is, in bytes.
const THRESHOLD: usize = 128 << 10;
/// How much is compressed at a time, in bytes; between two pieces others get their turn.
const PIECE: usize = 128 << 10;

/// A body that is compressed piece by piece.
#[derive(Debug)]
pub struct GzipBody {
    plain: Plain,
    /// None once all is sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

/// What is compressed.
#[derive(Debug)]
enum Plain {
    Full(Bytes),
    List(ListBody),
}

/// Tells whether a client takes gzip. As in k8s.io/apiserver the word has to stand alone, without a quality.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    header(headers, &ACCEPT_ENCODING).split(',').any(|coding| coding.trim() == "gzip")
}

/// Compresses the body of an answer when it is large, fast rather than well.
pub(super) fn if_large(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let plain = match body {
        Body::Full(bytes) if bytes.len() > THRESHOLD => Plain::Full(bytes),
        Body::List(list) if list.left() > THRESHOLD as u64 => Plain::List(list),
        small => return Response::from_parts(head, small),
    };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let encoder = Some(GzEncoder::new(Vec::new(), Compression::fast()));
    Response::from_parts(head, Body::Gzip(Box::new(GzipBody { plain, encoder })))
}

impl GzipBody {
    /// Returns the next compressed bytes; none at the end.
    pub(super) fn next_chunk(&mut self) -> Option<Bytes> {
        while let Some(encoder) = &mut self.encoder {
            let Some(piece) = self.plain.next_piece() else {
                return self.encoder.take()?.finish().ok().map(Bytes::from);
            };
            // Writing to a vector cannot fail.
            encoder.write_all(&piece).ok()?;
            let compressed = std::mem::take(encoder.get_mut());
            if !compressed.is_empty() {
                return Some(compressed.into());
            }
        }
        None
    }

    pub(super) fn is_over(&self) -> bool {
        self.encoder.is_none()
    }
}

impl Plain {
    fn next_piece(&mut self) -> Option<Bytes> {
        match self {
            Self::List(list) => list.next_chunk(),
            Self::Full(bytes) if bytes.is_empty() => None,
            Self::Full(bytes) => Some(bytes.split_to(PIECE.min(bytes.len()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unpacked(mut body: GzipBody) -> Vec<u8> {
        let packed: Vec<u8> = std::iter::from_fn(|| body.next_chunk()).flatten().collect();
        assert!(body.is_over());
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn only_a_large_body_is_compressed_and_comes_out_whole() {
        let at_most = Response::new(Body::Full(vec![b'x'; THRESHOLD].into()));
        assert!(matches!(if_large(at_most).body(), Body::Full(_)));
        let text: Vec<u8> = (0..1_000_000u32).map(|number| (number % 251) as u8).collect();
        let response = if_large(Response::new(Body::Full(text.clone().into())));
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        let Body::Gzip(body) = response.into_body() else { panic!("not compressed") };
        assert!(unpacked(*body) == text);
    }

    #[test]
    fn a_client_has_to_name_gzip() {
        let accepts = |value: &'static str| {
            is_accepted(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(accepts("gzip") && accepts("deflate, gzip , br"));
        assert!(!accepts("*") && !accepts("gzip;q=1.0") && !accepts("") && !is_accepted(&HeaderMap::new()));
    }
}
