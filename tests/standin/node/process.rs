//! A container as a process of this machine.
//!
//! The image is the binary under test. Where the container has volumes, its arguments name the directories that
//! stand for them.

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use k8s_openapi::api::core::v1::{Container, EnvVar, PersistentVolumeClaim, Pod, Secret, Volume};
use kube::ResourceExt;
use tokio::process::{Child, Command};

use crate::standin::access::token;
use crate::standin::hub::Hub;
use crate::standin::knobs::Trouble;

pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

/// How a process ended.
pub(super) struct Ended {
    pub(super) code: i32,
    /// The last that it wrote.
    pub(super) message: String,
}

/// What a container needs and is not there.
pub(super) struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Process {
    pub(super) async fn start(
        hub: &Hub,
        pod: &Pod,
        container: &Container,
        address: Ipv4Addr,
        run: u32,
    ) -> Result<Self, Missing> {
        let home = hub.home.join(pod.uid().unwrap_or_default());
        fs::create_dir_all(&home).unwrap();
        let mounts = mounts(hub, pod, container, &home).await?;
        let environment = environment(hub, pod, container).await?;
        let log = home.join(format!("log-{run}"));
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let output = hub.logs.begin(&namespace, &name, log.clone()).unwrap();
        let mut command = command(hub, container, &mounts);
        command
            .env_clear()
            .env("WFCTL_BIND_ADDRESS", address.to_string())
            .env("KUBECONFIG", kubeconfig(hub, pod, &home))
            .env("WFCTL_KUBECONFIG", home.join("kubeconfig"))
            .envs(environment)
            .current_dir(&home)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true);
        Ok(Self { child: command.spawn().unwrap(), log })
    }

    pub(super) async fn ended(&mut self) -> Ended {
        let status = self.child.wait().await.unwrap();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let message = lines[lines.len().saturating_sub(20)..].join("\n");
        Ended { code: status.code().unwrap_or(137), message }
    }

    /// Asks the process to end, and waits until it has.
    pub(super) async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            // It may have ended already, which is as well.
            let _ = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().await;
        }
        let _ = self.child.wait().await;
    }
}

/// A directory, and where a container sees it.
type Mount = (String, PathBuf);

fn command(hub: &Hub, container: &Container, mounts: &[Mount]) -> Command {
    if let Some(Trouble::Crash(lines)) = hub.knobs.trouble() {
        let mut command = Command::new("sh");
        command.args(["-c", r#"printf '%s\n' "$@" >&2; exit 1"#, "sh"]).args(lines);
        return command;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    for argument in container.args.iter().flatten() {
        let here = |text: String, (inside, outside): &Mount| {
            text.replace(inside.as_str(), outside.to_str().unwrap_or_default())
        };
        command.arg(mounts.iter().fold(argument.clone(), here));
    }
    command
}

/// Writes how a pod reaches the cluster, as its ServiceAccount.
fn kubeconfig(hub: &Hub, pod: &Pod, home: &Path) -> PathBuf {
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.clone());
    let account = account.unwrap_or_else(|| "default".to_owned());
    let user = format!("system:serviceaccount:{}:{account}", pod.namespace().unwrap_or_default());
    let path = home.join("kubeconfig");
    fs::write(&path, hub.kubeconfig(&token(&user))).unwrap();
    path
}

async fn mounts(hub: &Hub, pod: &Pod, container: &Container, home: &Path) -> Result<Vec<Mount>, Missing> {
    let volumes: Vec<&Volume> = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()).collect();
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        if let Some(volume) = volumes.iter().find(|volume| volume.name == mount.name) {
            mounts.push((mount.mount_path.clone(), directory(hub, pod, volume, home).await?));
        }
    }
    Ok(mounts)
}

/// Makes the directory of a volume. That of a claim outlasts the pod.
async fn directory(hub: &Hub, pod: &Pod, volume: &Volume, home: &Path) -> Result<PathBuf, Missing> {
    let namespace = pod.namespace().unwrap_or_default();
    let directory = match &volume.persistent_volume_claim {
        Some(claim) => hub.home.join("volumes").join(volume_of(hub, &namespace, &claim.claim_name).await?),
        None => home.join(&volume.name),
    };
    fs::create_dir_all(&directory).unwrap();
    if let Some(name) = volume.secret.as_ref().and_then(|source| source.secret_name.as_deref()) {
        for (key, value) in secret(hub, &namespace, name).await?.data.unwrap_or_default() {
            fs::write(directory.join(key), value.0).unwrap();
        }
    }
    Ok(directory)
}

/// A claim of the same name that is made later has another volume.
async fn volume_of(hub: &Hub, namespace: &str, claim: &str) -> Result<String, Missing> {
    let found: Option<PersistentVolumeClaim> = hub.find(namespace, claim).await;
    let missing = || Missing(format!("persistentvolumeclaim \"{claim}\" not found"));
    found.and_then(|claim| claim.uid()).ok_or_else(missing)
}

async fn secret(hub: &Hub, namespace: &str, name: &str) -> Result<Secret, Missing> {
    let found = hub.find(namespace, name).await;
    found.ok_or_else(|| Missing(format!("secret \"{name}\" not found")))
}

async fn environment(hub: &Hub, pod: &Pod, container: &Container) -> Result<Vec<(String, String)>, Missing> {
    let mut all = Vec::new();
    for variable in container.env.iter().flatten() {
        let value = value(hub, &pod.namespace().unwrap_or_default(), variable).await?;
        all.push((variable.name.clone(), value));
    }
    Ok(all)
}

async fn value(hub: &Hub, namespace: &str, variable: &EnvVar) -> Result<String, Missing> {
    let source = variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref());
    let Some(source) = source else { return Ok(variable.value.clone().unwrap_or_default()) };
    let data = secret(hub, namespace, &source.name).await?.data.unwrap_or_default();
    let value = data.get(&source.key).map(|value| String::from_utf8_lossy(&value.0).into_owned());
    value.ok_or_else(|| {
        Missing(format!("couldn't find key {} in Secret {namespace}/{}", source.key, source.name))
    })
}
