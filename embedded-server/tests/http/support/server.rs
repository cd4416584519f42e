//! A real server in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use embedded_server::admission::{Chain, Validate};
use embedded_server::authentication::{self, ClientCertificate, FrontProxies, FrontProxy};
use embedded_server::authorization::{self, AlwaysAllowPaths, Authorizer, PrivilegedGroup};
use embedded_server::cacher::Limits;
use embedded_server::clock::{Clock, ManualClock};
use embedded_server::endpoints::{Api, AuditPolicy, AuditSink, Builder, MaxInflight, VersionInfo};
use embedded_server::metrics::Metrics;
use embedded_server::registry::{Registry, Rest};
use embedded_server::server::{Config, Server, ServingCertificate};
use embedded_server::storage::{Backend, Measured, Memory};
use embedded_server::workflow::WorkflowStrategy;
use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::pki::SERVING;
use super::{Answer, Call, Client, MASTER, Protocol, Workflow, trusted};

/// The moment at which every test begins.
const NOW: &str = "2024-01-15T10:00:00Z";

/// How a server is put together; the default is an empty store in memory.
#[derive(Debug)]
pub(crate) struct Setup {
    backend: Arc<dyn Backend>,
    limits: Limits,
    first: Vec<Arc<dyn Authorizer>>,
    proxies: FrontProxies,
    guards: Vec<Arc<dyn Validate>>,
    admission: Vec<Arc<dyn Validate>>,
    inflight: MaxInflight,
    audit: Option<(AuditPolicy, Arc<dyn AuditSink>)>,
    config: Config,
    certificate: ServingCertificate,
    more: Option<Types>,
}

/// Starts the registries of further types.
pub(crate) type Types =
    fn(Arc<dyn Backend>, Arc<dyn Clock>, Limits) -> BoxFuture<'static, Vec<Arc<dyn Rest>>>;

/// A server, and an administrator who talks to it over HTTP/2. It is gone when this is dropped.
pub(crate) struct TestServer {
    /// What time it is for the server.
    pub(crate) clock: ManualClock,
    /// The API itself.
    pub(crate) api: Arc<Api>,
    /// Where it listens; port 0 when it does not.
    pub(crate) address: SocketAddr,
    client: Client,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            backend: Arc::new(Memory::new()),
            limits: Limits::default(),
            first: Vec::new(),
            proxies: FrontProxies::Absent,
            guards: Vec::new(),
            admission: Vec::new(),
            inflight: MaxInflight::default(),
            audit: None,
            config: Config::default(),
            certificate: ServingCertificate::new(SERVING.chain(), SERVING.key()).unwrap(),
            more: None,
        }
    }
}

impl Setup {
    /// Keeps objects in `backend`.
    pub(crate) fn on(backend: Arc<dyn Backend>) -> Self {
        Self { backend, ..Self::default() }
    }

    /// Remembers no more than this many changes.
    pub(crate) fn remembering(mut self, changes: usize) -> Self {
        self.limits.changes = changes;
        self
    }

    /// Asks `authorizer` before all others.
    pub(crate) fn asking(mut self, authorizer: impl Authorizer) -> Self {
        self.first.push(Arc::new(authorizer));
        self
    }

    /// Believes front proxies.
    pub(crate) fn believing(mut self, proxies: FrontProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Has `guard` look at every write before anybody else does.
    pub(crate) fn guarded(mut self, guard: Arc<dyn Validate>) -> Self {
        self.guards.push(guard);
        self
    }

    /// Has `link` look at every write.
    pub(crate) fn admitting(mut self, link: Arc<dyn Validate>) -> Self {
        self.admission.push(link);
        self
    }

    /// Answers no more requests than this at once.
    pub(crate) fn answering(mut self, inflight: MaxInflight) -> Self {
        self.inflight = inflight;
        self
    }

    /// Tells `sink` of requests.
    pub(crate) fn audited(mut self, policy: AuditPolicy, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = Some((policy, sink));
        self
    }

    /// Behaves as `config` says.
    pub(crate) fn with(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Shows `certificate`.
    pub(crate) fn showing(mut self, certificate: ServingCertificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// Serves further types.
    pub(crate) fn serving(mut self, types: Types) -> Self {
        self.more = Some(types);
        self
    }

    /// Starts a server that listens.
    pub(crate) async fn start(self) -> TestServer {
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), self.config.clone()).await.unwrap();
        let address = server.address();
        let certificate = self.certificate.clone();
        let (api, clock) = self.api(address).await;
        let (stop, stopped) = oneshot::channel();
        let task = {
            let api = Arc::clone(&api);
            tokio::spawn(async move {
                let stop = async { stopped.await.unwrap_or_default() };
                server.run(api, &certificate, stop).await;
            })
        };
        let client = Client::new(address, &MASTER, Protocol::Http2);
        TestServer { clock, api, address, client, running: Some((stop, task)) }
    }

    /// Makes an API that is asked directly, so that time may be paused.
    pub(crate) async fn without_sockets(self) -> TestServer {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let (api, clock) = self.api(address).await;
        let client = Client::without_sockets(Arc::clone(&api), &MASTER);
        TestServer { clock, api, address, client, running: None }
    }

    async fn api(self, address: SocketAddr) -> (Arc<Api>, ManualClock) {
        let manual = ManualClock::at(NOW.parse().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let certificates = ClientCertificate::trusting(trusted(), Arc::clone(&clock));
        let (_, proxies) = watch::channel(self.proxies);
        let front_proxy = FrontProxy::new(proxies, Arc::clone(&clock));
        let authenticators = authentication::Union::new(vec![Arc::new(front_proxy), Arc::new(certificates)]);
        let mut authorizers = self.first;
        authorizers.push(Arc::new(PrivilegedGroup));
        authorizers.push(Arc::new(AlwaysAllowPaths::default()));
        let authorizer = authorization::Union::new(authorizers);
        let more = match self.more {
            Some(start) => start(Arc::clone(&self.backend), Arc::clone(&clock), self.limits).await,
            None => Vec::new(),
        };
        let metrics = Metrics::default();
        let store = Arc::new(Measured::new(self.backend, metrics.clone()));
        let chain = Chain::new(self.admission).guarded(self.guards);
        let registry = Registry::start(WorkflowStrategy, store, chain, Arc::clone(&clock), self.limits).await;
        let version = VersionInfo { major: "1".to_owned(), minor: "36".to_owned(), ..VersionInfo::default() };
        let api = Builder::new(authenticators, Arc::new(authorizer)).serve(Arc::new(registry.unwrap()));
        let api = more.into_iter().fold(api, Builder::serve).version(version);
        let api = api.max_inflight(self.inflight).metrics(metrics).clock(clock);
        let api = match self.audit {
            Some((policy, sink)) => api.audit(policy, sink),
            None => api,
        };
        (Arc::new(api.build(&address.to_string())), manual)
    }
}

impl TestServer {
    /// Starts a server with an empty store.
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    /// Returns a client that is somebody else or speaks another protocol.
    pub(crate) fn client(&self, identity: &super::Identity, protocol: Protocol) -> Client {
        Client::new(self.address, identity, protocol)
    }

    /// Asks as the administrator.
    pub(crate) fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        self.client.call(method, path)
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: impl Into<String>, body: impl Into<Value>) -> Call<'_> {
        self.call(Method::POST, path).json(body)
    }

    pub(crate) fn put(&self, path: impl Into<String>, body: impl Into<Value>) -> Call<'_> {
        self.call(Method::PUT, path).json(body)
    }

    /// Sends a patch of a media type.
    pub(crate) fn patch(&self, path: impl Into<String>, kind: &str, body: impl Into<Value>) -> Call<'_> {
        self.call(Method::PATCH, path).json(body).content_type(kind)
    }

    pub(crate) fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// Creates a workflow and returns it as it is stored.
    pub(crate) async fn has(&self, workflow: Workflow) -> Value {
        let collection = workflow.collection();
        self.post(collection, workflow).await.expect(201).json()
    }

    /// Reads an object that has to be there.
    pub(crate) async fn read(&self, path: impl Into<String>) -> Value {
        self.get(path).await.expect(200).json()
    }

    /// Fails unless the server still answers.
    pub(crate) async fn still_answers(&self) {
        let answer: Answer = self.get("/readyz").await;
        assert_eq!(answer.expect(200).text(), "ok");
    }

    /// Asks the server to leave and waits until it has.
    pub(crate) async fn stop(mut self) {
        let (stop, task) = self.running.take().expect("a server that listens");
        stop.send(()).unwrap();
        self.client.hang_up();
        tokio::time::timeout(Duration::from_secs(10), task).await.expect("the server leaves").unwrap();
    }
}
