//! Tables, which `kubectl get` asks for. Source: `apiserver/pkg/endpoints/handlers/response.go`.

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::codec::{IncludeObject, Malformed, Version, metadata_of, write_partial};
use crate::meta::{ApiError, Query};
use crate::registry::Rest;

const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, \
    although some resources may allow a client to request the generation of an appropriate name automatically.";

/// An object of which a row is made.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The object as it is stored, which cells are made of.
    pub(super) stored: Bytes,
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
    pub(super) fn render(
        self,
        rest: &dyn Rest,
        metadata: &Value,
        rows: impl Iterator<Item = Result<Row, ApiError>>,
    ) -> Result<Vec<u8>, ApiError> {
        let mut out = self.open(rest, metadata);
        for (index, row) in rows.enumerate() {
            let row = row?;
            if index > 0 {
                out.push(b',');
            }
            let cells = rest.cells(&row.stored).map_err(ApiError::internal)?;
            self.row(&mut out, &row.shown, cells).map_err(ApiError::internal)?;
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    /// Returns the table of an event that is about no object of the collection.
    pub(super) fn render_bookmark(self, rest: &dyn Rest, object: &[u8]) -> Result<Vec<u8>, ApiError> {
        let mut out = self.open(rest, &json!({}));
        let cells = rest.columns().iter().map(|_| Value::Null).collect();
        self.row(&mut out, object, cells).map_err(ApiError::internal)?;
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    fn open(self, rest: &dyn Rest, metadata: &Value) -> Vec<u8> {
        let version = self.version.as_str();
        let columns = if self.headers { columns(rest) } else { Value::Null };
        format!(
            r#"{{"kind":"Table","apiVersion":"meta.k8s.io/{version}","metadata":{metadata},"columnDefinitions":{columns},"rows":["#
        )
        .into_bytes()
    }

    fn row(self, out: &mut Vec<u8>, object: &[u8], mut cells: Vec<Value>) -> Result<(), Malformed> {
        let metadata = metadata_of(object)?;
        cells.insert(0, name_in(metadata)?);
        out.extend_from_slice(br#"{"cells":"#);
        serde_json::to_writer(&mut *out, &cells).map_err(|_| Malformed)?;
        match self.include {
            IncludeObject::None => out.extend_from_slice(br#","object":null"#),
            IncludeObject::Metadata => {
                out.extend_from_slice(br#","object":"#);
                write_partial(out, metadata, self.version.as_str());
            }
            IncludeObject::Object => {
                out.extend_from_slice(br#","object":"#);
                out.extend_from_slice(object);
            }
        }
        out.push(b'}');
        Ok(())
    }
}

fn name_in(metadata: &RawValue) -> Result<Value, Malformed> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        name: std::borrow::Cow<'a, str>,
    }
    let named: Named<'_> = serde_json::from_str(metadata.get()).map_err(|_| Malformed)?;
    Ok(Value::String(named.name.into_owned()))
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
