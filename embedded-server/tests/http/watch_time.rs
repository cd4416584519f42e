//! Watches over time, under a paused clock.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::{API_VERSION, Setup, WORKFLOWS, item, workflow};

#[tokio::test(start_paused = true)]
async fn a_watch_ends_after_the_seconds_it_asks_for() {
    let server = Setup::default().without_sockets().await;
    let started = Instant::now();
    let events = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=0&timeoutSeconds=7")).events().await;
    assert!(events.rest().await.is_empty());
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_on_time_however_much_happens() {
    let server = Setup::default().without_sockets().await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&timeoutSeconds=3");
    let mut events = server.get(path).events().await;
    server.has(workflow("a")).await;
    server.delete(item("a")).await.expect(200);
    tokio::time::advance(Duration::from_secs(4)).await;
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_by_itself_after_half_an_hour_to_an_hour() {
    let server = Setup::default().without_sockets().await;
    let started = Instant::now();
    let events = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=0")).events().await;
    assert!(events.rest().await.is_empty());
    assert!((1800..=3600).contains(&started.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_requests_is_none_of_a_watch_s() {
    let server = Setup::default().without_sockets().await;
    let started = Instant::now();
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&timeout=1s&timeoutSeconds=90");
    assert!(server.get(path).events().await.rest().await.is_empty());
    assert_eq!(started.elapsed().as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_every_minute_and_before_the_end() {
    let server = Setup::default().without_sockets().await;
    server.has(workflow("a")).await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=2&allowWatchBookmarks=true&timeoutSeconds=150");
    let mut events = server.get(path).events().await;
    let started = Instant::now();
    for (seconds, name) in [(60, "b"), (120, "c"), (148, "")] {
        let bookmark = events.expect("BOOKMARK").await;
        assert_eq!(started.elapsed().as_secs(), seconds);
        assert_eq!(bookmark["metadata"].as_object().unwrap().len(), 1, "{bookmark}");
        assert_eq!((&bookmark["kind"], &bookmark["apiVersion"]), (&json!("Workflow"), &json!(API_VERSION)));
        if !name.is_empty() {
            // Written elsewhere: the bookmark follows the store, not the watched objects.
            server.has(workflow(name).in_namespace("other")).await;
        }
    }
    assert!(events.next().await.is_none());
    assert_eq!(started.elapsed().as_secs(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_tells_of_progress_that_others_made() {
    let server = Setup::default().without_sockets().await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&allowWatchBookmarks=true");
    let mut events = server.get(path).events().await;
    assert_eq!(events.spelled().await, "BOOKMARK @1");
    server.has(workflow("a").in_namespace("other")).await;
    assert_eq!(events.spelled().await, "BOOKMARK @2");
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_bookmark_who_did_not_ask() {
    let server = Setup::default().without_sockets().await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&timeoutSeconds=600");
    assert!(server.get(path).events().await.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_state_that_never_comes_is_told_in_the_stream() {
    let server = Setup::default().without_sockets().await;
    let started = Instant::now();
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=9";
    let mut events = server.get(format!("{WORKFLOWS}?watch=1&{query}")).events().await;
    assert_eq!(events.head.status, 200);
    let status = events.expect("ERROR").await;
    assert_eq!((status["code"].as_i64(), status["reason"].as_str()), (Some(504), Some("Timeout")));
    assert_eq!(status["message"], "Timeout: Too large resource version: 9, current: 1");
    assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    assert_eq!(started.elapsed().as_secs(), 3);
    assert!(events.next().await.is_none());
}
