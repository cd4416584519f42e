//! Requests for resources: from a verb, a body and a query to an operation, and from its outcome to an answer.
//!
//! Source of the order of checks: `apiserver/pkg/endpoints/handlers/{create,update,patch,delete,get}.go`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Method, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as wire;

use tokio::sync::watch;
use tokio::time::timeout;

use super::ServedResource;
use super::body::Body as ResponseBody;
use super::method as method_of;
use super::response::{self, Style, status_json};
use super::routing::Media;
use super::stages::{Authorized, header};
use super::table::Tables;
use super::watching::{self, Picture};
use super::websocket::Upgrade;
use crate::authorization::Authorizer;
use crate::cacher::Place;
use crate::codec::{Accepted, BodyFormat, Format, Shape, Target, negotiate, parse_tree};
use crate::meta::validation::path_segment;
use crate::meta::{
    Annotations, ApiError, Attributes, DeleteOptions, GetOptions, ListOptions, Notes, Query, Subresource,
    Verb, Warnings, WatchOptions, WriteOptions,
};
use crate::registry::{Body, Change, Context, Operation, Outcome, Request, Rest};

/// How long a read of one object or a write may take, its body included.
const LONGEST: Duration = Duration::from_secs(34);
/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 3 << 20;
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_MERGE_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";
/// The media types a PATCH may have.
const PATCH_TYPES: &[&str] = &[JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH];

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request for a resource, as far as its head goes.
struct Head {
    served: Served,
    verb: Verb,
    place: Place,
    subresource: Option<Subresource>,
    query: Query,
    content_type: String,
    user_agent: String,
    style: Style,
    upgrade: Option<Upgrade>,
}

/// A resource type and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Served {
    resource: ServedResource,
    rest: Arc<dyn Rest>,
}

impl Served {
    pub(super) fn new(rest: Arc<dyn Rest>) -> Self {
        Self { resource: ServedResource::of_rest(&*rest, PATCH_TYPES), rest }
    }

    pub(super) fn resource(&self) -> ServedResource {
        self.resource
    }

    pub(super) fn rest(&self) -> &Arc<dyn Rest> {
        &self.rest
    }
}

/// The resources of a server.
#[derive(Debug)]
pub(super) struct Resources {
    served: Vec<Served>,
    /// Turns true when watches have to end.
    stop: watch::Sender<bool>,
}

impl Resources {
    pub(super) fn new(served: Vec<Served>, stop: watch::Sender<bool>) -> Self {
        Self { served, stop }
    }

    /// Tells whether there is anything of a group.
    pub(super) fn have_group(&self, group: &str) -> bool {
        self.served.iter().any(|served| served.resource.descriptor.group == group)
    }

    /// Answers a request for a resource.
    pub(super) async fn answer<B>(
        &self,
        request: Authorized<B>,
        notes: &Notes,
        authorizer: &Arc<dyn Authorizer>,
    ) -> Result<Response<ResponseBody>, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let head = self.head(&request)?;
        notes.warnings.extend(head.served.resource.descriptor.deprecation_warning.map(str::to_owned));
        let tables = match head.style.accepted.target {
            Target::Table(_) => Tables::parse(&head.query)?,
            _ => Tables::default(),
        };
        let context = Context {
            user: Arc::clone(request.user()),
            may_create: head.may_create().then(|| request.creation(Arc::clone(authorizer))),
            warnings: Warnings::default(),
            annotations: Annotations::default(),
        };
        let outcome = match time_limit(head.verb) {
            None => head.carry_out(&context, request.into_body()).await,
            Some(limit) => timeout(limit, head.carry_out(&context, request.into_body()))
                .await
                .unwrap_or_else(|_| Err(ApiError::deadline_exceeded())),
        };
        notes.warnings.extend(context.warnings.take());
        notes.annotations.extend(context.annotations.take());
        self.answer_outcome(head, tables, outcome?)
    }

    /// Finds out what is addressed and whether it can be asked this way.
    fn head<B>(&self, request: &Authorized<B>) -> Result<Head, ApiError> {
        let Attributes::Resource { verb, group, version, resource, subresource, namespace, name, .. } =
            &request.info().attributes
        else {
            return Err(ApiError::no_such_path());
        };
        let served = self.served.iter().find(|served| {
            let of = &served.resource.descriptor;
            of.plural == resource && of.group == group && of.version == version
        });
        let served = served.filter(|_| !request.info().malformed).ok_or_else(ApiError::no_such_path)?;
        let subresource = part(served, subresource)?;
        let named = if is_collection(*verb, request) { String::new() } else { name.clone() };
        let place = Place { namespace: namespace.clone(), name: named };
        check_route(served, *verb, &place, subresource, request.method())?;
        media(*verb).check(request.method(), request.headers())?;
        let style = style(request, *verb)?;
        Ok(Head {
            served: served.clone(),
            verb: *verb,
            place: Place { name: name.clone(), ..place },
            subresource,
            query: request.query().clone(),
            content_type: header(request.headers(), &CONTENT_TYPE).to_owned(),
            user_agent: header(request.headers(), &USER_AGENT).to_owned(),
            style,
            upgrade: Upgrade::asked_for(request.headers(), request.connection()),
        })
    }

    fn answer_outcome(
        &self,
        head: Head,
        tables: Tables,
        outcome: Outcome,
    ) -> Result<Response<ResponseBody>, ApiError> {
        let rest = &*head.served.rest;
        match outcome {
            Outcome::Object { code, object } => response::object(code, &object, rest, tables, head.style),
            Outcome::List(list) => response::list(list, rest, tables, head.style),
            Outcome::Status(status) => Ok(head.style.answer(200, status_json(&status))),
            Outcome::Watch(watch) => {
                let target = head.style.accepted.target;
                let picture = Picture { rest: Arc::clone(&head.served.rest), target, tables };
                let lines = watching::lines(*watch, picture, self.stop.subscribe());
                Ok(match head.upgrade {
                    Some(upgrade) => upgrade.answer(lines, self.stop.subscribe()),
                    None => {
                        let body = ResponseBody::Stream(Box::pin(lines));
                        response::with_type(200, Format::Json.media_type(), body)
                    }
                })
            }
        }
    }
}

impl Head {
    /// Tells whether the request can make an object although its verb is another.
    fn may_create(&self) -> bool {
        self.verb == Verb::Patch && patch_type(&self.content_type) == APPLY_PATCH
    }

    async fn carry_out<B>(&self, context: &Context, body: B) -> Result<Outcome, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let operation = self.operation(body).await?;
        self.check_name()?;
        let request = Request { place: self.place.clone(), subresource: self.subresource, operation };
        self.served.rest.execute(context, request).await
    }

    /// Checks that what is addressed can have a place in the store. Source: `NamespaceKeyFunc` of
    /// `apiserver/pkg/registry/generic/registry/store.go`.
    fn check_name(&self) -> Result<(), ApiError> {
        let one = matches!(self.verb, Verb::Get | Verb::Update | Verb::Patch | Verb::Delete);
        let faults = if one { path_segment(&self.place.name) } else { Vec::new() };
        match faults.is_empty() {
            true => Ok(()),
            false => {
                let (name, faults) = (&self.place.name, faults.join(";"));
                Err(ApiError::bad_request(format!("Name parameter invalid: {name:?}: {faults}")))
            }
        }
    }

    async fn operation<B>(&self, body: B) -> Result<Operation, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match self.verb {
            Verb::Get => GetOptions::parse(&self.query).map(Operation::Get),
            Verb::List => ListOptions::parse(&self.query).map(Operation::List),
            Verb::Watch => WatchOptions::parse(&self.query).map(Operation::Watch),
            Verb::Create => {
                let format = self.body_format()?;
                let bytes = read(body).await?;
                let options = WriteOptions::parse(&self.query, "CreateOptions")?.by_agent(&self.user_agent);
                Ok(Operation::Create { body: Body { bytes, format }, options })
            }
            Verb::Update => {
                let bytes = read(body).await?;
                let options = WriteOptions::parse(&self.query, "UpdateOptions")?.by_agent(&self.user_agent);
                let change = Change::Replace(Body { bytes, format: self.body_format()? });
                Ok(Operation::Update { change, options })
            }
            Verb::Patch => self.patch(body).await,
            Verb::Delete => self.delete_options(body).await.map(Operation::Delete),
            Verb::DeleteCollection => {
                let list = ListOptions::parse(&self.query)?;
                let delete = self.delete_options(body).await?;
                Ok(Operation::DeleteCollection { list, delete })
            }
            Verb::Impersonate | Verb::Method(_) => Err(ApiError::method_not_allowed()),
        }
    }

    async fn patch<B>(&self, body: B) -> Result<Operation, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let change = patch_change(&self.content_type)?;
        let bytes = read(body).await?;
        let options = WriteOptions::parse_patch(&self.query, patch_type(&self.content_type) == APPLY_PATCH)?;
        let options = options.by_agent(&self.user_agent);
        Ok(Operation::Update { change: change(Body { bytes, format: BodyFormat::Json }), options })
    }

    /// Reads the options of a delete: from the body, or from the query when there is none.
    async fn delete_options<B>(&self, body: B) -> Result<DeleteOptions, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return DeleteOptions::parse(&self.query);
        }
        let tree = parse_tree(&bytes, self.body_format()?).map_err(|why| {
            ApiError::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        })?;
        if tree.value.is_null() {
            return DeleteOptions::check(wire::DeleteOptions::default());
        }
        let text = |field: &str| tree.value.get(field).and_then(|value| value.as_str()).unwrap_or_default();
        if !matches!(text("kind"), "" | "DeleteOptions") {
            let why = format!("decoded object cannot be converted to DeleteOptions: {}", text("kind"));
            return Err(ApiError::bad_request(why));
        }
        let options: wire::DeleteOptions = serde_json::from_value(tree.value)
            .map_err(|why| ApiError::bad_request(format!("cannot read DeleteOptions: {why}")))?;
        DeleteOptions::check(options)
    }

    fn body_format(&self) -> Result<BodyFormat, ApiError> {
        let format = BodyFormat::parse(&self.content_type);
        format.ok_or_else(|| ApiError::unsupported_media_type(Format::OFFERED))
    }
}

/// Returns the media type of a patch, without parameters.
fn patch_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default()
}

/// Returns the kind of change that a patch of a media type is.
fn patch_change(content_type: &str) -> Result<fn(Body) -> Change, ApiError> {
    match patch_type(content_type) {
        JSON_PATCH => Ok(Change::JsonPatch),
        MERGE_PATCH => Ok(Change::MergePatch),
        STRATEGIC_MERGE_PATCH => Ok(Change::StrategicMergePatch),
        APPLY_PATCH => Ok(Change::Apply),
        _ => Err(ApiError::unsupported_media_type(PATCH_TYPES)),
    }
}

/// Returns how long a request may take, if that is less than what every request may.
fn time_limit(verb: Verb) -> Option<Duration> {
    (!matches!(verb, Verb::Watch | Verb::List | Verb::DeleteCollection)).then_some(LONGEST)
}

/// Reads a body that is not too large.
async fn read<B>(body: B) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(BODY_LIMIT)),
        Err(error) => Err(ApiError::bad_request(format!("the body could not be read: {error}"))),
    }
}

/// Finds the part of an object that a path names.
fn part(served: &Served, name: &str) -> Result<Option<Subresource>, ApiError> {
    if name.is_empty() {
        return Ok(None);
    }
    let known = served.resource.descriptor.subresources.iter().find(|part| part.as_str() == name);
    known.copied().map(Some).ok_or_else(ApiError::no_such_path)
}

/// Tells whether a request is about a collection, whatever a field selector narrows it to.
fn is_collection<B>(verb: Verb, request: &Authorized<B>) -> bool {
    let collection = matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
    collection && request.query().get("fieldSelector").is_some()
}

/// Checks that the path exists, and that it can be asked with the method.
fn check_route(
    served: &Served,
    verb: Verb,
    place: &Place,
    subresource: Option<Subresource>,
    method: &Method,
) -> Result<(), ApiError> {
    use super::Target as Addressed;
    let of = &served.resource.descriptor;
    let collection =
        place.name.is_empty() || matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
    let target = match (subresource, collection, place.namespace.is_empty()) {
        (Some(part), ..) => Addressed::Part(part),
        (None, true, true) if of.is_namespaced() => Addressed::AllNamespaces,
        (None, true, _) => Addressed::Collection,
        (None, false, _) => Addressed::Object,
    };
    let misplaced = place.namespace.is_empty() == of.is_namespaced() && target != Addressed::AllNamespaces;
    if misplaced {
        return Err(ApiError::no_such_path());
    }
    if served.resource.verbs_at(target).contains(&verb) && method_of(verb) == *method {
        return Ok(());
    }
    Err(ApiError::method_not_allowed())
}

fn style<B>(request: &Authorized<B>, verb: Verb) -> Result<Style, ApiError> {
    let accept = header(request.headers(), &ACCEPT);
    let watch = verb == Verb::Watch;
    let allowed = match verb {
        Verb::List | Verb::DeleteCollection => shapes_of_list,
        Verb::Watch => shapes_of_event,
        _ => shapes_of_object,
    };
    let accepted: Option<Accepted> = negotiate(accept, allowed);
    match accepted {
        Some(Accepted { format: Format::Yaml, .. }) | None if watch => {
            Err(ApiError::not_acceptable(Format::STREAMED))
        }
        None => Err(ApiError::not_acceptable(Format::OFFERED)),
        Some(accepted) => {
            let style = Style::new(accepted, request.headers(), request.query());
            Ok(Style { pretty: style.pretty && !watch, ..style })
        }
    }
}

/// Returns what a request with a verb, and the answer to it, can be in.
fn media(verb: Verb) -> Media {
    const LISTED: &[&str] = &["application/json", "application/yaml", "application/json;stream=watch"];
    Media {
        consumes: (verb == Verb::Patch).then_some(PATCH_TYPES),
        produces: if matches!(verb, Verb::List | Verb::Watch) { LISTED } else { Format::OFFERED },
    }
}

fn shapes_of_object(kind: &str) -> Option<Shape> {
    match kind {
        "Table" => Some(Shape::Table),
        "PartialObjectMetadata" => Some(Shape::Metadata),
        _ => None,
    }
}

/// Events cannot be lists of metadata, but who asks for those is sent whole objects.
fn shapes_of_event(kind: &str) -> Option<Shape> {
    match kind {
        "PartialObjectMetadataList" => Some(Shape::Whole),
        kind => shapes_of_object(kind),
    }
}

fn shapes_of_list(kind: &str) -> Option<Shape> {
    match kind {
        "Table" => Some(Shape::Table),
        "PartialObjectMetadataList" => Some(Shape::Metadata),
        _ => None,
    }
}
