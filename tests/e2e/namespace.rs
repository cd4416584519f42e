//! A namespace of a test.

use serde_json::Value;

use crate::installation::installed;
use crate::kubectl::Kubectl;

/// A namespace that goes away with the test.
pub(crate) struct Namespace(String);

impl Namespace {
    /// Makes one in a cluster with the server.
    pub(crate) fn new(topic: &str) -> Self {
        installed();
        let name = format!("wfctl-e2e-{topic}-{:06x}", fastrand::u32(..1 << 24));
        Kubectl::admin().ok(&format!("create namespace {name}"));
        Self(name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Somebody who may do everything.
    pub(crate) fn admin(&self) -> Kubectl {
        Kubectl::admin().to_namespace(&self.0)
    }

    /// Somebody who may do here what a ClusterRole says.
    pub(crate) fn user(&self, name: &str, role: &str) -> Kubectl {
        self.admin().ok(&format!("create rolebinding {name} --clusterrole={role} --user={name}"));
        self.stranger(name)
    }

    /// Somebody who may do nothing.
    pub(crate) fn stranger(&self, name: &str) -> Kubectl {
        self.admin().as_user(name)
    }

    /// Makes an object, and returns it as it is stored.
    pub(crate) fn has(&self, object: &Value) -> Value {
        let created = self.admin().ok_with("create -f - -o json", &object.to_string());
        serde_json::from_str(&created).unwrap()
    }

    /// Returns an object.
    pub(crate) fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.admin().ok(&format!("get {what} -o json"))).unwrap()
    }

    /// Tells that there is no such object.
    #[track_caller]
    pub(crate) fn lacks(&self, what: &str) {
        let error = self.admin().fails(&format!("get {what}"));
        assert!(error.contains("(NotFound)"), "{error}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        Kubectl::admin().succeeds(&format!("delete namespace {} --wait=false --ignore-not-found", self.0));
    }
}
