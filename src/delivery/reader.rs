//! Reads the source and hands each record to the lanes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::{Stream, StreamExt};

use super::events::{StopReason, Unreadable};
use super::item::{Item, Record, SourceError};
use super::lane::CompletedRecord;
use super::progress::LaneBoard;
use super::queue::Queue;
use super::record_outcome::{RecordStatus, SkipReason};
use super::recorder::Recorder;

pub(super) struct SourceReader {
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) recorder: Recorder,
    /// Whether the source is read to its end even where every lane has ended early.
    pub(super) drain_source: bool,
}

impl SourceReader {
    pub(super) async fn run(&self, source: impl Stream<Item = Result<Item, SourceError>>) {
        let shared = &self.recorder.shared;
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
                    self.recorder.unreadable(Unreadable::new(position, message)).await;
                }
                Some(Err(broken @ SourceError::Broken(_))) => {
                    // The lanes still deliver what was read before.
                    shared.note(StopReason::Source(broken));
                    return;
                }
            }
            if !self.drain_source && shared.lanes.iter().all(|lane| lane.ended_early.load(Relaxed)) {
                shared.note(StopReason::AllLanesEnded);
                return;
            }
        }
    }

    async fn hand_out(&self, item: Item) {
        let shared = &self.recorder.shared;
        let wanted = |lane: &LaneBoard| item.only.as_ref().is_none_or(|only| *only == lane.name);
        if !shared.lanes.iter().any(wanted) {
            let message = "it is for a lane that this delivery does not have";
            return self.recorder.unreadable(Unreadable::new(item.position, message)).await;
        }
        let lanes: Vec<bool> = shared.lanes.iter().map(wanted).collect();
        let record = Record::new(item);
        let checkpoint = shared.config.checkpoint.as_ref();
        for ((lane, queue), wanted) in shared.lanes.iter().zip(&self.queues).zip(lanes) {
            if !wanted {
                continue;
            }
            if checkpoint.is_some_and(|checkpoint| checkpoint.is_done(&lane.name, record.position())) {
                let status = RecordStatus::Skipped(SkipReason::EarlierRun);
                let completed = CompletedRecord { record: Arc::clone(&record), status, attempts: 0 };
                self.recorder.record(lane, completed).await;
            } else if let Err(error) = queue.push(Arc::clone(&record)) {
                shared.stop(StopReason::Spill(error));
            }
        }
    }
}
