//! Lists in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{ALL, Answer, Setup, TestServer, WORKFLOWS, item, workflow};

async fn with(names: &[&str]) -> TestServer {
    let server = TestServer::start().await;
    for name in names {
        server.has(workflow(name)).await;
    }
    server
}

fn names(list: &Value) -> String {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn token(list: &Value) -> &str {
    list["metadata"]["continue"].as_str().unwrap_or_default()
}

fn decoded(list: &Value) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token(list)).unwrap()).unwrap()
}

fn next_page(list: &Value, query: &str) -> String {
    format!("{WORKFLOWS}?continue={}&{query}", token(list))
}

#[tokio::test]
async fn pages_are_of_one_state_whatever_is_written_meanwhile() {
    let server = with(&["a", "b", "c", "d", "e"]).await;
    let first = server.read(format!("{WORKFLOWS}?limit=2")).await;
    server.delete(item("c")).await.expect(200);
    server.has(workflow("aa")).await;
    server.has(workflow("dd")).await;
    let second = server.read(next_page(&first, "limit=2")).await;
    let third = server.read(next_page(&second, "limit=2")).await;
    assert_eq!([names(&first), names(&second), names(&third)], ["a b", "c d", "e"]);
    for page in [&first, &second, &third] {
        assert_eq!(page["metadata"]["resourceVersion"], "6");
    }
    let left = [&first, &second, &third].map(|page| page["metadata"]["remainingItemCount"].clone());
    assert_eq!(left, [json!(3), json!(1), Value::Null]);
    assert_eq!(third["metadata"], json!({"resourceVersion": "6"}));
}

#[tokio::test]
async fn a_page_that_takes_all_has_no_token() {
    let server = with(&["a", "b"]).await;
    let list = server.read(format!("{WORKFLOWS}?limit=2")).await;
    assert_eq!(list["metadata"], json!({"resourceVersion": "3"}));
}

#[tokio::test]
async fn with_selectors_pages_are_full_but_what_remains_is_not_counted() {
    let server = TestServer::start().await;
    for number in 0..20 {
        let label = if number % 5 == 0 { "yes" } else { "no" };
        server.has(workflow(&format!("w{number:02}")).with_label("fifth", label)).await;
    }
    let first = server.read(format!("{WORKFLOWS}?limit=3&labelSelector=fifth%3Dyes")).await;
    assert_eq!(names(&first), "w00 w05 w10");
    assert_eq!(first["metadata"]["remainingItemCount"], Value::Null);
    let second = server.read(next_page(&first, "limit=3&labelSelector=fifth%3Dyes")).await;
    assert_eq!((names(&second), token(&second)), ("w15".to_owned(), ""));
}

#[tokio::test]
async fn pages_go_through_all_namespaces() {
    let server = TestServer::start().await;
    for namespace in ["a", "b", "c"] {
        server.has(workflow("same").in_namespace(namespace)).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{ALL}?limit=1");
    loop {
        let page = server.read(&path).await;
        seen.push(page["items"][0]["metadata"]["namespace"].as_str().unwrap().to_owned());
        if token(&page).is_empty() {
            break;
        }
        path = format!("{ALL}?limit=1&continue={}", token(&page));
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_namespace_that_is_selected_narrows_the_list_as_one_in_the_path_does() {
    let server = TestServer::start().await;
    for namespace in ["default", "other"] {
        server.has(workflow("a").in_namespace(namespace)).await;
        server.has(workflow("b").in_namespace(namespace)).await;
    }
    let path = format!("{ALL}?limit=1&fieldSelector=metadata.namespace%3Dother");
    let page = server.read(&path).await;
    assert_eq!(decoded(&page), json!({"v": "meta.k8s.io/v1", "rv": 5, "start": "a\u{0}"}));
    let rest = server.read(format!("{path}&continue={}", token(&page))).await;
    assert_eq!((names(&rest), token(&rest)), ("b".to_owned(), ""));
    assert_eq!(rest["items"][0]["metadata"]["namespace"], "other");
}

#[tokio::test]
async fn a_limit_is_ignored_when_any_state_will_do() {
    let server = with(&["a", "b"]).await;
    let list = server.read(format!("{WORKFLOWS}?limit=1&resourceVersion=0")).await;
    assert_eq!((names(&list), token(&list)), ("a b".to_owned(), ""));
}

#[tokio::test]
async fn a_limit_of_zero_or_less_is_none() {
    let server = with(&["a", "b"]).await;
    for limit in ["0", "-1"] {
        assert_eq!(names(&server.read(format!("{WORKFLOWS}?limit={limit}")).await), "a b");
    }
}

#[tokio::test]
async fn the_rest_can_be_taken_without_a_limit() {
    let server = with(&["a", "b", "c"]).await;
    let first = server.read(format!("{WORKFLOWS}?limit=1")).await;
    assert_eq!(names(&server.read(next_page(&first, "")).await), "b c");
}

#[tokio::test]
async fn a_token_says_where_and_when() {
    let server = with(&["a", "b"]).await;
    let first = server.read(format!("{WORKFLOWS}?limit=1")).await;
    assert_eq!(decoded(&first), json!({"v": "meta.k8s.io/v1", "rv": 3, "start": "a\u{0}"}));
    let first = server.read(format!("{ALL}?limit=1")).await;
    assert_eq!(decoded(&first), json!({"v": "meta.k8s.io/v1", "rv": 3, "start": "default/a\u{0}"}));
}

/// A server whose window has moved past the token of a first page.
async fn expired() -> (TestServer, Answer) {
    let server = Setup::default().remembering(3).start().await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    let first = server.read(format!("{WORKFLOWS}?limit=1")).await;
    for name in ["d", "e", "f", "g"] {
        server.has(workflow(name)).await;
    }
    let answer = server.get(next_page(&first, "limit=1")).await;
    (server, answer)
}

#[tokio::test]
async fn an_expired_token_comes_with_a_fresh_one() {
    let (server, answer) = expired().await;
    let status = answer.any_failure(410, "Expired");
    let message = status["message"].as_str().unwrap();
    let expected = "The provided continue parameter is too old to display a consistent list result. You can start \
                    a new list without the continue parameter, or use the continue token in this response to \
                    retrieve the remainder of the results. Continuing with the provided token results in an \
                    inconsistent list - objects that were created, modified, or deleted between the time the \
                    first chunk was returned and now may show up in the list.";
    assert_eq!(message, expected);
    assert_eq!(decoded(&status), json!({"v": "meta.k8s.io/v1", "rv": -1, "start": "a\u{0}"}));
    let rest = server.read(next_page(&status, "")).await;
    assert_eq!(names(&rest), "b c d e f g");
    assert_eq!(rest["metadata"]["resourceVersion"], "8");
}

#[tokio::test]
async fn pages_after_a_fresh_token_are_of_one_state_again() {
    let (server, answer) = expired().await;
    let second = server.read(next_page(&answer.json(), "limit=2")).await;
    assert_eq!(names(&second), "b c");
    server.delete(item("d")).await.expect(200);
    assert_eq!(names(&server.read(next_page(&second, "")).await), "d e f g");
}

#[tokio::test]
async fn a_token_of_an_unknown_making_is_refused() {
    let server = with(&["a"]).await;
    let forged = [
        "!".to_owned(),
        "abc".to_owned(),
        URL_SAFE_NO_PAD.encode(r#"{"v":"meta.k8s.io/v1","rv":0,"start":"x"}"#),
    ];
    for token in forged {
        let answer = server.get(format!("{WORKFLOWS}?continue={token}")).await;
        let status = answer.any_failure(400, "BadRequest");
        let message = status["message"].as_str().unwrap();
        assert!(message.starts_with("invalid continue token: continue key is not valid: "), "{message}");
    }
    for (token, why) in [
        (r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../../x"}"#, "../../x"),
        (r#"{"v":"v0","rv":1,"start":"x"}"#, "server does not recognize this encoded version v0"),
    ] {
        let path = format!("{WORKFLOWS}?continue={}", URL_SAFE_NO_PAD.encode(token));
        let message = format!("invalid continue token: continue key is not valid: {why}");
        server.get(path).await.failure(400, "BadRequest", &message);
    }
}

#[tokio::test]
async fn a_token_and_a_version_contradict_each_other() {
    let server = with(&["a", "b"]).await;
    let first = server.read(format!("{WORKFLOWS}?limit=1")).await;
    let message = "specifying resource version is not allowed when using continue";
    server.get(next_page(&first, "resourceVersion=1")).await.failure(400, "BadRequest", message);
    server.get(next_page(&first, "resourceVersion=0")).await.expect(200);
}
