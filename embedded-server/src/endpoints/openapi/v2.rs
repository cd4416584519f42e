//! Version 2 of OpenAPI, also called Swagger: one document for the whole server.

use serde_json::{Map, Value, json};

use super::Definitions;
use super::operations::{Body, Operation};
use super::parameters::Parameter;
use super::paths::{Path, paths};
use super::schema::{REF, to_v2};

/// Builds the document.
pub(super) fn document(version: &str, operations: Vec<Operation>, definitions: &Definitions) -> Value {
    let paths: Map<String, Value> =
        paths(operations).into_iter().map(|(path, item)| (path, item_of(&item))).collect();
    let definitions: Map<String, Value> =
        definitions.iter().map(|(name, schema)| (name.clone(), to_v2(schema))).collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {"BearerToken": {
            "description": "Bearer Token authentication",
            "type": "apiKey",
            "name": "authorization",
            "in": "header",
        }},
        "security": [{"BearerToken": []}],
    })
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
        "schemes": ["https"],
        "consumes": consumes(operation),
        "produces": operation.produces,
        "responses": responses(operation),
    });
    let body = operation.body.iter().map(body_of);
    let parameters: Vec<Value> = body.chain(operation.parameters.iter().map(parameter_of)).collect();
    if !parameters.is_empty() {
        fields["parameters"] = parameters.into();
    }
    if let Some((action, kind)) = &operation.action {
        fields["x-kubernetes-action"] = json!(action);
        fields["x-kubernetes-group-version-kind"] = kind.clone();
    }
    fields
}

fn consumes(operation: &Operation) -> Vec<&'static str> {
    match (&operation.body, &operation.action) {
        (Some(body), _) => body.consumes.clone(),
        (None, Some(_)) => vec!["*/*"],
        (None, None) => operation.produces.clone(),
    }
}

fn responses(operation: &Operation) -> Value {
    let mut responses = json!({"401": {"description": "Unauthorized"}});
    for (status, description) in &operation.responses {
        responses[*status] = json!({"description": description, "schema": reference(&operation.returns)});
    }
    responses
}

fn body_of(body: &Body) -> Value {
    let mut fields = json!({"name": "body", "in": "body", "schema": reference(&body.schema)});
    if body.required {
        fields["required"] = json!(true);
    }
    fields
}

fn parameter_of(parameter: &Parameter) -> Value {
    let mut fields = parameter.common_fields();
    fields.insert("type".to_owned(), json!(parameter.kind));
    fields.insert("uniqueItems".to_owned(), json!(true));
    Value::Object(fields)
}

fn reference(name: &str) -> Value {
    to_v2(&json!({ REF: name }))
}
