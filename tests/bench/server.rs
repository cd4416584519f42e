//! A server under measurement: the real binary.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::client::{Access, Connection};
use crate::process;

const PATIENCE: Duration = Duration::from_secs(120);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) access: Access,
    /// The time from the start of the process to the first answer that it is ready.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts a program on a store, with what it writes under its number in `directory`, and waits until it is ready.
    pub(crate) async fn start(
        program: &str,
        storage: &str,
        directory: &Path,
        number: usize,
    ) -> anyhow::Result<Self> {
        let kubeconfig = directory.join(format!("kubeconfig-{number}"));
        if kubeconfig.exists() {
            fs::remove_file(&kubeconfig)?;
        }
        let log = fs::File::create(directory.join(format!("log-{number}")))?;
        let started = Instant::now();
        let child = Command::new(program)
            .args(["serve", "--dev", "--secure-port", "0"])
            .env("WFCTL_STORAGE", storage)
            .arg("--write-kubeconfig")
            .arg(&kubeconfig)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut server = Self { child, access: Access::default(), start: Duration::ZERO };
        server.access = server.wait_for(&kubeconfig, started).await?;
        server.start = started.elapsed();
        Ok(server)
    }

    async fn wait_for(&mut self, kubeconfig: &Path, started: Instant) -> anyhow::Result<Access> {
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if let Ok(access) = Access::read(kubeconfig)
                && ready(&access).await.is_ok()
            {
                return Ok(access);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the server was not ready in time");
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(self.child.id())
    }

    /// Returns the resident memory of the server, in MB.
    pub(crate) fn megabytes(&self) -> anyhow::Result<f64> {
        process::resident_megabytes(self.child.id())
    }

    /// Stops the server politely and waits until it is gone.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ready(access: &Access) -> anyhow::Result<()> {
    let answer = Connection::open(access).await?.get("/readyz").await?;
    if answer.code != 200 {
        bail!("not ready: {}", answer.code);
    }
    Ok(())
}
