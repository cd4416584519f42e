//! What a Workflow is made of. The descriptions are what `kubectl explain` shows.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire;
use crate::meta::{Descriptor, Resource, Subresource};

/// Workflow is a sequence of steps, each run in a container, once or on a schedule. Users write the `spec`,
/// which says what to run; the controller that runs it writes the `status` through the `status` subresource.
#[allow(rustdoc::bare_urls, reason = "`kubectl explain` shows the text as it is")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Workflow {
    /// Name, labels, annotations and all else that every object has. More info:
    /// https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata
    #[serde(deserialize_with = "wire::null_default")]
    pub metadata: ObjectMeta,

    /// What to run, and when. Whoever changes it raises `metadata.generation` by one.
    #[serde(deserialize_with = "wire::object")]
    pub spec: WorkflowSpec,

    /// How far the run is. Written through the `status` subresource only: writes to the object itself leave it
    /// as it is, and a new object begins with an empty one.
    #[serde(deserialize_with = "wire::object")]
    pub status: WorkflowStatus,
}

/// WorkflowSpec is what a user asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkflowSpec {
    /// The steps, run one after the other in this order. Each has a name of its own, by which server-side apply
    /// and strategic merge patches tell them apart. A workflow without steps is accepted with a warning: it has
    /// nothing to run.
    #[serde(deserialize_with = "wire::objects", skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend(
        "x-kubernetes-list-type" = "map",
        "x-kubernetes-list-map-keys" = ["name"],
        "x-kubernetes-patch-strategy" = "merge",
        "x-kubernetes-patch-merge-key" = "name"
    ))]
    pub steps: Vec<WorkflowStep>,

    /// When to run, as a cron expression in UTC: minute, hour, day of month, month and day of week, for example
    /// `0 2 * * *` (every night at two) or `*/15 8-18 * * MON-FRI`; or one of `@hourly`, `@daily`, `@midnight`,
    /// `@weekly`, `@monthly`, `@yearly`, `@annually` and `@every <duration>`. Absent means to run once. A time
    /// zone (`TZ=`, `CRON_TZ=`) is refused, and so is a schedule that never fires, such as `0 0 31 2 *`.
    #[serde(deserialize_with = "wire::null_default", skip_serializing_if = "String::is_empty")]
    pub schedule: String,

    /// How long a run may take, as a Go duration: numbers with the units `h`, `m`, `s`, `ms`, `us` and `ns`, for
    /// example `30m` or `1h30m`, not negative. It is kept the way it was written. Absent, or zero, which clients
    /// written in Go send for an unset one, means that there is no limit.
    #[serde(deserialize_with = "wire::null_default", skip_serializing_if = "String::is_empty")]
    pub timeout: String,
}

/// WorkflowStep is one container that runs to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default, extend("required" = ["name", "image"]))]
pub struct WorkflowStep {
    /// The name of the step, unique within the workflow: at most 63 lower-case letters, digits and `-` that begin
    /// and end with a letter or digit (a DNS label), for example `build`.
    #[serde(deserialize_with = "wire::null_default")]
    pub name: String,

    /// The container image to run, as a container runtime reads it: `[registry[:port]/]path[:tag][@digest]`, for
    /// example `golang:1.21` or `registry.example.com:5000/team/tool@sha256:<64 hexadecimal digits>`. Absent tag
    /// and digest mean the tag `latest`.
    #[serde(deserialize_with = "wire::null_default")]
    pub image: String,

    /// The program to run and its first arguments, for example `["go", "build", "./..."]`; no shell reads them.
    /// Absent means the image's entrypoint.
    #[serde(deserialize_with = "wire::texts", skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,

    /// The arguments that follow the command, for example `["-v"]`. Absent means the image's own when `command`
    /// is absent too, else none.
    #[serde(deserialize_with = "wire::texts", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,

    /// Environment variables by name, for example `{"CGO_ENABLED": "0"}`. A name is made of printable ASCII
    /// characters other than `=`. They are added to those that the image sets. Absent means none.
    #[serde(deserialize_with = "wire::text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// WorkflowStatus is what the controller has seen of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkflowStatus {
    /// Where in its life the run is: `Pending` (accepted, not started), `Running`, `Succeeded` (every step ended
    /// well) or `Failed`. Absent means that no controller has looked at the workflow yet. Workflows can be
    /// selected by it: `--field-selector status.phase=Running`.
    #[serde(deserialize_with = "wire::null_default", skip_serializing_if = "String::is_empty")]
    #[schemars(extend("enum" = WorkflowPhase::NAMES))]
    pub phase: String,

    /// When the run started, as RFC 3339 with whole seconds, for example `2024-01-15T10:30:00Z`. Absent until
    /// then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub start_time: Option<Time>,

    /// When the run ended, well or not, as RFC 3339 with whole seconds; not before `startTime`. Absent until
    /// then. A run may fail, and so end, without having started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub completion_time: Option<Time>,

    /// Why the phase is what it is, in a sentence for people, for example `step test: exit status 1`.
    #[serde(deserialize_with = "wire::null_default", skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Where in its life a run is.
///
/// On the wire it is a text, so that one that is none of these is told together with all else that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowPhase {
    /// Accepted, not started.
    Pending,
    /// Started, not ended.
    Running,
    /// Every step ended well.
    Succeeded,
    /// A step failed, or the run could not start or took too long.
    Failed,
}

impl WorkflowPhase {
    /// The phases as they stand on the wire, in the order of a life.
    pub const NAMES: [&'static str; 4] = ["Pending", "Running", "Succeeded", "Failed"];

    /// Returns the phase of this name, if it is one.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Running, Self::Succeeded, Self::Failed];
        Self::NAMES.iter().zip(all).find_map(|(&known, phase)| (known == name).then_some(phase))
    }

    /// Tells whether a run in this phase has ended.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl Resource for Workflow {
    const DESCRIPTOR: Descriptor = Descriptor {
        group: "workflow.example.com",
        version: "v1alpha1",
        kind: "Workflow",
        plural: "workflows",
        singular: "workflow",
        short_names: &["wf"],
        categories: &["all"],
        subresources: &[Subresource::Status],
        definition_prefix: "com.example.workflow.v1alpha1",
        ..Descriptor::NAMESPACED
    };

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Builder, workflow};
    use super::*;

    fn decode(value: &Value) -> Workflow {
        serde_json::from_str(&value.to_string()).unwrap_or_else(|error| panic!("{value}: {error}"))
    }

    #[test]
    fn what_is_empty_is_left_out_save_for_the_three_structs() {
        let text = serde_json::to_string(&Workflow::default()).unwrap();
        assert_eq!(text, r#"{"metadata":{},"spec":{},"status":{}}"#);
    }

    #[test]
    fn a_full_workflow_is_written_as_it_was_read() {
        let sent = json!({
            "metadata": {"name": "example-workflow", "namespace": "default"},
            "spec": {
                "steps": [{
                    "name": "build", "image": "golang:1.21", "command": ["go", "build"], "args": ["./..."],
                    "env": {"CGO_ENABLED": "0"},
                }],
                "schedule": "@daily",
                "timeout": "30m",
            },
            "status": {
                "phase": "Running", "startTime": "2024-01-15T10:30:00Z",
                "completionTime": "2024-01-15T10:31:00Z", "message": "m",
            },
        });
        assert_eq!(serde_json::to_value(decode(&sent)).unwrap(), sent);
    }

    #[test]
    fn metadata_is_written_first_and_required_fields_always() {
        let sent = workflow("a").with_step("", "");
        let text = serde_json::to_string(&sent).unwrap();
        assert!(text.starts_with(r#"{"metadata":{"name":"a","#), "{text}");
        assert!(text.contains(r#""spec":{"steps":[{"name":"","image":""}]}"#), "{text}");
    }

    #[test]
    fn null_and_missing_stand_for_the_zero_value_at_any_depth() {
        let empty = Workflow::default();
        for sent in [
            json!({}),
            json!({"metadata": null, "spec": null, "status": null}),
            json!({"metadata": {}, "spec": {}, "status": {}}),
            json!({"spec": {"steps": null, "schedule": null, "timeout": null}}),
            json!({"status": {"phase": null, "startTime": null, "completionTime": null, "message": null}}),
            json!({"apiVersion": "workflow.example.com/v1alpha1", "kind": "Workflow", "unknown": [{}]}),
        ] {
            assert_eq!(decode(&sent), empty, "{sent}");
        }
        let step = json!({"name": null, "image": null, "command": null, "args": null, "env": null});
        let with_nulls = decode(&json!({"spec": {"steps": [null, step]}}));
        assert_eq!(with_nulls.spec.steps, [WorkflowStep::default(), WorkflowStep::default()]);
        let step = json!({"command": [null, "a"], "env": {"A": null}});
        let step = &decode(&json!({"spec": {"steps": [step]}})).spec.steps[0];
        assert_eq!((step.command.join("|"), step.env["A"].as_str()), ("|a".to_owned(), ""));
    }

    #[test]
    fn values_of_the_wrong_type_are_refused() {
        for sent in [
            json!({"spec": []}),
            json!({"spec": ["x"]}),
            json!({"spec": "x"}),
            json!({"status": [null]}),
            json!({"spec": {"steps": {}}}),
            json!({"spec": {"steps": [["build", "golang"]]}}),
            json!({"spec": {"steps": [{"name": 1}]}}),
            json!({"spec": {"steps": [{"command": "go build"}]}}),
            json!({"spec": {"steps": [{"env": {"A": 1}}]}}),
            json!({"spec": {"timeout": 30}}),
            json!({"status": {"startTime": "yesterday"}}),
        ] {
            assert!(serde_json::from_str::<Workflow>(&sent.to_string()).is_err(), "{sent}");
        }
    }

    fn schema() -> Value {
        serde_json::to_value(schemars::schema_for!(Workflow)).unwrap()
    }

    /// Calls `see` with every schema of a property, by its path.
    fn each_property(schema: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            see(&path, property);
            each_property(property, &path, see);
        }
    }

    #[test]
    fn every_type_and_field_is_described() {
        let schema = schema();
        assert!(schema["description"].as_str().is_some_and(|text| text.starts_with("Workflow is ")));
        let mut count = 0;
        let mut see = |path: &str, property: &Value| {
            count += 1;
            let described = property["description"].as_str().is_some_and(|text| text.len() > 30);
            assert!(described, "{path}: {property}");
        };
        each_property(&schema, "", &mut see);
        for name in ["WorkflowSpec", "WorkflowStep", "WorkflowStatus"] {
            let definition = &schema["$defs"][name];
            assert!(definition["description"].as_str().is_some_and(|text| text.starts_with(name)), "{name}");
            each_property(definition, name, &mut see);
        }
        assert_eq!(count, 15);
    }

    #[test]
    fn steps_are_a_map_by_name_for_apply_and_patch() {
        let steps = &schema()["$defs"]["WorkflowSpec"]["properties"]["steps"];
        assert_eq!(steps["x-kubernetes-list-type"], "map");
        assert_eq!(steps["x-kubernetes-list-map-keys"], json!(["name"]));
        assert_eq!(steps["x-kubernetes-patch-strategy"], "merge");
        assert_eq!(steps["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(steps["items"]["$ref"], "#/$defs/WorkflowStep");
    }

    #[test]
    fn the_schema_asks_for_what_validation_asks_for() {
        let schema = schema();
        assert_eq!(schema["required"], Value::Null);
        assert_eq!(schema["$defs"]["WorkflowStep"]["required"], json!(["name", "image"]));
        assert_eq!(
            schema["$defs"]["WorkflowStatus"]["properties"]["phase"]["enum"],
            json!(WorkflowPhase::NAMES)
        );
        assert!(!schema["$defs"]["WorkflowStep"].to_string().contains("default\""), "no defaults: {schema}");
    }

    #[test]
    fn phases_are_known_by_their_names() {
        for name in WorkflowPhase::NAMES {
            assert_eq!(format!("{:?}", WorkflowPhase::from_name(name).unwrap()), name);
        }
        assert_eq!(WorkflowPhase::from_name(""), None);
        assert_eq!(WorkflowPhase::from_name("running"), None);
    }
}
