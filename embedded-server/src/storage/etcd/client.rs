//! Calls to etcd: each answered, or given up, within a bounded time.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use http::uri::PathAndQuery;
use parking_lot::RwLock;
use prost::Message;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use super::fault::Fault;
use super::lines::{Line, Lines};
use super::wire::{
    self, AuthenticateRequest, AuthenticateResponse, CompactionRequest, CompactionResponse, RangeRequest,
    RangeResponse, TxnRequest, TxnResponse, WatchCreateRequest, WatchRequest, WatchResponse,
};
use super::{EtcdConfig, EtcdUser};

/// How long etcd may take to answer: its own limit is five seconds, and elections take one or two.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The least that one of several servers is given, so that an election does not look like an outage.
const LEAST_PATIENCE: Duration = Duration::from_secs(2);

const TXN: &str = "/etcdserverpb.KV/Txn";

/// What etcd says of the changes that it is asked to tell.
pub(super) type Told = Streaming<WatchResponse>;

/// A client of one etcd.
#[derive(Debug)]
pub(super) struct Client {
    lines: Lines,
    user: Option<EtcdUser>,
    /// What the user was given for the password; it runs out.
    token: RwLock<Option<MetadataValue<Ascii>>>,
}

impl Client {
    pub(super) fn new(config: &EtcdConfig) -> Result<Self, Fault> {
        Ok(Self { lines: Lines::to(config)?, user: config.user.clone(), token: RwLock::new(None) })
    }

    /// Returns how many servers there are to ask.
    pub(super) fn servers(&self) -> usize {
        self.lines.len()
    }

    /// Reads one key or range.
    pub(super) async fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Fault> {
        self.read("/etcdserverpb.KV/Range", request).await
    }

    /// Reads several of them at one revision.
    pub(super) async fn ranges(&self, requests: Vec<RangeRequest>) -> Result<TxnResponse, Fault> {
        let success = requests.into_iter().map(|range| wire::Request::Range(range).into()).collect();
        self.read(TXN, &TxnRequest { success, ..TxnRequest::default() }).await
    }

    /// Makes a transaction, or not: it is sent once.
    pub(super) async fn txn(&self, request: &TxnRequest) -> Result<TxnResponse, Fault> {
        self.call(TXN, request, PATIENCE).await
    }

    /// Forgets what was overwritten before `revision`, of everything that etcd holds.
    pub(super) async fn compact(&self, revision: i64) -> Result<(), Fault> {
        let answer: Result<CompactionResponse, _> =
            self.call("/etcdserverpb.KV/Compact", &CompactionRequest { revision }, PATIENCE).await;
        answer.map(drop)
    }

    /// Begins to follow changes, at a server that follows a leader.
    pub(super) async fn watch(&self, create: &WatchCreateRequest) -> Result<Told, Fault> {
        match self.watch_once(create).await {
            Err(Fault::Unauthenticated(_)) if self.user.is_some() => {
                self.authenticate().await?;
                self.watch_once(create).await
            }
            told => told,
        }
    }

    /// Takes the next server from now on.
    pub(super) fn leave(&self) {
        self.lines.leave(&self.lines.current());
    }

    /// Asks what changes nothing, if need be one server after the other. The answer is no older than the call.
    async fn read<Q, A>(&self, path: &'static str, request: &Q) -> Result<A, Fault>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let each = (PATIENCE / u32::try_from(self.lines.len()).unwrap_or(1)).max(LEAST_PATIENCE);
        let mut others = self.lines.len();
        loop {
            match self.call(path, request, each).await {
                // In the end the first is asked again: a connection that was just cut says nothing of etcd.
                Err(fault) if fault.is_of_the_way() && others > 0 => others -= 1,
                answer => return answer,
            }
        }
    }

    async fn watch_once(&self, create: &WatchCreateRequest) -> Result<Told, Fault> {
        let line = self.lines.current();
        let opened = timeout(PATIENCE, self.open_watch(&line, create)).await;
        self.judged(&line, opened.unwrap_or(Err(Fault::Late(PATIENCE))))
    }

    async fn open_watch(&self, line: &Line, create: &WatchCreateRequest) -> Result<Told, Fault> {
        let mut grpc = ready(line).await?;
        // etcd ends the watch when there is nothing more to be asked for.
        let asked = stream::iter([WatchRequest { create: Some(create.clone()) }]).chain(stream::pending());
        let mut request = self.signed(asked);
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        Ok(grpc.streaming(request, path, ProstCodec::default()).await?.into_inner())
    }

    pub(super) async fn call<Q, A>(
        &self,
        path: &'static str,
        request: &Q,
        patience: Duration,
    ) -> Result<A, Fault>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        match self.call_once(path, request, patience).await {
            Err(Fault::Unauthenticated(_)) if self.user.is_some() => {
                self.authenticate().await?;
                self.call_once(path, request, patience).await
            }
            answer => answer,
        }
    }

    async fn call_once<Q, A>(&self, path: &'static str, request: &Q, patience: Duration) -> Result<A, Fault>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let line = self.lines.current();
        let answer = timeout(patience, self.ask(&line, path, request.clone())).await;
        self.judged(&line, answer.unwrap_or(Err(Fault::Late(patience))))
    }

    async fn ask<Q, A>(&self, line: &Line, path: &'static str, request: Q) -> Result<A, Fault>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut grpc = ready(line).await?;
        let path = PathAndQuery::from_static(path);
        Ok(grpc.unary(self.signed(request), path, ProstCodec::default()).await?.into_inner())
    }

    /// Leaves a server that failed.
    fn judged<T>(&self, line: &Line, answer: Result<T, Fault>) -> Result<T, Fault> {
        if answer.as_ref().is_err_and(Fault::is_of_the_way) {
            self.lines.leave(line);
        }
        answer
    }

    fn signed<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &*self.token.read() {
            request.metadata_mut().insert("token", token.clone());
        }
        request
    }

    /// Shows the password for a new token, where there is a user.
    pub(super) async fn authenticate(&self) -> Result<(), Fault> {
        let Some(EtcdUser { name, password }) = self.user.clone() else { return Ok(()) };
        self.token.write().take();
        let request = AuthenticateRequest { name, password };
        let answer: AuthenticateResponse =
            self.call_once("/etcdserverpb.Auth/Authenticate", &request, PATIENCE).await?;
        let token = answer.token.parse().map_err(|_| Fault::Malformed { missing: "token" })?;
        *self.token.write() = Some(token);
        Ok(())
    }
}

/// Waits until a request can be sent.
async fn ready(line: &Line) -> Result<Grpc<Channel>, Fault> {
    let mut grpc = Grpc::new(line.channel.clone()).max_decoding_message_size(usize::MAX);
    match grpc.ready().await {
        Ok(()) => Ok(grpc),
        Err(error) => Err(Fault::Unreachable(tonic::Status::from_error(error.into()).into())),
    }
}
