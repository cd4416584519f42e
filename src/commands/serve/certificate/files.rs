//! The serving certificate from files.
//!
//! The files are read every second rather than watched: that sees every way they can change, such as the symbolic
//! link that a kubelet turns to a new directory, and costs two small reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs, io};

use anyhow::Context;
use embedded_server::clock::Clock;
use embedded_server::server::ServingCertificate;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Content, Follower, Found, Source, Told};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// A certificate and its key, each in a file as PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertificateFiles {
    /// The certificate, the leaf first.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

impl CertificateFiles {
    /// Returns what is in the files now, and follows them in the background as long as somebody serves it.
    ///
    /// # Errors
    ///
    /// The files cannot be read, or hold no certificate and key that belong together.
    pub(crate) fn follow(self, clock: Arc<dyn Clock>, told: Told) -> anyhow::Result<ServingCertificate> {
        let content = self.read().with_context(|| format!("cannot read {self}"))?;
        let pair = content.pair().with_context(|| format!("cannot serve {self}"))?;
        let mut follower = Follower::of(Polled::new(self), clock, told);
        follower.seen = Some(Ok(content));
        Ok(follower.serving(pair))
    }

    fn read(&self) -> io::Result<Content> {
        Ok(Content { certificate: fs::read(&self.certificate)?, key: fs::read(&self.key)? })
    }
}

impl fmt::Display for CertificateFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.certificate.display(), self.key.display())
    }
}

/// Files that are read again and again.
struct Polled {
    files: CertificateFiles,
    ticks: Interval,
}

impl Polled {
    fn new(files: CertificateFiles) -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { files, ticks }
    }
}

impl Source for Polled {
    async fn look(&mut self) -> Found {
        self.ticks.tick().await;
        self.files.read().map_err(|error| error.to_string())
    }
}

impl fmt::Display for Polled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use embedded_server::clock::ManualClock;
    use tempfile::TempDir;

    use super::super::testing::{leaf, now, serves};
    use super::*;
    use crate::pki::Leaf;

    /// Files as a kubelet lays them out, and what is served from them.
    struct Scene {
        directory: TempDir,
        clock: ManualClock,
        failures: Arc<AtomicUsize>,
        served: ServingCertificate,
        rounds: usize,
    }

    fn lay_out(directory: &Path, round: usize, certificate: &str, key: &str) {
        let content = directory.join(format!("..{round}"));
        fs::create_dir(&content).unwrap();
        fs::write(content.join("tls.crt"), certificate).unwrap();
        fs::write(content.join("tls.key"), key).unwrap();
        symlink(&content, directory.join("..data_tmp")).unwrap();
        fs::rename(directory.join("..data_tmp"), directory.join("..data")).unwrap();
    }

    impl Scene {
        fn new(first: &Leaf) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let at = directory.path();
            lay_out(at, 0, &first.certificate, first.key.expose_pem());
            let files =
                CertificateFiles { certificate: at.join("..data/tls.crt"), key: at.join("..data/tls.key") };
            let clock = ManualClock::at(now());
            let failures = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&failures);
            let told: Told = Box::new(move |worked| {
                counted.fetch_add(usize::from(!worked), Ordering::Relaxed);
            });
            let served = files.follow(Arc::new(clock.clone()), told).unwrap();
            Self { directory, clock, failures, served, rounds: 0 }
        }

        /// Lays out other content, and lets the files be looked at a few times.
        async fn change(&mut self, certificate: &str, key: &str) {
            self.rounds += 1;
            lay_out(self.directory.path(), self.rounds, certificate, key);
            tokio::time::sleep(EVERY * 3).await;
        }

        fn serves(&self, leaf: &Leaf) -> bool {
            serves(&self.served, leaf)
        }

        fn failures(&self) -> usize {
            self.failures.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_pair_is_served() {
        let (first, second) = (leaf(10), leaf(20));
        let mut scene = Scene::new(&first);
        assert!(scene.serves(&first));
        scene.change(&second.certificate, second.key.expose_pem()).await;
        assert!(scene.serves(&second));
        assert_eq!(scene.failures(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_pair_is_kept_and_each_bad_one_told_once() {
        let (first, second, third) = (leaf(10), leaf(20), leaf(30));
        let mut scene = Scene::new(&first);
        for (certificate, key) in [
            (second.certificate.as_str(), first.key.expose_pem()),
            (second.certificate.as_str(), "nothing"),
            ("", ""),
            ("-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n", second.key.expose_pem()),
        ] {
            let before = scene.failures();
            scene.change(certificate, key).await;
            assert!(scene.serves(&first), "{certificate}");
            assert_eq!(scene.failures(), before + 1, "{certificate}");
        }
        scene.change(&third.certificate, third.key.expose_pem()).await;
        assert!(scene.serves(&third));
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_certificate_does_not_replace_a_good_one() {
        let (first, short) = (leaf(10), leaf(1));
        let mut scene = Scene::new(&first);
        scene.clock.advance(jiff::SignedDuration::from_hours(25));
        scene.change(&short.certificate, short.key.expose_pem()).await;
        assert!(scene.serves(&first));
        assert_eq!(scene.failures(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn files_that_are_gone_for_a_while_are_told_once() {
        let (first, second) = (leaf(10), leaf(20));
        let mut scene = Scene::new(&first);
        fs::remove_file(scene.directory.path().join("..data")).unwrap();
        tokio::time::sleep(EVERY * 3).await;
        assert!(scene.serves(&first));
        assert_eq!(scene.failures(), 1);
        scene.change(&second.certificate, second.key.expose_pem()).await;
        assert!(scene.serves(&second));
    }

    #[tokio::test]
    async fn a_pair_that_cannot_be_served_is_no_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let files = CertificateFiles { certificate: path("a"), key: path("b") };
        let clock = Arc::new(ManualClock::at(now()));
        let error = files.follow(clock, Box::new(|_| {})).unwrap_err();
        assert!(error.to_string().starts_with("cannot read "), "{error}");
    }
}
