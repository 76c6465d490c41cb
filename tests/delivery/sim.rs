//! A vendor in memory that answers by chance and watches what the engine does to it, and what else the runs need.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use customer_sink::delivery::{
    Checkpoint, DeadLetter, DeadLetters, EarlierRun, Item, RecordOutcome, SourceError, Update,
};
use customer_sink::toolkit::{unsupported_check, unsupported_erase};
use customer_sink::{
    Capabilities, Customer, CustomerSink, Effect, ErasureStatus, Error, ErrorKind, FoundCustomer, Identity, Outcome,
    Plan, ProviderId, UpsertOptions, Upserted, providers,
};
use futures::Stream;

pub const SIM: ProviderId = ProviderId::new("sim");

/// Runs a test on paused time, on one thread.
pub fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test)
}

/// How a vendor answers, in thousandths of its answers; the rest are good.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub connect: u32,
    pub busy: u32,
    /// Lost after sending, by an operation that may be repeated.
    pub lost_idempotent: u32,
    /// Lost after sending, by one that may not.
    pub lost: u32,
    /// Made in part, and then out of order.
    pub partial: u32,
    pub rejected: u32,
    pub refused: u32,
    pub panics: u32,
    pub look_up_fails: u32,
    pub can_find: bool,
    /// Milliseconds of an answer.
    pub latency: std::ops::Range<u64>,
    /// From when to when the vendor is out of order, in milliseconds of the world's time.
    pub outages: Vec<std::ops::Range<u64>>,
    /// From when to when it refuses the credentials.
    pub refusals: Vec<std::ops::Range<u64>>,
}

impl Profile {
    pub fn calm() -> Self {
        Self { can_find: true, latency: 1..20, ..Self::default() }
    }
}

/// What a vendor holds and saw.
#[derive(Debug, Default)]
pub struct Seen {
    in_flight: HashSet<String>,
    /// The highest position that was started for each identifier.
    started: HashMap<String, u64>,
    /// Positions whose last upsert may have been carried out, and was not looked up since.
    doubted: HashSet<u64>,
    /// Positions of which a try of this run may have been carried out.
    pub unknown: HashSet<u64>,
    /// How often each position was carried out.
    pub applied: BTreeMap<u64, u32>,
    pub upserts: u32,
    pub problems: Vec<String>,
}

#[derive(Debug)]
pub struct SimSink {
    pub profile: Mutex<Profile>,
    rng: Mutex<fastrand::Rng>,
    born: tokio::time::Instant,
    pub seen: Mutex<Seen>,
}

/// The identifiers of a record, as the vendor compares them.
pub fn identifiers(customer: &Customer) -> Vec<String> {
    let id = customer.external_id.as_ref().map(|id| format!("id {id}"));
    let email = customer.email.as_ref().map(|email| format!("email {}", email.comparable()));
    let phone = customer.phone.as_ref().map(|phone| format!("phone {}", phone.as_str()));
    [id, email, phone].into_iter().flatten().collect()
}

/// The position that a record carries in its note.
pub fn position(customer: &Customer) -> u64 {
    customer.note.as_ref().unwrap().parse().unwrap()
}

pub fn error(kind: ErrorKind, effect: Effect) -> Error {
    Error::new(kind, effect).with_provider(SIM).with_operation("upsert").with_attempts(1)
}

/// Takes a person off the list of those under way, also where the future is dropped.
struct UnderWay<'a>(&'a SimSink, Vec<String>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut seen = self.0.seen.lock().unwrap();
        for key in &self.1 {
            seen.in_flight.remove(key);
        }
    }
}

impl SimSink {
    pub fn new(profile: Profile, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            profile: Mutex::new(profile),
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
            born: tokio::time::Instant::now(),
            seen: Mutex::default(),
        })
    }

    pub fn calm() -> Arc<Self> {
        Self::new(Profile::calm(), 1)
    }

    /// A new run: what was in doubt when the last one was cut off is nobody's knowledge any more, and the order begins
    /// anew.
    pub fn new_run(&self) {
        let mut seen = self.seen.lock().unwrap();
        seen.doubted.clear();
        seen.unknown.clear();
        seen.started.clear();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap()
    }

    fn enter(&self, customer: &Customer, options: &UpsertOptions) -> UnderWay<'_> {
        let keys = identifiers(customer);
        let position = position(customer);
        let mut seen = self.seen.lock().unwrap();
        seen.upserts += 1;
        for key in &keys {
            if !seen.in_flight.insert(key.clone()) {
                seen.problems.push(format!("record {position} overlaps another of the same person"));
            }
            let started = seen.started.get(key).copied();
            if started.is_some_and(|started| started > position) {
                seen.problems.push(format!("record {position} was overtaken by {started:?}"));
            }
            seen.started.insert(key.clone(), position);
        }
        if seen.doubted.contains(&position) {
            seen.problems.push(format!("record {position} was sent again though nobody knows what became of it"));
        }
        if seen.unknown.contains(&position) && !options.look_up_first {
            seen.problems.push(format!("record {position} was sent again after an unknown effect without a look-up"));
        }
        UnderWay(self, keys)
    }

    fn doubt(&self, position: u64) {
        let mut seen = self.seen.lock().unwrap();
        seen.doubted.insert(position);
        seen.unknown.insert(position);
    }

    fn apply(&self, position: u64) -> Outcome {
        let mut seen = self.seen.lock().unwrap();
        let count = seen.applied.entry(position).or_default();
        *count += 1;
        if *count == 1 { Outcome::Created } else { Outcome::Updated }
    }
}

#[async_trait]
impl CustomerSink for SimSink {
    fn provider(&self) -> ProviderId {
        SIM
    }

    fn capabilities(&self) -> Capabilities {
        let capabilities = Capabilities::new(providers::MATRICES[0]).tells_created();
        if self.profile.lock().unwrap().can_find { capabilities.can_find() } else { capabilities }
    }

    fn plan(&self, _: &Customer, _: &UpsertOptions) -> Result<Plan, Error> {
        Ok(Plan::new(SIM, Vec::new(), Vec::new(), Vec::new()))
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        use Effect::{Applied, NotSent, Rejected, Unknown};
        use ErrorKind as K;
        if customer.tags.iter().any(|tag| tag == "bad") {
            return Err(error(K::InvalidInput, NotSent).with_attempts(0));
        }
        let position = position(customer);
        let under_way = self.enter(customer, options);
        let profile = self.profile.lock().unwrap().clone();
        let (latency, mut dice, coin, wait) = {
            let mut rng = self.rng.lock().unwrap();
            (rng.u64(profile.latency.clone()), rng.u32(0..1000), rng.bool(), rng.u64(1..20))
        };
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let now = self.now();
        if profile.outages.iter().any(|outage| outage.contains(&now)) {
            return Err(error(K::Connect, NotSent).with_retryable(true));
        }
        if profile.refusals.iter().any(|refusal| refusal.contains(&now)) {
            return Err(error(K::Unauthenticated, Rejected));
        }
        let mut falls = |thousandths: u32| {
            let hit = dice < thousandths;
            dice = dice.wrapping_sub(thousandths);
            hit
        };
        if falls(profile.connect) {
            return Err(error(K::Connect, NotSent).with_retryable(true));
        }
        if falls(profile.busy) {
            let wait = coin.then_some(Duration::from_secs(wait));
            return Err(error(K::RateLimited, Rejected).with_retryable(true).with_retry_after(wait));
        }
        if falls(profile.lost_idempotent) {
            if coin {
                self.apply(position);
            }
            self.seen.lock().unwrap().unknown.insert(position);
            return Err(error(K::Interrupted, Unknown).with_retryable(true));
        }
        if falls(profile.lost) {
            if coin {
                self.apply(position);
            }
            self.doubt(position);
            return Err(error(K::Timeout, Unknown));
        }
        if falls(profile.partial) {
            self.doubt(position);
            return Err(error(K::Unavailable, Applied));
        }
        if falls(profile.rejected) {
            return Err(error(K::Rejected, Rejected));
        }
        if falls(profile.refused) {
            return Err(error(K::Forbidden, Rejected));
        }
        if falls(profile.panics) {
            std::panic::resume_unwind(Box::new("a panic that was asked for"));
        }
        let outcome = self.apply(position);
        drop(under_way);
        let mut upserted = Upserted::new(SIM, outcome);
        upserted.remote_id = Some(format!("r-{position}").into());
        Ok(upserted)
    }

    async fn find(&self, who: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let (latency, fails) = {
            let profile = self.profile.lock().unwrap();
            let mut rng = self.rng.lock().unwrap();
            (rng.u64(profile.latency.clone()), rng.u32(0..1000) < profile.look_up_fails)
        };
        tokio::time::sleep(Duration::from_millis(latency)).await;
        if fails {
            return Err(error(ErrorKind::Unavailable, Effect::NotSent).with_retryable(true));
        }
        // The look-up settles the doubt about every record of that person.
        let text = match who {
            Identity::Email(email) => format!("email {}", email.comparable()),
            Identity::Phone(phone) => format!("phone {}", phone.as_str()),
            Identity::ExternalId(id) => format!("id {id}"),
            _ => return Err(error(ErrorKind::Unsupported, Effect::NotSent)),
        };
        let mut seen = self.seen.lock().unwrap();
        if let Some(position) = seen.started.get(&text).copied() {
            seen.doubted.remove(&position);
        }
        Ok(None)
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

/// A checkpoint in memory, that can be told to fail.
#[derive(Debug, Default)]
pub struct Memory {
    pub done: Mutex<HashSet<(String, u64)>>,
    /// The lanes that a run has used.
    used: Mutex<HashSet<String>>,
    pub full: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Checkpoint for Memory {
    fn is_done(&self, lane: &str, position: u64) -> bool {
        self.done.lock().unwrap().contains(&(lane.to_owned(), position))
    }

    fn earlier_run(&self, lane: &str) -> EarlierRun {
        if self.used.lock().unwrap().insert(lane.to_owned()) {
            return EarlierRun::None;
        }
        let done = self.done.lock().unwrap();
        EarlierRun::Ran { last_done: done.iter().filter(|(name, _)| name == lane).map(|(_, at)| *at).max() }
    }

    async fn done(&self, lane: &str, position: u64) -> io::Result<()> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"));
        }
        self.done.lock().unwrap().insert((lane.to_owned(), position));
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Dead letters in memory.
#[derive(Debug, Default)]
pub struct Letters {
    pub all: Mutex<Vec<(String, u64, Customer)>>,
    pub full: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl DeadLetters for Letters {
    async fn put(&self, letter: &DeadLetter<'_>) -> io::Result<()> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"));
        }
        let mut all = self.all.lock().unwrap();
        all.push((letter.lane.to_owned(), letter.position, letter.customer.clone()));
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A record of a person, who is known by all three identifiers.
pub fn record(position: u64, person: u64) -> Item {
    let customer = Customer::new()
        .external_id(format!("p{person}"))
        .email(format!("p{person}@example.com"))
        .note(position.to_string());
    Item::new(position, customer)
}

pub fn source(items: Vec<Item>) -> impl Stream<Item = Result<Item, SourceError>> + Send + 'static {
    futures::stream::iter(items.into_iter().map(Ok))
}

/// The records among the updates.
pub fn ended(updates: &[Update]) -> Vec<&RecordOutcome> {
    let ended = updates.iter().filter_map(|update| match update {
        Update::Record(ended) => Some(ended),
        _ => None,
    });
    ended.collect()
}
