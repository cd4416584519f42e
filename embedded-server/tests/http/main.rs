//! What clients see of the server, asked over real sockets with TLS: one module per topic, one test per behaviour.
//!
//! Tests that need time to pass ask the API without sockets, under tokio's paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod access_review;
mod admission;
mod aggregator;
mod audit;
mod authn_authz;
mod compression;
mod connection;
mod controllers;
mod create;
mod delete;
mod discovery;
mod faults;
mod front_proxy;
mod get_list;
mod health;
mod hostile;
mod impersonation;
mod inflight;
mod informers;
mod leaving;
mod logs;
mod metrics;
mod mutating_admission;
mod namespaces;
mod negotiation;
mod openapi;
mod order_of_checks;
mod paging;
mod patch;
mod races;
mod request_rules;
mod restart;
mod server_side_apply;
mod status;
mod strategic_patch;
mod support;
mod table;
mod time_limits;
mod tls;
mod update;
mod validation;
mod versions;
mod wardle;
mod watch;
mod watch_time;
mod websocket;
