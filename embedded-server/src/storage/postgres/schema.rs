//! The tables: made and brought up to date when a store is opened, by one process at a time.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::fault::Fault;
use super::session::{Endpoint, Purpose, Session};
use super::{BULK, PostgresError};

/// What leads from each version of the tables to the next. A released one is never changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql")];

/// What migrations lock, in each database.
const LOCK: i64 = 0x6170_6973_6572_7665;

/// The oldest server that is known to do: `server_version_num`.
const OLDEST_SERVER: i32 = 130_000;

const FOUND: &str = "SELECT to_regclass('migrations') IS NOT NULL, to_regnamespace($1) IS NOT NULL";

const SERVER: &str = "
    SELECT current_setting('server_version_num')::int, current_setting('server_version'),
        getdatabaseencoding(), current_setting('fsync')";

/// Makes the tables where they are missing and brings them up to date.
pub(super) async fn prepare(endpoint: &Endpoint) -> Result<(), PostgresError> {
    let failed = |fault| failed(endpoint, fault);
    let session = endpoint.connect(&Purpose { patience: BULK, listener: None }).await.map_err(failed)?;
    check_server(&session).await.map_err(failed)?.map_err(|what| PostgresError::Unsuitable { what })?;
    let found = session.bounded(migrate(session.client(), &endpoint.config().schema)).await;
    let found = found.map_err(failed)?;
    match version(MIGRATIONS.len()) {
        supported if found > supported => Err(PostgresError::NewerFormat { found, supported }),
        _ => Ok(()),
    }
}

/// Returns what is wrong with the server, if anything is.
async fn check_server(session: &Session) -> Result<Result<(), String>, Fault> {
    let rows = session.query(SERVER, &[]).await?;
    let row = rows.first().ok_or(Fault::Malformed("the server does not say what it is"))?;
    let (number, name, encoding): (i32, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if row.try_get::<_, &str>(3)? != "on" {
        tracing::warn!("fsync is off in PostgreSQL: what was written can be lost when its machine fails");
    }
    Ok(match () {
        () if number < OLDEST_SERVER => {
            Err(format!("it is version {name}; version 13 is the oldest that does"))
        }
        () if encoding != "UTF8" => Err(format!("its database has the encoding {encoding} rather than UTF8")),
        () => Ok(()),
    })
}

/// Brings the tables up to date in one transaction; returns their version, which may be one that is not known.
async fn migrate(client: &Client, schema: &str) -> Result<i32, Fault> {
    client.batch_execute("BEGIN").await?;
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let row = client.query_one(FOUND, &[&schema]).await?;
    let (has_migrations, has_schema): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    if !has_schema {
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    if !has_migrations {
        client
            .batch_execute(
                "CREATE TABLE migrations (version int PRIMARY KEY, made timestamptz DEFAULT now())",
            )
            .await?;
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM migrations", &[]).await?;
    let found = row.try_get(0)?;
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        let version = version(index + 1);
        if version > found {
            client.batch_execute(migration).await?;
            client.execute("INSERT INTO migrations (version) VALUES ($1)", &[&version]).await?;
            tracing::info!(version, "the tables in PostgreSQL are brought up to date");
        }
    }
    client.batch_execute("COMMIT").await?;
    Ok(found)
}

fn version(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Tells what a failure at opening means.
pub(super) fn failed(endpoint: &Endpoint, fault: Fault) -> PostgresError {
    let hosts = endpoint.config().hosts();
    match fault.code() {
        None => PostgresError::Unreachable { hosts, source: fault.into() },
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => PostgresError::NotAllowed { source: fault.into() },
        Some(code) if code.code().starts_with("57P") || code.code().starts_with("53") => {
            PostgresError::Unreachable { hosts, source: fault.into() }
        }
        Some(_) => PostgresError::Refused { hosts, source: fault.into() },
    }
}
