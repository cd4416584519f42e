//! Where the objects of a run are kept: in directories, in a database that is started for the run, or elsewhere.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

#[path = "../../embedded-server/tests/etcd/server.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is made for tests")]
mod etcd;
#[path = "../../embedded-server/tests/postgres/server.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is made for tests")]
mod postgres;

/// What keeps the objects.
pub(crate) enum Storage {
    Directories,
    Elsewhere(String),
    Postgres(Box<postgres::Server>),
    Etcd(etcd::Server),
}

impl Storage {
    /// Starts what the command line asks for.
    pub(crate) fn start(asked: Option<&str>) -> anyhow::Result<Self> {
        Ok(match asked {
            None => Self::Directories,
            Some("postgres") => Self::Postgres(Box::new(durable_postgres())),
            Some("etcd") => Self::Etcd(etcd::Server::start_in(tempfile::tempdir()?, &[])),
            Some(url) => Self::Elsewhere(url.to_owned()),
        })
    }

    /// Returns the URL of the store of a directory; unless it is elsewhere, each directory has its own.
    pub(crate) fn url(&self, directory: &Path) -> String {
        let name: String = directory.to_string_lossy().bytes().map(|byte| format!("{byte:x}")).collect();
        let name = name.get(name.len().saturating_sub(32)..).unwrap_or_default();
        match self {
            Self::Directories => format!("sled:{}", directory.join("data").display()),
            Self::Elsewhere(url) => url.clone(),
            Self::Postgres(server) => format!("{}&schema=bench_{name}", server.url()),
            Self::Etcd(server) => format!("etcd://{}/{name}", server.address),
        }
    }

    /// Says what it is, with its version; a URL may hold a password.
    pub(crate) fn describe(&self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Directories => "sled in a directory".to_owned(),
            Self::Elsewhere(_) => "storage elsewhere".to_owned(),
            Self::Postgres(server) => format!("PostgreSQL {} here", server.sql("SHOW server_version")),
            Self::Etcd(_) => format!("{} here", etcd_version()?),
        })
    }
}

/// Starts a PostgreSQL that keeps what it has answered, unlike that of the tests.
fn durable_postgres() -> postgres::Server {
    let server = postgres::Server::start(None);
    for statement in
        ["ALTER SYSTEM SET fsync = on", "ALTER SYSTEM SET full_page_writes = on", "SELECT pg_reload_conf()"]
    {
        server.sql(statement);
    }
    server
}

fn etcd_version() -> anyhow::Result<String> {
    let program = std::env::var_os("ETCD").unwrap_or_else(|| "etcd".into());
    let told = Command::new(program).arg("--version").output()?.stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    Ok(told.lines().next().context("etcd does not say its version")?.replace(" Version:", ""))
}
