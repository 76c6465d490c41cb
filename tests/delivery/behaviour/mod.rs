//! The engine's rules, one by one.

mod certainty;
mod endings;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::delivery::{
    AfterFailure, Coalesce, Delivery, Event, Guards, Item, Lane, PausePolicy, RecordOutcome, RecordStatus, Run,
    SetupError, SkipReason, SourceError, StopReason, Summary, Tripped, UnprocessedReason, Update, WhenFull,
};
use customer_sink::toolkit::{unsupported_check, unsupported_erase, unsupported_find};
use customer_sink::{
    Capabilities, Consent, ConsentState, Customer, CustomerSink, Effect, ErasureStatus, Error, ErrorKind,
    FoundCustomer, Identity, Outcome, Plan, UpsertOptions, Upserted,
};
use futures::StreamExt;
use tokio::time::Instant;

use crate::sim::{Letters, Memory, Profile, SIM, SimSink, ended, error, paused, position, record, source};
use crate::support::paused::PausedClock;

fn delivery(lanes: impl IntoIterator<Item = Lane>) -> Delivery {
    lanes.into_iter().fold(Delivery::new().clock(PausedClock::new()).seed(1), Delivery::lane)
}

fn people(count: u64) -> Vec<Item> {
    (0..count).map(|number| record(number, number)).collect()
}

async fn read(mut run: Run) -> (Vec<Update>, Summary) {
    let mut updates = Vec::new();
    while let Some(update) = run.next().await {
        updates.push(update);
    }
    (updates, run.finish().await)
}

/// One span of the world's milliseconds.
fn during(span: std::ops::Range<u64>) -> Vec<std::ops::Range<u64>> {
    std::iter::once(span).collect()
}

async fn deliver(delivery: Delivery, items: Vec<Item>) -> (Vec<Update>, Summary) {
    read(delivery.start(source(items)).unwrap()).await
}

fn of<'a>(updates: &'a [Update], lane: &str) -> Vec<&'a RecordOutcome> {
    let mut found: Vec<_> = ended(updates).into_iter().filter(|ended| &*ended.lane == lane).collect();
    found.sort_by_key(|ended| ended.position);
    found
}

/// What a sink does with a record.
type Answer = Box<dyn Fn(&Customer) -> Reply + Send + Sync>;

enum Reply {
    Good,
    Unchanged,
    Fail(Error),
    Never,
}

/// A sink that answers as a test says, after a tick.
struct Scripted {
    name: &'static str,
    answer: Answer,
    calls: Mutex<Vec<u64>>,
    /// Of each call, whether it was to begin with a look-up.
    look_ups: Mutex<Vec<(u64, bool)>>,
    aborted: AtomicU64,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn scripted(answer: impl Fn(&Customer) -> Reply + Send + Sync + 'static) -> Arc<Scripted> {
    Arc::new(Scripted {
        name: "scripted",
        answer: Box::new(answer),
        calls: Mutex::default(),
        look_ups: Mutex::default(),
        aborted: 0.into(),
    })
}

struct CountsDrop<'a>(&'a AtomicU64);

impl Drop for CountsDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[async_trait]
impl CustomerSink for Scripted {
    fn provider(&self) -> customer_sink::ProviderId {
        SIM
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(customer_sink::providers::MATRICES[0])
    }

    fn plan(&self, _: &Customer, _: &UpsertOptions) -> Result<Plan, Error> {
        Ok(Plan::new(SIM, Vec::new(), Vec::new(), Vec::new()))
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        self.calls.lock().unwrap().push(position(customer));
        self.look_ups.lock().unwrap().push((position(customer), options.look_up_first));
        let guard = CountsDrop(&self.aborted);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let reply = (self.answer)(customer);
        if matches!(reply, Reply::Never) {
            std::future::pending::<()>().await;
        }
        std::mem::forget(guard);
        match reply {
            Reply::Good => Ok(Upserted::new(SIM, Outcome::Updated)),
            Reply::Unchanged => Ok(Upserted::new(SIM, Outcome::Unchanged)),
            Reply::Fail(error) => Err(error),
            Reply::Never => unreachable!(),
        }
    }

    async fn find(&self, _: &Identity) -> Result<Option<FoundCustomer>, Error> {
        unsupported_find(SIM)
    }

    async fn erase(&self, _: &Identity) -> Result<ErasureStatus, Error> {
        unsupported_erase(SIM)
    }

    async fn check(&self) -> Result<(), Error> {
        unsupported_check(SIM)
    }

    fn quota_wait(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn an_outage_pauses_the_lane_and_loses_nothing() {
    paused(async {
        let profile = Profile { outages: during(100..20_000), ..Profile::calm() };
        let sink = SimSink::new(profile, 3);
        let events: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&events);
        let start = Instant::now();
        let lane = Lane::new(Arc::clone(&sink) as _).concurrency(4);
        let delivery = delivery([lane]).observer(move |event: &Event<'_>| match event {
            Event::Paused(paused) => noted.lock().unwrap().push(format!("paused {}", paused.length.as_secs())),
            Event::Resumed(_) => noted.lock().unwrap().push("resumed".into()),
            _ => {}
        });
        let (_, summary) = deliver(delivery, people(200)).await;
        assert!(summary.is_complete(), "{summary:?}");
        assert_eq!(summary.lanes[0].counts.created, 200);
        let events = events.lock().unwrap();
        assert_eq!(*events, ["paused 1", "paused 2", "paused 4", "paused 8", "paused 16", "resumed"]);
        let upserts = sink.seen.lock().unwrap().upserts;
        assert!(upserts < 230, "{upserts} upserts for 200 records: the outage was hammered");
        assert!(start.elapsed() < Duration::from_secs(60));
    });
}

#[test]
fn an_outage_without_end_ends_the_lane_and_leaves_what_was_not_tried() {
    paused(async {
        let sink = SimSink::new(Profile { outages: during(0..u64::MAX), ..Profile::calm() }, 3);
        let lane = Lane::new(sink as _).outage(3, PausePolicy::up_to(Duration::from_secs(30)));
        let calm = Lane::new(SimSink::calm() as _).name("calm");
        let (updates, summary) = deliver(delivery([lane, calm]), people(100)).await;
        let (down, calm) = (&summary.lanes[0], &summary.lanes[1]);
        assert!(down.ended_early && !calm.ended_early);
        assert_eq!(calm.counts.created, 100);
        assert_eq!(down.counts.failed + down.counts.unprocessed, 100);
        assert!(down.counts.failed < 40, "only what was tried has failed: {:?}", down.counts);
        for ended in of(&updates, "sim") {
            assert_eq!(ended.status.error().unwrap().kind(), ErrorKind::Connect);
            assert_eq!(ended.status.effect(), Some(Effect::NotSent));
        }
        assert!(summary.stopped.is_none(), "the other lane came to its end");
    });
}

#[test]
fn refused_credentials_end_the_lane_after_a_second_look() {
    paused(async {
        let sink = scripted(|_| Reply::Fail(error(ErrorKind::Unauthenticated, Effect::Rejected)));
        let lane = Lane::new(Arc::clone(&sink) as _).concurrency(1).window(20).when_full(WhenFull::Block);
        let (updates, summary) = deliver(delivery([lane]), people(3000)).await;
        assert!(summary.lanes[0].ended_early);
        assert!(sink.calls.lock().unwrap().len() <= 4, "a wrong key is not tried with everybody");
        let failed = of(&updates, "sim").iter().filter(|e| matches!(e.status, RecordStatus::Failed(_))).count();
        assert!((1..=4).contains(&failed), "{failed}");
        assert!(matches!(summary.stopped, Some(StopReason::AllLanesEnded)), "{:?}", summary.stopped);
    });
}

#[test]
fn refused_credentials_that_are_put_right_cost_a_pause() {
    paused(async {
        let sink = SimSink::new(Profile { refusals: during(50..5000), ..Profile::calm() }, 4);
        let lane = Lane::new(sink as _).refusal(PausePolicy::up_to(Duration::from_secs(600)));
        let (_, summary) = deliver(delivery([lane]), people(100)).await;
        assert!(summary.is_complete(), "{summary:?}");
    });
}

#[test]
fn one_record_that_is_refused_does_not_end_the_lane() {
    paused(async {
        let sink = scripted(|customer| match position(customer) % 10 {
            3 => Reply::Fail(error(ErrorKind::Forbidden, Effect::Rejected)),
            _ => Reply::Good,
        });
        let start = Instant::now();
        let lane = Lane::new(sink as _).concurrency(4);
        let (updates, summary) = deliver(delivery([lane]), people(200)).await;
        assert_eq!((summary.lanes[0].counts.updated, summary.lanes[0].counts.failed), (180, 20));
        assert!(!summary.lanes[0].ended_early);
        for ended in of(&updates, "sim") {
            assert_eq!(ended.position % 10 == 3, matches!(ended.status, RecordStatus::Failed(_)));
        }
        assert!(start.elapsed() < Duration::from_secs(15), "each cost a pause: {:?}", start.elapsed());
    });
}

#[test]
fn one_record_that_the_vendor_cannot_bear_is_given_up_and_costs_little() {
    paused(async {
        for (kind, wait) in [(ErrorKind::Unavailable, None), (ErrorKind::RateLimited, Some(Duration::from_secs(1)))] {
            let sink = scripted(move |customer| match position(customer) {
                7 => Reply::Fail(error(kind, Effect::Rejected).with_retryable(true).with_retry_after(wait)),
                _ => Reply::Good,
            });
            let start = Instant::now();
            let lane = Lane::new(Arc::clone(&sink) as _).concurrency(2).longest_wait(Duration::from_secs(40));
            let (updates, summary) = deliver(delivery([lane]), people(500)).await;
            assert_eq!((summary.lanes[0].counts.updated, summary.lanes[0].counts.failed), (499, 1), "{kind}");
            assert_eq!(of(&updates, "sim")[7].status.error().unwrap().kind(), kind);
            let tries = sink.calls.lock().unwrap().iter().filter(|position| **position == 7).count();
            assert!((2..=30).contains(&tries), "{kind}: {tries}");
            assert!(start.elapsed() < Duration::from_secs(60), "{kind}: {:?}", start.elapsed());
        }
    });
}

#[test]
fn retries_keep_within_a_budget() {
    paused(async {
        let sink = scripted(|_| Reply::Fail(error(ErrorKind::Other, Effect::Rejected).with_retryable(true)));
        let lane = Lane::new(Arc::clone(&sink) as _).concurrency(4).tries(5);
        let (_, summary) = deliver(delivery([lane]), people(300)).await;
        assert_eq!(summary.lanes[0].counts.failed, 300);
        let calls = sink.calls.lock().unwrap().len();
        assert!((350..=400).contains(&calls), "{calls} tries of 300 records");
    });
}

#[test]
fn a_wait_that_the_vendor_asks_for_is_waited_and_one_too_long_ends_the_lane() {
    paused(async {
        for (asked, longest, arrives) in [(90, 3600, true), (90, 60, false)] {
            let asked = Duration::from_secs(asked);
            let first = AtomicBool::new(true);
            let sink = scripted(move |_| {
                if first.swap(false, Relaxed) {
                    let error = error(ErrorKind::QuotaExhausted, Effect::Rejected).with_retryable(true);
                    return Reply::Fail(error.with_retry_after(Some(asked)));
                }
                Reply::Good
            });
            let start = Instant::now();
            let lane = Lane::new(Arc::clone(&sink) as _).concurrency(1).longest_wait(Duration::from_secs(longest));
            let (_, summary) = deliver(delivery([lane]), people(5)).await;
            assert_eq!(summary.is_complete(), arrives, "{summary:?}");
            assert_eq!(start.elapsed() >= asked, arrives);
            assert_eq!(sink.calls.lock().unwrap().len(), if arrives { 6 } else { 1 });
        }
    });
}

#[test]
fn a_paused_lane_goes_on_at_once_when_it_is_told_to() {
    paused(async {
        let broken = Arc::new(AtomicBool::new(true));
        let state = Arc::clone(&broken);
        let sink = scripted(move |_| match state.load(Relaxed) {
            true => Reply::Fail(error(ErrorKind::Unauthenticated, Effect::Rejected)),
            false => Reply::Good,
        });
        let hour = Duration::from_secs(3600);
        let patience = PausePolicy::up_to(10 * hour).first(hour).longest(hour);
        let start = Instant::now();
        let run = delivery([Lane::new(sink as _).refusal(patience)]).start(source(people(3))).unwrap();
        let handle = run.handle();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(handle.progress().lanes[0].paused_for.unwrap() > Duration::from_secs(3000));
        broken.store(false, Relaxed);
        assert!(handle.resume("sim") && !handle.resume("nobody"));
        assert!(run.finish().await.is_complete());
        assert!(start.elapsed() < Duration::from_secs(120));
    });
}

#[test]
fn waiting_records_give_way_to_a_newer_one_that_says_as_much() {
    paused(async {
        let items = || (0..6).map(|number| record(number, 1)).collect::<Vec<_>>();
        let sink = SimSink::calm();
        let lane = Lane::new(Arc::clone(&sink) as _).coalesce(Coalesce::ToNewest);
        let (updates, summary) = deliver(delivery([lane]), items()).await;
        assert!(summary.is_complete());
        let words: Vec<_> = of(&updates, "sim")
            .iter()
            .map(|ended| match ended.status {
                RecordStatus::Skipped(SkipReason::Coalesced { into }) => format!("into {into}"),
                _ => ended.status.as_str().to_owned(),
            })
            .collect();
        assert_eq!(words, ["into 5", "into 5", "into 5", "into 5", "into 5", "created"]);
        assert_eq!(sink.seen.lock().unwrap().upserts, 1);

        // Where the newer one cannot be sent at all, the older is sent.
        let mut spoiled = items();
        spoiled[5].customer.tags.push("bad".into());
        let sink = SimSink::calm();
        let lane = Lane::new(Arc::clone(&sink) as _).coalesce(Coalesce::ToNewest);
        let (updates, _) = deliver(delivery([lane]), spoiled).await;
        let words: Vec<_> = of(&updates, "sim").iter().map(|ended| ended.status.as_str()).collect();
        assert_eq!(words, ["skipped", "skipped", "skipped", "skipped", "created", "failed"]);
        assert_eq!(sink.seen.lock().unwrap().applied.keys().copied().collect::<Vec<_>>(), [4]);
    });
}

#[test]
fn what_follows_a_failed_record_of_the_same_person_goes_by_the_policy() {
    paused(async {
        let items = || {
            let mut items: Vec<_> = (0..4).map(|number| record(number, 1)).collect();
            items[1].customer.tags.push("bad".into());
            items.push(record(9, 2));
            items
        };
        for (policy, expected, letters) in [
            (AfterFailure::Continue, ["created", "failed", "created", "created", "created"], vec![1]),
            (AfterFailure::Skip, ["created", "failed", "failed", "failed", "created"], vec![1, 2, 3]),
            (AfterFailure::Block, ["created", "failed", "left", "left", "created"], vec![1]),
        ] {
            let dead: Arc<Letters> = Arc::default();
            let lane = Lane::new(SimSink::calm() as _).after_failure(policy);
            let (updates, _) = deliver(delivery([lane]).dead_letters(Arc::clone(&dead) as _), items()).await;
            let words: Vec<_> = of(&updates, "sim").iter().map(|ended| ended.status.as_str()).collect();
            assert_eq!(words, expected, "{policy:?}");
            let written: Vec<_> = dead.all.lock().unwrap().iter().map(|(_, at, _)| *at).collect();
            assert_eq!(written, letters, "{policy:?}");
        }
    });
}

/// How long `count` records take in a lane beside another one, in paused time.
async fn time_beside(other: Option<Lane>, count: u64) -> Duration {
    let sink = scripted(|_| Reply::Good);
    let lane = Lane::new(sink as _).name("watched").concurrency(8);
    let start = Instant::now();
    let mut run = delivery([lane].into_iter().chain(other)).start(source(people(count))).unwrap();
    let mut seen = 0;
    while seen < count {
        if let Some(Update::Record(ended)) = run.next().await {
            seen += u64::from(&*ended.lane == "watched");
        }
    }
    start.elapsed()
}

#[test]
fn a_vendor_that_stalls_takes_nothing_from_the_others() {
    paused(async {
        let alone = time_beside(None, 4000).await;
        let stalled = scripted(|_| Reply::Never);
        let beside = time_beside(Some(Lane::new(stalled as _).window(32)), 4000).await;
        assert!(
            beside.as_secs_f64() <= 1.05 * alone.as_secs_f64(),
            "{beside:?} beside a stalled lane, {alone:?} alone"
        );
        let down = SimSink::new(Profile { outages: during(0..u64::MAX), ..Profile::calm() }, 1);
        let beside = time_beside(Some(Lane::new(down as _).window(32)), 4000).await;
        assert!(beside.as_secs_f64() <= 1.05 * alone.as_secs_f64(), "{beside:?} beside an outage, {alone:?} alone");
    });
}

#[test]
fn a_lane_that_blocks_bounds_what_is_read() {
    paused(async {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&read);
        let items = futures::stream::iter(0..10_000u64).map(move |number| {
            counted.fetch_add(1, Relaxed);
            Ok::<_, SourceError>(record(number, number))
        });
        let stalled = scripted(|_| Reply::Never);
        let lane = Lane::new(stalled as _).window(32).concurrency(4).when_full(WhenFull::Block);
        let run = delivery([lane]).start(items).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        let read = read.load(Relaxed);
        assert!((32..=32 + 17).contains(&read), "{read} records were read for a window of 32");
        assert_eq!(run.handle().progress().lanes[0].under_way, 4);
    });
}
