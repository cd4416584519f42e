//! What clients rely on in the documents, and goldens that show every change of them.
//!
//! `UPDATE_GOLDENS=1 cargo test -p embedded-server openapi` rewrites the goldens.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::OpenApi;
use crate::endpoints::testing::widgets;
use crate::endpoints::{Document, method};
use crate::meta::Verb;

const V3_PATHS: [&str; 4] = ["apis", "apis/example.com", "apis/example.com/v1", "version"];

fn openapi() -> OpenApi {
    OpenApi::new("v1.2.3", &[widgets()])
}

fn parse(document: &Document) -> Value {
    serde_json::from_slice(&document.body()).unwrap()
}

fn v2() -> Value {
    parse(openapi().v2())
}

fn v3() -> Value {
    parse(openapi().v3("apis/example.com/v1").unwrap())
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let methods = |(path, item): (&String, &Value)| -> Vec<(String, String, Value)> {
        let methods = item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters");
        methods.map(|(method, operation)| (path.clone(), method.clone(), operation.clone())).collect()
    };
    document["paths"].as_object().unwrap().iter().flat_map(methods).collect()
}

fn refs(value: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    match value {
        Value::Object(object) => {
            all.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| all.extend(refs(value)));
        }
        Value::Array(items) => items.iter().for_each(|item| all.extend(refs(item))),
        _ => {}
    }
    all
}

fn assert_golden(name: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let actual = serde_json::to_string_pretty(document).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &actual).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == actual, "{name} changed; look at it with UPDATE_GOLDENS=1 and git diff");
}

#[test]
fn version_2_is_the_golden() {
    assert_golden("openapi-v2.json", &v2());
}

#[test]
fn version_3_is_the_golden() {
    assert_golden("openapi-v3.json", &v3());
}

#[test]
fn every_ref_resolves() {
    let openapi = openapi();
    let v3 = V3_PATHS.map(|path| parse(openapi.v3(path).unwrap()));
    for document in v3.iter().chain([&v2()]) {
        let refs = refs(document);
        assert!(!refs.is_empty());
        for target in refs {
            let pointer = target.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }
}

#[test]
fn version_3_has_no_schema_that_nothing_refers_to() {
    let document = v3();
    let refs = refs(&document);
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(refs.contains(&format!("#/components/schemas/{name}")), "{name}");
    }
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let operations = operations(&v2());
    let ids: BTreeSet<&str> = operations.iter().map(|o| o.2["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len());
}

#[test]
fn operation_ids_are_those_that_kubernetes_gives() {
    let ids: BTreeSet<String> =
        operations(&v2()).iter().map(|o| o.2["operationId"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "createExampleComV1NamespacedWidget",
        "deleteExampleComV1CollectionNamespacedWidget",
        "deleteExampleComV1NamespacedWidget",
        "getAPIVersions",
        "getCodeVersion",
        "getExampleComAPIGroup",
        "getExampleComV1APIResources",
        "listExampleComV1NamespacedWidget",
        "listExampleComV1WidgetForAllNamespaces",
        "patchExampleComV1NamespacedWidget",
        "patchExampleComV1NamespacedWidgetStatus",
        "readExampleComV1NamespacedWidget",
        "readExampleComV1NamespacedWidgetStatus",
        "replaceExampleComV1NamespacedWidget",
        "replaceExampleComV1NamespacedWidgetStatus",
        "watchExampleComV1NamespacedWidget",
        "watchExampleComV1NamespacedWidgetList",
        "watchExampleComV1WidgetListForAllNamespaces",
    ];
    assert_eq!(ids, expected.map(str::to_owned).into());
}

#[test]
fn every_route_is_described_in_both_versions() {
    for document in [v2(), v3()] {
        for route in widgets().routes() {
            for verb in route.verbs.iter().filter(|verb| route.watch || **verb != Verb::Watch) {
                let method = method(*verb).as_str().to_ascii_lowercase();
                assert!(document["paths"][&route.path][&method].is_object(), "{method} {}", route.path);
            }
        }
    }
}

#[test]
fn operations_on_resources_name_their_kind_and_action() {
    let kind = json!({"group": "example.com", "version": "v1", "kind": "Widget"});
    for document in [v2(), v3()] {
        for (path, method, operation) in operations(&document) {
            if path.contains("widgets") {
                assert_eq!(operation["x-kubernetes-group-version-kind"], kind, "{method} {path}");
                assert!(operation["x-kubernetes-action"].is_string(), "{method} {path}");
                assert_eq!(operation["tags"], json!(["exampleCom_v1"]));
            }
        }
    }
}

const WIDGETS: &str = "/apis/example.com/v1/namespaces/{namespace}/widgets";

/// The operations on widgets, as the method and what follows the path of their collection.
fn on_widgets() -> Vec<(String, Value)> {
    let all = operations(&v2()).into_iter();
    let spelled = |(path, method, operation): (String, String, Value)| {
        let within = path.strip_prefix(WIDGETS)?;
        Some((format!("{method} {within}"), operation))
    };
    all.filter_map(spelled).collect()
}

#[test]
fn the_codes_of_a_method_are_documented() {
    for (spelled, operation) in on_widgets() {
        let codes: &[&str] = match spelled.split(' ').collect::<Vec<_>>()[..] {
            ["post", _] => &["200", "201", "202", "401"],
            ["put" | "patch", _] => &["200", "201", "401"],
            ["delete", "/{name}"] => &["200", "202", "401"],
            _ => &["200", "401"],
        };
        let documented: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(documented, codes, "{spelled}");
        assert_eq!(operation["responses"]["401"], json!({"description": "Unauthorized"}));
    }
}

#[test]
fn every_method_has_its_parameters() {
    let list = "continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch sendInitialEvents \
                timeoutSeconds";
    let delete = "dryRun gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents \
                  propagationPolicy";
    let all = on_widgets();
    assert_eq!(all.len(), 10);
    for (spelled, operation) in all {
        let own = match spelled.as_str() {
            "get " => format!("{list} allowWatchBookmarks watch"),
            "delete " => format!("{list} {delete} body"),
            "delete /{name}" => format!("{delete} body"),
            "get /{name}" | "get /{name}/status" => String::new(),
            patch if patch.starts_with("patch ") => {
                "body dryRun fieldManager fieldValidation force".to_owned()
            }
            _ => "body dryRun fieldManager fieldValidation".to_owned(),
        };
        let own: BTreeSet<&str> = own.split(' ').filter(|name| !name.is_empty()).collect();
        let stands_elsewhere = |name: &&str| !matches!(*name, "name" | "namespace" | "pretty");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let named: BTreeSet<&str> =
            parameters.map(|p| p["name"].as_str().unwrap()).filter(stands_elsewhere).collect();
        assert_eq!(named, own, "{spelled}");
    }
    for item in v2()["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("widgets")) {
        assert!(item.1.to_string().contains(r#""name":"pretty""#), "{}", item.0);
    }
}

#[test]
fn a_patch_names_the_parameters_that_kubectl_looks_for() {
    let path = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}";
    for document in [v2(), v3()] {
        let patch = &document["paths"][path]["patch"];
        let names: BTreeSet<&str> =
            patch["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        for name in ["dryRun", "fieldManager", "fieldValidation", "force"] {
            assert!(names.contains(name), "{name}");
        }
    }
}

#[test]
fn a_patch_takes_the_media_types_of_the_resource() {
    let path = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}";
    assert_eq!(v2()["paths"][path]["patch"]["consumes"], json!(widgets().patch_types));
}

#[test]
fn every_parameter_is_described() {
    for (path, method, operation) in operations(&v2()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let described = parameter["in"] == "body" || parameter["description"] != "";
            assert!(described, "{method} {path} {parameter}");
        }
    }
}

#[test]
fn kinds_have_the_fields_and_the_mark_of_a_kind() {
    let document = v2();
    for (name, kind) in [("Widget", "Widget"), ("WidgetList", "WidgetList")] {
        let schema = &document["definitions"][format!("com.example.v1.{name}")];
        for field in ["apiVersion", "kind", "metadata"] {
            assert!(schema["properties"][field]["description"].is_string(), "{name}.{field}");
        }
        let mark = json!([{"group": "example.com", "version": "v1", "kind": kind}]);
        assert_eq!(schema["x-kubernetes-group-version-kind"], mark);
    }
}

#[test]
fn the_machinery_s_own_kinds_belong_to_every_served_version() {
    let options = &v2()["definitions"]["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"];
    let expected = json!([
        {"group": "", "version": "v1", "kind": "DeleteOptions"},
        {"group": "example.com", "version": "v1", "kind": "DeleteOptions"},
    ]);
    assert_eq!(options["x-kubernetes-group-version-kind"], expected);
}

#[test]
fn extensions_of_a_field_are_kept() {
    let document = v3();
    let parts = &document["components"]["schemas"]["com.example.v1.WidgetSpec"]["properties"]["parts"];
    assert_eq!(parts["x-kubernetes-list-type"], "map");
    assert_eq!(parts["x-kubernetes-list-map-keys"], json!(["name"]));
}

#[test]
fn the_index_of_version_3_leads_to_every_document_by_its_hash() {
    let openapi = openapi();
    let index = parse(openapi.v3_index());
    let paths: Vec<&str> = index["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths, V3_PATHS);
    for path in V3_PATHS {
        let hash = openapi.v3(path).unwrap().hash();
        let url = format!("/openapi/v3/{path}?hash={hash}");
        assert_eq!(index["paths"][path]["serverRelativeURL"], url);
        assert_eq!(openapi.v3_url(path).unwrap(), url);
    }
    assert!(openapi.v3("api/v1").is_none());
}

#[test]
fn documents_are_the_same_in_every_process() {
    assert_eq!(openapi().v2().etag(), openapi().v2().etag());
    assert_eq!(openapi().v2_protobuf(), openapi().v2_protobuf());
    assert_eq!(openapi().v3_index(), openapi().v3_index());
}

#[test]
fn version_3_says_what_it_is() {
    let document = v3();
    assert_eq!(document["openapi"], "3.0.0");
    assert_eq!(document["info"], json!({"title": "Kubernetes", "version": "v1.2.3"}));
    assert!(document["components"]["schemas"].is_object());
}
