//! What nobody sends who means well. The server answers it, or ends the connection where HTTP itself is broken, and
//! goes on.

mod arbitrary;
mod bodies;
mod requests;
mod values;

use crate::support::{Answer, TestServer, workflow};

async fn with_a() -> TestServer {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server
}

/// Fails for an answer that says that the server broke.
#[track_caller]
fn is_sane(answer: &Answer) {
    let text = answer.text();
    let known = ["invalid resource version", "resourceVersion should not be set", "strconv.ParseUint: "];
    let known = known.iter().any(|words| text.contains(words));
    assert!(answer.status != 500 || known, "{text}");
}
