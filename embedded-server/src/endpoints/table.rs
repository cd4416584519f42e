//! Tables, which `kubectl get` asks for. Source: `apiserver/pkg/endpoints/handlers/response.go`.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::codec::{Cells, IncludeObject, Malformed, Version, metadata_of, write_partial};
use crate::meta::{ApiError, Query};
use crate::registry::Rest;

const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, \
    although some resources may allow a client to request the generation of an appropriate name automatically.";

/// What a row is made of.
#[derive(Clone, Debug)]
pub(super) struct Row<'c> {
    pub(super) cells: &'c Cells,
    /// The object in the version of the request, which is put beside the cells.
    pub(super) shown: Bytes,
}

/// How tables are made for one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    include: IncludeObject,
    version: Version,
    headers: bool,
}

impl Default for Tables {
    fn default() -> Self {
        Self { include: IncludeObject::Metadata, version: Version::V1, headers: true }
    }
}

impl Tables {
    /// Reads what the client wants in the rows.
    pub(super) fn parse(query: &Query) -> Result<Self, ApiError> {
        let include = match query.text("includeObject") {
            "" | "Metadata" => IncludeObject::Metadata,
            "None" => IncludeObject::None,
            "Object" => IncludeObject::Object,
            other => {
                let why = format!("unrecognized includeObject value: \"{other}\"");
                return Err(ApiError::bad_request(format!("Unable to convert to Table as requested: {why}")));
            }
        };
        Ok(Self { include, ..Self::default() })
    }

    pub(super) fn with_version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// Leaves the columns out, as all but the first event of a watch do.
    pub(super) fn without_headers(self) -> Self {
        Self { headers: false, ..self }
    }

    /// Puts the whole row object in even where none is wanted, as the bookmark after the initial events does.
    pub(super) fn with_metadata(self) -> Self {
        match self.include {
            IncludeObject::None => Self { include: IncludeObject::Metadata, ..self },
            _ => self,
        }
    }

    /// Returns the table of objects.
    pub(super) fn render<'c>(
        self,
        rest: &dyn Rest,
        metadata: &Value,
        rows: impl Iterator<Item = Result<Row<'c>, ApiError>>,
    ) -> Result<Vec<u8>, ApiError> {
        let mut out = self.open(rest, metadata);
        let now = rest.now();
        for (index, row) in rows.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.row(&mut out, &row?, now).map_err(ApiError::internal)?;
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    /// Returns the table of an event that is about no object of the collection.
    pub(super) fn render_bookmark(self, rest: &dyn Rest, shown: Bytes) -> Result<Vec<u8>, ApiError> {
        let cells = Cells::new("", rest.columns().iter().map(|_| Value::Null.into()));
        self.render(rest, &json!({}), std::iter::once(Ok(Row { cells: &cells, shown })))
    }

    fn open(self, rest: &dyn Rest, metadata: &Value) -> Vec<u8> {
        let version = self.version.as_str();
        let columns = if self.headers { columns(rest) } else { Value::Null };
        format!(
            r#"{{"kind":"Table","apiVersion":"meta.k8s.io/{version}","metadata":{metadata},"columnDefinitions":{columns},"rows":["#
        )
        .into_bytes()
    }

    fn row(self, out: &mut Vec<u8>, row: &Row<'_>, now: Timestamp) -> Result<(), Malformed> {
        out.extend_from_slice(br#"{"cells":"#);
        row.cells.write(out, now);
        match self.include {
            IncludeObject::None => out.extend_from_slice(br#","object":null"#),
            IncludeObject::Metadata => {
                out.extend_from_slice(br#","object":"#);
                write_partial(out, metadata_of(&row.shown)?, self.version.as_str());
            }
            IncludeObject::Object => {
                out.extend_from_slice(br#","object":"#);
                out.extend_from_slice(&row.shown);
            }
        }
        out.push(b'}');
        Ok(())
    }
}

fn columns(rest: &dyn Rest) -> Value {
    let name = json!({
        "name": "Name", "type": "string", "format": "name", "description": NAME_DESCRIPTION, "priority": 0,
    });
    let others = rest.columns().into_iter().map(|column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": column.description, "priority": column.priority,
        })
    });
    std::iter::once(name).chain(others).collect()
}
