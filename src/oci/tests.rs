//! An image, read back as those who load it do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::Archive;

use super::root::{Content, Root};
use super::*;

type Files = BTreeMap<String, Vec<u8>>;

/// The image of a program that is small; what the real one needs is looked at apart.
fn small() -> Root {
    let mut root = this_program().unwrap();
    for entry in root.values_mut() {
        if matches!(entry.content, Content::Copy(_)) {
            entry.content = Content::Text("\u{7f}ELF");
        }
    }
    root
}

fn saved(name: &str) -> (String, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    let digest = write(&File::create(&path).unwrap(), &small(), &name.parse().unwrap()).unwrap();
    (digest, std::fs::read(path).unwrap())
}

fn unpacked(archive: &[u8]) -> Files {
    let mut files = Files::new();
    for entry in Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 0);
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(files.insert(path.clone(), bytes).is_none(), "{path} twice");
    }
    files
}

fn parsed(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

/// Returns what a descriptor refers to, having checked that it does.
fn referred<'a>(files: &'a Files, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap();
    let bytes = &files[&digest.replace("sha256:", "blobs/sha256/")];
    assert_eq!(descriptor["size"], bytes.len());
    assert_eq!(digest, format!("sha256:{:x}", Sha256::digest(bytes)));
    bytes
}

#[test]
fn the_layout_refers_to_what_it_holds() {
    let (digest, archive) = saved("example.com/wfctl:1");
    let files = unpacked(&archive);
    assert_eq!(parsed(&files, "oci-layout"), json!({"imageLayoutVersion": "1.0.0"}));
    let index = parsed(&files, "index.json");
    assert_eq!(index["manifests"][0]["digest"], format!("sha256:{digest}"));
    let manifest: Value = serde_json::from_slice(referred(&files, &index["manifests"][0])).unwrap();
    let config: Value = serde_json::from_slice(referred(&files, &manifest["config"])).unwrap();
    referred(&files, &manifest["layers"][0]);
    assert_eq!(config["rootfs"]["diff_ids"], json!([manifest["layers"][0]["digest"]]));
    assert_eq!(files.len(), 6);
}

#[test]
fn the_list_for_docker_names_the_same_image() {
    let files = unpacked(&saved("example.com/wfctl:1").1);
    let list = parsed(&files, "manifest.json");
    let index = parsed(&files, "index.json");
    let manifest: Value = serde_json::from_slice(referred(&files, &index["manifests"][0])).unwrap();
    let blob =
        |descriptor: &Value| descriptor["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    assert_eq!(list[0]["RepoTags"], json!(["example.com/wfctl:1"]));
    assert_eq!(list[0]["Config"], blob(&manifest["config"]));
    assert_eq!(list[0]["Layers"], json!([blob(&manifest["layers"][0])]));
    let annotations = &index["manifests"][0]["annotations"];
    assert_eq!(annotations["io.containerd.image.name"], "example.com/wfctl:1");
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "1");
}

#[test]
fn the_program_runs_as_nobody_in_particular() {
    let files = unpacked(&saved("wfctl").1);
    let list = parsed(&files, "manifest.json");
    assert_eq!(list[0]["RepoTags"], json!(["wfctl:latest"]));
    let config = parsed(&files, list[0]["Config"].as_str().unwrap());
    assert_eq!(config["config"]["Entrypoint"], json!(["/wfctl"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["os"], "linux");
    assert_eq!(config["config"]["Labels"]["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_image_is_the_same_every_time() {
    assert!(saved("a:1") == saved("a:1"));
}

#[test]
fn the_layer_has_every_directory_before_what_is_in_it() {
    let mut bytes = Vec::new();
    let (digest, size) = layer::write(&small(), &mut bytes).unwrap();
    assert_eq!((digest, size), (format!("{:x}", Sha256::digest(&bytes)), bytes.len() as u64));
    let mut archive = Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let paths: Vec<_> = entries.map(|entry| entry.path().unwrap().to_str().unwrap().to_owned()).collect();
    for (at, path) in paths.iter().enumerate() {
        let parent = path.trim_end_matches('/').rsplit_once('/').map(|(parent, _)| format!("{parent}/"));
        assert!(parent.is_none_or(|parent| paths[..at].contains(&parent)), "{path} in {paths:?}");
    }
    assert!(paths.contains(&"var/lib/wfctl/".to_owned()) && paths.contains(&"wfctl".to_owned()));
}

#[test]
fn what_this_program_is_linked_with_is_in_the_image() {
    let root = this_program().unwrap();
    let program = elf::read(&std::fs::read("/proc/self/exe").unwrap()).unwrap();
    let has = |name: &str| root.keys().any(|path| path.rsplit('/').next() == Some(name));
    let loader = program.interpreter.iter().map(|path| path.trim_start_matches('/'));
    assert!(loader.clone().all(|path| root.contains_key(path)), "{root:?}");
    assert!(program.libraries.iter().all(|library| has(library)), "{:?} in {root:?}", program.libraries);
}

#[test]
fn a_name_has_a_tag_and_no_digest() {
    assert_eq!("localhost:5000/a".parse::<Name>().unwrap().to_string(), "localhost:5000/a:latest");
    assert!("A".parse::<Name>().is_err());
    assert!(format!("a@sha256:{}", "00".repeat(32)).parse::<Name>().is_err());
}
