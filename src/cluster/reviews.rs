//! TokenReview and SubjectAccessReview.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authentication::ReviewTokens;
use embedded_server::authorization::ReviewAccess;
use embedded_server::lookup::Failed;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus};
use k8s_openapi::api::authorization::v1::{
    SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::Client;
use kube::api::{Api, PostParams};

use super::failure::failed;

/// Returns who says whose a token is.
pub(crate) fn token_reviews(client: Client) -> Arc<dyn ReviewTokens> {
    Arc::new(Reviews::<TokenReview>(Api::all(client)))
}

/// Returns who says who may do what.
pub(crate) fn access_reviews(client: Client) -> Arc<dyn ReviewAccess> {
    Arc::new(Reviews::<SubjectAccessReview>(Api::all(client)))
}

#[derive(Debug)]
struct Reviews<K>(Api<K>);

#[async_trait]
impl ReviewTokens for Reviews<TokenReview> {
    async fn review(&self, spec: TokenReviewSpec) -> Result<TokenReviewStatus, Failed> {
        let review = TokenReview { spec, ..TokenReview::default() };
        let reviewed = self.0.create(&PostParams::default(), &review).await;
        reviewed.map_err(|error| failed(&error))?.status.ok_or_else(without_status)
    }
}

#[async_trait]
impl ReviewAccess for Reviews<SubjectAccessReview> {
    async fn review(&self, spec: SubjectAccessReviewSpec) -> Result<SubjectAccessReviewStatus, Failed> {
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let reviewed = self.0.create(&PostParams::default(), &review).await;
        reviewed.map_err(|error| failed(&error))?.status.ok_or_else(without_status)
    }
}

fn without_status() -> Failed {
    Failed::lasting("the cluster's review has no status")
}
