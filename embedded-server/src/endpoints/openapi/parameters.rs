//! Parameters: what may stand in a path and in a query.

use serde_json::{Map, Value, json};

use super::Definitions;
use super::definitions::META;
use crate::meta::Verb;

/// A value that a request has in its path or its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// The name; parameters of an operation are sorted by it.
    pub(super) name: &'static str,
    /// `path` or `query`; what is in the path is required.
    pub(super) place: &'static str,
    /// The type: `string`, `boolean` or `integer`.
    pub(super) kind: &'static str,
    /// What it means, for people.
    pub(super) description: String,
}

const LIST: [&str; 10] = [
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
];

const DELETE: [&str; 5] = [
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
];

/// Not among the options of deleting a collection, which cannot be followed.
const WATCH_ONLY: [&str; 2] = ["allowWatchBookmarks", "watch"];

impl Parameter {
    /// Makes a parameter of the path.
    pub(super) fn in_path(name: &'static str, description: String) -> Self {
        Self { name, place: "path", kind: "string", description }
    }

    /// Returns the fields that versions 2 and 3 have in common, all but the type.
    pub(super) fn common_fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(self.name));
        fields.insert("in".to_owned(), json!(self.place));
        fields.insert("description".to_owned(), json!(self.description));
        if self.place == "path" {
            fields.insert("required".to_owned(), json!(true));
        }
        fields
    }
}

/// Returns what the query of a verb may have, sorted by name.
pub(super) fn query(verb: Verb, definitions: &Definitions) -> Vec<Parameter> {
    let mut names = names(verb);
    names.push("pretty");
    names.sort_unstable();
    names.into_iter().map(|name| in_query(name, verb, definitions)).collect()
}

fn names(verb: Verb) -> Vec<&'static str> {
    match verb {
        Verb::List | Verb::Watch => LIST.to_vec(),
        Verb::Create | Verb::Update => vec!["dryRun", "fieldManager", "fieldValidation"],
        Verb::Patch => vec!["dryRun", "fieldManager", "fieldValidation", "force"],
        Verb::Delete => DELETE.to_vec(),
        Verb::DeleteCollection => {
            let selection = LIST.into_iter().filter(|name| !WATCH_ONLY.contains(name));
            selection.chain(DELETE).collect()
        }
        Verb::Get | Verb::Impersonate | Verb::Method(_) => Vec::new(),
    }
}

fn in_query(name: &'static str, verb: Verb, definitions: &Definitions) -> Parameter {
    let description = description(name, verb).map_or_else(|| delete_option(name, definitions), str::to_owned);
    Parameter { name, place: "query", kind: kind(name), description }
}

fn kind(name: &str) -> &'static str {
    match name {
        "limit" | "timeoutSeconds" | "gracePeriodSeconds" => "integer",
        "allowWatchBookmarks" | "sendInitialEvents" | "watch" | "force" | "orphanDependents" => "boolean",
        "ignoreStoreReadErrorWithClusterBreakingPotential" => "boolean",
        _ => "string",
    }
}

/// Returns what the body of a deletion says of the same option.
fn delete_option(name: &str, definitions: &Definitions) -> String {
    let options = definitions.get(&format!("{META}DeleteOptions"));
    let text = options.and_then(|options| options["properties"][name]["description"].as_str());
    text.unwrap_or_default().to_owned()
}

fn description(name: &str, verb: Verb) -> Option<&'static str> {
    Some(match name {
        "allowWatchBookmarks" => {
            "Asks for events of type BOOKMARK, which tell a resourceVersion and no change. When they are sent is \
             up to the server. Ignored unless this is a watch."
        }
        "continue" => {
            "Asks for the page after the one whose metadata had this value. The other parameters have to be \
             those of the first page. A value that is too old is answered by 410 with a new one, with which the \
             list goes on from the same key in the latest state. Not supported in a watch."
        }
        "fieldSelector" => "Selects objects by their fields. Defaults to everything.",
        "labelSelector" => "Selects objects by their labels. Defaults to everything.",
        "limit" => {
            "The most objects to return. If there are more, the list's metadata has a value for continue, and \
             all pages together are one consistent state. Not supported in a watch."
        }
        "resourceVersion" => {
            "Constrains the state that the answer may come from. See \
             https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions."
        }
        "resourceVersionMatch" => {
            "Says how resourceVersion constrains a list: Exact or NotOlderThan. See \
             https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions."
        }
        "sendInitialEvents" => {
            "Begins a watch with events for the objects that exist, followed by a bookmark that is annotated \
             with k8s.io/initial-events-end. Requires resourceVersionMatch to be NotOlderThan."
        }
        "timeoutSeconds" => "Limits the duration of a list or watch, whatever happens meanwhile.",
        "watch" => "Follows the changes to the objects instead of listing them.",
        "pretty" => {
            "If 'true', the output is indented. Defaults to 'false' unless the user agent is a browser, curl or \
             wget."
        }
        "force" => {
            "Takes over fields that others own. Only for apply requests, and has to be unset for other patches."
        }
        "fieldManager" if verb == Verb::Patch => {
            "The name of who makes the change, of at most 128 printable characters. Required for apply requests."
        }
        "fieldManager" => "The name of who makes the change, of at most 128 printable characters.",
        "fieldValidation" => {
            "Says what becomes of unknown and duplicate fields: with Ignore they are dropped, with Warn, the \
             default, they are dropped with a warning, with Strict the request fails."
        }
        _ => return None,
    })
}
