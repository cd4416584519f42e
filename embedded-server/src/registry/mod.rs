//! Each verb, written once for every resource type.
//!
//! A [`Registry`] turns an [`Operation`] into an [`Outcome`]: it decodes, applies the type's [`Strategy`],
//! validates, asks admission and commits. Knows no HTTP.

mod admit;
mod apply;
mod check;
mod create;
mod delete;
mod fieldmanager;
mod form;
mod generate;
mod operation;
mod patch;
mod read;
mod reader;
mod served;
mod strategic;
mod strategy;
mod token;
mod update;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::RwLock;
use schemars::{Schema, SchemaGenerator};

use self::form::{Form, Forms};
pub use self::operation::{
    Body, Change, Context, ListOutcome, MayCreate, Operation, Outcome, Request, WatchOutcome,
};
pub use self::reader::Reader;
pub use self::strategy::{Column, SelectableField, Strategy};
use crate::admission::Chain;
use crate::cacher::{CacheError, Cacher, Convert, Describe, Limits, Object, Place, Selectable};
use crate::clock::Clock;
pub use crate::codec::{Cell, Cells};
use crate::codec::{Encoded, EventType, Malformed, encode};
use crate::meta::{ApiError, Descriptor, GetOptions, ObjectMeta, Reason, Resource, Revision};
use crate::metrics::CacheFacts;
use crate::storage::{Backend, Key, Prefix, StorageError};

/// How long a write that loses races is tried again.
const WRITE_DEADLINE: Duration = Duration::from_secs(34);

/// A resource type in one version as the layers above see it, whatever its Rust type.
#[async_trait]
pub trait Rest: std::fmt::Debug + Send + Sync + 'static {
    /// Returns names and scope of the type in the version.
    fn descriptor(&self) -> &'static Descriptor;

    /// Returns the version in which objects are stored.
    fn storage_version(&self) -> &'static str;

    /// Returns what brings stored objects into the version, unless they are stored in it.
    fn conversion(&self) -> Option<&Arc<dyn Convert>>;

    /// Carries out an operation. Bodies and patches are in the version; the objects that come out are as they
    /// are stored.
    ///
    /// # Errors
    /// What the client is told.
    async fn execute(&self, context: &Context, request: Request) -> Result<Outcome, ApiError>;

    /// Returns an object in the version that has nothing but metadata, encoded, as bookmarks show it.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn blank(&self, metadata: ObjectMeta) -> Result<Vec<u8>, Malformed>;

    /// Returns the columns of the type's table after `Name`.
    fn columns(&self) -> Vec<ColumnDefinition>;

    /// Returns what makes rows of stored objects: their cells are in the order of [`Rest::columns`].
    fn describe(&self) -> &dyn Describe;

    /// Returns the time that rows tell ages by.
    fn now(&self) -> Timestamp;

    /// Returns what makes the type's schema: a reference, with its definition left in the generator.
    fn schema(&self) -> fn(&mut SchemaGenerator) -> Schema;

    /// Tells whether reads see what is stored now.
    fn is_ready(&self) -> bool;

    /// Returns how many objects there are.
    fn object_count(&self) -> usize;

    /// Returns what its cache knows of itself.
    fn cache_facts(&self) -> CacheFacts;
}

/// A column of a table, without the knowledge how to fill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// The heading.
    pub name: &'static str,
    /// The OpenAPI type of the cells.
    pub kind: &'static str,
    /// The OpenAPI format of the cells.
    pub format: &'static str,
    /// What the column says.
    pub description: &'static str,
    /// Zero for columns that are always shown.
    pub priority: i32,
}

/// All verbs of one resource type, in every version that it is served in; by itself in the one in which objects are
/// stored.
#[derive(Debug)]
pub struct Registry<S: Strategy> {
    strategy: Arc<S>,
    backend: Arc<dyn Backend>,
    cacher: Cacher,
    admission: Chain,
    clock: Arc<dyn Clock>,
    prefix: Prefix,
    stored: Arc<Form<S::Object>>,
    forms: RwLock<Arc<Forms<S::Object>>>,
}

impl<S: Strategy> Registry<S> {
    /// Opens the registry of a type in a store; returns when its objects are in memory.
    ///
    /// # Errors
    /// Those of the backend; [`StorageError::Corrupt`] when the type does not write `metadata` first.
    pub async fn start(
        strategy: S,
        backend: Arc<dyn Backend>,
        admission: Chain,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, StorageError> {
        encode(&S::Object::default()).map_err(|error| StorageError::Corrupt(error.into()))?;
        let prefix = Prefix::of_resource(&S::Object::DESCRIPTOR);
        let strategy = Arc::new(strategy);
        let describe = Arc::new(Described(Arc::clone(&strategy)));
        let cacher = Cacher::start(Arc::clone(&backend), prefix.clone(), describe, limits).await?;
        let stored = Arc::new(Form::stored());
        let forms = RwLock::new(Arc::new(Forms::new(Arc::clone(&stored))));
        Ok(Self { strategy, backend, cacher, admission, clock, prefix, stored, forms })
    }

    const RESOURCE: &'static Descriptor = &S::Object::DESCRIPTOR;

    /// Returns the stored state of an object, as fresh as the request; `verb` is what it is needed for.
    async fn current(&self, place: &Place, verb: &str) -> Result<Current, ApiError> {
        let view = self.cacher.view(GetOptions::MostRecent).await;
        let view = view.map_err(|error| read_error::<S>(&error, verb))?;
        match view.get(&cache_key(place)) {
            Some(object) => Ok(Current::cached(object)),
            None => Err(ApiError::not_found(Self::RESOURCE, &place.name)),
        }
    }

    fn key(&self, place: &Place) -> Key {
        self.prefix.object(&place.namespace, &place.name)
    }

    fn decode(bytes: &[u8]) -> Result<S::Object, ApiError> {
        serde_json::from_slice(bytes).map_err(|error| {
            tracing::error!(%error, resource = Self::RESOURCE.plural, "a stored object cannot be read");
            ApiError::internal("a stored object cannot be read")
        })
    }

    /// Encodes an object as it is stored; the resource version is the store's to say.
    fn encode(object: &mut S::Object) -> Result<Vec<u8>, ApiError> {
        object.metadata_mut().resource_version = None;
        encode(object).map_err(ApiError::internal)
    }

    /// Carries out an operation that was asked for in a version.
    async fn execute_in(
        &self,
        form: &Form<S::Object>,
        context: &Context,
        request: Request,
    ) -> Result<Outcome, ApiError> {
        let Request { place, subresource, operation } = request;
        match operation {
            Operation::Get(options) => self.get(&place, options).await,
            Operation::List(options) => self.list(place, options).await,
            Operation::Watch(options) => self.watch(place, options).await,
            Operation::Create { body, options } => self.create(form, context, &place, &body, &options).await,
            Operation::Update { change, options } => {
                self.update(form, context, &place, subresource, &change, &options).await
            }
            Operation::Delete(options) => self.delete(form, context, &place, &options).await,
            Operation::DeleteCollection { list, delete } => {
                self.delete_collection(form, context, place, list, &delete).await
            }
        }
    }
}

/// An object as it is stored at this moment.
#[derive(Clone, Debug)]
struct Current {
    revision: Revision,
    encoded: Encoded,
}

impl Current {
    fn cached(object: &Object) -> Self {
        Self { revision: object.revision(), encoded: object.encoded().clone() }
    }

    fn stored(value: &[u8], revision: Revision) -> Result<Self, ApiError> {
        let encoded = Encoded::new(EventType::Modified, value, revision).map_err(ApiError::internal)?;
        Ok(Self { revision, encoded })
    }

    /// Follows up on a write that found something else than it assumed.
    fn after_conflict<S: Strategy>(
        current: Option<crate::storage::KeyValue>,
        place: &Place,
    ) -> Result<Self, ApiError> {
        match current {
            Some(found) => Self::stored(&found.value, found.revision),
            None => Err(ApiError::not_found(&S::Object::DESCRIPTOR, &place.name)),
        }
    }
}

fn cache_key(place: &Place) -> String {
    match place.namespace.as_str() {
        "" => place.name.clone(),
        namespace => format!("{namespace}/{}", place.name),
    }
}

/// Words a read that failed.
fn read_error<S: Strategy>(error: &CacheError, verb: &str) -> ApiError {
    match error {
        CacheError::TooNew { wanted, current } => ApiError::too_large_resource_version(*wanted, *current),
        CacheError::TooOld { .. } => ApiError::expired(error.to_string()),
        CacheError::Storage(error) => storage_error::<S>(error, verb),
    }
}

/// Words a call to the store that failed, as `apiserver/pkg/storage/errors/storage.go` does, but with the codes that
/// say whether to ask again: a store that is away is no failure of the server, and a write that may have happened is
/// not to be repeated unseen, so nobody is told when.
fn storage_error<S: Strategy>(error: &StorageError, verb: &str) -> ApiError {
    tracing::warn!(%error, verb, source = ?std::error::Error::source(error), "the store failed");
    let resource = S::Object::DESCRIPTOR.group_resource();
    let message = format!(
        "The {verb} operation against {resource} could not be completed at this time, please try again."
    );
    match error {
        StorageError::Corrupt(_) => ApiError::internal("the store is damaged"),
        StorageError::TooLarge => ApiError::unclassified(error),
        StorageError::Unknown(_) => ApiError::timeout(&format!(
            "the connection to the store broke during the {verb} operation against {resource}: it may have been \
             completed or not"
        )),
        _ => ApiError::new(503, Reason::ServiceUnavailable, message).retry_after(2),
    }
}

/// Shows of an object what the strategy says.
#[derive(Debug)]
struct Described<S>(Arc<S>);

impl<S: Strategy> Describe for Described<S> {
    fn selectable(&self, object: &[u8]) -> Selectable {
        let Ok(object) = serde_json::from_slice::<S::Object>(object) else { return Selectable::default() };
        let fields = self.0.selectable_fields();
        Selectable {
            labels: object.metadata().labels.clone().unwrap_or_default(),
            fields: fields.iter().map(|field| (field.path, (field.value)(&object).to_owned())).collect(),
        }
    }

    fn cells(&self, object: &[u8]) -> Result<Cells, Malformed> {
        let object: S::Object = serde_json::from_slice(object).map_err(|_| Malformed)?;
        let name = check::text(object.metadata().name.as_ref());
        Ok(Cells::new(name, self.0.columns().iter().map(|column| (column.cell)(&object))))
    }
}

#[async_trait]
impl<S: Strategy> Rest for Registry<S> {
    fn descriptor(&self) -> &'static Descriptor {
        Self::RESOURCE
    }

    fn storage_version(&self) -> &'static str {
        Self::RESOURCE.version
    }

    fn conversion(&self) -> Option<&Arc<dyn Convert>> {
        None
    }

    async fn execute(&self, context: &Context, request: Request) -> Result<Outcome, ApiError> {
        self.execute_in(&self.stored, context, request).await
    }

    fn blank(&self, metadata: ObjectMeta) -> Result<Vec<u8>, Malformed> {
        self.stored.blank(metadata)
    }

    fn columns(&self) -> Vec<ColumnDefinition> {
        let definition = |column: &Column<S::Object>| ColumnDefinition {
            name: column.name,
            kind: column.kind,
            format: column.format,
            description: column.description,
            priority: column.priority,
        };
        self.strategy.columns().iter().map(definition).collect()
    }

    fn describe(&self) -> &dyn Describe {
        &**self.cacher.describe()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn schema(&self) -> fn(&mut SchemaGenerator) -> Schema {
        self.stored.schema()
    }

    fn is_ready(&self) -> bool {
        self.cacher.is_following()
    }

    fn object_count(&self) -> usize {
        self.cacher.len()
    }

    fn cache_facts(&self) -> CacheFacts {
        self.cacher.facts()
    }
}
