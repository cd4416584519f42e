//! What is in the image: this program, the libraries that it is running with, and the few files that a program may
//! ask for anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::elf;

/// Where the program is.
pub(super) const PROGRAM: &str = "wfctl";
/// The user and the group that it runs as.
pub(super) const USER: u64 = 65532;

const PASSWD: &str = "root:x:0:0:root:/:/sbin/nologin\nwfctl:x:65532:65532:wfctl:/:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nwfctl:x:65532:\n";
/// Names of hosts are looked for in the file that Kubernetes writes, then in the cluster.
const NSSWITCH: &str = "hosts: files dns\n";
const DATA: &str = "var/lib/wfctl";

/// The files of an image, by their paths without the first slash.
pub(crate) type Root = BTreeMap<String, Entry>;

/// Something in an image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(super) mode: u32,
    pub(super) owner: u64,
    pub(super) content: Content,
}

/// What something in an image is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// A directory.
    Directory,
    /// A file with this text.
    Text(&'static str),
    /// A file that is a copy of this one.
    Copy(PathBuf),
}

/// Returns the files of an image of the program that runs.
pub(crate) fn this_program() -> anyhow::Result<Root> {
    let program = Path::new("/proc/self/exe");
    let maps =
        fs::read_to_string("/proc/self/maps").context("cannot see which libraries this program uses")?;
    let mut root = base();
    root.insert(PROGRAM.to_owned(), executable(program.to_owned()));
    for (path, file) in libraries(program, &maps)? {
        root.insert(path.trim_start_matches('/').to_owned(), executable(file));
    }
    add_directories(&mut root);
    Ok(root)
}

fn base() -> Root {
    let text = |text| Entry { mode: 0o644, owner: 0, content: Content::Text(text) };
    let directory = |mode, owner| Entry { mode, owner, content: Content::Directory };
    BTreeMap::from([
        ("etc/passwd".to_owned(), text(PASSWD)),
        ("etc/group".to_owned(), text(GROUP)),
        ("etc/nsswitch.conf".to_owned(), text(NSSWITCH)),
        ("tmp".to_owned(), directory(0o1777, 0)),
        (DATA.to_owned(), directory(0o700, USER)),
    ])
}

fn executable(file: PathBuf) -> Entry {
    Entry { mode: 0o755, owner: 0, content: Content::Copy(file) }
}

/// Every directory above something is there, and nobody's but root's to write to.
fn add_directories(root: &mut Root) {
    let paths: Vec<String> = root.keys().cloned().collect();
    for path in paths {
        for parent in
            Path::new(&path).ancestors().skip(1).filter_map(Path::to_str).filter(|path| !path.is_empty())
        {
            let directory = Entry { mode: 0o755, owner: 0, content: Content::Directory };
            root.entry(parent.to_owned()).or_insert(directory);
        }
    }
}

/// Returns the libraries that `program` needs, directly or through others, and its loader: where each has to be,
/// and the file that it is.
///
/// `maps` says what the loader of this process found for each name: `/proc/self/maps`.
fn libraries(program: &Path, maps: &str) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let loaded = loaded(maps);
    let needs = needs(program)?;
    let mut found = BTreeMap::new();
    if let Some(interpreter) = &needs.interpreter {
        found.insert(interpreter.clone(), fs::canonicalize(interpreter).context("cannot find the loader")?);
    }
    let mut pending = needs.libraries;
    let mut seen = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if seen.insert(name.clone()) && !is_loader(&name, needs.interpreter.as_deref()) {
            let file = find(&name, &loaded)?;
            found.insert(beside(&file, &name), file.clone());
            pending.extend(self::needs(&file)?.libraries);
        }
    }
    Ok(found)
}

/// Returns the paths of the files that are mapped and may be libraries.
fn loaded(maps: &str) -> BTreeSet<PathBuf> {
    let path = |line: &str| line.find('/').map(|at| PathBuf::from(&line[at..]));
    maps.lines().filter_map(path).filter(|path| path.to_string_lossy().contains(".so")).collect()
}

fn needs(file: &Path) -> anyhow::Result<elf::Needs> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    elf::read(&bytes).with_context(|| format!("{} is no program for Linux on 64 bits", file.display()))
}

fn is_loader(name: &str, interpreter: Option<&str>) -> bool {
    interpreter.is_some_and(|path| Path::new(path).file_name().is_some_and(|file| file == name))
}

/// A library is found by the name of its file, or else by the name that it carries.
fn find(name: &str, loaded: &BTreeSet<PathBuf>) -> anyhow::Result<PathBuf> {
    let by_file = loaded.iter().find(|path| path.file_name().is_some_and(|file| file == name));
    let carries = |path: &&PathBuf| needs(path).is_ok_and(|needs| needs.name.as_deref() == Some(name));
    let found = by_file.or_else(|| loaded.iter().find(carries));
    found.cloned().ok_or_else(|| anyhow!("cannot find the library {name} that this program uses"))
}

/// The loader of the image looks in the same directories as the one here, but knows files by the name only.
fn beside(file: &Path, name: &str) -> String {
    file.with_file_name(name).to_string_lossy().into_owned()
}
