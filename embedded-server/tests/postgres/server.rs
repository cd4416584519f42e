//! A PostgreSQL of a test program's own: made in a directory that is removed, and stopped when the program ends, be
//! it by a failure or a signal.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What runs a server: ends it on a word, and also when whoever started it is gone, which closes the pipe; then
/// nothing is left.
const SUPERVISED: &str = r#"
directory=$1; shift
"$@" & server=$!
read -r signal || gone=yes
kill "-${signal:-INT}" "$server"
wait "$server"
if [ "$gone" ]; then rm -rf "$directory"; fi
"#;

/// What is made faster here at the price of what a machine that fails would lose.
const CONFIGURATION: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = off
full_page_writes = off
password_encryption = 'scram-sha-256'
";

/// Who is let in, and how.
const ACCESS: &str = "
host all tests 127.0.0.1/32 trust
host all guest 127.0.0.1/32 trust
host all known 127.0.0.1/32 scram-sha-256
hostssl all certain 127.0.0.1/32 cert
";

/// A server that is running.
pub(crate) struct Server {
    directory: PathBuf,
    port: u16,
    running: Option<(Child, ChildStdin)>,
    named: AtomicU32,
}

/// The certificates of a server, as PEM.
pub(crate) struct Certificates {
    pub(crate) chain: String,
    pub(crate) key: String,
    /// Who vouches for clients.
    pub(crate) clients: String,
}

impl Server {
    /// Makes and starts a server; it speaks TLS when it is given certificates.
    pub(crate) fn start(certificates: Option<&Certificates>) -> Self {
        let directory = tempfile::Builder::new().prefix("postgres-of-a-test").tempdir().unwrap().keep();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let mut server = Self { directory, port, running: None, named: AtomicU32::new(0) };
        server.initialize(certificates);
        server.resume();
        server
    }

    fn initialize(&self, certificates: Option<&Certificates>) {
        let data = self.data();
        fs::create_dir(&data).unwrap();
        give(&data);
        let mut initdb = unprivileged(&program("initdb"));
        initdb
            .args(["--no-sync", "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale", "C", "-D"])
            .arg(&data);
        succeed(&mut initdb);
        let tls = certificates.map_or("", |certificates| {
            for (name, text) in [
                ("server.crt", &certificates.chain),
                ("server.key", &certificates.key),
                ("clients.crt", &certificates.clients),
            ] {
                fs::write(data.join(name), text).unwrap();
                fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
                give(&data.join(name));
            }
            "ssl = on\nssl_ca_file = 'clients.crt'\n"
        });
        fs::write(data.join("postgresql.auto.conf"), format!("{CONFIGURATION}{tls}port = {}\n", self.port))
            .unwrap();
        fs::write(data.join("pg_hba.conf"), ACCESS).unwrap();
    }

    /// Starts the server again; returns when it takes connections.
    pub(crate) fn resume(&mut self) {
        let postgres = unprivileged(&program("postgres"));
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISED, "sh"]).arg(&self.directory);
        command.arg(postgres.get_program()).args(postgres.get_args()).arg("-D").arg(self.data());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
        let mut lines = BufReader::new(output).lines();
        let mut said = String::new();
        while !said.ends_with("database system is ready to accept connections\n") {
            match lines.next() {
                Some(Ok(line)) => said = said + &line + "\n",
                _ => panic!("PostgreSQL does not start:\n{said}"),
            }
        }
        // A full pipe would stop the server.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.running = Some((child, input));
    }

    /// Sends the server a signal that ends it, `INT` for at once and `QUIT` for as by a crash; returns when it is
    /// gone.
    pub(crate) fn stop(&mut self, signal: &str) {
        use std::io::Write;
        let Some((mut child, mut input)) = self.running.take() else { return };
        let _ = writeln!(input, "{signal}");
        child.wait().unwrap();
    }

    /// Returns the URL of a store that is empty.
    pub(crate) fn empty(&self) -> String {
        format!("{}&schema={}", self.url(), self.unused_name())
    }

    /// Returns a name that nobody else was given.
    pub(crate) fn unused_name(&self) -> String {
        format!("test_{}", self.named.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the URL of the database, without TLS.
    pub(crate) fn url(&self) -> String {
        format!("postgres://tests@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets psql run statements, and returns what it prints: a line for each row, its columns between bars.
    pub(crate) fn sql(&self, statements: &str) -> String {
        let mut psql = Command::new(program("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(), "-c", statements]);
        String::from_utf8(succeed(&mut psql).stdout).unwrap().trim_end().to_owned()
    }

    /// Returns the server's directory, which lasts as long as it does.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.running.take() {
            drop(input);
            let _ = child.wait();
        }
    }
}

/// Returns the path of one of PostgreSQL's programs, of which Debian puts only some into the path.
fn program(name: &str) -> PathBuf {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> =
        debian.map(|version| version.unwrap().path().join("bin").join(name)).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path).map(|directory| directory.join(name)));
    let found = found.into_iter().find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("there is no {name} here; `.ci/tools` installs PostgreSQL"))
}

/// Returns a command that runs as nobody where it would run as root, which PostgreSQL refuses.
fn unprivileged(program: &Path) -> Command {
    let mut command = match is_root() {
        true => Command::new("setpriv"),
        false => return Command::new(program),
    };
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

/// Gives a file to whom the server runs as.
fn give(path: &Path) {
    if is_root() {
        let number = |name: &str| id(name).parse().unwrap();
        chown(path, Some(number("-u")), Some(number("-g"))).unwrap();
    }
}

fn is_root() -> bool {
    let output = succeed(Command::new("id").arg("-u"));
    output.stdout.trim_ascii() == b"0"
}

fn id(which: &str) -> String {
    let output = succeed(Command::new("id").args([which, "nobody"]));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
