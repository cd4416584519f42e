//! What is asked by its path: texts, documents, and lists of which little is wanted.

use http::Request;
use http::header::ACCEPT;
use serde_json::Value;

use super::access::Cluster;
use super::objects::ClusterError;

const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

impl Cluster {
    /// Returns the JSON at `path`.
    pub(crate) async fn json(&self, path: &str) -> Result<Value, ClusterError> {
        self.document(path, JSON).await
    }

    /// Returns the objects of the list at `path`, their metadata alone.
    pub(crate) async fn metadata(&self, path: &str) -> Result<Vec<Value>, ClusterError> {
        Ok(items(self.document(path, METADATA).await?))
    }

    /// Returns the groups of the API at `path`, `/api` or `/apis`, with all that each serves.
    pub(crate) async fn discovery(&self, path: &str) -> Result<Vec<Value>, ClusterError> {
        Ok(items(self.document(path, DISCOVERY).await?))
    }

    /// Returns the status and the text at `path`, whatever the status is.
    pub(crate) async fn text(&self, path: &str) -> Result<(u16, String), ClusterError> {
        let failed = |error: kube::Error| ClusterError::from_client("get", path, &error);
        let request = get(path, "*/*").map_err(failed)?;
        let answer = self.client.send(request.map(Into::into)).await.map_err(failed)?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect_bytes().await.map_err(failed)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn document(&self, path: &str, accept: &str) -> Result<Value, ClusterError> {
        let failed = |error: kube::Error| ClusterError::from_client("get", path, &error);
        self.client.request(get(path, accept).map_err(failed)?).await.map_err(failed)
    }
}

fn items(mut list: Value) -> Vec<Value> {
    list["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

fn get(path: &str, accept: &str) -> Result<Request<Vec<u8>>, kube::Error> {
    Request::get(path).header(ACCEPT, accept).body(Vec::new()).map_err(kube::Error::HttpError)
}
