//! Where the audit log goes: to a file, which is exchanged when it grows too large, or to stdout.
//!
//! A thread of its own writes, and takes events from a queue of bounded length. A request waits only when the queue is
//! full, which is told: no event is left out, and none is held back once the disk takes it.

mod file;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::Context;
use embedded_server::clock::Clock;
use embedded_server::endpoints::{AuditPolicy, AuditSink};
use parking_lot::Mutex;

use self::file::RotatedFile;
use crate::config::AuditConfig;
use crate::failure::Hint;
use crate::printer::Printer;

/// How many events may wait to be written.
const QUEUE: usize = 10_000;

/// Writes events.
#[derive(Debug)]
pub(crate) struct AuditLog {
    queue: Mutex<Option<SyncSender<Vec<u8>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    behind: AtomicBool,
}

impl AuditLog {
    /// Begins to write to where the configuration says.
    ///
    /// # Errors
    ///
    /// The file cannot be written to.
    pub(crate) fn open(
        config: &AuditConfig,
        clock: Arc<dyn Clock>,
        printer: &Printer,
    ) -> anyhow::Result<Arc<Self>> {
        let target: Box<dyn Write + Send> = match &config.file {
            None => Box::new(printer.data_writer()),
            Some(path) => Box::new(
                RotatedFile::open(path, config.rotation, clock)
                    .with_context(|| format!("cannot write the audit log to {}", path.display()))
                    .hint("--audit-log-path names a file in a directory that can be written to, or -")?,
            ),
        };
        Self::to(target)
    }

    fn to(target: Box<dyn Write + Send>) -> anyhow::Result<Arc<Self>> {
        let (queue, events) = sync_channel(QUEUE);
        let writer = thread::Builder::new().name("audit".to_owned()).spawn(move || write(&events, target));
        Ok(Arc::new(Self {
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(writer.context("cannot start a thread for the audit log")?)),
            behind: AtomicBool::new(false),
        }))
    }

    /// Waits until all events are written. There are none after it.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().take());
        let writer = self.writer.lock().take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the audit log ended early");
        }
    }

    fn wait(&self, queue: &SyncSender<Vec<u8>>, event: Vec<u8>) {
        if !self.behind.swap(true, Ordering::Relaxed) {
            tracing::warn!("the audit log is slow: requests wait for it");
        }
        if queue.send(event).is_err() {
            tracing::error!("the audit log is gone");
        }
    }
}

impl AuditSink for AuditLog {
    fn write(&self, event: Vec<u8>) {
        let queue = self.queue.lock().clone();
        let Some(queue) = queue else { return };
        match queue.try_send(event) {
            Ok(()) => self.behind.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(event) | TrySendError::Disconnected(event)) => self.wait(&queue, event),
        }
    }
}

fn write(events: &Receiver<Vec<u8>>, mut target: Box<dyn Write + Send>) {
    for event in events {
        if let Err(error) = target.write_all(&event).and_then(|()| target.flush()) {
            tracing::error!(%error, "an audit event could not be written");
        }
    }
}

/// Returns which requests are told of.
///
/// # Errors
///
/// There is a file but no policy in it that can be followed.
pub(crate) fn policy(config: &AuditConfig) -> anyhow::Result<AuditPolicy> {
    let Some(path) = &config.policy else { return Ok(AuditPolicy::everything()) };
    let read = std::fs::read(path).map_err(anyhow::Error::from);
    read.and_then(|text| Ok(AuditPolicy::from_yaml(&text)?))
        .with_context(|| format!("cannot follow the audit policy in {}", path.display()))
        .hint("--audit-policy-file names a Policy of audit.k8s.io/v1 with rules of the levels None and Metadata")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what is written to it.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_event_is_written_in_order_before_the_log_is_closed() {
        let kept = Kept::default();
        let log = AuditLog::to(Box::new(kept.clone())).unwrap();
        let lines: Vec<String> = (0..3 * QUEUE).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            log.write(line.clone().into_bytes());
        }
        log.close();
        log.write(b"late\n".to_vec());
        assert_eq!(String::from_utf8(kept.0.lock().clone()).unwrap(), lines.concat());
    }
}
