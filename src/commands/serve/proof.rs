//! The proof that a server answers: real requests by a real client, with the kubeconfig that users get.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use http::Request;
use kube::api::{Api, DynamicObject, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};

/// How long the proof may take altogether.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the server that `kubeconfig` leads to whether it is ready, and for its Workflows; returns how many
/// there are.
///
/// # Errors
///
/// The server cannot be reached, is not ready, does not answer in half a minute, or refuses.
pub(super) async fn prove(kubeconfig: &Path) -> anyhow::Result<usize> {
    tokio::time::timeout(PATIENCE, Box::pin(ask(kubeconfig))).await.context("no answer in 30 seconds")?
}

async fn ask(kubeconfig: &Path) -> anyhow::Result<usize> {
    let client = client(kubeconfig).await?;
    let readyz = client.request_text(Request::get("/readyz").body(Vec::new())?).await;
    let answer = readyz.context("/readyz failed")?;
    ensure!(answer.trim() == "ok", "/readyz says: {answer}");
    count(client).await.context("cannot list Workflows")
}

async fn client(path: &Path) -> anyhow::Result<Client> {
    let kubeconfig = Kubeconfig::read_from(path)?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    Ok(Client::try_from(config)?)
}

/// A page of one says how many more there are.
async fn count(client: Client) -> anyhow::Result<usize> {
    let kind = GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow");
    let workflows: Api<DynamicObject> = Api::all_with(client, &ApiResource::from_gvk(&kind));
    let page = workflows.list(&ListParams::default().limit(1)).await?;
    let remaining = page.metadata.remaining_item_count.unwrap_or(0);
    Ok(page.items.len().saturating_add(usize::try_from(remaining).unwrap_or(0)))
}
