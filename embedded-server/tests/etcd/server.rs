//! A real etcd, as a process of its own with a directory of its own; both go away with the test.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Weak};

use embedded_server::storage::{Etcd, EtcdConfig};
use parking_lot::Mutex;
use tempfile::TempDir;

/// What runs a server: ends it on a word, and also when whoever started it is gone, which closes the pipe; then
/// nothing is left.
const SUPERVISED: &str = r#"
directory=$1; shift
"$@" & server=$!
echo "$server"
exec 2>/dev/null
read -r word || gone=yes
kill -KILL "$server"
wait "$server"
if [ "$gone" ]; then rm -rf "$directory"; fi
"#;

/// A server that runs; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    directory: TempDir,
    arguments: Vec<String>,
    process: Mutex<Option<Process>>,
    /// `HOST:PORT`; the same after a restart.
    pub(crate) address: String,
}

/// How often to try another port.
const PORTS: usize = 5;

/// How etcd says that it serves clients, in its several versions.
const SERVING: [&str; 3] =
    ["serving insecure client requests", "serving client requests", "serving client traffic"];

#[derive(Debug)]
struct Process {
    supervisor: Child,
    word: ChildStdin,
    /// The number of the server.
    pid: String,
}

/// The server that tests share that leave its settings and its process alone.
static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// Returns the server that all tests share which run at the same time.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start(&[]));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// Starts a server that takes requests of 8 MiB, and waits until it serves.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_as_it_comes(&[&["--max-request-bytes=8388608"], arguments].concat())
    }

    /// Starts a server as etcd is by itself.
    pub(crate) fn start_as_it_comes(arguments: &[&str]) -> Self {
        Self::start_in(directory(), arguments)
    }

    /// Starts a server with what it keeps in a directory.
    pub(crate) fn start_in(directory: TempDir, arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let (process, address) = (0..PORTS)
            .find_map(|_| {
                let address = free_address();
                run(directory.path(), &arguments, &address).ok().map(|process| (process, address))
            })
            .expect("an etcd that starts; it says why not");
        Self { directory, arguments, process: Mutex::new(Some(process)), address }
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(&self) {
        if let Some(process) = self.process.lock().take() {
            process.end();
        }
    }

    /// Starts it again where it was, with what it had.
    pub(crate) fn restart(&self) {
        let started = run(self.directory.path(), &self.arguments, &self.address);
        *self.process.lock() =
            Some(started.unwrap_or_else(|said| panic!("etcd does not start again:\n{said}")));
    }

    /// Sends a signal, such as `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.process.lock();
        let pid = &process.as_ref().expect("a server that runs").pid;
        let sent = Command::new("sh").args(["-c", r#"kill -"$0" "$1""#, name, pid]).status().unwrap();
        assert!(sent.success(), "{name} could not be sent");
    }

    /// Opens a store that others may share by the same prefix. It leaves compaction to the test.
    pub(crate) async fn store(&self, prefix: &str) -> Arc<Etcd> {
        store_at(&self.address, prefix).await
    }
}

/// Opens a store in the etcd at an address.
pub(crate) async fn store_at(address: &str, prefix: &str) -> Arc<Etcd> {
    let config: EtcdConfig = format!("etcd://{address}/{prefix}?compaction=off").parse().unwrap();
    Arc::new(Etcd::open(config).await.unwrap())
}

/// Returns a prefix that no other store has.
pub(crate) fn unused() -> String {
    format!("test-{}", fastrand::u64(..))
}

impl Process {
    /// Ends the server and waits until it is gone.
    fn end(mut self) {
        // Who has ended by himself hears nothing any more.
        let _ = writeln!(self.word, "end");
        self.supervisor.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns a directory in memory where there is such a thing: etcd waits for the disk often.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Returns an address that nobody listens on. Somebody else may be faster to take it.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Starts a server and waits until it serves; returns what it said when it ends instead.
fn run(directory: &Path, arguments: &[String], address: &str) -> Result<Process, String> {
    let secure = arguments.iter().any(|argument| argument.starts_with("--cert-file"));
    let url = format!("{}://{address}", if secure { "https" } else { "http" });
    let peers = "http://127.0.0.1:0";
    let supervisor = Command::new("sh")
        .args(["-c", SUPERVISED, "sh"])
        .args([directory, &program()])
        .args(["--name=etcd", "--initial-cluster-token=test"])
        .arg(format!("--data-dir={}", directory.join("data").display()))
        .args([format!("--listen-client-urls={url}"), format!("--advertise-client-urls={url}")])
        .args([format!("--listen-peer-urls={peers}"), format!("--initial-advertise-peer-urls={peers}")])
        .arg(format!("--initial-cluster=etcd={peers}"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut supervisor = supervisor.unwrap();
    let word = supervisor.stdin.take().unwrap();
    let mut told = BufReader::new(supervisor.stdout.take().unwrap());
    let mut log = BufReader::new(supervisor.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut pid = String::new();
    told.read_line(&mut pid).unwrap();
    let process = Process { supervisor, word, pid: pid.trim().to_owned() };
    let mut said = String::new();
    let serves = log.any(|line| {
        said = format!("{said}{line}\n");
        SERVING.iter().any(|words| line.contains(words))
    });
    if !serves {
        process.end();
        return Err(said);
    }
    // Somebody has to read on, so that it can write on.
    std::thread::spawn(move || log.for_each(drop));
    std::thread::spawn(move || told.lines().map_while(Result::ok).for_each(drop));
    Ok(process)
}

/// Returns etcd: what `ETCD` names, else the first in `PATH`.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("ETCD") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join("etcd")).find(|path| path.is_file());
    found.expect("no etcd: install Debian's etcd-server, or set ETCD to where it is")
}
