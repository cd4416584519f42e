//! A server that is told to leave.

use std::time::Duration;

use embedded_server::server::Config;
use http::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{ALL, Gate, MASTER, Protocol, STRANGER, Setup, TestServer, WORKFLOWS, workflow};

#[tokio::test]
async fn connections_that_say_nothing_do_not_hold_it_up() {
    let server = TestServer::start().await;
    let mut silent = Vec::new();
    for _ in 0..500 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    server.still_answers().await;
    server.stop().await;
}

#[tokio::test]
async fn requests_under_way_are_answered() {
    let gate = Gate::new();
    let server = Setup::default().asking(gate.clone()).start().await;
    let clients = [Protocol::Http1, Protocol::Http2].map(|protocol| server.client(&STRANGER, protocol));
    let asked = clients.map(|client| {
        tokio::spawn(async move { client.call(Method::POST, WORKFLOWS).json(workflow("a")).await })
    });
    gate.waited_at().await;
    gate.waited_at().await;
    let address = server.address;
    let stopped = tokio::spawn(server.stop());
    while TcpStream::connect(address).await.is_ok() {}
    gate.open();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap());
    }
    assert_eq!(answers[0].header("connection"), "close");
    assert_eq!(answers[1].header("connection"), "");
    answers.sort_by_key(|answer| answer.status);
    assert_eq!([answers[0].status, answers[1].status], [201, 409]);
    stopped.await.unwrap();
}

#[tokio::test]
async fn it_goes_on_answering_for_a_while_but_is_not_ready() {
    let config = Config { shutdown_delay: Duration::from_secs(1), ..Config::default() };
    let server = Setup::default().with(config).start().await;
    server.api.leave();
    let client = server.client(&MASTER, Protocol::Http2);
    assert_eq!(client.get("/readyz").await.status, 500);
    assert_eq!(client.get("/livez").await.status, 200);
    client.get(ALL).await.expect(200);
    drop(client);
    server.stop().await;
}
