//! What is owned.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, DeleteParams};

use super::server::{deploy, is_ready};
use crate::standin::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_deployment_made_goes_with_it() {
    for parameters in [DeleteParams::background(), DeleteParams::foreground()] {
        let cluster = Cluster::start().await;
        deploy(&cluster).await;
        cluster.until(is_ready).await;
        let deployments: Api<Deployment> = Api::namespaced(cluster.client(), "test");
        deployments.delete("server", &parameters).await.unwrap();
        let owned = ["apps/", "/pods/"];
        cluster
            .until(|contents| !contents.keys().any(|key| owned.iter().any(|start| key.starts_with(start))))
            .await;
    }
}
