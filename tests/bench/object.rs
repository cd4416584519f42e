//! The objects: Workflows of about 1 KiB, a thousand to a namespace.

use bytes::Bytes;

const NAMESPACE_SIZE: usize = 1000;
/// What an update replaces; as long as any number.
const COUNTER: &str = "000000000";

pub(crate) fn collection(namespace: usize) -> String {
    format!("/apis/workflow.example.com/v1alpha1/namespaces/bench-{namespace}/workflows")
}

/// Returns the collection that the object with this number is in.
pub(crate) fn collection_of(number: usize) -> String {
    collection(number / NAMESPACE_SIZE)
}

/// Returns the path of the object with this number.
pub(crate) fn path(number: usize) -> String {
    format!("{}/{}", collection_of(number), name(number))
}

fn name(number: usize) -> String {
    format!("workflow-{number:07}")
}

/// Returns the object with this number as a client sends it.
pub(crate) fn body(number: usize) -> Bytes {
    let step = |name: &str, target: &str| {
        serde_json::json!({
            "name": name,
            "image": "registry.example.com/builders/golang:1.26.3-bookworm",
            "command": ["/bin/sh", "-c"],
            "args": [format!("set -eu; cd /workspace/source; make {target} PARALLEL=4 VERBOSE=1")],
            "env": { "GOFLAGS": "-mod=readonly -trimpath", "TARGET": target },
        })
    };
    let object = serde_json::json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": name(number),
            "labels": { "app.kubernetes.io/name": "bench", "bench/shard": (number % 16).to_string() },
            "annotations": { "bench/counter": COUNTER },
        },
        "spec": {
            "schedule": "*/15 * * * *",
            "timeout": "1h30m",
            "steps": [step("build", "build"), step("test", "test"), step("publish", "publish")],
        },
    });
    object.to_string().into()
}

/// Returns what an object became when its counter is set.
pub(crate) fn with_counter(object: &[u8], count: usize) -> Option<Bytes> {
    const FIELD: &[u8] = br#""bench/counter":""#;
    let at = object.windows(FIELD.len()).position(|window| window == FIELD)? + FIELD.len();
    let mut changed = object.to_vec();
    let digits = format!("{count:0width$}", width = COUNTER.len());
    changed.get_mut(at..at + COUNTER.len())?.copy_from_slice(digits.as_bytes().get(..COUNTER.len())?);
    Some(changed.into())
}

/// Returns the merge patch that sets an object's counter.
pub(crate) fn merge_patch(count: usize) -> Bytes {
    format!(r#"{{"metadata":{{"annotations":{{"bench/counter":"{count:09}"}}}}}}"#).into()
}
