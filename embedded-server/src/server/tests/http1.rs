//! HTTP/1.1 with clients that take their time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, sleep};

use super::*;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

fn open(buffer: usize) -> Connection {
    connect(Protocol::Http1, buffer, 0.0)
}

/// Reads an answer whose body is `ok`.
async fn ok(connection: &mut Connection) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\nok") {
        text.push(char::from(connection.io.read_u8().await.unwrap()));
    }
    text
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_asks_is_cut() {
    assert_eq!(open(1024).ended().await, 32);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_however_long_it_is() {
    let mut connection = open(1024);
    connection.io.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    for _ in 0..10 {
        sleep(Duration::from_secs(3)).await;
        connection.io.write_all(b"x-drip: x\r\n").await.unwrap();
    }
    assert_eq!(connection.ended().await, 32);
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_later_request_has_as_much_time() {
    let mut connection = open(1024);
    connection.io.write_all(REQUEST).await.unwrap();
    ok(&mut connection).await;
    sleep(Duration::from_secs(60)).await;
    connection.io.write_all(&REQUEST[..10]).await.unwrap();
    assert_eq!(connection.ended().await, 60 + 32);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_90_seconds() {
    let mut connection = open(1024);
    connection.io.write_all(REQUEST).await.unwrap();
    ok(&mut connection).await;
    assert_eq!(connection.io.read(&mut [0]).await.unwrap(), 0, "closed, not cut");
    assert_eq!(connection.ended().await, 90);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_used_stays() {
    let mut connection = open(1024);
    for _ in 0..10 {
        sleep(Duration::from_secs(30)).await;
        connection.io.write_all(REQUEST).await.unwrap();
        ok(&mut connection).await;
    }
    drop(connection);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_is_given_up() {
    let mut connection = open(16);
    connection.io.write_all(b"GET /openapi/v2 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(connection.ended().await <= ANSWER.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_not_waited_for() {
    let mut connection = open(1024);
    let head = b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nx";
    connection.io.write_all(head).await.unwrap();
    ok(&mut connection).await;
    assert!(connection.ended().await <= ANSWER.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_waits_a_moment_for_who_says_nothing() {
    let mut connection = open(1024);
    connection.io.write_all(&REQUEST[..10]).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    connection.stop.send_replace(true);
    assert!(connection.ended().await <= 1 + 2);
    let silent = open(1024);
    silent.stop.send_replace(true);
    assert!(silent.ended().await <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_closes_idle_connections_at_once() {
    let mut connection = open(1024);
    connection.io.write_all(REQUEST).await.unwrap();
    ok(&mut connection).await;
    connection.stop.send_replace(true);
    assert_eq!(connection.io.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(connection.ended().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_headers_are_no_reason_to_refuse() {
    let mut connection = open(1 << 20);
    let headers: String = (0..1000).map(|number| format!("x-{number}: y\r\n")).collect();
    connection.io.write_all(format!("GET /healthz HTTP/1.1\r\n{headers}\r\n").as_bytes()).await.unwrap();
    assert!(ok(&mut connection).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_head_of_more_than_a_mebibyte_is_refused() {
    let mut connection = open(4 << 20);
    let head = format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(2 << 20));
    connection.io.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    connection.io.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn chance_does_not_end_connections_of_http_1() {
    let mut connection = connect(Protocol::Http1, 1024, 1.0);
    for _ in 0..2 {
        connection.io.write_all(REQUEST).await.unwrap();
        ok(&mut connection).await;
    }
}
