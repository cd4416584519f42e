//! The PostgreSQL backend with a real server: its promises, its failures, and what people see in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod history;
mod opening;
mod people;
mod promises;
mod relay;
mod server;
mod tls;

use std::sync::{Arc, OnceLock};

use embedded_server::storage::{
    Backend, Key, Postgres, PostgresError, PostgresOptions, Revision, Write, conformance,
};
use server::Server;

/// Returns the server that all tests share.
fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(None))
}

/// Opens a store that remembers as much as the checks of conformance need.
async fn try_open(url: &str) -> Result<Postgres, PostgresError> {
    let options = PostgresOptions { log_events: conformance::WINDOW as u64, ..PostgresOptions::default() };
    Postgres::open(url.parse().unwrap(), options).await
}

/// Returns the schema that the tables of a store are in.
fn schema(url: &str) -> &str {
    url.rsplit('=').next().unwrap()
}

async fn open(url: &str) -> Arc<dyn Backend> {
    Arc::new(try_open(url).await.unwrap())
}

fn key(name: &str) -> Key {
    Key::from_stored(&format!("g/things/ns/{name}"))
}

async fn create(store: &dyn Backend, name: &str, value: &str) -> Revision {
    store.commit(&key(name), Write::Create(value.to_owned().into())).await.unwrap()
}
