//! The task that reads the source and hands each record to the lanes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::{Stream, StreamExt};

use super::ending::{Ending, Skip};
use super::item::{Item, Record, SourceError};
use super::lane::Settled;
use super::observer::Unreadable;
use super::progress::LaneBoard;
use super::queue::Queue;
use super::run::StopReason;
use super::settle::{Settler, spill};

pub(super) struct Pump {
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) settler: Settler,
    /// Whether the source is read on when every lane has ended early.
    pub(super) to_the_end: bool,
}

impl Pump {
    pub(super) async fn run(&self, source: impl Stream<Item = Result<Item, SourceError>>) {
        let shared = &self.settler.shared;
        let mut stopping = shared.stopping();
        let mut source = pin!(source);
        let mut last = None;
        loop {
            let next = async {
                for queue in &self.queues {
                    while queue.blocks() {
                        queue.freed().await;
                    }
                }
                source.next().await
            };
            let item = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                item = next => item,
            };
            match item {
                None => return,
                Some(Ok(item)) => {
                    shared.read.fetch_add(1, Relaxed);
                    if last.is_some_and(|last| item.position <= last) {
                        let message = format!("position {} does not come after the one before", item.position);
                        shared.note(StopReason::Source(SourceError::broken(message)));
                        return;
                    }
                    last = Some(item.position);
                    self.hand_out(item).await;
                }
                Some(Err(SourceError::Unreadable { position, message })) => {
                    shared.read.fetch_add(1, Relaxed);
                    last = last.max(Some(position));
                    self.settler.unreadable(Unreadable::new(position, message)).await;
                }
                Some(Err(broken @ SourceError::Broken(_))) => {
                    // What was read before is delivered all the same.
                    shared.note(StopReason::Source(broken));
                    return;
                }
            }
            if !self.to_the_end && shared.lanes.iter().all(|lane| lane.ended_early.load(Relaxed)) {
                shared.note(StopReason::AllLanesEnded);
                return;
            }
        }
    }

    async fn hand_out(&self, item: Item) {
        let shared = &self.settler.shared;
        let wanted = |lane: &LaneBoard| item.only.as_ref().is_none_or(|only| *only == lane.name);
        if !shared.lanes.iter().any(wanted) {
            let message = "it is for a lane that this delivery does not have";
            return self.settler.unreadable(Unreadable::new(item.position, message)).await;
        }
        let lanes: Vec<bool> = shared.lanes.iter().map(wanted).collect();
        let record = Record::new(item);
        for ((lane, queue), wanted) in shared.lanes.iter().zip(&self.queues).zip(lanes) {
            if !wanted {
                continue;
            }
            let position = record.position();
            if shared.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.is_done(&lane.name, position)) {
                let ending = Ending::Skipped(Skip::EarlierRun);
                self.settler.settle(lane, Settled { record: Arc::clone(&record), ending, attempts: 0 }).await;
            } else if let Err(error) = queue.push(Arc::clone(&record)) {
                shared.stop(spill(error));
            }
        }
    }
}
