//! What the tests are written with.

mod answer;
mod authorizers;
mod backends;
mod client;
mod events;
mod parcels;
mod pki;
mod server;
mod websocket;
mod workflows;

pub(crate) use answer::Answer;
pub(crate) use authorizers::{Gate, Panics};
pub(crate) use backends::{Mood, Moody, OTHER_UID, RefuseCreates};
pub(crate) use client::{Call, Client, Outgoing, Protocol};
pub(crate) use events::Events;
pub(crate) use parcels::{admitted_parcels, parcels};
pub(crate) use pki::{
    FOREIGNER, Identity, MASTER, NOBODY, OTHER_PROXY, PROXY, STRANGER, authorities, proxies, serving, trusted,
};
pub(crate) use server::{Setup, TestServer};
pub(crate) use websocket::WebSocket;
pub(crate) use workflows::{
    ALL, API_VERSION, APPLY_PATCH, JSON_PATCH, MERGE_PATCH, METADATA, METADATA_LIST, TABLE, WORKFLOWS,
    Workflow, item, workflow,
};
