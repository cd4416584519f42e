//! More requests than are answered at once.

use embedded_server::endpoints::MaxInflight;
use http::Method;

use crate::support::{ALL, Gate, Protocol, STRANGER, Setup, WORKFLOWS, workflow};

const ONE: MaxInflight = MaxInflight { reads: 1, writes: 1 };

#[tokio::test]
async fn who_comes_too_many_is_told_when_to_come_back() {
    let gate = Gate::new();
    let server = Setup::default().answering(ONE).asking(gate.clone()).start().await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let first = async { stranger.get(ALL).await };
    let others = async {
        gate.waited_at().await;
        let answer = stranger.get("/version").await.expect(429);
        assert_eq!(answer.text(), "Too many requests, please try again later.\n");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(!answer.header("audit-id").is_empty());
        stranger.get(ALL).await.expect(429);
        let metrics = server.get("/metrics").await.expect(200).text();
        let dropped = |line: &&str| line.contains("code=\"429\"") && line.contains("verb=\"LIST\"");
        let names = metrics.lines().filter(dropped).map(|line| line.split('{').next().unwrap());
        let names: Vec<&str> = names.collect();
        assert_eq!(names, ["apiserver_request_terminations_total", "apiserver_request_total"]);
        gate.open();
    };
    let (first, ()) = tokio::join!(first, others);
    first.expect(200);
    stranger.get(ALL).await.expect(200);
}

#[tokio::test]
async fn writes_are_counted_apart_and_watches_not_at_all() {
    let gate = Gate::new();
    let server = Setup::default().answering(ONE).asking(gate.clone()).start().await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let watching = format!("{ALL}?watch=1&timeoutSeconds=1");
    let all = async {
        tokio::join!(
            async { stranger.get(ALL).await.expect(200) },
            async { stranger.call(Method::POST, WORKFLOWS).json(workflow("a")).await.expect(201) },
            async { stranger.get(&watching).await.expect(200) },
            async { stranger.get(&watching).await.expect(200) },
        )
    };
    let opening = async {
        for _ in 0..4 {
            gate.waited_at().await;
        }
        gate.open();
    };
    tokio::join!(all, opening);
}
