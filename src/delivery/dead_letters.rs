//! stub
use std::io;
use async_trait::async_trait;
use crate::{Customer, Error, ProviderId};
/// d
#[derive(Debug)]
#[non_exhaustive]
pub struct DeadLetter<'a> {
    /// d
    pub position: u64,
    /// d
    pub lane: &'a str,
    /// d
    pub provider: ProviderId,
    /// d
    pub customer: &'a Customer,
    /// d
    pub error: &'a Error,
}
/// d
#[async_trait]
pub trait DeadLetters: std::fmt::Debug + Send + Sync + 'static {
    /// d
    async fn put(&self, letter: &DeadLetter<'_>) -> io::Result<()>;
    /// d
    async fn sync(&self) -> io::Result<()>;
}
