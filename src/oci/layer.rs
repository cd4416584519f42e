//! A layer: files as a tar archive that is the same whenever they are.

use std::fs::File;
use std::io::{self, Write};

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::root::{Content, Entry, Root};

/// Writes the layer of `root`; returns its digest in hexadecimal digits and its size.
pub(super) fn write(root: &Root, out: impl Write) -> io::Result<(String, u64)> {
    let mut archive = Builder::new(Hashing::new(out));
    for (path, entry) in root {
        append(&mut archive, path, entry)?;
    }
    Ok(archive.into_inner()?.finish())
}

/// Appends a file with `bytes` and nothing that changes from one time to another.
pub(super) fn append_bytes<W: Write>(
    archive: &mut Builder<W>,
    path: &str,
    size: u64,
    bytes: impl io::Read,
) -> io::Result<()> {
    append_file(archive, path, 0o644, size, bytes)
}

fn append<W: Write>(archive: &mut Builder<W>, path: &str, entry: &Entry) -> io::Result<()> {
    match &entry.content {
        Content::Directory => {
            let mut header = header(entry.mode, entry.owner, 0, EntryType::Directory);
            archive.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Content::Text(text) => append_file(archive, path, entry.mode, text.len() as u64, text.as_bytes()),
        Content::Copy(source) => {
            let file = File::open(source)?;
            append_file(archive, path, entry.mode, file.metadata()?.len(), file)
        }
    }
}

fn append_file<W: Write>(
    archive: &mut Builder<W>,
    path: &str,
    mode: u32,
    size: u64,
    bytes: impl io::Read,
) -> io::Result<()> {
    archive.append_data(&mut header(mode, 0, size, EntryType::Regular), path, bytes)
}

fn header(mode: u32, owner: u64, size: u64, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(0);
    header.set_size(size);
    header
}

/// Counts and digests what passes through.
struct Hashing<W> {
    out: W,
    digest: Sha256,
    size: u64,
}

impl<W: Write> Hashing<W> {
    fn new(out: W) -> Self {
        Self { out, digest: Sha256::new(), size: 0 }
    }

    fn finish(self) -> (String, u64) {
        (format!("{:x}", self.digest.finalize()), self.size)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
