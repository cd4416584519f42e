//! What is measured and for how long, from the command line.

use std::time::Duration;

use anyhow::{Context, bail};

pub(crate) const HELP: &str = "\
Measures the release binary: cargo bench --bench bench -- [OPTIONS]

  --objects N          objects in the store, a multiple of 1,000 [default: 10000]
  --seconds S          how long each read and update is measured [default: 2]
  --connections N      HTTP/2 connections that share the requests [default: 4]
  --watchers N         watchers, each with a connection of its own [default: 100]
  --events N           events sent to all of them [default: 500]
  --at-once LIST       numbers of requests at once [default: 16,64]
  --only LIST          operations to measure, by the beginnings of their names [default: all]
  --storage WHERE      postgres or etcd: one that is started for the run and waits for the disk, as far as it is
                       installed; or the URL of an empty store [default: sled in a directory of its own]
  --replicas N         servers that share the storage, and the connections [default: 1]
  --server PATH        the wfctl to measure [default: the one that was just built]";

/// What a run measures.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) objects: usize,
    pub(crate) time: Duration,
    pub(crate) connections: usize,
    pub(crate) watchers: usize,
    pub(crate) events: usize,
    pub(crate) at_once: Vec<usize>,
    only: Vec<String>,
    pub(crate) storage: Option<String>,
    pub(crate) replicas: usize,
    pub(crate) server: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            objects: 10_000,
            time: Duration::from_secs(2),
            connections: 4,
            watchers: 100,
            events: 500,
            at_once: vec![16, 64],
            only: Vec::new(),
            storage: None,
            replicas: 1,
            server: env!("CARGO_BIN_EXE_wfctl").to_owned(),
        }
    }
}

impl Options {
    /// Reads the command line; none when only help was asked for.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut options = Self::default();
        // Cargo adds `--bench`.
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(flag) = arguments.next() {
            if flag == "--help" || flag == "-h" {
                return Ok(None);
            }
            let value = arguments.next().with_context(|| format!("{flag} needs a value"))?;
            options.set(&flag, &value).with_context(|| format!("{flag} {value} is no option of this"))?;
        }
        if !options.objects.is_multiple_of(1000) || options.objects == 0 {
            bail!("--objects has to be a multiple of 1,000");
        }
        match (options.replicas, &options.storage) {
            (0, _) => bail!("--replicas has to be at least 1"),
            (2.., None) => {
                bail!("--replicas needs storage that servers can share: --storage postgres or etcd")
            }
            _ => {}
        }
        Ok(Some(options))
    }

    fn set(&mut self, flag: &str, value: &str) -> anyhow::Result<()> {
        match flag {
            "--objects" => self.objects = value.parse()?,
            "--seconds" => self.time = Duration::try_from_secs_f64(value.parse()?)?,
            "--connections" => self.connections = value.parse()?,
            "--watchers" => self.watchers = value.parse()?,
            "--events" => self.events = value.parse()?,
            "--at-once" => self.at_once = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            "--storage" => self.storage = Some(value.to_owned()),
            "--replicas" => self.replicas = value.parse()?,
            "--server" => value.clone_into(&mut self.server),
            _ => bail!("unknown"),
        }
        Ok(())
    }

    /// Tells whether an operation is to be measured.
    pub(crate) fn wants(&self, operation: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|start| operation.starts_with(start))
    }
}
