//! Records the answers of a kube-apiserver and of a sample-apiserver.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::Config;
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use super::answer::{self, Answer};
use super::normalize::Normalizer;
use super::replay::Recording;
use super::sample::Sample;
use super::scenario::{Run, Step, Topic};
use super::server::Server;
use super::target::{Reference, Target};
use super::{crd, files};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const NAMESPACES: &str = "/api/v1/namespaces";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
#[ignore = "needs a kube-apiserver and the programs of a sample-apiserver: make record-differential"]
async fn record() {
    let cluster = Cluster::of_kubeconfig().await;
    cluster.define().await;
    let sample = Sample::start().await;
    for run in Run::all() {
        let recording = match run.reference {
            Reference::Crd | Reference::Ingress => cluster.record(&run, &cluster.0).await,
            Reference::Wardle => cluster.record(&run, &sample.server).await,
        };
        let text = serde_json::to_string_pretty(&recording).unwrap() + "\n";
        files::write(&run.file(), &text);
    }
    cluster.forget().await;
}

/// A cluster that nobody minds being written to.
struct Cluster(Server);

impl Cluster {
    /// Returns the cluster of the current context.
    async fn of_kubeconfig() -> Self {
        let config = Config::infer().await.unwrap();
        Self(Server::Cluster(kube::Client::try_from(config).unwrap()))
    }

    /// Makes the custom resource, and waits until it is served.
    async fn define(&self) {
        call(&self.0, Method::POST, DEFINITIONS, &crd::read()).await;
        let target = Reference::Crd.target();
        let path = format!("/apis/{}/{}", target.api_version(), target.plural);
        let mut tick = interval(Duration::from_millis(200));
        let served = async {
            while call(&self.0, Method::GET, &path, &Value::Null).await["kind"] == "Status" {
                tick.tick().await;
            }
        };
        timeout(PATIENCE, served).await.expect("the custom resource is served");
    }

    /// Takes back what [`Self::define`] made.
    async fn forget(&self) {
        let path = format!("{DEFINITIONS}/{}", Reference::Crd.target().names()[0]);
        call(&self.0, Method::DELETE, &path, &Value::Null).await;
    }

    /// Records what a server answers that knows the namespaces of this cluster.
    async fn record(&self, run: &Run, server: &Server) -> Recording {
        let mut recording = Recording::new();
        for (name, steps) in Topic::read(&run.topic).scenarios {
            recording.insert(name, self.answers(&steps, run.reference, server).await);
        }
        recording
    }

    /// Runs a scenario in a namespace of its own.
    async fn answers(&self, steps: &[Step], reference: Reference, server: &Server) -> Vec<Answer> {
        let target = reference.target();
        let namespace = self.namespace().await;
        let answers = answer::run(steps, server, &target, &namespace).await;
        clean(server, &target, &namespace).await;
        call(&self.0, Method::DELETE, &format!("{NAMESPACES}/{namespace}"), &Value::Null).await;
        let normalizer = Normalizer::new(&answers, target, reference, &namespace);
        answers.into_iter().map(|answer| normalizer.answer(answer)).collect()
    }

    async fn namespace(&self) -> String {
        let wanted = json!({"metadata": {"generateName": "differential-"}});
        let made = call(&self.0, Method::POST, NAMESPACES, &wanted).await;
        made["metadata"]["name"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }
}

/// Leaves nothing in a namespace that waits for anybody, and nothing that the next scenario could see.
async fn clean(server: &Server, target: &Target, namespace: &str) {
    let objects = target.objects(namespace);
    let list = call(server, Method::GET, &objects, &Value::Null).await;
    for item in list["items"].as_array().into_iter().flatten() {
        let path = format!("{objects}/{}", item["metadata"]["name"].as_str().unwrap());
        call(server, Method::PATCH, &path, &json!({"metadata": {"finalizers": null}})).await;
    }
    for collection in &target.cluster_wide {
        call(server, Method::DELETE, collection, &Value::Null).await;
    }
}

async fn call(server: &Server, method: Method, path: &str, body: &Value) -> Value {
    let patch = method == Method::PATCH;
    let media_type = if patch { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let request = Request::builder().method(method).uri(path).header("content-type", media_type);
    let response = server.send(request.body(body).unwrap()).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap_or_default()
}
