//! A checkpoint by account, so that a delivery to the sandbox or to another shop does not count for this one.

use std::collections::HashMap;
use std::io;

use async_trait::async_trait;
use customer_sink::delivery::{Checkpoint, EarlierRun, FileCheckpoint};

use super::common::providers;

/// A checkpoint that has a lane for each account of a provider.
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

    fn earlier_run(&self, lane: &str) -> EarlierRun {
        self.file.earlier_run(self.lane(lane))
    }

    async fn done(&self, lane: &str, position: u64) -> io::Result<()> {
        self.file.done(self.lane(lane), position).await
    }

    async fn sync(&self) -> io::Result<()> {
        self.file.sync().await
    }
}
