//! Who manages what: `metadata.managedFields` as sets of fields by manager.
//!
//! Source: `apimachinery/pkg/util/managedfields/internal/managedfields.go` and `capmanagers.go`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields_v1;
use super::path::quote;
use super::set::FieldSet;

/// The most managers by update that are told apart.
const MOST_UPDATERS: usize = 10;

/// The manager of what was updated by those who are no longer told apart.
const ANCIENT: &str = "ancient-changes";

/// How a manager came to manage fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What tells one manager from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) operation: Operation,
    /// Empty for those who apply: they are the same in every version.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl Identity {
    /// Returns the identity of who writes through a version and subresource; empty stands for `unknown`.
    pub(super) fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let name = if name.is_empty() { "unknown" } else { name };
        Self::recorded(name, operation, api_version, subresource)
    }

    fn recorded(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let api_version = if operation == Operation::Apply { "" } else { api_version };
        Self {
            name: name.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    /// Names the manager as conflicts do, for example `"kubectl" using apps/v1`.
    pub(super) fn describe(&self) -> String {
        let mut text = quote(&self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {}", quote(&self.subresource)));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// What a manager manages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Managed {
    /// The version in which the fields are named.
    pub(super) api_version: String,
    /// The fields.
    pub(super) fields: FieldSet,
    /// When the manager last changed something.
    pub(super) time: Option<Timestamp>,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managers(pub(super) BTreeMap<Identity, Managed>);

/// `managedFields` that cannot be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

impl Managers {
    /// Reads `managedFields`; nothing stands for no managers.
    ///
    /// # Errors
    /// When an entry names no operation, version, or set of fields.
    pub(super) fn decode(entries: Option<&Value>) -> Result<Self, Malformed> {
        let entries = match entries {
            None | Some(Value::Null) => &[],
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(_) => return Err(Malformed("managedFields must be a list".to_owned())),
        };
        entries
            .iter()
            .enumerate()
            .map(|(index, entry)| decode_entry(index, entry))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns the list that stands in `managedFields`, in its order; none for no managers.
    pub(super) fn encode(&self) -> Option<Value> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(identity, managed)| {
            let Identity { name, operation, subresource, .. } = identity;
            (*operation, seconds(managed), name, &managed.api_version, subresource)
        });
        let entries: Vec<Value> =
            sorted.into_iter().map(|(identity, managed)| encode_entry(identity, managed)).collect();
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    /// Tells whether nobody manages anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets managers that manage nothing.
    pub(super) fn forget_idle(&mut self) {
        self.0.retain(|_, managed| !managed.fields.is_empty());
    }

    /// Joins the oldest managers by update until there are at most ten.
    pub(super) fn cap_updaters(&mut self) {
        let updaters = self.0.iter().filter(|(identity, _)| identity.operation == Operation::Update);
        let mut updaters: Vec<_> = updaters.map(|(id, managed)| (seconds(managed), id.clone())).collect();
        let mut count = updaters.len();
        if count <= MOST_UPDATERS {
            return;
        }
        updaters.sort();
        let mut first_of_version = BTreeMap::new();
        for (_, id) in updaters {
            if count <= MOST_UPDATERS {
                return;
            }
            match first_of_version.entry(id.api_version.clone()) {
                Entry::Vacant(first) => {
                    first.insert(id);
                }
                Entry::Occupied(first) => count -= self.join(first.get(), &id),
            }
        }
    }

    /// Moves what two updaters of a version manage to the ancient one; returns how many managers went.
    fn join(&mut self, first: &Identity, later: &Identity) -> usize {
        let bucket = Identity::new(ANCIENT, Operation::Update, &later.api_version, "");
        if !self.0.contains_key(&bucket)
            && let Some(managed) = self.0.remove(first)
        {
            self.0.insert(bucket.clone(), managed);
        }
        if bucket == *later {
            return 0;
        }
        let (Some(managed), Some(ancient)) = (self.0.remove(later), self.0.get_mut(&bucket)) else {
            return 0;
        };
        ancient.fields = ancient.fields.union(&managed.fields);
        ancient.time = managed.time;
        1
    }
}

fn seconds(managed: &Managed) -> i64 {
    managed.time.map_or(0, Timestamp::as_second)
}

fn decode_entry(index: usize, entry: &Value) -> Result<(Identity, Managed), Malformed> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return Err(Malformed("operation must be `Apply` or `Update`".to_owned())),
    };
    let api_version = text("apiVersion");
    if api_version.is_empty() {
        return Err(Malformed("apiVersion must not be empty".to_owned()));
    }
    check_fields_type(index, text("fieldsType"))?;
    let identity = Identity::recorded(text("manager"), operation, api_version, text("subresource"));
    let fields = fields_v1::decode(entry.get("fieldsV1").unwrap_or(&Value::Null)).map_err(
        |fields_v1::Malformed| Malformed(format!("error decoding set of {}", identity.describe())),
    )?;
    let managed = Managed { api_version: api_version.to_owned(), fields, time: text("time").parse().ok() };
    Ok((identity, managed))
}

fn check_fields_type(index: usize, fields_type: &str) -> Result<(), Malformed> {
    match fields_type {
        "FieldsV1" => Ok(()),
        "" => Err(Malformed(format!("missing fieldsType in managed fields entry {index}"))),
        other => {
            Err(Malformed(format!("invalid fieldsType {} in managed fields entry {index}", quote(other))))
        }
    }
}

fn encode_entry(identity: &Identity, managed: &Managed) -> Value {
    let mut entry = Map::new();
    let mut set = |name: &str, text: String| {
        if !text.is_empty() {
            entry.insert(name.to_owned(), Value::String(text));
        }
    };
    set("manager", identity.name.clone());
    set("operation", identity.operation.as_str().to_owned());
    set("apiVersion", managed.api_version.clone());
    set("time", managed.time.map(show_time).unwrap_or_default());
    set("fieldsType", "FieldsV1".to_owned());
    set("subresource", identity.subresource.clone());
    entry.insert("fieldsV1".to_owned(), fields_v1::encode(&managed.fields));
    Value::Object(entry)
}

fn show_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Tells whether a client asks for managed fields to be forgotten: by an empty list, or by one empty entry.
pub(super) fn is_reset(entries: Option<&Value>) -> bool {
    match entries.and_then(Value::as_array).map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => *one == json!({}),
        _ => false,
    }
}
