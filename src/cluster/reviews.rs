//! TokenReview and SubjectAccessReview.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authentication::ReviewTokens;
use embedded_server::authorization::ReviewAccess;
use embedded_server::lookup::Failed;
use embedded_server::metrics::{DelegationMetrics, Metrics};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus};
use k8s_openapi::api::authorization::v1::{
    SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::failure::failed;

/// Returns who says whose a token is.
pub(crate) fn token_reviews(client: Client, metrics: Metrics) -> Arc<dyn ReviewTokens> {
    Arc::new(Reviews::<TokenReview> { api: Api::all(client), metrics })
}

/// Returns who says who may do what.
pub(crate) fn access_reviews(client: Client, metrics: Metrics) -> Arc<dyn ReviewAccess> {
    Arc::new(Reviews::<SubjectAccessReview> { api: Api::all(client), metrics })
}

#[derive(Debug)]
struct Reviews<K> {
    api: Api<K>,
    metrics: Metrics,
}

impl<K: Clone + Debug + DeserializeOwned + Serialize> Reviews<K> {
    async fn ask(&self, review: &K, counted: &DelegationMetrics) -> Result<K, Failed> {
        let began = Instant::now();
        let reviewed = self.api.create(&PostParams::default(), review).await;
        counted.asked(code(&reviewed), began.elapsed());
        reviewed.map_err(|error| failed(&error))
    }
}

fn code<K>(reviewed: &kube::Result<K>) -> Option<u16> {
    match reviewed {
        Ok(_) => Some(201),
        Err(kube::Error::Api(status)) => Some(status.code),
        Err(_) => None,
    }
}

#[async_trait]
impl ReviewTokens for Reviews<TokenReview> {
    async fn review(&self, spec: TokenReviewSpec) -> Result<TokenReviewStatus, Failed> {
        let review = TokenReview { spec, ..TokenReview::default() };
        let reviewed = self.ask(&review, self.metrics.delegated_authentication()).await?;
        reviewed.status.ok_or_else(without_status)
    }
}

#[async_trait]
impl ReviewAccess for Reviews<SubjectAccessReview> {
    async fn review(&self, spec: SubjectAccessReviewSpec) -> Result<SubjectAccessReviewStatus, Failed> {
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let reviewed = self.ask(&review, self.metrics.delegated_authorization()).await?;
        reviewed.status.ok_or_else(without_status)
    }
}

fn without_status() -> Failed {
    Failed::lasting("the cluster's review has no status")
}
