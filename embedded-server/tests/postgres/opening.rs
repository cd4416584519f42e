//! Which databases are opened, and what is said of others.

use embedded_server::storage::{PostgresError, Prefix, Revision};
use futures::StreamExt;
use futures::future::join_all;

use crate::{create, open, schema, shared, try_open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn several_processes_that_open_a_new_store_make_its_tables_once() {
    let server = shared();
    let url = server.empty();
    let stores = join_all((0..8).map(|_| open(&url))).await;
    let revision = create(&*stores[0], "a", "1").await;
    for store in &stores {
        assert_eq!(store.revision().await.unwrap(), revision);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn tables_of_a_newer_version_are_refused_naming_both_versions() {
    let server = shared();
    let url = server.empty();
    drop(open(&url).await);
    let schema = schema(&url);
    server.sql(&format!("INSERT INTO {schema}.migrations (version) VALUES (99)"));
    let error = try_open(&url).await.unwrap_err();
    assert!(matches!(error, PostgresError::NewerFormat { found: 99, supported: 1 }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_is_not_there_is_refused_at_once() {
    let server = shared();
    let error = try_open(&server.url().replace("/postgres?", "/nowhere?")).await.unwrap_err();
    assert!(matches!(error, PostgresError::Refused { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_user_who_may_make_no_tables_is_told() {
    let server = shared();
    server.sql("CREATE USER guest");
    let error = try_open(&server.empty().replace("tests@", "guest@")).await.unwrap_err();
    assert!(matches!(error, PostgresError::NotAllowed { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_user_whom_the_tables_were_made_for_needs_no_right_to_make_any() {
    let server = shared();
    let url = server.empty();
    drop(open(&url).await);
    let (schema, user) = (schema(&url), "tests_least");
    server.sql(&format!(
        "CREATE USER {user};
         GRANT USAGE ON SCHEMA {schema} TO {user};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
    ));
    server.sql(&format!("ALTER USER {user} RENAME TO known; ALTER USER known PASSWORD 'secret'"));
    let url = url.replace("tests@", "known@");
    let refused = try_open(&url.replace("known@", "known:wrong@")).await.unwrap_err();
    assert!(matches!(refused, PostgresError::Refused { .. }), "{refused:?}");
    assert!(!format!("{refused:?}").contains("wrong"), "{refused:?}");
    let store = open(&url.replace("known@", "known:secret@")).await;
    let revision = create(&*store, "a", "1").await;
    let mut watch = store.watch(&Prefix::all(), Revision::FIRST).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().up_to, revision);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_database_in_another_encoding_is_refused() {
    let server = shared();
    let name = server.unused_name();
    server.sql(&format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0"));
    let error = try_open(&server.url().replace("/postgres?", &format!("/{name}?"))).await.unwrap_err();
    assert!(matches!(error, PostgresError::Unsuitable { .. }), "{error:?}");
}
