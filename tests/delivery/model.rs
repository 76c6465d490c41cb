//! Random schedules of answers, faults, cancellations, crashes and restarts. Whatever happens, each record ends once in
//! each lane of a run, none is lost over the runs, one person's records neither overlap nor overtake, nothing whose fate
//! is unknown is sent again unread, and no window holds more requests than its quota.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::client::Limit;
use customer_sink::delivery::{
    AfterFailure, Coalesce, Delivery, Item, Lane, PausePolicy, RecordStatus, SkipReason, Summary, Update, WhenFull,
};
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::{
    Connector, Customer, CustomerSink, Effect, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use futures::StreamExt;

use crate::sim::{Letters, Memory, Profile, SimSink, ended, identifiers, paused, position, source};
use crate::support::paused::PausedClock;

const WINDOW: Limit = Limit::Window { max: 5, per: Duration::from_secs(1) };

/// A vendor behind HTTP that notes when it was asked, and answers by chance.
#[derive(Debug)]
struct Counted {
    rng: Mutex<fastrand::Rng>,
    asked: Mutex<Vec<tokio::time::Instant>>,
    applied: Mutex<HashSet<String>>,
    calm: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Transport for Counted {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.asked.lock().unwrap().push(tokio::time::Instant::now());
        let (latency, dice) = {
            let mut rng = self.rng.lock().unwrap();
            (rng.u64(1..300), rng.u32(0..100))
        };
        let dice = if self.calm.load(std::sync::atomic::Ordering::Relaxed) { 100 } else { dice };
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let id = body["customer_id"].as_str().unwrap().to_owned();
        let answer =
            |status: u16, body: &'static str| Ok(HttpResponse::new(http::StatusCode::from_u16(status).unwrap(), body));
        match dice {
            0..4 => Err(TransportError::new(TransportErrorKind::Interrupted, "lost")),
            4..8 => answer(503, ""),
            8..12 => answer(429, ""),
            _ => {
                self.applied.lock().unwrap().insert(id);
                answer(200, r#"{"success":true}"#)
            }
        }
    }
}

impl Counted {
    fn check(&self, name: &str) {
        let asked = self.asked.lock().unwrap();
        let Limit::Window { max, per } = WINDOW else { unreachable!() };
        for window in asked.windows(max as usize + 1) {
            let length = window[max as usize] - window[0];
            assert!(length >= per, "{name}: {} requests within {length:?}", max + 1);
        }
    }
}

struct World {
    seed: u64,
    rng: fastrand::Rng,
    items: Vec<Item>,
    sims: Vec<(String, Arc<SimSink>)>,
    counted: Option<(Arc<Counted>, Arc<dyn CustomerSink>)>,
    checkpoint: Arc<Memory>,
    letters: Arc<Letters>,
    after_failure: AfterFailure,
    coalesce: Coalesce,
    /// The last that was said of each record in each lane.
    last: HashMap<(String, u64), RecordStatus>,
}

fn records(rng: &mut fastrand::Rng) -> Vec<Item> {
    let people = rng.u64(1..8);
    let count = rng.u64(1..24);
    let step = rng.u64(1..3);
    let mut items = Vec::new();
    for number in 0..count {
        let position = number * step;
        let person = rng.u64(0..people);
        let mut customer = Customer::new().note(position.to_string()).external_id(format!("p-{position}"));
        // Any of the identifiers, in any combination, so that records chain people together.
        match rng.u32(0..4) {
            0 => customer = customer.email(format!("P{person}@example.com")),
            1 => customer = customer.phone(format!("+1555010{person:04}")),
            2 => {
                let other = rng.u64(0..people);
                customer = customer.email(format!("p{person}@example.com")).phone(format!("+1555010{other:04}"));
            }
            _ => {
                customer.external_id = Some(format!("s-{person}"));
                customer = customer.email(format!("p{person}@example.com"));
            }
        }
        if rng.u32(0..12) == 0 {
            customer = customer.tag("bad");
        }
        items.push(Item::new(position, customer));
    }
    items
}

fn profile(rng: &mut fastrand::Rng) -> Profile {
    let mut some = |most: u32| if rng.bool() { rng.u32(0..most) } else { 0 };
    let (connect, busy, lost_idempotent, lost, partial) = (some(150), some(100), some(100), some(200), some(100));
    let (rejected, refused, panics, look_up_fails) = (some(50), some(60), some(20), some(500));
    let mut spans = |one_in: u32| {
        let count = if rng.u32(0..one_in) == 0 { rng.usize(1..3) } else { 0 };
        let mut from = 0;
        let mut spans = Vec::new();
        for _ in 0..count {
            let start = from + rng.u64(0..2000);
            from = start + rng.u64(100..20_000);
            spans.push(start..from);
        }
        spans
    };
    let (outages, refusals) = (spans(4), spans(8));
    let latency = if rng.bool() { 0..rng.u64(1..400) } else { 10..11 };
    Profile {
        connect,
        busy,
        lost_idempotent,
        lost,
        partial,
        rejected,
        refused,
        panics,
        look_up_fails,
        can_find: rng.u32(0..4) > 0,
        latency,
        outages,
        refusals,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let items = records(&mut rng);
        let mut sims = Vec::new();
        for number in 0..rng.usize(1..3) {
            let profile = profile(&mut rng);
            sims.push((format!("sim{number}"), SimSink::new(profile, rng.u64(..))));
        }
        let counted = seed.is_multiple_of(8).then(|| {
            let transport = Arc::new(Counted {
                rng: Mutex::new(fastrand::Rng::with_seed(rng.u64(..))),
                asked: Mutex::default(),
                applied: Mutex::default(),
                calm: false.into(),
            });
            let connector = Connector::for_tests(Arc::clone(&transport) as _, PausedClock::new() as _);
            let sink = TripleWhale::builder("shop.example.com", "fake-key").connector(&connector).rate_limit(WINDOW);
            (transport, Arc::new(sink.build().unwrap()) as Arc<dyn CustomerSink>)
        });
        let after_failure = match rng.u32(0..6) {
            0 => AfterFailure::Skip,
            1 => AfterFailure::Block,
            _ => AfterFailure::Continue,
        };
        let coalesce = if rng.u32(0..3) == 0 { Coalesce::ToNewest } else { Coalesce::Never };
        Self {
            seed,
            rng,
            items,
            sims,
            counted,
            checkpoint: Arc::default(),
            letters: Arc::default(),
            after_failure,
            coalesce,
            last: HashMap::new(),
        }
    }

    fn delivery(&mut self) -> Delivery {
        let rng = &mut self.rng;
        let mut delivery = Delivery::new()
            .clock(PausedClock::new())
            .seed(rng.u64(..))
            .checkpoint(Arc::clone(&self.checkpoint) as _)
            .dead_letters(Arc::clone(&self.letters) as _)
            .drain_source(rng.bool());
        let counted = self.counted.iter().map(|(_, sink)| ("counted".to_owned(), Arc::clone(sink)));
        let sims = self.sims.iter().map(|(name, sink)| (name.clone(), Arc::clone(sink) as Arc<dyn CustomerSink>));
        for (name, sink) in sims.chain(counted) {
            let patience = PausePolicy::up_to(Duration::from_secs(rng.u64(1..120)));
            let lane = Lane::new(sink)
                .name(name)
                .window(rng.usize(1..12))
                .concurrency(rng.usize(1..12))
                .when_full(if rng.bool() { WhenFull::Spill } else { WhenFull::Block })
                .coalesce(self.coalesce)
                .after_failure(self.after_failure)
                .tries(rng.u32(1..5))
                .outage(rng.u32(1..4), patience)
                .refusal(PausePolicy::up_to(Duration::from_secs(rng.u64(0..60))))
                .longest_wait(Duration::from_secs(rng.u64(1..100)));
            delivery = delivery.lane(lane);
        }
        delivery
    }

    /// One run, to its end or cut off somewhere.
    async fn run(&mut self, calm: bool) {
        for (_, sim) in &self.sims {
            sim.new_run();
        }
        let end = if calm { 3 } else { self.rng.u32(0..4) };
        let after = Duration::from_millis(self.rng.u64(0..3000));
        let mut run = self.delivery().start(source(self.items.clone())).unwrap();
        let handle = run.handle();
        let mut updates = Vec::new();
        let deadline = tokio::time::Instant::now() + after;
        let summary = match end {
            0 => {
                // A crash: everything is dropped where it stands.
                while let Ok(Some(update)) = tokio::time::timeout_at(deadline, run.next()).await {
                    updates.push(update);
                }
                drop(run);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                None
            }
            1 => {
                let cancel = async {
                    tokio::time::sleep_until(deadline).await;
                    handle.cancel();
                };
                let read = async {
                    while let Some(update) = run.next().await {
                        updates.push(update);
                    }
                };
                futures::join!(cancel, read);
                Some(run.finish().await)
            }
            _ => {
                while let Some(update) = run.next().await {
                    updates.push(update);
                }
                Some(run.finish().await)
            }
        };
        self.check_run(&updates, summary.as_ref());
        for ended in ended(&updates) {
            self.last.insert((ended.lane.to_string(), ended.position), ended.status.clone());
        }
    }

    fn check_run(&self, updates: &[Update], summary: Option<&Summary>) {
        let name = format!("seed {}", self.seed);
        for (lane, sim) in &self.sims {
            let seen = sim.seen.lock().unwrap();
            assert!(seen.problems.is_empty(), "{name}, {lane}: {:?}", seen.problems);
            for ended in
                ended(updates).iter().filter(|ended| *ended.lane == **lane && seen.unknown.contains(&ended.position))
            {
                let effect = ended.status.effect();
                let is_open = matches!(effect, None | Some(Effect::Unknown | Effect::Applied));
                assert!(is_open, "{name}: {} may have been carried out and ended as {effect:?}", ended.position);
            }
        }
        if let Some((counted, _)) = &self.counted {
            counted.check(&name);
        }
        let mut once = HashSet::new();
        for ended in ended(updates) {
            assert!(once.insert((&ended.lane, ended.position)), "{name}: {} ended twice", ended.position);
        }
        if let Some(summary) = summary {
            let lanes = summary.lanes.len() as u64;
            assert_eq!(once.len() as u64, summary.read * lanes, "{name}: not every record ended in every lane");
            assert_eq!(
                summary.lanes.iter().map(|lane| lane.counts.ended()).sum::<u64>(),
                summary.read * lanes,
                "{name}"
            );
            assert_eq!(summary.unreadable + summary.unaccounted, 0, "{name}");
        }
        let letters = self.letters.all.lock().unwrap();
        for ended in ended(updates) {
            if matches!(ended.status, RecordStatus::Failed(_)) {
                let has = letters.iter().any(|(lane, at, _)| **lane == *ended.lane && *at == ended.position);
                assert!(has, "{name}: {} failed in {} without a dead letter", ended.position, ended.lane);
            }
        }
    }

    /// What stands as done has arrived.
    fn check_truth(&self) {
        let done = self.checkpoint.done.lock().unwrap();
        for (lane, position) in done.iter() {
            let applied = self.is_applied(lane, *position);
            let coalesced = match self.last.get(&(lane.clone(), *position)) {
                Some(RecordStatus::Skipped(SkipReason::Coalesced { into })) => self.is_applied(lane, *into),
                // A later run skips what an earlier one coalesced, and a crash may have kept that from us.
                Some(RecordStatus::Skipped(SkipReason::EarlierRun)) | None => self.coalesce == Coalesce::ToNewest,
                _ => false,
            };
            assert!(applied || coalesced, "seed {}: {position} counts as done in {lane} and is not there", self.seed);
        }
    }

    fn is_applied(&self, lane: &str, position: u64) -> bool {
        match self.sims.iter().find(|(name, _)| name == lane) {
            Some((_, sim)) => sim.seen.lock().unwrap().applied.contains_key(&position),
            None => {
                let item = self.items.iter().find(|item| item.position == position).unwrap();
                let id = item.customer.external_id.as_ref().unwrap();
                self.counted.as_ref().unwrap().0.applied.lock().unwrap().contains(id)
            }
        }
    }

    /// After the last, calm run every record that any vendor could take has arrived.
    fn check_end(&self) {
        let bad = |item: &Item| item.customer.tags.iter().any(|tag| tag == "bad");
        let lanes: Vec<_> = self.sims.iter().map(|(name, _)| name.clone()).collect();
        for lane in lanes.iter().map(String::as_str).chain(self.counted.as_ref().map(|_| "counted")) {
            for item in &self.items {
                let ending = self.last.get(&(lane.to_owned(), item.position));
                let ending = ending.unwrap_or_else(|| panic!("seed {}: {} never ended", self.seed, item.position));
                let excused = bad(item) && lane != "counted" || self.stands_behind_a_bad_one(item, lane);
                let arrived = ending.is_delivered();
                assert!(arrived || excused, "seed {}: {} did not arrive: {ending:?}", self.seed, item.position);
            }
        }
    }

    /// By the policy of the lane a record may wait behind a failed one of the same person, for ever.
    fn stands_behind_a_bad_one(&self, item: &Item, lane: &str) -> bool {
        if self.after_failure == AfterFailure::Continue || lane == "counted" {
            return false;
        }
        let mut blocked: HashSet<String> = HashSet::new();
        for other in self.items.iter().take_while(|other| other.position <= item.position) {
            let keys = identifiers(&other.customer);
            let is_bad = other.customer.tags.iter().any(|tag| tag == "bad");
            if is_bad || keys.iter().any(|key| blocked.contains(key)) {
                // Held ones hold others only where they fail in turn; to excuse a little too much does no harm here.
                blocked.extend(keys);
                if position(&other.customer) == item.position {
                    return true;
                }
            }
        }
        false
    }
}

fn schedules(seeds: std::ops::Range<u64>) {
    paused(async {
        for seed in seeds {
            let mut world = World::new(seed);
            for _ in 0..world.rng.u32(0..3) {
                world.run(false).await;
                world.check_truth();
            }
            for (_, sim) in &world.sims {
                *sim.profile.lock().unwrap() = Profile::calm();
            }
            if let Some((counted, _)) = &world.counted {
                counted.calm.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            world.run(true).await;
            world.check_truth();
            world.check_end();
        }
    });
}

#[test]
fn random_schedules_1() {
    schedules(0..2500);
}

#[test]
fn random_schedules_2() {
    schedules(2500..5000);
}

#[test]
fn random_schedules_3() {
    schedules(5000..7500);
}

#[test]
fn random_schedules_4() {
    schedules(7500..10_000);
}
