//! One connection: how it is made, what is set on it, and the statements that are prepared on it.
//!
//! Nothing here waits without end: the server is told how long a statement may take, and is given up when it does
//! not even say that it took too long. What was given up is not used again.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, Row, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::PostgresConfig;
use super::fault::Fault;
use super::tls::TlsFileError;

/// How long it may take until a connection can be used, whatever the number of hosts.
const CONNECT: Duration = Duration::from_secs(6);

/// By how much a statement is given more time here than there, so that the server's own answer comes first.
const GRACE: Duration = Duration::from_secs(1);

/// How long a transaction may wait for its client, while others wait for it.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(3);

/// The values of a statement's parameters.
pub(super) type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Where sessions lead to.
pub(super) struct Endpoint {
    config: PostgresConfig,
    tls: MakeRustlsConnect,
}

/// What a session is for.
#[derive(Clone, Debug)]
pub(super) struct Purpose {
    /// How long a statement may take.
    pub(super) patience: Duration,
    /// Who is told of notifications, and of the end of the session.
    pub(super) listener: Option<watch::Sender<()>>,
}

/// A connection that is set up.
pub(super) struct Session {
    client: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
    driver: AbortHandle,
    given_up: AtomicBool,
    patience: Duration,
}

impl Endpoint {
    /// Reads the files that are named for TLS; connects to nobody.
    pub(super) fn new(config: PostgresConfig) -> Result<Self, TlsFileError> {
        let tls = config.tls.connector()?;
        Ok(Self { config, tls })
    }

    pub(super) fn config(&self) -> &PostgresConfig {
        &self.config
    }

    /// Makes a session.
    pub(super) async fn connect(&self, purpose: &Purpose) -> Result<Session, Fault> {
        within(CONNECT, self.connect_at_last(purpose)).await
    }

    async fn connect_at_last(&self, purpose: &Purpose) -> Result<Session, Fault> {
        let (client, connection) = self.config.server.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(drive(connection, purpose.listener.clone())).abort_handle();
        let session = Session {
            client,
            prepared: Mutex::default(),
            driver,
            given_up: AtomicBool::new(false),
            patience: purpose.patience,
        };
        session.client.batch_execute(&settings(&self.config.schema, purpose)).await?;
        Ok(session)
    }
}

/// Returns the statements that set up a session. A commit has to be durable when it is answered, so that is the
/// least it is set to.
fn settings(schema: &str, purpose: &Purpose) -> String {
    let patience = purpose.patience.as_millis();
    let idle = IDLE_IN_TRANSACTION.as_millis();
    let listen = if purpose.listener.is_some() { format!("LISTEN {schema};") } else { String::new() };
    format!(
        "SET search_path TO {schema};
         SET default_transaction_isolation TO 'read committed';
         SET statement_timeout TO {patience};
         SET lock_timeout TO {patience};
         SET idle_in_transaction_session_timeout TO {idle};
         SET tcp_keepalives_idle TO 15;
         SET tcp_keepalives_interval TO 5;
         SET tcp_keepalives_count TO 3;
         SET client_min_messages TO warning;
         SET jit TO off;
         SELECT set_config('synchronous_commit', 'on', false)
         WHERE current_setting('synchronous_commit') IN ('off', 'local');
         {listen}"
    )
}

/// Moves bytes until the connection ends.
async fn drive<T>(mut connection: Connection<Socket, T>, listener: Option<watch::Sender<()>>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let tell = || listener.as_ref().map(|listener| listener.send_replace(()));
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    while let Some(Ok(message)) = messages.next().await {
        if matches!(message, AsyncMessage::Notification(_)) {
            tell();
        }
    }
    drop(messages);
    tell();
}

impl Session {
    /// Returns all rows.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Fault> {
        let rows = self.bounded(async {
            let statement = self.statement(sql).await?;
            Ok(self.client.query(&statement, parameters).await?)
        });
        rows.await
    }

    /// Hands rows to `take` as they come, until it has enough.
    pub(super) async fn read(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
        mut take: impl FnMut(&Row) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let read = self.bounded(async {
            let statement = self.statement(sql).await?;
            let mut rows = pin!(self.client.query_raw(&statement, parameters.iter().copied()).await?);
            while let Some(row) = rows.next().await {
                if take(&row?)?.is_break() {
                    break;
                }
            }
            Ok(())
        });
        read.await
    }

    /// Returns a statement, prepared on first use.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = self.prepared.lock().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.lock().insert(sql, statement.clone());
        Ok(statement)
    }

    /// Returns the connection itself, for several statements at once.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Gives the session up when `work` takes longer than it may.
    pub(super) async fn bounded<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let done = within(self.patience + GRACE, work).await;
        if done.as_ref().is_err_and(Fault::is_of_the_connection) {
            self.give_up();
        }
        done
    }

    /// Ends the session, whatever is under way on it.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
        self.driver.abort();
    }

    /// Tells whether the session can be used.
    pub(super) fn is_open(&self) -> bool {
        !self.given_up.load(Ordering::Acquire) && !self.client.is_closed()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A server that does not answer would keep the task, and with it the socket, for ever.
        self.driver.abort();
    }
}

/// Gives up after `patience`.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    timeout(patience, work).await.unwrap_or(Err(Fault::Silent(patience)))
}

impl Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

impl Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("open", &self.is_open()).finish_non_exhaustive()
    }
}
