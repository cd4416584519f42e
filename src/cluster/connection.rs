//! How the cluster is found: by a kubeconfig, or around this pod.

use std::path::Path;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::failure::Hint;

/// Returns a client of the cluster that `kubeconfig` leads to, or else of the one that this process is a pod of;
/// the files of a pod are read again as they change. Nothing is asked of the cluster yet.
///
/// # Errors
///
/// The kubeconfig cannot be used, or there is none and this is no pod.
pub(crate) async fn connect(kubeconfig: Option<&Path>) -> anyhow::Result<Client> {
    let mut config = match kubeconfig {
        Some(path) => from_file(path).await?,
        None => around_this_pod().hint(
            "--kubeconfig FILE leads to a cluster from outside; wfctl serve --dev serves without any",
        )?,
    };
    config.proxy_url = None;
    config.default_retry = false;
    client(config)
}

/// Returns the cluster around this pod.
pub(super) fn around_this_pod() -> anyhow::Result<Config> {
    Config::incluster().context("cannot find the cluster that this is a pod of")
}

/// Returns a client; nothing is asked yet.
pub(super) fn client(config: Config) -> anyhow::Result<Client> {
    Client::try_from(config).context("cannot make a client of the cluster")
}

async fn from_file(path: &Path) -> anyhow::Result<Config> {
    let read = async {
        let kubeconfig = Kubeconfig::read_from(path)?;
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await
    };
    read.await.with_context(|| format!("cannot use kubeconfig {}", path.display()))
}
