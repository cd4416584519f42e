//! The messages of gnostic's `OpenAPIv3.proto`, as far as documents have them.

use serde_json::Value;

use super::Kind::{self, Any, Bool, Choice, Double, Each, Entries, Integer, Text};
use super::{Message, NO_EXTENSIONS};

pub(super) static DOCUMENT: Message = Message {
    fields: &[
        ("openapi", &[1], Text),
        ("info", &[2], Kind::Message(&INFO)),
        ("paths", &[4], Entries(1, &[2], &Kind::Message(&PATH_ITEM))),
        ("components", &[5], Kind::Message(&COMPONENTS)),
    ],
    extensions: 9,
};

static INFO: Message = Message { fields: &[("title", &[1], Text), ("version", &[6], Text)], extensions: 7 };

pub(super) static COMPONENTS: Message = Message {
    fields: &[
        ("schemas", &[1], Entries(1, &[2], &SCHEMA_OR_REFERENCE)),
        ("securitySchemes", &[7], Entries(1, &[2, 1], &Kind::Message(&SECURITY_SCHEME))),
    ],
    extensions: 10,
};

static SECURITY_SCHEME: Message = Message {
    fields: &[("type", &[1], Text), ("description", &[2], Text), ("name", &[3], Text), ("in", &[4], Text)],
    extensions: 9,
};

static PATH_ITEM: Message = Message {
    fields: &[
        ("get", &[4], Kind::Message(&OPERATION)),
        ("put", &[5], Kind::Message(&OPERATION)),
        ("post", &[6], Kind::Message(&OPERATION)),
        ("delete", &[7], Kind::Message(&OPERATION)),
        ("patch", &[10], Kind::Message(&OPERATION)),
        ("parameters", &[13, 1], Each(&Kind::Message(&PARAMETER))),
    ],
    extensions: 14,
};

static OPERATION: Message = Message {
    fields: &[
        ("tags", &[1], Each(&Text)),
        ("description", &[3], Text),
        ("operationId", &[5], Text),
        ("parameters", &[6, 1], Each(&Kind::Message(&PARAMETER))),
        ("requestBody", &[7, 1], Kind::Message(&REQUEST_BODY)),
        ("responses", &[8], Entries(2, &[2, 1], &Kind::Message(&RESPONSE))),
    ],
    extensions: 13,
};

static PARAMETER: Message = Message {
    fields: &[
        ("name", &[1], Text),
        ("in", &[2], Text),
        ("description", &[3], Text),
        ("required", &[4], Bool),
        ("schema", &[10], SCHEMA_OR_REFERENCE),
    ],
    extensions: 14,
};

static REQUEST_BODY: Message = Message {
    fields: &[("content", &[2], Entries(1, &[2], &Kind::Message(&MEDIA_TYPE))), ("required", &[3], Bool)],
    extensions: 4,
};

static RESPONSE: Message = Message {
    fields: &[("description", &[1], Text), ("content", &[3], Entries(1, &[2], &Kind::Message(&MEDIA_TYPE)))],
    extensions: 5,
};

pub(super) static MEDIA_TYPE: Message =
    Message { fields: &[("schema", &[1], SCHEMA_OR_REFERENCE)], extensions: 5 };

static SCHEMA: Message = Message {
    fields: &[
        ("multipleOf", &[10], Double),
        ("maximum", &[11], Double),
        ("exclusiveMaximum", &[12], Bool),
        ("minimum", &[13], Double),
        ("exclusiveMinimum", &[14], Bool),
        ("maxLength", &[15], Integer),
        ("minLength", &[16], Integer),
        ("pattern", &[17], Text),
        ("maxItems", &[18], Integer),
        ("minItems", &[19], Integer),
        ("uniqueItems", &[20], Bool),
        ("maxProperties", &[21], Integer),
        ("minProperties", &[22], Integer),
        ("required", &[23], Each(&Text)),
        ("enum", &[24], Each(&Any)),
        ("type", &[25], Text),
        ("allOf", &[26], Each(&SCHEMA_OR_REFERENCE)),
        ("oneOf", &[27], Each(&SCHEMA_OR_REFERENCE)),
        ("anyOf", &[28], Each(&SCHEMA_OR_REFERENCE)),
        ("not", &[29], Kind::Message(&SCHEMA)),
        ("items", &[30, 1], SCHEMA_OR_REFERENCE),
        ("properties", &[31], Entries(1, &[2], &SCHEMA_OR_REFERENCE)),
        ("additionalProperties", &[32, 1], SCHEMA_OR_REFERENCE),
        ("default", &[33], Kind::Default),
        ("description", &[34], Text),
        ("format", &[35], Text),
    ],
    extensions: 36,
};

static REFERENCE: Message = Message { fields: &[("$ref", &[1], Text)], extensions: NO_EXTENSIONS };

const SCHEMA_OR_REFERENCE: Kind = Choice(schema_or_reference);

fn schema_or_reference(value: &Value) -> (&'static [u64], &'static Message) {
    match value.get("$ref") {
        None => (&[1], &SCHEMA),
        Some(_) => (&[2], &REFERENCE),
    }
}
