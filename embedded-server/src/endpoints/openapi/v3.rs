//! Version 3 of OpenAPI: one document for each group version, and an index that leads to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Definitions;
use super::operations::{Body, Operation};
use super::parameters::Parameter;
use super::paths::{Path, paths};
use super::schema::{REF, for_each_ref, to_v3};
use crate::endpoints::Document;

/// Builds all documents, by their path below `/openapi/v3/`.
pub(super) fn documents(
    version: &str,
    operations: &[Operation],
    definitions: &Definitions,
) -> BTreeMap<String, Value> {
    let mut by_document: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_document.entry(&operation.document).or_default().push(operation);
    }
    let build = |operations: &[&Operation]| document(version, operations, definitions);
    by_document.into_iter().map(|(path, operations)| (path.to_owned(), build(&operations))).collect()
}

/// Builds the index of documents, each with the hash of its content.
pub(super) fn index(documents: &BTreeMap<String, Document>) -> Document {
    let entry = |(path, document): (&String, &Document)| {
        (path.clone(), json!({"serverRelativeURL": url(path, document)}))
    };
    let paths: Map<String, Value> = documents.iter().map(entry).collect();
    Document::json(&json!({ "paths": paths }))
}

/// Returns the address of a document's present content.
pub(super) fn url(path: &str, document: &Document) -> String {
    format!("/openapi/v3/{path}?hash={}", document.hash())
}

fn document(version: &str, operations: &[&Operation], definitions: &Definitions) -> Value {
    let needed = needed(operations, definitions);
    let schemas: Map<String, Value> = definitions
        .iter()
        .filter(|(name, _)| needed.contains(name.as_str()))
        .map(|(name, schema)| (name.clone(), to_v3(schema)))
        .collect();
    let paths = paths(operations.iter().copied().cloned());
    let paths: Map<String, Value> = paths.into_iter().map(|(path, item)| (path, item_of(&item))).collect();
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            }},
        },
    })
}

/// Returns the names of the definitions that operations refer to, and those that these refer to, and so on.
fn needed<'a>(operations: &[&'a Operation], definitions: &'a Definitions) -> BTreeSet<&'a str> {
    let of_operation =
        |o: &&'a Operation| [Some(o.returns.as_str()), o.body.as_ref().map(|body| body.schema.as_str())];
    let mut open: Vec<&str> = operations.iter().flat_map(of_operation).flatten().collect();
    let mut needed = BTreeSet::new();
    while let Some(name) = open.pop() {
        if needed.insert(name)
            && let Some(schema) = definitions.get(name)
        {
            for_each_ref(schema, &mut |name| open.push(name));
        }
    }
    needed
}

fn item_of(path: &Path) -> Value {
    let mut item: Map<String, Value> =
        path.operations.iter().map(|operation| (operation.method.clone(), operation_of(operation))).collect();
    if !path.shared.is_empty() {
        let shared: Vec<Value> = path.shared.iter().map(parameter_of).collect();
        item.insert("parameters".to_owned(), shared.into());
    }
    Value::Object(item)
}

fn operation_of(operation: &Operation) -> Value {
    let mut fields = json!({
        "operationId": operation.id,
        "description": operation.description,
        "tags": [operation.tag],
        "responses": responses(operation),
    });
    if !operation.parameters.is_empty() {
        let parameters: Vec<Value> = operation.parameters.iter().map(parameter_of).collect();
        fields["parameters"] = parameters.into();
    }
    if let Some(body) = &operation.body {
        fields["requestBody"] = body_of(body);
    }
    if let Some((action, kind)) = &operation.action {
        fields["x-kubernetes-action"] = json!(action);
        fields["x-kubernetes-group-version-kind"] = kind.clone();
    }
    fields
}

fn responses(operation: &Operation) -> Value {
    let mut responses = json!({"401": {"description": "Unauthorized"}});
    let content = content(&operation.returns, &operation.produces);
    for (status, description) in &operation.responses {
        responses[*status] = json!({"description": description, "content": content});
    }
    responses
}

fn body_of(body: &Body) -> Value {
    let mut fields = json!({"content": content(&body.schema, &body.consumes)});
    if body.required {
        fields["required"] = json!(true);
    }
    fields
}

fn content(schema: &str, media_types: &[&str]) -> Value {
    let schema = to_v3(&json!({ REF: schema }));
    let entries =
        media_types.iter().map(|media_type| ((*media_type).to_owned(), json!({ "schema": schema })));
    Value::Object(entries.collect())
}

fn parameter_of(parameter: &Parameter) -> Value {
    let mut fields = parameter.common_fields();
    fields.insert("schema".to_owned(), json!({"type": parameter.kind, "uniqueItems": true}));
    Value::Object(fields)
}
