//! The form that objects have in a version: all that depends on the version of a request is known here alone.
//!
//! Everything else sees objects as they are stored.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::fieldmanager;
use super::operation::Body;
use super::strategic::PatchSchema;
use crate::cacher::Convert;
use crate::codec::{self, Decoded, Encoded, Expected, Malformed, Problem, Tree};
use crate::meta::{ApiError, Descriptor, FieldValidation, ObjectMeta, Resource, Version};

/// One version of a type that is stored as `H`.
pub(super) struct Form<H> {
    descriptor: &'static Descriptor,
    api_version: String,
    schema: fn(&mut SchemaGenerator) -> Schema,
    patch_schema: PatchSchema,
    field_schema: fieldmanager::Schema,
    functions: Functions<H>,
    /// None for the version in which objects are stored.
    conversion: Option<Arc<dyn Convert>>,
}

/// How objects of a version are read and written.
struct Functions<H> {
    decode: fn(&Body, Expected<'_>) -> Result<Decoded<H>, ApiError>,
    decode_value: fn(Tree, Expected<'_>) -> Result<Decoded<H>, Problem>,
    from_value: fn(Value) -> serde_json::Result<H>,
    to_value: fn(&H) -> serde_json::Result<Value>,
    blank: fn(ObjectMeta) -> serde_json::Result<Vec<u8>>,
}

impl<H: Resource> Form<H> {
    /// Returns the form in which objects are stored.
    pub(super) fn stored() -> Self {
        Self::of::<Stored>(None)
    }

    /// Returns the form of another version.
    ///
    /// # Errors
    /// When the version does not write `metadata` first.
    pub(super) fn converted<V: Version<Hub = H>>() -> Result<Self, Malformed> {
        codec::encode(&V::default()).map_err(|_| Malformed)?;
        let conversion = Conversion::<V> { api_version: V::DESCRIPTOR.api_version(), of: PhantomData };
        Ok(Self::of::<Converted<V>>(Some(Arc::new(conversion))))
    }

    fn of<P: Spelling<H>>(conversion: Option<Arc<dyn Convert>>) -> Self {
        let schema: fn(&mut SchemaGenerator) -> Schema = |generator| generator.subschema_for::<P::Object>();
        let descriptor = &P::Object::DESCRIPTOR;
        Self {
            descriptor,
            api_version: descriptor.api_version(),
            schema,
            patch_schema: PatchSchema::of::<P::Object>(),
            field_schema: fieldmanager::Schema::of(descriptor, schema),
            functions: Functions {
                decode: decode::<H, P>,
                decode_value: decode_value::<H, P>,
                from_value: from_value::<H, P>,
                to_value: to_value::<H, P>,
                blank: blank::<P::Object>,
            },
            conversion,
        }
    }

    /// Reads the body of a create or update.
    pub(super) fn decode(&self, body: &Body, validation: FieldValidation) -> Result<Decoded<H>, ApiError> {
        (self.functions.decode)(body, self.expected(validation))
    }

    /// Reads a tree that a patch made.
    pub(super) fn decode_value(
        &self,
        tree: Tree,
        validation: FieldValidation,
    ) -> Result<Decoded<H>, Problem> {
        (self.functions.decode_value)(tree, self.expected(validation))
    }

    fn expected(&self, validation: FieldValidation) -> Expected<'static> {
        Expected { resource: self.descriptor, validation }
    }

    /// Returns an object as JSON in this version, its type included.
    pub(super) fn to_value(&self, object: &H) -> Result<Value, ApiError> {
        (self.functions.to_value)(object).map_err(ApiError::internal)
    }

    /// Returns an encoded object as JSON in this version.
    pub(super) fn to_value_of_stored(&self, object: &[u8]) -> Result<Value, ApiError> {
        match &self.conversion {
            None => serde_json::from_slice(object).map_err(ApiError::internal),
            Some(_) => self.to_value(&serde_json::from_slice(object).map_err(ApiError::internal)?),
        }
    }
}

impl<H> Form<H> {
    /// Returns names and scope of the type in this version.
    pub(super) fn descriptor(&self) -> &'static Descriptor {
        self.descriptor
    }

    /// Returns `group/version`.
    pub(super) fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Returns an encoded object that has nothing but metadata.
    pub(super) fn blank(&self, metadata: ObjectMeta) -> Result<Vec<u8>, Malformed> {
        (self.functions.blank)(metadata).map_err(|_| Malformed)
    }

    /// Returns what makes the version's schema.
    pub(super) fn schema(&self) -> fn(&mut SchemaGenerator) -> Schema {
        self.schema
    }

    /// Returns how strategic merge patches merge.
    pub(super) fn patch_schema(&self) -> &PatchSchema {
        &self.patch_schema
    }

    /// Returns what brings stored objects into this version, unless they are stored in it.
    pub(super) fn conversion(&self) -> Option<&Arc<dyn Convert>> {
        self.conversion.as_ref()
    }
}

impl<H> fmt::Debug for Form<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({})", self.api_version)
    }
}

/// All forms of a type, the stored one first.
#[derive(Debug)]
pub(super) struct Forms<H>(Vec<Arc<Form<H>>>);

impl<H: Resource> Forms<H> {
    pub(super) fn new(stored: Arc<Form<H>>) -> Self {
        Self(vec![stored])
    }

    /// Returns these forms and one more.
    pub(super) fn with(&self, form: &Arc<Form<H>>) -> Self {
        Self(self.0.iter().chain([form]).map(Arc::clone).collect())
    }

    /// Returns names and scope of the type in all versions.
    pub(super) fn descriptors(&self) -> Vec<&'static Descriptor> {
        self.0.iter().map(|form| form.descriptor).collect()
    }

    /// Returns a version, if it is served.
    pub(super) fn find(&self, api_version: &str) -> Option<&Form<H>> {
        self.0.iter().map(|form| &**form).find(|form| form.api_version == api_version)
    }
}

impl<H: Resource> fieldmanager::Versions for Forms<H> {
    fn at(&self, api_version: &str) -> Option<&fieldmanager::Schema> {
        self.find(api_version).map(|form| &form.field_schema)
    }

    /// Fills in no defaults: an object that is compared says what it says.
    fn convert(&self, object: &Value, api_version: &str) -> Option<Value> {
        let from = self.find(object.get("apiVersion")?.as_str()?)?;
        let to = self.find(api_version)?;
        if std::ptr::eq(from, to) {
            return Some(object.clone());
        }
        let hub = (from.functions.from_value)(object.clone()).ok()?;
        to.to_value(&hub).ok()
    }

    fn blank(&self, like: &Value) -> Value {
        let form = like.get("apiVersion").and_then(Value::as_str).and_then(|version| self.find(version));
        let blank = form.and_then(|form| form.to_value(&H::default()).ok());
        blank.unwrap_or_else(|| fieldmanager::nothing_but_type(like))
    }
}

/// How the objects of a version become stored ones, and these become them.
trait Spelling<H: Resource> {
    type Object: Resource;

    fn into_hub(object: Self::Object) -> H;

    fn from_hub(hub: &H) -> Cow<'_, Self::Object>;
}

/// The spelling of the stored version.
struct Stored;

impl<H: Resource> Spelling<H> for Stored {
    type Object = H;

    fn into_hub(object: H) -> H {
        object
    }

    fn from_hub(hub: &H) -> Cow<'_, H> {
        Cow::Borrowed(hub)
    }
}

/// The spelling of another version.
struct Converted<V>(PhantomData<V>);

impl<V: Version> Spelling<V::Hub> for Converted<V> {
    type Object = V;

    fn into_hub(object: V) -> V::Hub {
        object.into_hub()
    }

    fn from_hub(hub: &V::Hub) -> Cow<'_, V> {
        Cow::Owned(V::from_hub(hub.clone()))
    }
}

fn decode<H: Resource, P: Spelling<H>>(body: &Body, expected: Expected<'_>) -> Result<Decoded<H>, ApiError> {
    codec::decode(&body.bytes, body.format, expected).map(accept::<H, P>)
}

fn decode_value<H: Resource, P: Spelling<H>>(
    tree: Tree,
    expected: Expected<'_>,
) -> Result<Decoded<H>, Problem> {
    codec::decode_value(tree, expected).map(accept::<H, P>)
}

fn accept<H: Resource, P: Spelling<H>>(mut decoded: Decoded<P::Object>) -> Decoded<H> {
    decoded.object.set_defaults();
    Decoded { object: P::into_hub(decoded.object), warnings: decoded.warnings }
}

fn blank<O: Resource>(metadata: ObjectMeta) -> serde_json::Result<Vec<u8>> {
    let mut object = O::default();
    *object.metadata_mut() = metadata;
    codec::encode(&object)
}

fn from_value<H: Resource, P: Spelling<H>>(value: Value) -> serde_json::Result<H> {
    serde_json::from_value(value).map(P::into_hub)
}

fn to_value<H: Resource, P: Spelling<H>>(object: &H) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(&*P::from_hub(object))?;
    if let Some(fields) = value.as_object_mut() {
        let descriptor = P::Object::DESCRIPTOR;
        fields.insert("apiVersion".to_owned(), descriptor.api_version().into());
        fields.insert("kind".to_owned(), descriptor.kind.into());
    }
    Ok(value)
}

/// The way from stored bytes to those of the version `V`.
#[derive(Debug)]
struct Conversion<V> {
    api_version: String,
    of: PhantomData<V>,
}

impl<V: Version> Convert for Conversion<V> {
    fn api_version(&self) -> &str {
        &self.api_version
    }

    fn convert(&self, stored: &Encoded) -> Result<Encoded, Malformed> {
        let hub: V::Hub = serde_json::from_slice(&stored.json()).map_err(|_| Malformed)?;
        let mut object = V::from_hub(hub);
        object.metadata_mut().resource_version = None;
        stored.converted(&codec::encode(&object).map_err(|_| Malformed)?)
    }
}
