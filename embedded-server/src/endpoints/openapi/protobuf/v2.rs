//! The messages of gnostic's `OpenAPIv2.proto`, as far as documents have them.

use serde_json::Value;

use super::Kind::{self, Any, Bool, Choice, Double, Each, Entries, Integer, Text, Texts};
use super::Message;

pub(super) static DOCUMENT: Message = Message {
    fields: &[
        ("swagger", &[1], Text),
        ("info", &[2], Kind::Message(&INFO)),
        ("paths", &[8], Entries(2, &[2], &Kind::Message(&PATH_ITEM))),
        ("definitions", &[9], Entries(1, &[2], &Kind::Message(&SCHEMA))),
        ("security", &[12], Each(&Entries(1, &[2], &Texts))),
        ("securityDefinitions", &[13], Entries(1, &[2, 2], &Kind::Message(&API_KEY))),
    ],
    extensions: 16,
};

pub(super) static INFO: Message =
    Message { fields: &[("title", &[1], Text), ("version", &[2], Text)], extensions: 7 };

static API_KEY: Message = Message {
    fields: &[("type", &[1], Text), ("name", &[2], Text), ("in", &[3], Text), ("description", &[4], Text)],
    extensions: 5,
};

pub(super) static PATH_ITEM: Message = Message {
    fields: &[
        ("get", &[2], Kind::Message(&OPERATION)),
        ("put", &[3], Kind::Message(&OPERATION)),
        ("post", &[4], Kind::Message(&OPERATION)),
        ("delete", &[5], Kind::Message(&OPERATION)),
        ("patch", &[8], Kind::Message(&OPERATION)),
        ("parameters", &[9], Each(&Choice(parameter))),
    ],
    extensions: 10,
};

static OPERATION: Message = Message {
    fields: &[
        ("tags", &[1], Each(&Text)),
        ("description", &[3], Text),
        ("operationId", &[5], Text),
        ("produces", &[6], Each(&Text)),
        ("consumes", &[7], Each(&Text)),
        ("parameters", &[8], Each(&Choice(parameter))),
        ("responses", &[9], Entries(1, &[2, 1], &Kind::Message(&RESPONSE))),
        ("schemes", &[10], Each(&Text)),
    ],
    extensions: 13,
};

static RESPONSE: Message = Message {
    fields: &[("description", &[1], Text), ("schema", &[2, 1], Kind::Message(&SCHEMA))],
    extensions: 5,
};

static BODY: Message = Message {
    fields: &[
        ("description", &[1], Text),
        ("name", &[2], Text),
        ("in", &[3], Text),
        ("required", &[4], Bool),
        ("schema", &[5], Kind::Message(&SCHEMA)),
    ],
    extensions: 6,
};

static QUERY: Message = Message {
    fields: &[
        ("required", &[1], Bool),
        ("in", &[2], Text),
        ("description", &[3], Text),
        ("name", &[4], Text),
        ("type", &[6], Text),
        ("uniqueItems", &[20], Bool),
    ],
    extensions: 23,
};

static PATH: Message = Message {
    fields: &[
        ("required", &[1], Bool),
        ("in", &[2], Text),
        ("description", &[3], Text),
        ("name", &[4], Text),
        ("type", &[5], Text),
        ("uniqueItems", &[19], Bool),
    ],
    extensions: 22,
};

pub(super) static SCHEMA: Message = Message {
    fields: &[
        ("$ref", &[1], Text),
        ("format", &[2], Text),
        ("description", &[4], Text),
        ("multipleOf", &[6], Double),
        ("maximum", &[7], Double),
        ("exclusiveMaximum", &[8], Bool),
        ("minimum", &[9], Double),
        ("exclusiveMinimum", &[10], Bool),
        ("maxLength", &[11], Integer),
        ("minLength", &[12], Integer),
        ("pattern", &[13], Text),
        ("maxItems", &[14], Integer),
        ("minItems", &[15], Integer),
        ("uniqueItems", &[16], Bool),
        ("maxProperties", &[17], Integer),
        ("minProperties", &[18], Integer),
        ("required", &[19], Each(&Text)),
        ("enum", &[20], Each(&Any)),
        ("additionalProperties", &[21, 1], Kind::Message(&SCHEMA)),
        ("type", &[22, 1], Text),
        ("items", &[23, 1], Kind::Message(&SCHEMA)),
        ("allOf", &[24], Each(&Kind::Message(&SCHEMA))),
        ("properties", &[25], Entries(1, &[2], &Kind::Message(&SCHEMA))),
    ],
    extensions: 31,
};

/// A parameter stands where its place belongs.
fn parameter(value: &Value) -> (&'static [u64], &'static Message) {
    match value.get("in").and_then(Value::as_str) {
        Some("body") => (&[1, 1], &BODY),
        Some("path") => (&[1, 2, 4], &PATH),
        _ => (&[1, 2, 3], &QUERY),
    }
}
