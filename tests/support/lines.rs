//! What another process writes, line by line, with an end to waiting.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use super::PATIENCE;

/// The lines of a stream, read by a thread so that the writer is never held up.
#[derive(Debug)]
pub(crate) struct Lines {
    coming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, coming) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                // Nobody reads on: the stream is still emptied, so that its writer can go on.
                let _ = sender.send(line);
            }
        });
        Self { coming, seen: Vec::new() }
    }

    /// Waits for a line that is `wanted` and returns it; the lines before it are passed over.
    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.coming.recv_timeout(left) else {
                panic!("the line never came; what came is:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Waits until the writer has closed the stream and returns all that it ever wrote.
    pub(crate) fn all(mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.coming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        assert!(Instant::now() < deadline, "the stream never ended:\n{}", self.seen.join("\n"));
        self.seen.join("\n")
    }
}
