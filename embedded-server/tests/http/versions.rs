//! A type in two versions: stored in one, served in both.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, JSON_PATCH, MERGE_PATCH, METADATA, Setup, TABLE, TestServer, parcels};

const GROUP: &str = "/apis/post.example.com";
const NEW: &str = "/apis/post.example.com/v1/namespaces/default/parcels";
const OLD: &str = "/apis/post.example.com/v1beta1/namespaces/default/parcels";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

async fn server() -> TestServer {
    Setup::default().serving(parcels).start().await
}

fn parcel(version: &str, name: &str, spec: impl Into<Value>) -> Value {
    let spec = spec.into();
    json!({
        "apiVersion": format!("post.example.com/{version}"),
        "kind": "Parcel",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// Returns a parcel as `v1` spells it.
fn new(name: &str, city: &str) -> Value {
    parcel("v1", name, json!({"address": {"street": "Main Road 1", "city": city}, "grams": 200}))
}

/// Returns a parcel as `v1beta1` spells it.
fn old(name: &str, city: &str) -> Value {
    parcel("v1beta1", name, json!({"street": "Main Road 1", "city": city, "grams": 200}))
}

/// Returns the path of the parcel `a`.
fn a(collection: &str) -> String {
    format!("{collection}/a")
}

async fn apply(server: &TestServer, collection: &str, manager: &str, config: Value) -> Answer {
    server.patch(format!("{}?fieldManager={manager}", a(collection)), APPLY, config).await
}

/// Returns who manages what, as `manager version fields`.
fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().expect("managers").iter();
    let spelled = |entry: &Value| {
        let version = entry["apiVersion"].as_str().unwrap().trim_start_matches("post.example.com/");
        format!("{} {version} {}", entry["manager"].as_str().unwrap(), entry["fieldsV1"]["f:spec"])
    };
    entries.map(spelled).collect()
}

#[tokio::test]
async fn what_is_written_in_one_version_is_read_in_the_other() {
    let server = server().await;
    let created = server.post(OLD, old("a", "Ulm")).await.expect(201).json();
    assert_eq!(created["apiVersion"], "post.example.com/v1beta1");
    assert_eq!(created["spec"], json!({"street": "Main Road 1", "city": "Ulm", "grams": 200}));
    assert_eq!(server.read(a(OLD)).await, created);
    let mut seen = server.read(a(NEW)).await;
    assert_eq!(seen["apiVersion"], "post.example.com/v1");
    assert_eq!(seen["metadata"], created["metadata"]);
    assert_eq!(seen["spec"], new("a", "Ulm")["spec"]);

    seen["spec"]["address"]["city"] = json!("Jena");
    let changed = server.put(a(NEW), seen).await.expect(200).json();
    let seen = server.read(a(OLD)).await;
    assert_eq!(seen["spec"]["city"], "Jena");
    assert_eq!(seen["metadata"]["resourceVersion"], changed["metadata"]["resourceVersion"]);
    server.delete(a(OLD)).await.expect(200);
    server.get(a(NEW)).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn writing_back_what_was_read_writes_nothing_in_either_version() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    for collection in [NEW, OLD] {
        let read = server.read(a(collection)).await;
        assert_eq!(server.put(a(collection), read.clone()).await.expect(200).json(), read);
    }
}

#[tokio::test]
async fn each_version_has_its_own_defaults() {
    let server = server().await;
    let spec = json!({"grams": 1});
    server.post(NEW, parcel("v1", "new", spec.clone())).await.expect(201);
    let created = server.post(OLD, parcel("v1beta1", "old", spec)).await.expect(201).json();
    assert_eq!(created["spec"]["city"], "Bonn");
    assert_eq!(server.read(format!("{NEW}/new")).await["spec"]["address"], json!({}));
    assert_eq!(server.read(format!("{NEW}/old")).await["spec"]["address"], json!({"city": "Bonn"}));
}

#[tokio::test]
async fn a_body_has_to_be_of_the_version_of_its_path() {
    let server = server().await;
    let message = "the API version in the data (post.example.com/v1) does not match the expected API version \
        (post.example.com/v1beta1)";
    server.post(OLD, new("a", "Ulm")).await.failure(400, "BadRequest", message);
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let config = apply(&server, OLD, "m", new("a", "Ulm")).await;
    let message = config.any_failure(400, "BadRequest")["message"].take();
    assert!(message.as_str().unwrap().contains("post.example.com/v1, Kind=Parcel"), "{message}");
    let patch = json!({"apiVersion": "post.example.com/v1", "spec": {"address": {"city": "Bonn"}}});
    let moved = server.patch(a(OLD), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(
        (&moved["apiVersion"], &moved["spec"]["city"]),
        (&json!("post.example.com/v1beta1"), &json!("Bonn"))
    );
    let unknown = server.patch(a(OLD), MERGE_PATCH, json!({"apiVersion": "post.example.com/v2"})).await;
    unknown.any_failure(422, "Invalid");
}

#[tokio::test]
async fn unknown_fields_are_those_that_the_version_does_not_know() {
    let server = server().await;
    let strict = |collection: &str| format!("{collection}?fieldValidation=Strict");
    let mixed = parcel("v1beta1", "a", json!({"address": {"city": "Ulm"}}));
    let refused = server.post(strict(OLD), mixed).await.any_failure(400, "BadRequest");
    let message = refused["message"].as_str().unwrap();
    assert!(message.starts_with("Parcel in version \"v1beta1\" cannot be handled as a Parcel"), "{message}");
    assert!(message.ends_with("unknown field \"spec.address\""), "{message}");
}

#[tokio::test]
async fn rules_are_those_of_the_stored_version() {
    let server = server().await;
    let refused = server.post(OLD, parcel("v1beta1", "a", json!({"grams": -1}))).await;
    let status = refused.causes(&[("FieldValueInvalid", "spec.grams", "Invalid value: -1: must not float")]);
    assert_eq!(status["details"]["group"], "post.example.com");
    assert_eq!(status["details"]["kind"], "Parcel");
}

#[tokio::test]
async fn patches_change_the_object_as_their_version_spells_it() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let by_path = json!([
        {"op": "test", "path": "/apiVersion", "value": "post.example.com/v1beta1"},
        {"op": "replace", "path": "/spec/city", "value": "Jena"},
    ]);
    server.patch(a(OLD), JSON_PATCH, by_path).await.expect(200);
    assert_eq!(server.read(a(NEW)).await["spec"]["address"]["city"], "Jena");
    server.patch(a(NEW), MERGE_PATCH, json!({"spec": {"address": {"city": "Gera"}}})).await.expect(200);
    let seen = server.patch(a(OLD), MERGE_PATCH, json!({"spec": {"grams": 7}})).await.expect(200).json();
    assert_eq!(seen["spec"], json!({"street": "Main Road 1", "city": "Gera", "grams": 7}));
    let cleared = server.patch(a(OLD), MERGE_PATCH, json!({"spec": {"city": null}})).await.expect(200).json();
    assert_eq!(cleared["spec"]["city"], "Bonn");
}

#[tokio::test]
async fn strategic_patches_merge_by_the_keys_of_their_version() {
    let server = server().await;
    server.post(NEW, parcel("v1", "a", json!({"stops": [{"name": "Ulm", "note": "x"}]}))).await.expect(201);
    let patch = json!({"spec": {"stops": [{"place": "Ulm", "note": "y"}, {"place": "Jena"}]}});
    server.patch(a(OLD), STRATEGIC, patch).await.expect(200);
    let patch = json!({"spec": {"stops": [{"name": "Jena", "note": "z"}]}});
    let stops = server.patch(a(NEW), STRATEGIC, patch).await.expect(200).json()["spec"]["stops"].take();
    let notes: Vec<String> =
        stops.as_array().unwrap().iter().map(|s| format!("{}={}", s["name"], s["note"])).collect();
    assert_eq!(notes, [r#""Ulm"="y""#, r#""Jena"="z""#]);
}

#[tokio::test]
async fn the_status_is_written_through_either_version() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let patch = json!({"status": {"phase": "Sent"}, "spec": {"city": "ignored"}});
    let path = format!("{}/status", a(OLD));
    let changed = server.patch(path, MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(changed["status"], json!({"phase": "Sent"}));
    assert_eq!(server.read(a(NEW)).await["spec"]["address"]["city"], "Ulm");
}

#[tokio::test]
async fn managers_name_fields_in_the_version_they_wrote() {
    let server = server().await;
    let config = |version: &str, spec: Value| parcel(version, "a", spec);
    let made = apply(&server, OLD, "old", config("v1beta1", json!({"city": "Ulm"}))).await.expect(201).json();
    assert_eq!(made["spec"]["city"], "Ulm");
    let refused = apply(&server, NEW, "new", config("v1", json!({"address": {"city": "Jena"}}))).await;
    let status = refused.any_failure(409, "Conflict");
    assert_eq!(status["details"]["causes"][0]["field"], ".spec.city");
    let both = apply(&server, NEW, "new", config("v1", json!({"address": {"street": "x"}}))).await;
    let expected = [r#"old v1beta1 {"f:city":{}}"#, r#"new v1 {"f:address":{"f:street":{}}}"#];
    let mut seen = managers(&both.expect(200).json());
    seen.sort_by_key(|line| line.starts_with("new"));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_forced_apply_takes_fields_across_versions() {
    let server = server().await;
    apply(&server, OLD, "old", old("a", "Ulm")).await.expect(201);
    let config = parcel("v1", "a", json!({"address": {"city": "Jena"}}));
    let taken = apply(&server, NEW, "new&force=true", config).await.expect(200).json();
    assert_eq!(taken["spec"]["address"]["city"], "Jena");
    assert!(
        managers(&taken).contains(&r#"old v1beta1 {"f:grams":{},"f:street":{}}"#.to_owned()),
        "{taken:#}"
    );
}

#[tokio::test]
async fn who_applies_in_another_version_gives_up_what_he_no_longer_says() {
    let server = server().await;
    let stops = json!([{"place": "Ulm"}, {"place": "Jena"}]);
    apply(&server, OLD, "m", parcel("v1beta1", "a", json!({"city": "Ulm", "stops": stops})))
        .await
        .expect(201);
    let config = parcel("v1", "a", json!({"address": {"city": "Ulm"}, "stops": [{"name": "Jena"}]}));
    let applied = apply(&server, NEW, "m", config).await.expect(200).json();
    assert_eq!(applied["spec"]["stops"], json!([{"name": "Jena"}]));
    assert_eq!(managers(&applied).len(), 1);
    assert!(managers(&applied)[0].starts_with("m v1 "), "{applied:#}");
}

#[tokio::test]
async fn an_update_in_one_version_takes_what_it_changes_from_managers_of_the_other() {
    let server = server().await;
    apply(&server, OLD, "old", old("a", "Ulm")).await.expect(201);
    let patch = json!({"spec": {"address": {"city": "Jena"}}});
    let path = format!("{}?fieldManager=new", a(NEW));
    let changed = server.patch(path, MERGE_PATCH, patch).await.expect(200).json();
    let expected = [r#"old v1beta1 {"f:grams":{},"f:street":{}}"#, r#"new v1 {"f:address":{"f:city":{}}}"#];
    assert_eq!(managers(&changed), expected);
}

#[tokio::test]
async fn lists_are_in_the_version_that_is_asked_whoever_wrote_the_items() {
    let server = server().await;
    server.post(OLD, old("a", "Ulm")).await.expect(201);
    server.post(NEW, new("b", "Jena")).await.expect(201);
    let list = server.read(OLD).await;
    assert_eq!(list["apiVersion"], "post.example.com/v1beta1");
    assert_eq!(list["kind"], "ParcelList");
    let cities: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|item| &item["spec"]["city"]).collect();
    assert_eq!(cities, ["Ulm", "Jena"]);
    assert!(list["items"][0].get("apiVersion").is_none());
    let yaml = server.get(OLD).accept("application/yaml").await.expect(200).text();
    assert!(yaml.contains("city: Jena"), "{yaml}");
    assert_eq!(server.read(NEW).await["items"][0]["spec"]["address"]["city"], "Ulm");
}

#[tokio::test]
async fn a_list_goes_on_in_another_version_than_it_began_in() {
    let server = server().await;
    for name in ["a", "b", "c"] {
        server.post(NEW, new(name, "Ulm")).await.expect(201);
    }
    let first = server.read(format!("{OLD}?limit=1")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let rest = server.read(format!("{NEW}?continue={token}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest["items"][0]["spec"]["address"]["city"], "Ulm");
}

#[tokio::test]
async fn selectors_see_the_stored_object_in_every_version() {
    let server = server().await;
    for name in ["a", "b"] {
        server.post(NEW, new(name, "Ulm")).await.expect(201);
    }
    let sent = json!({"status": {"phase": "Sent"}});
    server.patch(format!("{}/status", a(NEW)), MERGE_PATCH, sent).await.expect(200);
    let list = server.read(format!("{OLD}?fieldSelector=status.phase=Sent")).await;
    assert_eq!(list["items"][0]["metadata"]["name"], "a");
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tables_have_the_cells_of_the_stored_object_and_the_object_of_the_version() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    for path in [format!("{OLD}?includeObject=Object"), format!("{}?includeObject=Object", a(OLD))] {
        let row = server.get(path).accept(TABLE).await.expect(200).json()["rows"][0].take();
        assert_eq!(row["cells"], json!(["a", "Ulm"]));
        assert_eq!(row["object"]["spec"]["city"], "Ulm");
    }
    let partial = server.get(a(OLD)).accept(METADATA).await.expect(200).json();
    assert_eq!(partial["metadata"]["name"], "a");
}

#[tokio::test]
async fn a_watch_is_in_the_version_that_is_asked() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let watch = |collection: &str| server.get(format!("{collection}?watch=true&resourceVersion=0"));
    let (mut in_old, mut in_new) = (watch(OLD).events().await, watch(NEW).events().await);
    assert_eq!(in_old.expect("ADDED").await["spec"]["city"], "Ulm");
    assert_eq!(in_new.expect("ADDED").await["spec"]["address"]["city"], "Ulm");
    server.patch(a(OLD), MERGE_PATCH, json!({"spec": {"city": "Jena"}})).await.expect(200);
    assert_eq!(in_new.expect("MODIFIED").await["spec"]["address"]["city"], "Jena");
    let seen = in_old.expect("MODIFIED").await;
    assert_eq!([&seen["apiVersion"], &seen["spec"]["city"]], ["post.example.com/v1beta1", "Jena"]);
    server.delete(a(NEW)).await.expect(200);
    let (gone_old, gone_new) = (in_old.expect("DELETED").await, in_new.expect("DELETED").await);
    assert_eq!(gone_old["spec"]["city"], "Jena");
    assert_eq!(gone_old["metadata"], gone_new["metadata"]);
}

#[tokio::test]
async fn a_watch_shows_tables_and_bookmarks_of_its_version() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true\
        &resourceVersionMatch=NotOlderThan&includeObject=Object";
    let mut plain = server.get(format!("{OLD}?{query}")).events().await;
    plain.expect("ADDED").await;
    assert_eq!(plain.expect("BOOKMARK").await["apiVersion"], "post.example.com/v1beta1");
    let mut tables = server.get(format!("{OLD}?{query}")).accept(TABLE).events().await;
    let row = tables.expect("ADDED").await["rows"][0].take();
    assert_eq!([&row["cells"][1], &row["object"]["spec"]["city"]], ["Ulm", "Ulm"]);
}

#[tokio::test]
async fn a_collection_is_deleted_through_either_version() {
    let server = server().await;
    server.post(NEW, new("a", "Ulm")).await.expect(201);
    let deleted = server.delete(OLD).await.expect(200).json();
    assert_eq!(deleted["items"][0]["spec"]["city"], "Ulm");
    assert_eq!(server.read(NEW).await["items"], json!([]));
}

#[tokio::test]
async fn discovery_tells_both_versions_and_one_storage_version() {
    let server = server().await;
    let group = server.read(GROUP).await;
    let versions: Vec<&Value> = group["versions"].as_array().unwrap().iter().map(|v| &v["version"]).collect();
    assert_eq!(versions, ["v1beta1", "v1"]);
    assert_eq!(group["preferredVersion"]["version"], "v1beta1");
    let mut hashes = Vec::new();
    for version in ["v1", "v1beta1"] {
        let list = server.read(format!("{GROUP}/{version}")).await;
        assert_eq!(list["resources"][0]["name"], "parcels");
        hashes.push(list["resources"][0]["storageVersionHash"].clone());
    }
    assert_eq!(hashes[0], hashes[1]);
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let groups = server.get("/apis").accept(aggregated).await.expect(200).json();
    let versions = &groups["items"][1]["versions"];
    assert_eq!((&versions[0]["version"], &versions[1]["version"]), (&json!("v1beta1"), &json!("v1")));
    assert_eq!(versions[1]["resources"][0]["responseKind"]["kind"], "Parcel");
}

#[tokio::test]
async fn each_version_is_described_by_its_own_definitions() {
    let server = server().await;
    for (version, field) in [("v1", "address"), ("v1beta1", "city")] {
        let document = server.read(format!("/openapi/v3{GROUP}/{version}")).await;
        let schemas = &document["components"]["schemas"];
        let kinds = json!([{"group": "post.example.com", "version": version, "kind": "Parcel"}]);
        let parcel = &schemas[format!("com.example.post.{version}.Parcel")];
        assert_eq!(parcel["x-kubernetes-group-version-kind"], kinds);
        let specs = schemas.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("ParcelSpec"));
        let fields: Vec<bool> = specs.map(|(_, spec)| spec["properties"].get(field).is_some()).collect();
        assert_eq!(fields, [true], "{version}");
    }
    let all = server.read("/openapi/v2").await;
    for version in ["v1", "v1beta1"] {
        assert!(all["definitions"].get(format!("com.example.post.{version}.Parcel")).is_some(), "{version}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_served_is_not_there() {
    let server = server().await;
    for method in [Method::GET, Method::POST] {
        let path = NEW.replace("/v1/", "/v2/");
        server.call(method, path).json(new("a", "Ulm")).await.expect(404);
    }
    server.get(format!("{GROUP}/v2")).await.expect(404);
}
