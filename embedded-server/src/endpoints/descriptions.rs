//! The paths of OpenAPI. Sources: `kube-openapi/pkg/{handler,handler3}/handler.go`.

use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, EXPIRES, HeaderValue,
    LOCATION, VARY,
};
use http::{HeaderMap, Response};

use super::ServedResource;
use super::body::Body;
use super::conditional::{dated, insert};
use super::document::Document;
use super::openapi::OpenApi;
use super::response::with_type;
use super::stages::header;
use crate::codec::preferences;
use crate::meta::Query;

const JSON: &str = "application/json";
/// A year, which caches may keep what is named by its hash.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// The OpenAPI documents as they are sent.
#[derive(Debug)]
pub(super) struct Descriptions {
    openapi: OpenApi,
    made: SystemTime,
    packed_v2: [OnceLock<Bytes>; 2],
}

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Protobuf,
}

impl Descriptions {
    pub(super) fn new(version: &str, resources: &[ServedResource]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "caches compare it with the machine's clock")]
        let made = SystemTime::now();
        Self { openapi: OpenApi::new(version, resources), made, packed_v2: Default::default() }
    }

    /// Answers `/openapi/v2`.
    pub(super) fn v2(&self, headers: &HeaderMap) -> Response<Body> {
        let [packed_json, packed_protobuf] = &self.packed_v2;
        let mut response = match form(headers, OpenApi::PROTOBUF) {
            None => nothing(406),
            Some(Form::Json) => self.packed(headers, self.openapi.v2(), JSON, packed_json),
            Some(Form::Protobuf) => {
                self.packed(headers, self.openapi.v2_protobuf(), OpenApi::PROTOBUF, packed_protobuf)
            }
        };
        for name in ["Accept-Encoding", "Accept"] {
            response.headers_mut().append(VARY, HeaderValue::from_static(name));
        }
        response
    }

    /// Answers `/openapi/v3`.
    pub(super) fn v3_index(&self, headers: &HeaderMap) -> Response<Body> {
        dated(headers, self.openapi.v3_index(), JSON, self.made)
    }

    /// Answers `/openapi/v3/{path}`; none when there is no such document.
    pub(super) fn v3(&self, path: &str, headers: &HeaderMap, query: &Query) -> Option<Response<Body>> {
        let json = self.openapi.v3(path)?;
        let mut response = match form(headers, OpenApi::V3_PROTOBUF) {
            None => nothing(406),
            Some(Form::Json) => self.hashed(headers, query, path, json, JSON),
            Some(Form::Protobuf) => {
                let protobuf = self.openapi.v3_protobuf(path)?;
                self.hashed(headers, query, path, protobuf, OpenApi::V3_PROTOBUF)
            }
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
        Some(response)
    }

    /// Answers with a document, for ever when it is asked for by its hash, and with its address when by another.
    fn hashed(
        &self,
        headers: &HeaderMap,
        query: &Query,
        path: &str,
        document: &Document,
        media_type: &'static str,
    ) -> Response<Body> {
        let hash = query.text("hash");
        let mut response = match hash.is_empty() || hash == document.hash() {
            true => dated(headers, document, media_type, self.made),
            false => with_type(301, media_type, Body::Full(Bytes::new())),
        };
        if response.status() == 301 {
            insert(&mut response, ETAG, document.etag());
            insert(&mut response, LOCATION, &self.openapi.v3_url(path).unwrap_or_default());
        } else if !hash.is_empty() {
            #[expect(clippy::disallowed_methods, reason = "caches compare it with the machine's clock")]
            let expires = httpdate::fmt_http_date(SystemTime::now() + FOREVER);
            insert(&mut response, CACHE_CONTROL, "public, immutable");
            insert(&mut response, EXPIRES, &expires);
        }
        response
    }

    /// Answers with a document, compressed once for all clients that take it so.
    fn packed(
        &self,
        headers: &HeaderMap,
        document: &Document,
        media_type: &'static str,
        packed: &OnceLock<Bytes>,
    ) -> Response<Body> {
        let mut response = dated(headers, document, media_type, self.made);
        if response.status() == 200 && takes_gzip(headers) {
            let bytes = packed.get_or_init(|| pack(&document.body()));
            *response.body_mut() = Body::Full(bytes.clone());
            insert(&mut response, CONTENT_ENCODING, "gzip");
        }
        response
    }
}

/// Picks what a document is written in; none when the client takes neither.
fn form(headers: &HeaderMap, protobuf: &str) -> Option<Form> {
    preferences(header(headers, &ACCEPT)).find_map(|range| match range.as_str() {
        "*/*" | "application/*" | JSON => Some(Form::Json),
        range => (range.replace('@', ".") == protobuf).then_some(Form::Protobuf),
    })
}

/// Tells whether a client takes gzip, in whatever quality.
fn takes_gzip(headers: &HeaderMap) -> bool {
    header(headers, &ACCEPT_ENCODING).split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn pack(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// An answer without a body, and so without a type.
fn nothing(code: u16) -> Response<Body> {
    let mut response = with_type(code, JSON, Body::Full(Bytes::new()));
    response.headers_mut().remove(CONTENT_TYPE);
    response
}
