//! The API machinery of a Kubernetes aggregated API server, for any resource type.
//!
//! # An API of your own
//!
//! A resource type is a struct that says what it is called, and a strategy that says what its rules are. All verbs,
//! patches, watches, tables, discovery and OpenAPI come with the library:
//!
//! ```
//! use std::sync::Arc;
//!
//! use embedded_server::meta::field::{self, Path};
//! use embedded_server::meta::{Descriptor, ObjectMeta, Resource};
//! use embedded_server::registry::{Registry, Strategy};
//! use embedded_server::{
//!     admission, authentication, authorization, cacher, clock::SystemClock, endpoints, server, storage,
//! };
//!
//! /// Greeting is what is said at the door.
//! #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(default)]
//! struct Greeting {
//!     metadata: ObjectMeta, // always the first
//!     /// The words. `kubectl explain` shows this text.
//!     text: String,
//! }
//!
//! impl Resource for Greeting {
//!     const DESCRIPTOR: Descriptor = Descriptor {
//!         group: "door.example.com",
//!         version: "v1",
//!         kind: "Greeting",
//!         plural: "greetings",
//!         singular: "greeting",
//!         definition_prefix: "com.example.door.v1",
//!         ..Descriptor::NAMESPACED
//!     };
//!
//!     fn metadata(&self) -> &ObjectMeta {
//!         &self.metadata
//!     }
//!
//!     fn metadata_mut(&mut self) -> &mut ObjectMeta {
//!         &mut self.metadata
//!     }
//! }
//!
//! #[derive(Debug)]
//! struct GreetingStrategy;
//!
//! impl Strategy for GreetingStrategy {
//!     type Object = Greeting;
//!
//!     fn validate(&self, greeting: &Greeting) -> field::Errors {
//!         let empty = greeting.text.is_empty();
//!         empty.then(|| field::Error::required(&Path::new("text"), "")).into_iter().collect()
//!     }
//! }
//!
//! async fn api(address: &str) -> Result<endpoints::Api, storage::StorageError> {
//!     let (store, clock) = (Arc::new(storage::Memory::new()), Arc::new(SystemClock));
//!     let (admission, limits) = (admission::Chain::default(), cacher::Limits::default());
//!     let greetings = Registry::start(GreetingStrategy, store, admission, clock, limits).await?;
//!     // Nobody is known, and strangers may ask for health alone: see `authentication` and `authorization`.
//!     let users = authentication::Union::new(vec![]);
//!     let rights = Arc::new(authorization::AlwaysAllowPaths::default());
//!     Ok(endpoints::Builder::new(users, rights).serve(Arc::new(greetings)).build(address))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
//! # let stop = async {};
//! let server = server::Server::bind("127.0.0.1:0".parse()?, server::Config::default()).await?;
//! let api = Arc::new(api(&server.address().to_string()).await?);
//! # let peer = authentication::Peer::new(server.address(), vec![]);
//! # let ask = |path| api.handle(&peer, http::Request::get(path).body(http_body_util::Empty::new()).unwrap());
//! # assert_eq!(ask("/readyz").await.status(), 200);
//! # assert_eq!(ask("/apis/door.example.com/v1/greetings").await.status(), 403);
//! let chain = server::pem::certificates(certificate.as_bytes())?;
//! let key = server::pem::private_key(key.as_bytes())?;
//! server.run(api, &server::ServingCertificate::new(chain, key)?, stop).await;
//! # Ok(())
//! # }
//! ```
//!
//! Objects last longer in [`storage::Sled`] than in memory, and several servers share them in [`storage::Postgres`]. A
//! second version of a type is a [`meta::Version`] and a call of [`registry::Registry::serve_as`]. What depends on other
//! objects is for [`admission`], which reads them with a [`registry::Reader`]. The directory `examples/wardle` has all
//! of it: two types, two versions, a plugin.
//!
//! # Layers
//!
//! Lowest first; each uses only those before it:
//! [`clock`], [`meta`], [`metrics`] < [`codec`], [`lookup`] < [`storage`] < [`cacher`] < [`admission`] <
//! [`registry`] < [`authentication`], [`authorization`] < [`endpoints`] < [`server`]. [`workflow`] sees only `meta`
//! and `registry`.

pub mod admission;
pub mod authentication;
pub mod authorization;
pub mod cacher;
pub mod clock;
pub mod codec;
pub mod endpoints;
pub mod lookup;
pub mod meta;
pub mod metrics;
pub mod registry;
pub mod server;
pub mod storage;
pub mod workflow;
