//! Certificate authorities in a file that may be exchanged while the server runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use embedded_server::authentication::Authorities;
use tokio::time::sleep;

use super::configuration::authorities;

/// How often the file is read. Source: `apiserver/pkg/server/dynamiccertificates/dynamic_cafile_content.go`.
const EVERY: Duration = Duration::from_secs(60);

/// A file with certificates in PEM, as it was read last.
#[derive(Debug)]
pub(crate) struct CaFile {
    path: PathBuf,
    content: Vec<u8>,
}

impl CaFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It is not there or holds no usable certificates.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<(Self, Authorities)> {
        let content = read(path).await?;
        let found = authorities(&content).with_context(|| format!("cannot use {}", path.display()))?;
        Ok((Self { path: path.to_owned(), content }, found))
    }

    /// Reads the file again and again, for as long as this is polled, and hands on what changed and can be used.
    pub(crate) async fn follow(mut self, changed: impl Fn(Authorities)) {
        loop {
            sleep(EVERY).await;
            match self.refresh().await {
                Ok(Some(found)) => changed(found),
                Ok(None) => {}
                Err(error) => tracing::warn!("{error:#}; what it held earlier still counts"),
            }
        }
    }

    async fn refresh(&mut self) -> anyhow::Result<Option<Authorities>> {
        let content = read(&self.path).await?;
        if content == self.content {
            return Ok(None);
        }
        let found = authorities(&content).with_context(|| format!("cannot use {}", self.path.display()))?;
        self.content = content;
        tracing::info!(path = %self.path.display(), "took over changed certificates");
        Ok(Some(found))
    }
}

async fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    tokio::fs::read(path).await.with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use embedded_server::clock::{Clock, SystemClock};

    use super::*;
    use crate::pki::Authority;

    fn pem() -> String {
        let authority = Authority::generate(SystemClock.now(), EVERY).unwrap();
        authority.certificate().to_owned()
    }

    #[tokio::test]
    async fn only_what_changed_and_can_be_used_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.crt");
        assert!(CaFile::open(&path).await.is_err());
        std::fs::write(&path, pem()).unwrap();
        let (mut file, _) = CaFile::open(&path).await.unwrap();
        assert!(file.refresh().await.unwrap().is_none());
        std::fs::write(&path, "garbage").unwrap();
        assert!(file.refresh().await.is_err());
        std::fs::write(&path, pem()).unwrap();
        assert!(file.refresh().await.unwrap().is_some());
        assert!(file.refresh().await.unwrap().is_none());
    }
}
