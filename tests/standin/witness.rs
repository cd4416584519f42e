//! Somebody who trusts what an APIService says at each moment, and shakes hands with every replica again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::aggregator::{reference, replicas};
use super::hub::Hub;
use super::tls::{Caller, Trust};

/// How often it looks at everybody.
const EVERY: Duration = Duration::from_millis(100);

/// Looks until it is asked what it saw.
pub(crate) struct Witness {
    over: watch::Sender<bool>,
    looking: JoinHandle<Seen>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The handshakes with somebody who was trusted at that moment.
    pub(crate) trusted: usize,
    /// Why others were not.
    pub(crate) failures: Vec<String>,
}

impl Witness {
    pub(super) fn of(hub: Arc<Hub>, group: &'static str, version: &'static str) -> Self {
        let (over, told) = watch::channel(false);
        Self { over, looking: tokio::spawn(look(hub, group, version, told)) }
    }

    /// Ends, and says what was seen.
    pub(crate) async fn testify(self) -> Seen {
        self.over.send_replace(true);
        self.looking.await.unwrap()
    }
}

async fn look(
    hub: Arc<Hub>,
    group: &'static str,
    version: &'static str,
    mut over: watch::Receiver<bool>,
) -> Seen {
    let (mut seen, mut ticks) = (Seen::default(), interval(EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = over.wait_for(|over| *over) => return seen,
            _ = ticks.tick() => {}
        }
        let Some(before) = hub.api_service(group, version).await else { continue };
        for replica in replicas(&hub, &before).await {
            let met = meet(&hub, &before, replica).await;
            // Where it changed meanwhile, nobody knows which of the two counted.
            let after = hub.api_service(group, version).await;
            if after.as_ref().and_then(bundle) == bundle(&before) {
                seen.add(met);
            }
        }
    }
}

impl Seen {
    fn add(&mut self, met: Result<(), String>) {
        match met {
            Ok(()) => self.trusted += 1,
            Err(why) if why.contains("x509") => self.failures.push(why),
            // A replica that comes or goes shows nothing.
            Err(_) => {}
        }
    }
}

async fn meet(hub: &Hub, service: &APIService, replica: SocketAddr) -> Result<(), String> {
    let (namespace, name, _) = reference(service);
    let trust = Trust::Of(bundle(service).unwrap_or_default());
    let caller = Caller::new(Arc::clone(&hub.clock), trust, None).map_err(|why| why.to_string())?;
    let met = caller.shake_hands(replica, &format!("{name}.{namespace}.svc")).await;
    met.map(drop).map_err(|why| why.to_string())
}

fn bundle(service: &APIService) -> Option<&[u8]> {
    service.spec.as_ref()?.ca_bundle.as_ref().map(|bundle| bundle.0.as_slice())
}
