//! A request as data, before anything is done, and what came of it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::cacher::{Object, Place, Watcher};
use crate::codec::{BodyFormat, Encoded};
use crate::meta::{
    Annotations, ApiError, DeleteOptions, GetOptions, ListOptions, Revision, Status, Subresource, UserInfo,
    Warnings, WatchOptions, WriteOptions,
};

/// An operation and what it is about.
#[derive(Debug)]
pub struct Request {
    /// The namespace and name that the request addresses.
    pub place: Place,
    /// The part of the object that it addresses; none for the whole.
    pub subresource: Option<Subresource>,
    /// What to do.
    pub operation: Operation,
}

/// What a client wants done.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Operation {
    Get(GetOptions),
    List(ListOptions),
    Watch(WatchOptions),
    Create { body: Body, options: WriteOptions },
    Update { change: Change, options: WriteOptions },
    Delete(DeleteOptions),
    DeleteCollection { list: ListOptions, delete: DeleteOptions },
}

/// How an update changes an object.
#[derive(Debug)]
pub enum Change {
    /// The body is the new object.
    Replace(Body),
    /// The body is merged into the object (RFC 7386).
    MergePatch(Body),
    /// The body is merged into the object, lists that are sets or maps item by item.
    StrategicMergePatch(Body),
    /// The body is what its manager wants the object to say (server-side apply).
    Apply(Body),
    /// The body lists operations on the object (RFC 6902).
    JsonPatch(Body),
}

/// The body of a request.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their encoding.
    pub format: BodyFormat,
}

/// Knows whether the user of a request may also create what the request would create on the way.
#[async_trait]
pub trait MayCreate: Debug + Send + Sync {
    /// Returns without error when he may.
    ///
    /// # Errors
    /// 403, or 500 when nobody can say.
    async fn check(&self) -> Result<(), ApiError>;
}

/// Who asks, and what he is told besides the answer.
#[derive(Debug, Default)]
pub struct Context {
    /// The authenticated user.
    pub user: Arc<UserInfo>,
    /// Asked before a patch creates an object; without it none does.
    pub may_create: Option<Box<dyn MayCreate>>,
    /// Collects warnings for the answer, success or failure.
    pub warnings: Warnings,
    /// Collects what is noted in the audit log.
    pub annotations: Annotations,
}

/// What came of an operation.
#[derive(Debug)]
pub enum Outcome {
    /// An object, found or written.
    Object {
        /// The HTTP status code: 200, 201 or 202.
        code: u16,
        /// The object.
        object: Encoded,
    },
    /// A list.
    List(ListOutcome),
    /// A stream of events.
    Watch(Box<WatchOutcome>),
    /// Nothing to show but that it worked.
    Status(Box<Status>),
}

/// A list, or a page of one.
#[derive(Debug)]
pub struct ListOutcome {
    /// The revision of the state the list is of.
    pub revision: Revision,
    /// The token for the next page, when there is one.
    pub continue_: Option<String>,
    /// How many objects follow this page, when that is known.
    pub remaining: Option<usize>,
    /// The objects.
    pub items: Vec<Arc<Object>>,
}

/// A stream of events that has not begun.
#[derive(Debug)]
pub struct WatchOutcome {
    /// Where they come from, or what the stream says instead.
    pub watcher: Result<Watcher, ApiError>,
    /// Whether bookmarks are wanted.
    pub bookmarks: bool,
    /// Whether the end of the objects to begin with is marked.
    pub mark_initial_end: bool,
    /// How long the stream may last, if the client says so.
    pub timeout: Option<Duration>,
}
