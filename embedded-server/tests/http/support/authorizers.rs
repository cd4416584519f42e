//! Authorizers that misbehave.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo};
use tokio::sync::Semaphore;

/// Keeps everybody but members of `system:masters` waiting.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    waiting: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { waiting: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until another one waits.
    pub(crate) async fn waited_at(&self) {
        self.waiting.acquire().await.unwrap().forget();
    }

    /// Lets everybody in from now on.
    pub(crate) fn open(&self) {
        self.open.close();
    }
}

#[async_trait]
impl Authorizer for Gate {
    async fn authorize(&self, user: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        if !user.is_member_of(UserInfo::MASTERS) {
            self.waiting.add_permits(1);
            // An error says that the gate is open.
            let _ = self.open.acquire().await;
        }
        Ok(Decision::Allow.into())
    }
}

/// Panics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panics;

#[async_trait]
impl Authorizer for Panics {
    async fn authorize(&self, _: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        panic!("a secret reason")
    }
}
