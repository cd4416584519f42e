//! The signals that stop a server: the first one asks it to finish, the second to stop at once.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Counts SIGINT and SIGTERM from the moment it was made; clones count the same.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<usize>);

impl Signals {
    /// Begins to count, in the runtime that runs. From now on these signals no longer end the process.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        let (count, signals) = watch::channel(0);
        tokio::spawn(count_signals(interrupt, terminate, count));
        Ok(Self(signals))
    }

    /// Waits until `number` signals have come.
    pub(crate) fn reached(&self, number: usize) -> impl Future<Output = ()> + Send + use<> {
        let mut signals = self.0.clone();
        async move {
            if signals.wait_for(|count| *count >= number).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn count_signals(mut interrupt: Signal, mut terminate: Signal, count: watch::Sender<usize>) {
    loop {
        let received = tokio::select! {
            received = interrupt.recv() => received,
            received = terminate.recv() => received,
        };
        match received {
            Some(()) => count.send_modify(|count| *count += 1),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_signal_is_not_the_first() {
        let (count, signals) = watch::channel(1);
        let signals = Signals(signals);
        signals.reached(1).await;
        let mut second = std::pin::pin!(signals.reached(2));
        tokio::select! {
            biased;
            () = &mut second => panic!("one signal was taken for two"),
            () = std::future::ready(()) => {}
        }
        count.send_modify(|count| *count += 1);
        second.await;
    }
}
