//! Layers, and what is said of settings that do not exist.

use serde_json::{Value, json};

use super::*;

fn file(name: &str, text: &str) -> File {
    File { name: name.to_owned(), text: text.to_owned() }
}

fn set(texts: &[&str]) -> Result<Settings, SettingsError> {
    layered(&[], json!({}), &texts.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn refused(text: &str) -> (String, String) {
    let error = layered(&[file("a.yaml", text)], json!({}), &[]).unwrap_err();
    (error.to_string(), error.hint())
}

#[test]
fn what_comes_later_wins() {
    let files = [
        file("a", "replicas: 1\nimage: a\nstorage: {size: 1Gi, class: slow}"),
        file("b", "storage: {size: 2Gi}"),
    ];
    let settings =
        layered(&files, json!({"image": "b", "storage": {"url": null}}), &["image=c".into()]).unwrap();
    assert_eq!(settings.replicas, Some(1));
    assert_eq!(settings.image.as_deref(), Some("c"));
    assert_eq!(settings.storage.size.as_deref(), Some("2Gi"));
    assert_eq!(settings.storage.class.as_deref(), Some("slow"));
}

#[test]
fn null_takes_back_what_an_earlier_file_set() {
    let files = [
        file("a", "replicas: 3\nnodeSelector: {a: b, c: d}"),
        file("b", "replicas: null\nnodeSelector: {a: null}"),
    ];
    let settings = layered(&files, json!({}), &[]).unwrap();
    assert_eq!(settings.replicas, None);
    assert_eq!(json!(settings.node_selector), json!({"c": "d"}));
}

#[test]
fn lists_are_replaced_as_a_whole() {
    let files = [file("a", "imagePullSecrets: [a, b]"), file("b", "imagePullSecrets: [c]")];
    assert_eq!(layered(&files, json!({}), &[]).unwrap().image_pull_secrets, ["c"]);
}

#[test]
fn an_empty_file_sets_nothing() {
    assert_eq!(layered(&[file("a", "# later\n")], json!({}), &[]).unwrap(), Settings::default());
}

#[test]
fn a_setting_that_does_not_exist_is_named_with_what_was_meant() {
    let said = |path: &str| format!("a.yaml: there is no setting {path}");
    assert_eq!(refused("replica: 1"), (said("replica"), "did you mean replicas?".into()));
    assert_eq!(refused("storageSize: 1Gi"), (said("storageSize"), "did you mean storage.size?".into()));
    assert_eq!(refused("storage: {siz: 1Gi}"), (said("storage.siz"), "did you mean storage.size?".into()));
    assert_eq!(
        refused("tolerations: [{kye: a}]"),
        (said("tolerations.0.kye"), "did you mean tolerations.0.key?".into())
    );
    assert_eq!(refused("zzz: 1"), (said("zzz"), "wfctl install --help lists the settings".into()));
}

#[test]
fn a_value_of_another_kind_is_named_by_its_path() {
    let (message, _) = refused("storage: {size: 1}");
    assert_eq!(message, "a.yaml: storage.size cannot be used: invalid type: integer `1`, expected a string");
    let (message, _) = refused("imagePullPolicy: Sometimes");
    assert!(
        message.starts_with("a.yaml: imagePullPolicy cannot be used: unknown variant `Sometimes`"),
        "{message}"
    );
}

#[test]
fn a_file_has_to_be_a_mapping() {
    assert_eq!(refused("- a").0, "a.yaml is not a mapping in YAML: it is a list or a single value");
    assert!(refused("a: [").0.starts_with("a.yaml is not a mapping in YAML: "));
}

#[test]
fn set_takes_the_kind_of_the_setting() {
    let settings =
        set(&["replicas=3", "image=1.5", r"podAnnotations.example\.com/a=true", "storage.class=a=b"])
            .unwrap();
    assert_eq!(settings.replicas, Some(3));
    assert_eq!(settings.image.as_deref(), Some("1.5"));
    assert_eq!(settings.pod_annotations["example.com/a"], "true");
    assert_eq!(settings.storage.class.as_deref(), Some("a=b"));
    let settings =
        set(&["tolerations=[{operator: Exists}]", "nodeSelector={a: b}", "nodeSelector.c=1"]).unwrap();
    assert_eq!(settings.tolerations[0].operator, Some(Operator::Exists));
    assert_eq!(json!(settings.node_selector), json!({"a": "b", "c": "1"}));
}

#[test]
fn a_set_that_sets_nothing_is_refused() {
    let said = |text: &str| set(&[text]).unwrap_err().to_string();
    assert_eq!(said("replicas"), r#"--set "replicas" is not KEY=VALUE"#);
    assert_eq!(said("=1"), r#"--set "=1" is not KEY=VALUE"#);
    assert_eq!(said("storage..size=1"), r#"--set "storage..size=1" is not KEY=VALUE"#);
    assert_eq!(said("replcas=1"), "--set replcas: there is no setting replcas");
    assert!(
        said("replicas=many").starts_with("--set replicas: replicas cannot be used: invalid type: string")
    );
    assert!(said("replicas=-1").starts_with("--set replicas: replicas cannot be used: invalid value"));
}

#[test]
fn settings_that_were_written_down_are_read_back() {
    let settings = set(&["replicas=3", "tolerations=[{operator: Exists}]", "storage.size=1Gi"]).unwrap();
    let Value::Object(tree) = json!(settings) else { panic!("{settings:?}") };
    let text = serde_json::to_string(&tree).unwrap();
    assert_eq!(layered(&[file("written", &text)], json!({}), &[]).unwrap(), settings);
}
