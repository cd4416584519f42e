//! An image in one file: the layout of OCI, with the list that `docker load` looks for beside it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::Builder;

use super::root::{PROGRAM, Root, USER};
use super::{Name, layer};
use crate::build;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A moment for everything, so that an image is the same whenever it is made.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Writes an image with the files of `root`, called `name`; returns the digest of its manifest in hexadecimal
/// digits.
pub(crate) fn write(out: &File, root: &Root, name: &Name) -> io::Result<String> {
    let mut layer = tempfile::tempfile()?;
    let (layer_digest, layer_size) = layer::write(root, BufWriter::new(&layer))?;
    layer.seek(SeekFrom::Start(0))?;
    let mut archive = Builder::new(BufWriter::new(out));
    layer::append_bytes(&mut archive, &blob(&layer_digest), layer_size, BufReader::new(layer))?;
    let config = append_blob(&mut archive, &config(&layer_digest), CONFIG)?;
    let layer = descriptor(LAYER, &layer_digest, layer_size);
    let manifest = append_blob(&mut archive, &manifest(&config, &layer), MANIFEST)?;
    append_json(&mut archive, "index.json", &index(&manifest, name))?;
    append_json(&mut archive, "manifest.json", &docker_manifest(&config, &layer, name))?;
    append_json(&mut archive, "oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }))?;
    archive.into_inner()?.flush()?;
    Ok(digest(&manifest).to_owned())
}

fn config(layer: &str) -> Value {
    let info = build::info();
    let (os, architecture) = info.platform.split_once('/').unwrap_or((info.platform.as_str(), ""));
    json!({
        "created": CREATED,
        "os": os,
        "architecture": architecture,
        "config": {
            "User": format!("{USER}:{USER}"),
            "Entrypoint": [format!("/{PROGRAM}")],
            "WorkingDir": "/",
            "ExposedPorts": { "8443/tcp": {} },
            "Labels": {
                "org.opencontainers.image.title": env!("CARGO_PKG_NAME"),
                "org.opencontainers.image.description": env!("CARGO_PKG_DESCRIPTION"),
                "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
                "org.opencontainers.image.version": info.version,
                "org.opencontainers.image.revision": info.git_commit.unwrap_or_default(),
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer}")] },
        "history": [{ "created": CREATED, "created_by": "wfctl image save" }],
    })
}

fn manifest(config: &Value, layer: &Value) -> Value {
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] })
}

/// containerd and docker know an image by the whole name, others by the tag.
fn index(manifest: &Value, name: &Name) -> Value {
    let mut manifest = manifest.clone();
    manifest["annotations"] = json!({
        "io.containerd.image.name": name.to_string(),
        "org.opencontainers.image.ref.name": name.tag(),
    });
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest] })
}

fn docker_manifest(config: &Value, layer: &Value, name: &Name) -> Value {
    json!([{
        "Config": blob(digest(config)),
        "RepoTags": [name.to_string()],
        "Layers": [blob(digest(layer))],
    }])
}

/// Appends `content` under its own digest; returns what refers to it.
fn append_blob<W: Write>(archive: &mut Builder<W>, content: &Value, kind: &str) -> io::Result<Value> {
    let text = content.to_string();
    let digest = format!("{:x}", Sha256::digest(&text));
    layer::append_bytes(archive, &blob(&digest), text.len() as u64, text.as_bytes())?;
    Ok(descriptor(kind, &digest, text.len() as u64))
}

fn append_json<W: Write>(archive: &mut Builder<W>, path: &str, content: &Value) -> io::Result<()> {
    let text = content.to_string();
    layer::append_bytes(archive, path, text.len() as u64, text.as_bytes())
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({ "mediaType": kind, "digest": format!("sha256:{digest}"), "size": size })
}

fn digest(descriptor: &Value) -> &str {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn blob(digest: &str) -> String {
    format!("blobs/sha256/{digest}")
}
