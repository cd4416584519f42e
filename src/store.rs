//! Opens what a storage URL names: the one place that knows the backends.

mod content;
pub(crate) mod migration;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use embedded_server::storage::{
    Backend, Etcd, EtcdConfig, Memory, OpenError, Postgres, PostgresConfig, PostgresError, PostgresOptions,
    Sled, SledOptions,
};

pub(crate) use self::content::Content;
use crate::config::StorageUrl;
use crate::failure::Hint;

/// Opens the store, and makes it where it is missing; until it is closed no other process can use it.
///
/// # Errors
///
/// It is in use, damaged, of a newer version or out of reach.
pub(crate) async fn open(storage: &StorageUrl) -> anyhow::Result<Arc<dyn Backend>> {
    match storage {
        StorageUrl::Memory => Ok(Arc::new(Memory::new())),
        StorageUrl::Sled(path) => open_directory(path.clone()).await,
        StorageUrl::Postgres(config) => open_postgres(config).await,
        StorageUrl::Etcd(config) => open_etcd(config.clone()).await,
    }
}

/// Opens the store for a server.
///
/// # Errors
///
/// As [`open`], or a migration into it is not done.
pub(crate) async fn open_filled(storage: &StorageUrl) -> anyhow::Result<Arc<dyn Backend>> {
    let store = open(storage).await?;
    if let Err(error) = migration::refuse_half(&*store).await {
        store.close().await;
        return Err(error);
    }
    Ok(store)
}

/// Opens a store that is there: nothing is made.
///
/// # Errors
///
/// As [`open`], or there is none.
pub(crate) async fn open_existing(storage: &StorageUrl) -> anyhow::Result<Arc<dyn Backend>> {
    match storage {
        StorageUrl::Sled(path) => check_existing(path)?,
        StorageUrl::Memory | StorageUrl::Postgres(_) | StorageUrl::Etcd(_) => {}
    }
    open(storage).await
}

fn check_existing(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    match Sled::exists(path).with_context(|| format!("cannot look into {shown}"))? {
        true => Ok(()),
        false => Err(anyhow!("there is no store in {shown}"))
            .hint("sled:PATH names the directory that wfctl serve --storage sled:PATH was given"),
    }
}

async fn open_directory(path: PathBuf) -> anyhow::Result<Arc<dyn Backend>> {
    let opened = tokio::task::spawn_blocking(move || Sled::open(&path, SledOptions::default())).await?;
    match opened {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => {
            let hint = open_hint(&error);
            Err(error).context("cannot open the store").hint(hint)
        }
    }
}

async fn open_etcd(config: EtcdConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let servers = config.endpoints.join(", ");
    let opened = Etcd::open(config).await;
    let store = opened.with_context(|| format!("cannot open the store in etcd at {servers}"));
    Ok(Arc::new(store.hint("the URL names the servers, and with ca=, cert= and key= the files for TLS")?))
}

/// Opens a store in a database. A URL without a password gets the one that other clients of PostgreSQL take, too.
async fn open_postgres(config: &PostgresConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let config = match std::env::var("PGPASSWORD") {
        Ok(password) => config.clone().or_password(&password),
        Err(_) => config.clone(),
    };
    match Postgres::open(config, PostgresOptions::default()).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => {
            let hint = postgres_hint(&error);
            Err(error).context("cannot open the store").hint(hint)
        }
    }
}

fn postgres_hint(error: &PostgresError) -> &'static str {
    match error {
        PostgresError::TlsFile(_) => "sslrootcert, sslcert and sslkey name files in PEM",
        PostgresError::Unreachable { .. } => {
            "psql with the same URL shows whether the server can be reached from here"
        }
        PostgresError::Refused { .. } => {
            "postgres://USER@HOST/DB names a user and a database; PGPASSWORD holds a password"
        }
        PostgresError::NotAllowed { .. } => {
            "make the user the owner of the database: ALTER DATABASE name OWNER TO user"
        }
        PostgresError::Unsuitable { .. } => {
            "createdb --encoding UTF8 --template template0 makes a database that does"
        }
        PostgresError::NewerFormat { .. } => {
            "replicas of an earlier version end when the tables are brought up to date"
        }
    }
}

fn open_hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::Locked { .. } => "stop the server that uses it, or name another directory: sled:PATH",
        OpenError::NotADirectory { .. } => "sled:PATH names a directory, made where it is missing",
        _ => "sled:PATH may name another directory, which is then empty at first",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_cannot_be_opened_comes_with_a_hint() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = open(&StorageUrl::Sled(file.path().to_owned())).await.unwrap_err();
        assert_eq!(crate::failure::hints(&error).count(), 1, "{error:#}");
    }

    #[tokio::test]
    async fn looking_for_a_store_makes_none() {
        let directory = tempfile::tempdir().unwrap();
        let url = StorageUrl::Sled(directory.path().join("data"));
        let error = open_existing(&url).await.unwrap_err();
        assert!(error.to_string().starts_with("there is no store in "), "{error:#}");
        assert!(!directory.path().join("data").exists());
        open(&url).await.unwrap().close().await;
        open_existing(&url).await.unwrap().close().await;
    }
}
