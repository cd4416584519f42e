//! Requests as data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::files;
use super::target::Reference;

/// What belongs together: scenarios that are sent to the same references.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// Whose answers count, each for itself.
    pub(crate) references: Vec<Reference>,
    /// The scenarios by their names, which are sentences about behaviour.
    pub(crate) scenarios: BTreeMap<String, Vec<Step>>,
}

/// One request. All of its texts may refer to words of the target and to the answers of earlier steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What later steps and `accepted.yaml` call it.
    pub(crate) step: String,
    /// Method, path and query.
    pub(crate) send: String,
    /// Headers beside the media type of the body.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The media type of the body; JSON unless said.
    #[serde(rename = "type")]
    pub(crate) media_type: Option<String>,
    /// The body is an object with this metadata and the target's usual spec.
    object: Option<Value>,
    /// The body is this as JSON.
    body: Option<Value>,
    /// The body is this text.
    text: Option<String>,
    /// The answer is a watch, of which so many events are read.
    pub(crate) events: Option<usize>,
}

/// The body of a request before its references are filled in.
#[derive(Debug, PartialEq)]
pub(crate) enum Draft {
    None,
    Json(Value),
    Text(String),
}

/// One run of a topic: everything that is recorded in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) reference: Reference,
    pub(crate) topic: String,
}

impl Run {
    /// Returns all runs that the topics ask for.
    pub(crate) fn all() -> BTreeSet<Self> {
        let runs = |topic: String| {
            let references = Topic::read(&topic).references.into_iter();
            references.map(move |reference| Self { reference, topic: topic.clone() })
        };
        files::names("topics").into_iter().flat_map(runs).collect()
    }

    /// Returns all runs that are recorded.
    pub(crate) fn recorded() -> BTreeSet<Self> {
        let runs = |reference: Reference| {
            let topics = files::names(&format!("recordings/{reference}")).into_iter();
            topics.map(move |topic| Self { reference, topic })
        };
        Reference::ALL.into_iter().flat_map(runs).collect()
    }

    /// Returns the file that holds the answers.
    pub(crate) fn file(&self) -> String {
        format!("recordings/{}/{}.json", self.reference, self.topic)
    }
}

impl Topic {
    /// Reads a topic by its name.
    pub(crate) fn read(name: &str) -> Self {
        files::read(&format!("topics/{name}.yaml"))
    }
}

impl Step {
    pub(crate) fn body(&self) -> Draft {
        match (&self.object, &self.body, &self.text) {
            (None, None, None) => Draft::None,
            (Some(metadata), None, None) => Draft::Json(object(metadata)),
            (None, Some(body), None) => Draft::Json(body.clone()),
            (None, None, Some(text)) => Draft::Text(text.clone()),
            _ => panic!("step {} has more than one body", self.step),
        }
    }
}

fn object(metadata: &Value) -> Value {
    json!({"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": metadata, "spec": "{{spec}}"})
}
