//! SIGTERM during writes and watches.

use futures::AsyncReadExt;
use http::Request;
use kube::Client;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::support::{Home, PATIENCE, Protocol, workflows};
use super::writer::{Phase, Writer, Writing};
use super::{list, random};

const ROUNDS: usize = 5;
const WRITERS: usize = 6;
const WATCHES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_breaks_no_answer_over_http1() {
    stop_during_writes(Protocol::Http1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_breaks_no_answer_over_http2() {
    stop_during_writes(Protocol::Http2).await;
}

/// Stops a server a few times. What is stored afterwards is exactly what was acknowledged: a request that got no
/// answer was not carried out.
async fn stop_during_writes(protocol: Protocol) {
    let mut random = random();
    let home = Home::new();
    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, random.fork())).collect();
    for _ in 0..ROUNDS {
        let server = home.start();
        let client = server.client(protocol).await;
        let (api, phase) = (workflows(client.clone()), Phase::new());
        let (revision, _) = list(&api).await;
        let watches: JoinSet<_> = (0..WATCHES).map(|_| watch_to_the_end(client.clone(), revision)).collect();
        let writing = Writing::start(writers, &api, revision, &phase);
        phase.acknowledged(random.usize(10..200)).await;
        phase.end();
        server.terminate();
        writers = timeout(PATIENCE, writing.ended()).await.expect("writes hang");
        timeout(PATIENCE, watches.join_all()).await.expect("watches do not end");
        let (status, log) = server.ended();
        assert!(status.success(), "{status}:\n{log}");
        check(&home, &mut writers).await;
    }
}

/// Reads a watch to its end, which must be one and not a broken connection, after a whole line.
async fn watch_to_the_end(client: Client, revision: u64) {
    let path = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";
    let request = Request::get(format!("{path}?watch=true&resourceVersion={revision}"));
    let stream = client.request_stream(request.body(Vec::new()).unwrap()).await.unwrap();
    let (mut stream, mut text) = (std::pin::pin!(stream), String::new());
    stream.read_to_string(&mut text).await.expect("the watch broke");
    assert!(text.ends_with("}\n"), "the last line is not whole: {text:?}");
}

async fn check(home: &Home, writers: &mut [Writer]) {
    let server = home.start();
    let (_, stored) = list(&workflows(server.client(Protocol::Http1).await)).await;
    for writer in writers {
        let own = writer.own(&stored);
        writer.ledger.check_exactly(&own);
    }
}
