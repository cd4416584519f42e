//! What people see who ask the database itself.

use crate::{create, key, open, schema, shared};
use embedded_server::storage::Write;

const OBJECT: &str = r#"{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"ns",
    "labels":{"color":"red"},"creationTimestamp":"2026-01-02T03:04:05Z"},"status":{"phase":"Running"}}"#;

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn objects_can_be_queried_by_name_namespace_labels_and_phase() {
    let server = shared();
    let url = server.empty();
    let store = open(&url).await;
    create(&*store, "a", OBJECT).await;
    let schema = schema(&url);
    let found = server.sql(&format!(
        "SELECT kind, namespace, name, phase, created AT TIME ZONE 'UTC', updated > now() - interval '1 hour', revision
         FROM {schema}.objects WHERE labels ->> 'color' = 'red'"
    ));
    assert_eq!(found, "Thing|ns|a|Running|2026-01-02 03:04:05|t|2");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_is_queried_is_what_stands() {
    let server = shared();
    let url = server.empty();
    let store = open(&url).await;
    let schema = schema(&url);
    let phase = || server.sql(&format!("SELECT data -> 'phase' FROM {schema}.objects"));
    let created = create(&*store, "a", r#"{"phase":1}"#).await;
    let write = Write::Update { expect: created, value: r#"{"phase":2}"#.into() };
    let updated = store.commit(&key("a"), write).await.unwrap();
    assert_eq!(phase(), "2");
    store.commit(&key("a"), Write::Delete { expect: updated }).await.unwrap();
    assert_eq!(phase(), "");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_jsonb_cannot_hold_is_stored_all_the_same() {
    let server = shared();
    let url = server.empty();
    let store = open(&url).await;
    let values = [
        ("nul", r#"{"a":"x\u0000\u0000y","b":"\\u0000"}"#, r#"{"a": "x��y", "b": "\\u0000"}"#),
        ("large number", r#"{"a":1e999999}"#, ""),
        ("no json", "what", ""),
    ];
    let schema = schema(&url);
    for (name, value, seen) in values {
        create(&*store, name, value).await;
        assert_eq!(store.get(&key(name)).await.unwrap().unwrap().value, value, "{name}");
        let data = server.sql(&format!("SELECT data FROM {schema}.heads WHERE key = '{}'", key(name)));
        assert_eq!(data, seen, "{name}");
    }
}
