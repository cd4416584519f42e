//! The life of a pod, as its status tells it. Source of the words: `pkg/kubelet`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{interval, sleep};

use super::process::{Ended, Process};
use crate::standin::body::full;
use crate::standin::controllers::{conditions, volumes};
use crate::standin::hub::Hub;
use crate::standin::knobs::Trouble;
use crate::standin::tls::{Caller, Trust};

/// How often a probe is made.
const PROBED: Duration = Duration::from_millis(100);
/// How long a process that ended again waits before it is started again, at first.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Nobody has this name, so no image can be pulled from there.
const NO_REGISTRY: &str = "registry.invalid/";

pub(super) struct Life {
    hub: Arc<Hub>,
    pod: Pod,
    container: Container,
    address: Ipv4Addr,
    status: Value,
    told: Value,
    restarts: u32,
}

impl Life {
    pub(super) fn of(hub: Arc<Hub>, pod: Pod) -> Self {
        let container = pod.spec.iter().flat_map(|spec| &spec.containers).next().cloned();
        // Any address of this machine: no two pods meet, in whichever test. All are as long as one another.
        let [a, b, c] = [(); 3].map(|()| fastrand::u8(100..255));
        let address = Ipv4Addr::new(127, a, b, c);
        let status = json!({ "phase": "Pending" });
        let container = container.unwrap_or_default();
        Self { hub, pod, container, address, status, told: Value::Null, restarts: 0 }
    }

    /// Returns when the pod is to go and its process is gone.
    pub(super) async fn lead(mut self, leave: &mut watch::Receiver<bool>) {
        let told = leave.clone();
        tokio::select! {
            _ = leave.wait_for(|leave| *leave) => return,
            () = self.prepare() => {}
        }
        let mut leave = told;
        while !*leave.borrow() {
            let Some(mut process) = self.start(&mut leave).await else { return };
            let Some(ended) = self.watch_over(&mut process, &mut leave).await else {
                return process.stop().await;
            };
            if !self.ended(&ended, &mut leave).await {
                return;
            }
        }
    }

    /// Waits for a node, a volume and the image.
    async fn prepare(&mut self) {
        let hub = Arc::clone(&self.hub);
        let mut changes = hub.changes.subscribe();
        while let Some(why) = self.unschedulable().await {
            self.condition("PodScheduled", ("False", "Unschedulable", &why));
            self.tell(Some(("FailedScheduling", why))).await;
            let _ = changes.changed().await;
        }
        // What is lost to somebody else is a pod that is gone, which ends this life.
        let _ = self.hub.patch(&self.pod, &json!({"spec": {"nodeName": "stand-in"}})).await;
        self.condition("PodScheduled", ("True", "", ""));
        self.condition("Initialized", ("True", "", ""));
        let image = self.container.image.clone().unwrap_or_default();
        while self.hub.knobs.trouble() == Some(Trouble::NoImage) || image.starts_with(NO_REGISTRY) {
            let message = format!("Back-off pulling image \"{image}\"");
            self.waiting("ImagePullBackOff", &message);
            let message = format!("Failed to pull image \"{image}\": not found");
            self.tell(Some(("Failed", message))).await;
            let _ = changes.changed().await;
        }
        self.waiting("ContainerCreating", "");
        self.tell(None).await;
    }

    async fn unschedulable(&self) -> Option<String> {
        if let Some(Trouble::NoNode(why)) = self.hub.knobs.trouble() {
            return Some(why);
        }
        let namespace = self.pod.namespace().unwrap_or_default();
        let volumes = self.pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        for claim in volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
            let found: Option<PersistentVolumeClaim> = self.hub.find(&namespace, &claim.claim_name).await;
            if !found.is_some_and(|claim| volumes::is_bound(&claim)) {
                let why = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";
                return Some(why.to_owned());
            }
        }
        None
    }

    /// Starts the process, as soon as what it needs is there.
    async fn start(&mut self, leave: &mut watch::Receiver<bool>) -> Option<Process> {
        let hub = Arc::clone(&self.hub);
        let mut changes = hub.changes.subscribe();
        loop {
            match Process::start(&self.hub, &self.pod, &self.container, self.address, self.restarts).await {
                Ok(process) => {
                    let now = self.now();
                    self.container_status(&json!({"running": {"startedAt": now}}));
                    self.status["phase"] = json!("Running");
                    self.status["podIP"] = json!(self.address);
                    self.status["podIPs"] = json!([{"ip": self.address}]);
                    self.tell(None).await;
                    return Some(process);
                }
                Err(missing) => {
                    self.waiting("CreateContainerConfigError", &missing.to_string());
                    self.tell(Some(("Failed", format!("Error: {missing}")))).await;
                }
            }
            tokio::select! {
                _ = leave.wait_for(|leave| *leave) => return None,
                _ = changes.changed() => {}
            }
        }
    }

    /// Probes a process until it has ended, or is to end.
    async fn watch_over(
        &mut self,
        process: &mut Process,
        leave: &mut watch::Receiver<bool>,
    ) -> Option<Ended> {
        let mut probes = interval(PROBED);
        loop {
            tokio::select! {
                _ = leave.wait_for(|leave| *leave) => return None,
                ended = process.ended() => return Some(ended),
                _ = probes.tick() => {}
            }
            let unready = self.unready().await;
            self.status["containerStatuses"][0]["ready"] = json!(unready.is_none());
            self.status["containerStatuses"][0]["started"] = json!(true);
            self.readiness(unready.is_none());
            self.tell(unready.map(|why| ("Unhealthy", format!("Readiness probe failed: {why}")))).await;
        }
    }

    /// Returns why the container is not ready.
    async fn unready(&self) -> Option<String> {
        let get = self.container.readiness_probe.as_ref()?.http_get.as_ref()?;
        if self.hub.knobs.trouble() == Some(Trouble::Unready) {
            return Some("HTTP probe failed with statuscode: 500".to_owned());
        }
        let address = (self.address, self.port(get)).into();
        let request = http::Request::get(get.path.as_deref().unwrap_or("/")).header("host", "pod");
        let caller = Caller::new(Arc::clone(&self.hub.clock), Trust::Everybodys, None).unwrap();
        match caller.send(address, &self.address.to_string(), request.body(full("")).unwrap()).await {
            Ok(answer) if (200..400).contains(&answer.status().as_u16()) => None,
            Ok(answer) => Some(format!("HTTP probe failed with statuscode: {}", answer.status().as_u16())),
            Err(why) => Some(format!("Get \"https://{address}\": {why}")),
        }
    }

    fn port(&self, get: &HTTPGetAction) -> u16 {
        let mut ports = self.container.ports.iter().flatten();
        let port = match &get.port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) => {
                ports.find(|port| port.name.as_ref() == Some(name)).map(|port| port.container_port)
            }
        };
        port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
    }

    /// Says how a process ended, and tells whether another is to follow it.
    async fn ended(&mut self, ended: &Ended, leave: &mut watch::Receiver<bool>) -> bool {
        let reason = if ended.code == 0 { "Completed" } else { "Error" };
        let now = self.now();
        let terminated = json!({"terminated": {
            "exitCode": ended.code, "reason": reason, "message": ended.message, "finishedAt": now,
        }});
        self.readiness(false);
        let policy = self.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
        if policy == Some("Never") {
            self.container_status(&terminated);
            self.status["phase"] = json!(if ended.code == 0 { "Succeeded" } else { "Failed" });
            self.tell(None).await;
            let _ = leave.wait_for(|leave| *leave).await;
            return false;
        }
        self.restarts += 1;
        self.hub.logs.end(&self.pod.namespace().unwrap_or_default(), &self.pod.name_any());
        let message = format!(
            "back-off 10s restarting failed container={} pod={}",
            self.container.name,
            self.pod.name_any()
        );
        self.waiting("CrashLoopBackOff", &message);
        self.status["containerStatuses"][0]["lastState"] = terminated;
        self.tell(Some(("BackOff", message))).await;
        tokio::select! {
            _ = leave.wait_for(|leave| *leave) => false,
            () = sleep(BACK_OFF * self.restarts.min(20)) => true,
        }
    }

    fn now(&self) -> String {
        self.hub.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn condition(&mut self, kind: &str, told: (&str, &str, &str)) {
        let hub = Arc::clone(&self.hub);
        conditions::set(&hub, &mut self.status, kind, told);
    }

    fn readiness(&mut self, ready: bool) {
        let message = format!("containers with unready status: [{}]", self.container.name);
        let told = if ready { ("True", "", "") } else { ("False", "ContainersNotReady", message.as_str()) };
        self.condition("ContainersReady", told);
        self.condition("Ready", told);
    }

    fn waiting(&mut self, reason: &str, message: &str) {
        self.container_status(&json!({"waiting": {"reason": reason, "message": message}}));
    }

    fn container_status(&mut self, state: &Value) {
        let image = self.container.image.clone().unwrap_or_default();
        let last = self.status["containerStatuses"][0]["lastState"].clone();
        let last = if last.is_null() { json!({}) } else { last };
        self.status["containerStatuses"] = json!([{
            "name": self.container.name, "image": image, "imageID": image, "ready": false, "started": false,
            "restartCount": self.restarts, "state": state, "lastState": last,
        }]);
    }

    /// Writes the status if it is another than before, and an event with it.
    async fn tell(&mut self, event: Option<(&str, String)>) {
        if self.told == self.status {
            return;
        }
        self.told = self.status.clone();
        // What is lost to somebody else is a pod that is gone, which ends this life.
        let _ = self.hub.patch_status(&self.pod, self.status.clone()).await;
        if let Some((reason, message)) = event {
            self.hub.event(&self.pod, "Warning", reason, &message).await;
        }
    }
}
