//! A checkpoint that tells accounts apart: what the sandbox took says nothing of a vendor, nor one shop of another.

use std::collections::HashMap;
use std::io;

use async_trait::async_trait;
use customer_sink::delivery::{Checkpoint, FileCheckpoint};

use super::common::providers;

/// A checkpoint whose lanes are a provider's account each.
#[derive(Debug)]
pub struct ByAccount {
    file: FileCheckpoint,
    lanes: HashMap<&'static str, String>,
}

impl ByAccount {
    pub fn new(file: FileCheckpoint) -> Self {
        let lane = |name: &'static str| (name, format!("{name} {}", providers::account(name)).trim_end().to_owned());
        Self { file, lanes: providers::names().into_iter().map(lane).collect() }
    }

    fn lane<'a>(&'a self, provider: &'a str) -> &'a str {
        self.lanes.get(provider).map_or(provider, String::as_str)
    }
}

#[async_trait]
impl Checkpoint for ByAccount {
    fn is_done(&self, lane: &str, position: u64) -> bool {
        self.file.is_done(self.lane(lane), position)
    }

    async fn done(&self, lane: &str, position: u64) -> io::Result<()> {
        self.file.done(self.lane(lane), position).await
    }

    async fn sync(&self) -> io::Result<()> {
        self.file.sync().await
    }
}
