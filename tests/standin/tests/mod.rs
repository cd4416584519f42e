//! What the parts of the stand-in promise, each shown with the real program as the server.

mod access;
mod aggregation;
mod garbage;
mod namespaces;
mod pods;
mod requests;
mod server;
