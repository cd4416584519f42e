//! OpenAPI: the types and operations of a server, told to clients and to the aggregator in versions 2 and 3.
//!
//! A document is built in three steps: `operations` and `definitions` say what there is, in a neutral form
//! in which a `$ref` is a bare definition name; `v2` and `v3` write it down in their dialect. Documents are
//! made when first asked for, since a server needs none of them to be ready; only the encoded bytes are kept.
//!
//! Sources: `kube-openapi/pkg/{builder,builder3,handler,handler3}`, `apiserver/pkg/endpoints/installer.go`,
//! `apiserver/pkg/endpoints/openapi/openapi.go`.

mod definitions;
mod enums;
mod operations;
mod parameters;
mod paths;
mod protobuf;
mod schema;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use self::operations::Operation;
use super::{Document, ServedResource};

/// Definitions by name, in the neutral form.
type Definitions = BTreeMap<String, Value>;

/// The OpenAPI documents of a server.
#[derive(Debug)]
pub struct OpenApi {
    version: String,
    resources: Vec<ServedResource>,
    v2: OnceLock<Document>,
    v2_protobuf: OnceLock<Document>,
    v3: OnceLock<V3>,
}

#[derive(Debug)]
struct V3 {
    index: Document,
    by_path: BTreeMap<String, Document>,
}

impl OpenApi {
    /// The media type of version 2 in protobuf. Clients ask for it with `@v1.0` in place of `.v1.0`, too.
    pub const PROTOBUF: &'static str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    /// Describes the given resources; `version` is that of the server.
    pub fn new(version: &str, resources: &[ServedResource]) -> Self {
        Self {
            version: version.to_owned(),
            resources: resources.to_vec(),
            v2: OnceLock::new(),
            v2_protobuf: OnceLock::new(),
            v3: OnceLock::new(),
        }
    }

    /// Returns the document of `/openapi/v2` in JSON.
    pub fn v2(&self) -> &Document {
        self.v2.get_or_init(|| Document::json(&self.build_v2()))
    }

    /// Returns the document of `/openapi/v2` as [`OpenApi::PROTOBUF`], which is all that kubectl asks for there.
    pub fn v2_protobuf(&self) -> &Document {
        self.v2_protobuf.get_or_init(|| Document::new(protobuf::encode(&self.build_v2())))
    }

    /// Returns the document of `/openapi/v3`, which leads to those of [`OpenApi::v3`].
    pub fn v3_index(&self) -> &Document {
        &self.all_v3().index
    }

    /// Returns the document of `/openapi/v3/{path}`, for example of `apis/example.com/v1`, in JSON.
    pub fn v3(&self, path: &str) -> Option<&Document> {
        self.all_v3().by_path.get(path)
    }

    /// Returns where the document of `/openapi/v3/{path}` may be cached for ever, as a path with its hash.
    pub fn v3_url(&self, path: &str) -> Option<String> {
        self.v3(path).map(|document| v3::url(path, document))
    }

    fn all_v3(&self) -> &V3 {
        self.v3.get_or_init(|| {
            let (operations, definitions) = self.describe();
            let by_path = v3::documents(&self.version, &operations, &definitions);
            V3 { index: v3::index(&by_path), by_path }
        })
    }

    fn build_v2(&self) -> Value {
        let (operations, definitions) = self.describe();
        v2::document(&self.version, operations, &definitions)
    }

    fn describe(&self) -> (Vec<Operation>, Definitions) {
        let definitions = definitions::definitions(&self.resources);
        (operations::operations(&self.resources, &definitions), definitions)
    }
}
