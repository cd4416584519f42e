//! Somebody else who uses the same etcd: through its gateway, which speaks JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::storage::Revision;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Somebody who may do everything.
#[derive(Clone, Debug)]
pub(crate) struct Gateway(String);

impl Gateway {
    /// Goes to the etcd at an address.
    pub(crate) fn of(address: &str) -> Self {
        Self(address.to_owned())
    }

    /// Asks etcd for something.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Value {
        let (body, address) = (body.to_string(), &self.0);
        let length = body.len();
        let request = format!(
            "POST /v3/{path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        let body = &answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()];
        serde_json::from_str(body).unwrap()
    }

    pub(crate) async fn put(&self, key: &str, value: &str) {
        self.ask("kv/put", &json!({ "key": encoded(key), "value": encoded(value) })).await;
    }

    /// Returns what is stored under a key.
    pub(crate) async fn get(&self, key: &str) -> Option<String> {
        let answer = self.ask("kv/range", &json!({ "key": encoded(key) })).await;
        let value = BASE64_STANDARD.decode(answer["kvs"][0]["value"].as_str()?).unwrap();
        Some(String::from_utf8(value).unwrap())
    }

    pub(crate) async fn delete_all_below(&self, prefix: &str) {
        let end = format!("{}0", prefix.strip_suffix('/').unwrap());
        let range = json!({ "key": encoded(prefix), "range_end": encoded(&end) });
        self.ask("kv/deleterange", &range).await;
    }

    pub(crate) async fn compact(&self, revision: Revision) {
        self.ask("kv/compaction", &json!({ "revision": revision.to_string() })).await;
    }

    /// Returns the revision of all of etcd.
    pub(crate) async fn revision(&self) -> Revision {
        let answer = self.ask("kv/range", &json!({ "key": encoded("any") })).await;
        Revision(answer["header"]["revision"].as_str().unwrap().parse().unwrap())
    }
}

pub(crate) fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}
