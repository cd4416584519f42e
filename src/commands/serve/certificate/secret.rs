//! The serving certificate from a Secret, as the cluster tells of it.

use std::fmt;
use std::sync::Arc;

use embedded_server::clock::Clock;
use embedded_server::server::ServingCertificate;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Content, Follower, Found, Source, Told};
use crate::cluster::{Client, SecretData, follow_secret};
use crate::config::SecretName;

/// A Secret of the type `kubernetes.io/tls`.
#[derive(Debug)]
pub(crate) struct CertificateSecret {
    name: SecretName,
    found: watch::Receiver<Option<SecretData>>,
    /// What watches it ends with this.
    _watching: JoinSet<()>,
}

impl CertificateSecret {
    /// Begins to watch the Secret.
    pub(crate) fn watch(client: Client, name: SecretName) -> Self {
        let (sender, found) = watch::channel(None);
        let mut watching = JoinSet::new();
        watching.spawn(follow_secret(client, name.clone(), move |data| {
            sender.send_replace(data);
        }));
        Self { name, found, _watching: watching }
    }

    /// Waits until the Secret holds a certificate and key that belong together, and follows it in the background
    /// as long as somebody serves it.
    pub(crate) async fn follow(self, clock: Arc<dyn Clock>, told: Told) -> ServingCertificate {
        Follower::of(self, clock, told).begun().await
    }
}

impl Source for CertificateSecret {
    async fn look(&mut self) -> Found {
        if self.found.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        match &*self.found.borrow_and_update() {
            Some(data) => content(data),
            None => Err("there is no such Secret".to_owned()),
        }
    }
}

impl fmt::Display for CertificateSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {}", self.name)
    }
}

fn content(data: &SecretData) -> Found {
    let part = |key: &str| data.get(key).map(|part| part.0.clone()).ok_or(format!("it has no {key}"));
    Ok(Content { certificate: part("tls.crt")?, key: part("tls.key")? })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use embedded_server::clock::ManualClock;

    use super::super::testing::{expired, expired_after, leaf, now, serves};
    use super::*;
    use crate::pki::Leaf;

    /// A Secret that tests write.
    struct Scene {
        data: watch::Sender<Option<SecretData>>,
        told: Arc<[AtomicUsize; 2]>,
    }

    fn data(certificate: &str, key: &str) -> SecretData {
        let part =
            |name: &str, value: &str| (name.to_owned(), k8s_openapi::ByteString(value.as_bytes().to_vec()));
        [part("tls.crt", certificate), part("tls.key", key)].into()
    }

    fn of(leaf: &Leaf) -> SecretData {
        data(&leaf.certificate, leaf.key.expose_pem())
    }

    impl Scene {
        fn new() -> (Self, impl Future<Output = ServingCertificate>) {
            let (sender, found) = watch::channel(None);
            let name = "workflow-system/certs".parse().unwrap();
            let secret = CertificateSecret { name, found, _watching: JoinSet::new() };
            let told = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
            let counted = Arc::clone(&told);
            let count: Told = Box::new(move |worked| {
                counted[usize::from(worked)].fetch_add(1, Ordering::SeqCst);
            });
            let served = secret.follow(Arc::new(ManualClock::at(now())), count);
            (Self { data: sender, told }, served)
        }

        /// Writes the Secret, and waits until so many failures or successes were told.
        async fn write(&self, data: Option<SecretData>, worked: bool, times: usize) {
            self.data.send_replace(data);
            while self.told[usize::from(worked)].load(Ordering::SeqCst) < times {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn a_secret_is_waited_for_and_then_followed() {
        let (first, second) = (leaf(10), leaf(20));
        let (scene, served) = Scene::new();
        let served = tokio::spawn(served);
        scene.write(None, false, 1).await;
        scene.write(Some(SecretData::new()), false, 2).await;
        scene.write(Some(of(&first)), true, 0).await;
        let served = served.await.unwrap();
        assert!(serves(&served, &first));
        scene.write(Some(of(&second)), true, 1).await;
        assert!(serves(&served, &second));
    }

    #[tokio::test]
    async fn where_all_is_over_by_this_clock_the_newest_pair_is_served() {
        let (scene, served) = Scene::new();
        scene.write(Some(of(&expired())), true, 0).await;
        let served = served.await;
        let newer = expired_after(2);
        scene.write(Some(of(&newer)), true, 1).await;
        assert!(serves(&served, &newer));
    }

    #[tokio::test]
    async fn the_last_good_pair_is_kept() {
        let (first, second) = (leaf(10), leaf(20));
        let (scene, served) = Scene::new();
        scene.write(Some(of(&first)), true, 0).await;
        let served = served.await;
        let broken = [
            Some(data("", "")),
            Some(data(&second.certificate, first.key.expose_pem())),
            Some(data("garbage", second.key.expose_pem())),
            Some(of(&expired())),
            Some(SecretData::new()),
            None,
        ];
        for (told, broken) in broken.into_iter().enumerate() {
            scene.write(broken, false, told + 1).await;
            assert!(serves(&served, &first));
        }
        scene.write(Some(of(&second)), true, 1).await;
        assert!(serves(&served, &second));
    }
}
