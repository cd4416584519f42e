//! A cached object, and which ones a request wants to see.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use super::converted::{Conversions, Convert};
use crate::codec::{Cells, Encoded, EventType, Malformed};
use crate::meta::{Revision, Selector};

/// An object as it was at one revision.
#[derive(Debug)]
pub struct Object {
    key: Arc<str>,
    revision: Revision,
    encoded: Encoded,
    // Boxed, as most objects are never asked for it.
    selectable: OnceLock<Box<Selectable>>,
    cells: OnceLock<Box<Cells>>,
    conversions: Conversions,
}

/// What selectors look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectable {
    /// The object's labels.
    pub labels: BTreeMap<String, String>,
    /// The values of the fields that may be selected by, besides name and namespace.
    pub fields: Vec<(&'static str, String)>,
}

/// Knows what is to be seen of an encoded object besides its bytes.
pub trait Describe: Debug + Send + Sync + 'static {
    /// Returns what selectors look at; nothing for bytes that cannot be read.
    fn selectable(&self, object: &[u8]) -> Selectable;

    /// Returns the object's row in tables.
    ///
    /// # Errors
    /// When the bytes are no object of the type.
    fn cells(&self, object: &[u8]) -> Result<Cells, Malformed>;
}

impl Object {
    /// Takes over stored bytes; `kind` is the event that they are most often sent as.
    ///
    /// # Errors
    /// When the bytes are no encoded object.
    pub(super) fn new(
        key: Arc<str>,
        stored: &[u8],
        revision: Revision,
        kind: EventType,
    ) -> Result<Self, Malformed> {
        let encoded = Encoded::new(kind, stored, revision)?;
        Ok(Self {
            key,
            revision,
            encoded,
            selectable: OnceLock::new(),
            cells: OnceLock::new(),
            conversions: Conversions::default(),
        })
    }

    /// Returns `namespace/name`, or the name alone for cluster-scoped resources.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn shared_key(&self) -> &Arc<str> {
        &self.key
    }

    /// Returns the revision of the write that made the object what it is.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the object's bytes.
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// Returns the object's bytes in another version, made once for all who ask.
    ///
    /// # Errors
    /// When the object cannot be converted.
    pub fn encoded_in(&self, version: &dyn Convert) -> Result<&Encoded, Malformed> {
        self.conversions.get(&self.encoded, version)
    }

    /// Returns the object's row in tables, made once for all who ask.
    ///
    /// # Errors
    /// When the object cannot be read.
    pub fn cells(&self, describe: &dyn Describe) -> Result<&Cells, Malformed> {
        if let Some(cells) = self.cells.get() {
            return Ok(cells);
        }
        let cells = describe.cells(&self.encoded.json())?;
        Ok(self.cells.get_or_init(|| Box::new(cells)))
    }

    fn name(&self) -> &str {
        self.key.rsplit_once('/').map_or(&self.key, |(_, name)| name)
    }

    fn namespace(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }

    fn selectable(&self, describe: &dyn Describe) -> &Selectable {
        self.selectable.get_or_init(|| Box::new(describe.selectable(&self.encoded.json())))
    }
}

/// Where the wanted objects are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The namespace; empty for all of them and for cluster-scoped resources.
    pub namespace: String,
    /// The name; empty for all of them.
    pub name: String,
}

/// Which objects a request wants to see.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The beginning of the keys that can match.
    prefix: String,
    name: Option<String>,
    selector: Selector,
    describe: Arc<dyn Describe>,
}

impl Filter {
    /// Returns the filter for the objects in `place` that `selector` selects.
    pub fn new(place: Place, selector: Selector, describe: Arc<dyn Describe>) -> Self {
        let wanted = |path: &str, given: String| match given.is_empty() {
            true => selector.fields.required_value(path).map(str::to_owned),
            false => Some(given),
        };
        let namespace = wanted("metadata.namespace", place.namespace);
        let name = wanted("metadata.name", place.name);
        let prefix = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        Self { prefix, name, selector, describe }
    }

    /// Returns what the keys of all matching objects begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Tells whether every object below the prefix matches.
    pub(super) fn takes_all(&self) -> bool {
        self.name.is_none() && self.selector.is_everything()
    }

    /// Tells whether `object` is wanted.
    pub(super) fn matches(&self, object: &Object) -> bool {
        object.key.starts_with(&self.prefix)
            && self.name.as_ref().is_none_or(|name| name == object.name())
            && (self.selector.is_everything() || self.selects(object))
    }

    fn selects(&self, object: &Object) -> bool {
        let selectable = || object.selectable(&*self.describe);
        let field = |path: &str| match path {
            "metadata.name" => object.name(),
            "metadata.namespace" => object.namespace(),
            path => selectable().field(path),
        };
        (self.selector.labels.is_empty() || self.selector.labels.matches(&selectable().labels))
            && self.selector.fields.matches(field)
    }
}

impl Selectable {
    fn field(&self, path: &str) -> &str {
        self.fields.iter().find(|(name, _)| *name == path).map_or("", |(_, value)| value)
    }
}
