//! The objects of a cluster, of any kind, as trees. What stands in them is for others to know.

mod error;
mod id;
mod kind;
mod review;

use http::Request;
use kube::Client;
use kube::api::{
    DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy,
};
use kube::core::Request as Requests;
use serde_json::Value;

pub(crate) use self::error::{ClusterError, Permission, Reason};
pub(crate) use self::id::Id;
pub(crate) use self::kind::Kind;

/// The objects of a cluster.
#[derive(Clone)]
pub(crate) struct Objects {
    client: Client,
    server: String,
}

/// In whose name something is written, and whether it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Write<'a> {
    /// The field manager.
    pub(crate) manager: &'a str,
    /// Whether fields are taken from other managers.
    pub(crate) force: bool,
    /// Whether nothing is stored: the answer is what would be.
    pub(crate) dry_run: bool,
}

/// What is deleted, and how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Delete {
    /// Only the object with this uid.
    pub(crate) uid: Option<String>,
    /// Only the object as it was at this resourceVersion.
    pub(crate) resource_version: Option<String>,
    /// What becomes of those that it owns.
    pub(crate) owned: Owned,
    /// Whether nothing is deleted.
    pub(crate) dry_run: bool,
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Owned {
    /// They are deleted afterwards.
    #[default]
    Afterwards,
    /// They are deleted before.
    Before,
    /// They stay.
    Kept,
}

impl<'a> Write<'a> {
    /// Writes in the name of `manager`, taking nothing from others.
    pub(crate) fn by(manager: &'a str) -> Self {
        Self { manager, force: false, dry_run: false }
    }

    /// Takes fields from other managers where it has to.
    pub(crate) fn forced(self) -> Self {
        Self { force: true, ..self }
    }

    /// Stores nothing where `dry_run` says so.
    pub(crate) fn dry(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }
}

impl Objects {
    /// Returns the objects of the cluster at `server`, which `client` asks.
    pub(super) fn new(client: Client, server: &str) -> Self {
        Self { client, server: server.to_owned() }
    }

    /// Returns an object, or nothing where it does not exist.
    pub(crate) async fn get(&self, id: &Id) -> Result<Option<Value>, ClusterError> {
        let request = requests(id).get(id.name(), &GetParams::default());
        match self.ask("get", id, request).await {
            Err(error) if error.reason == Reason::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Returns the objects of a kind, of all namespaces where none is named, that have the labels, for example
    /// `a=b,c`. Each says its kind, as if it had been asked for alone.
    pub(crate) async fn list(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        let request = Requests::new(kind.path(namespace)).list(&ListParams::default().labels(labels));
        let what = namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
        let mut list = self.ask("list", format!("{}{what}", kind.plural), request).await?;
        let items = list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
        Ok(items.unwrap_or_default().into_iter().map(|item| kind.named(item)).collect())
    }

    /// Applies an object: makes it where it is missing, and gives the field manager the fields that the object has and
    /// no others. One with a `metadata.resourceVersion` is only applied to that.
    pub(crate) async fn apply(&self, object: &Value, write: Write<'_>) -> Result<Value, ClusterError> {
        let id = Id::of(object)?;
        let how = PatchParams {
            dry_run: write.dry_run,
            force: write.force,
            field_manager: Some(write.manager.to_owned()),
            field_validation: None,
        };
        let how = how.validation_strict();
        self.ask("apply", &id, requests(&id).patch(id.name(), &how, &Patch::Apply(object))).await
    }

    /// Creates an object; one that is there already is an error.
    pub(crate) async fn create(&self, object: &Value, write: Write<'_>) -> Result<Value, ClusterError> {
        let id = Id::of(object)?;
        self.ask("create", &id, requests(&id).create(&posted(write), object.to_string().into_bytes())).await
    }

    /// Replaces an object as it was at the `metadata.resourceVersion` of `object`.
    pub(crate) async fn replace(&self, object: &Value, write: Write<'_>) -> Result<Value, ClusterError> {
        let id = Id::of(object)?;
        let body = object.to_string().into_bytes();
        self.ask("replace", &id, requests(&id).replace(id.name(), &posted(write), body)).await
    }

    /// Merges `patch` into an object. One with a `metadata.resourceVersion` is only merged into that.
    pub(crate) async fn patch(
        &self,
        id: &Id,
        patch: &Value,
        write: Write<'_>,
    ) -> Result<Value, ClusterError> {
        let how = PatchParams {
            dry_run: write.dry_run,
            field_manager: Some(write.manager.to_owned()),
            ..PatchParams::default()
        };
        self.ask("patch", id, requests(id).patch(id.name(), &how, &Patch::Merge(patch))).await
    }

    /// Deletes an object; says whether there was one. What it owns, or what holds it, may take longer to go.
    pub(crate) async fn delete(&self, id: &Id, delete: &Delete) -> Result<bool, ClusterError> {
        match self.ask("delete", id, requests(id).delete(id.name(), &deleted(delete))).await {
            Err(error) if error.reason == Reason::NotFound => Ok(false),
            answer => answer.map(|_| true),
        }
    }

    async fn ask(
        &self,
        verb: &'static str,
        what: impl ToString,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, ClusterError> {
        let request = request.map_err(kube::Error::BuildRequest);
        let answer = match request {
            Ok(request) => self.client.request(request).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| ClusterError::from_client(verb, &what.to_string(), &error).at(&self.server))
    }
}

fn requests(id: &Id) -> Requests {
    Requests::new(id.kind().path(id.namespace()))
}

fn posted(write: Write<'_>) -> PostParams {
    PostParams { dry_run: write.dry_run, field_manager: Some(write.manager.to_owned()) }
}

fn deleted(delete: &Delete) -> DeleteParams {
    let (uid, resource_version) = (delete.uid.clone(), delete.resource_version.clone());
    let bound = uid.is_some() || resource_version.is_some();
    DeleteParams {
        dry_run: delete.dry_run,
        grace_period_seconds: None,
        propagation_policy: Some(match delete.owned {
            Owned::Afterwards => PropagationPolicy::Background,
            Owned::Before => PropagationPolicy::Foreground,
            Owned::Kept => PropagationPolicy::Orphan,
        }),
        preconditions: bound.then_some(Preconditions { uid, resource_version }),
    }
}
