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
    v3_protobuf: OnceLock<BTreeMap<String, Document>>,
}

#[derive(Debug)]
struct V3 {
    index: Document,
    by_path: BTreeMap<String, Document>,
}

impl OpenApi {
    /// The media type of version 2 in protobuf. Clients ask for it with `@v1.0` in place of `.v1.0`, too.
    pub const PROTOBUF: &'static str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    /// The media type of version 3 in protobuf, of which the same holds.
    pub const V3_PROTOBUF: &'static str = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

    /// Describes the given resources; `version` is that of the server.
    pub fn new(version: &str, resources: &[ServedResource]) -> Self {
        Self {
            version: version.to_owned(),
            resources: resources.to_vec(),
            v2: OnceLock::new(),
            v2_protobuf: OnceLock::new(),
            v3: OnceLock::new(),
            v3_protobuf: OnceLock::new(),
        }
    }

    /// Returns the document of `/openapi/v2` in JSON.
    pub fn v2(&self) -> &Document {
        self.v2.get_or_init(|| Document::json(&self.build_v2()))
    }

    /// Returns the document of `/openapi/v2` as [`OpenApi::PROTOBUF`], which is all that kubectl asks for there.
    pub fn v2_protobuf(&self) -> &Document {
        self.v2_protobuf.get_or_init(|| self.v2().in_form(protobuf::encode_v2(&self.build_v2())))
    }

    /// Returns the document of `/openapi/v3`, which leads to those of [`OpenApi::v3`].
    pub fn v3_index(&self) -> &Document {
        &self.all_v3().index
    }

    /// Returns the document of `/openapi/v3/{path}`, for example of `apis/example.com/v1`, in JSON.
    pub fn v3(&self, path: &str) -> Option<&Document> {
        self.all_v3().by_path.get(path)
    }

    /// Returns the same document as [`OpenApi::V3_PROTOBUF`].
    pub fn v3_protobuf(&self, path: &str) -> Option<&Document> {
        self.all_v3_protobuf().get(path)
    }

    /// Returns where the document of `/openapi/v3/{path}` may be cached for ever, as a path with its hash.
    pub fn v3_url(&self, path: &str) -> Option<String> {
        self.v3(path).map(|document| v3::url(path, document))
    }

    fn all_v3(&self) -> &V3 {
        self.v3.get_or_init(|| {
            let json = |(path, document): (String, Value)| (path, Document::json(&document));
            let by_path = self.build_v3().into_iter().map(json).collect();
            V3 { index: v3::index(&by_path), by_path }
        })
    }

    fn all_v3_protobuf(&self) -> &BTreeMap<String, Document> {
        self.v3_protobuf.get_or_init(|| {
            let encode = |(path, document): (String, Value)| {
                let encoded = self.v3(&path)?.in_form(protobuf::encode_v3(&document));
                Some((path, encoded))
            };
            self.build_v3().into_iter().filter_map(encode).collect()
        })
    }

    fn build_v3(&self) -> BTreeMap<String, Value> {
        let (operations, definitions) = self.describe();
        v3::documents(&self.version, &operations, &definitions)
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
