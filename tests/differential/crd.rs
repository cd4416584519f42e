//! The custom resource that stands for this server's type on a kube-apiserver.

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::files;
use super::server::Server;
use super::target::Reference;

const FILE: &str = "crd.json";

#[tokio::test]
async fn the_custom_resource_has_the_schema_that_is_served() {
    let made = serde_json::to_string_pretty(&definition(&schema().await)).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        files::write(FILE, &made);
    }
    assert_eq!(serde_json::from_str::<Value>(&made).unwrap(), read());
}

/// Returns the definition as the file has it.
pub(crate) fn read() -> Value {
    files::read(FILE)
}

fn definition(schema: &Value) -> Value {
    let target = Reference::Crd.target();
    let column = |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": target.names()[0]},
        "spec": {
            "group": target.group,
            "names": {
                "kind": target.kind,
                "plural": target.plural,
                "singular": "workflow",
                "shortNames": ["wf"],
                "categories": ["all"],
            },
            "scope": "Namespaced",
            "versions": [{
                "name": target.version,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
                "selectableFields": [{"jsonPath": ".status.phase"}],
                "additionalPrinterColumns": [
                    column("Phase", "string", ".status.phase"),
                    column("Schedule", "string", ".spec.schedule"),
                    column("Age", "date", ".metadata.creationTimestamp"),
                ],
            }],
        },
    })
}

/// Returns the schema of the type as a custom resource may have it: without references.
async fn schema() -> Value {
    let document = document().await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let kind = Reference::Crd.target().kind;
    let (_, own) = schemas.iter().find(|(name, _)| name.ends_with(&format!(".{kind}"))).unwrap();
    let mut own = structural(own, schemas);
    own["properties"]["metadata"] = json!({"type": "object"});
    own
}

async fn document() -> Value {
    let path = format!("/openapi/v3/apis/{}", Reference::Crd.target().api_version());
    let request = Request::get(path).header("accept", "application/json").body(Bytes::new()).unwrap();
    let body = Server::ours(Reference::Crd).await.send(request).await.into_body().collect().await.unwrap();
    serde_json::from_slice(&body.to_bytes()).unwrap()
}

fn structural(schema: &Value, schemas: &Map<String, Value>) -> Value {
    match schema {
        Value::Object(fields) => {
            let mut made = Map::new();
            for (name, value) in fields {
                match name.as_str() {
                    "$ref" => made.append(&mut referred(value, schemas)),
                    "allOf" => value.as_array().unwrap().iter().for_each(|part| {
                        made.append(structural(part, schemas).as_object_mut().unwrap());
                    }),
                    "x-kubernetes-group-version-kind"
                    | "x-kubernetes-patch-strategy"
                    | "x-kubernetes-patch-merge-key" => {}
                    _ => drop(made.insert(name.clone(), structural(value, schemas))),
                }
            }
            made.into()
        }
        Value::Array(items) => items.iter().map(|item| structural(item, schemas)).collect(),
        other => other.clone(),
    }
}

fn referred(reference: &Value, schemas: &Map<String, Value>) -> Map<String, Value> {
    let name = reference.as_str().unwrap().rsplit('/').next().unwrap();
    let Value::Object(fields) = structural(&schemas[name], schemas) else { panic!("{name} is an object") };
    fields
}
