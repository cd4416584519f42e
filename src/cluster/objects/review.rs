//! Whether something would be allowed, as the cluster says without doing it.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};

use super::{ClusterError, Kind, Objects, Permission, Reason};

impl Objects {
    /// Asks whether whoever asks may do `verb` to all objects of a kind in `namespace`; the inner error says that not.
    pub(crate) async fn may(
        &self,
        verb: &'static str,
        kind: &'static Kind,
        namespace: &str,
    ) -> Result<Result<(), ClusterError>, ClusterError> {
        let attributes = ResourceAttributes {
            verb: Some(verb.to_owned()),
            group: Some(kind.group().to_owned()),
            resource: Some(kind.plural.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let reviewed = Api::all(self.client.clone()).create(&PostParams::default(), &review).await;
        let failed =
            |error: kube::Error| ClusterError::from_client("ask for the permission to", verb, &error);
        let status = reviewed.map_err(failed)?.status.unwrap_or_default();
        if status.allowed {
            return Ok(Ok(()));
        }
        let permission = Permission::new(verb, kind, Some(namespace));
        let why = status.reason.filter(|reason| !reason.is_empty());
        let why = why.unwrap_or_else(|| format!("nothing allows to {permission}"));
        let what = format!("{} in {namespace}", kind.plural);
        Ok(Err(ClusterError::new(verb, &what, Reason::Forbidden(Some(Box::new(permission))), why)))
    }
}
