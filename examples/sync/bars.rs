//! Progress bars on a terminal.

use std::io::{self, IsTerminal};
use std::time::Duration;

use customer_sink::delivery::{LaneProgress, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A shorter wait for the quota is the usual course of things.
const LONG_WAIT: Duration = Duration::from_millis(500);

/// One bar a provider on a terminal, and nothing elsewhere.
#[derive(Clone)]
pub struct Bars {
    all: MultiProgress,
    lanes: Vec<(&'static str, ProgressBar)>,
}

impl Bars {
    /// Bars of these lengths.
    pub fn new(records: &[(&'static str, u64)]) -> Self {
        let all = MultiProgress::new();
        let mut lanes = Vec::new();
        if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{prefix:>12} {bar:32} {pos}/{len} {msg}");
            for (name, length) in records {
                let bar = all.add(ProgressBar::new(*length));
                if let Ok(style) = &style {
                    bar.set_style(style.clone());
                }
                bar.set_prefix(*name);
                lanes.push((*name, bar));
            }
        }
        Self { all, lanes }
    }

    /// Whether there is a terminal that shows them.
    pub fn are_shown(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Says something on standard error, above the bars.
    pub fn say(&self, text: &str) {
        self.all.suspend(|| eprintln!("{text}"));
    }

    pub fn show(&self, progress: &Progress) {
        for lane in &progress.lanes {
            let Some((_, bar)) = self.lanes.iter().find(|(name, _)| **name == *lane.name) else { continue };
            bar.set_position(lane.counts.ended() + progress.unreadable);
            bar.set_message(words(lane, bar.length().unwrap_or_default().saturating_sub(bar.position())));
        }
    }

    pub fn finish(&self) {
        self.lanes.iter().for_each(|(_, bar)| bar.abandon());
    }
}

/// The rate, the remaining time, and the reason of a pause.
fn words(lane: &LaneProgress, left: u64) -> String {
    let mut words = format!("{:.1}/s", lane.per_second);
    #[allow(clippy::cast_precision_loss)] // A time for people to look at.
    if lane.per_second > 0.0 && left > 0 {
        let seconds = (left as f64 / lane.per_second).ceil() as u64;
        words += &format!(" eta {}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    if let Some(pause) = lane.paused_for {
        words += &format!(" pauses, {} s more", pause.as_secs() + 1);
    } else if lane.quota_wait >= LONG_WAIT {
        words += &format!(" waits for quota, {} s", lane.quota_wait.as_secs_f64().ceil());
    }
    words
}
