//! Delivers one million records through one lane to a sink in this process that answers at once: records per second, memory,
//! and the cost of a checkpoint. `cargo bench --bench delivery` prints it; an argument that is a
//! number is the number of records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use customer_sink::delivery::{Delivery, FileCheckpoint, Fingerprint, Item, Lane, SourceError, WhenFull};
use customer_sink::{
    Capabilities, Customer, CustomerSink, ErasureStatus, Error, FoundCustomer, Identity, Outcome, Plan, ProviderId,
    UpsertOptions, Upserted, providers, toolkit,
};
use futures::{Stream, StreamExt};

#[derive(Debug)]
struct Instantly;

const PROVIDER: ProviderId = ProviderId::new("instantly");

#[async_trait]
impl CustomerSink for Instantly {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(providers::MATRICES[0])
    }

    fn plan(&self, _: &Customer, _: &UpsertOptions) -> Result<Plan, Error> {
        Ok(Plan::new(PROVIDER, Vec::new(), Vec::new(), Vec::new()))
    }

    async fn upsert_with(&self, _: &Customer, _: &UpsertOptions) -> Result<Upserted, Error> {
        Ok(Upserted::new(PROVIDER, Outcome::Updated))
    }

    async fn find(&self, _: &Identity) -> Result<Option<FoundCustomer>, Error> {
        toolkit::unsupported_find(PROVIDER)
    }

    async fn erase(&self, _: &Identity) -> Result<ErasureStatus, Error> {
        toolkit::unsupported_erase(PROVIDER)
    }

    async fn check(&self) -> Result<(), Error> {
        toolkit::unsupported_check(PROVIDER)
    }

    fn quota_wait(&self) -> Duration {
        Duration::ZERO
    }
}

fn people(count: u64) -> impl Stream<Item = Result<Item, SourceError>> + Send + 'static {
    futures::stream::iter((0..count).map(|number| {
        let customer = Customer::new()
            .external_id(number.to_string())
            .email(format!("person.{number}@example.com"))
            .first_name("Mara")
            .last_name("Sample")
            .tag("vip");
        Ok(Item::new(number, customer))
    }))
}

/// The most memory that this process has had so far, in MiB, where the system tells it.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

async fn run(name: &str, delivery: Delivery, count: u64) {
    let start = Instant::now();
    let mut run = delivery.start(people(count)).expect("one lane");
    let mut seen = 0u64;
    while run.next().await.is_some() {
        seen += 1;
    }
    let summary = run.finish().await;
    let seconds = start.elapsed().as_secs_f64();
    assert!(summary.is_complete() && seen == count, "{summary:?}");
    let rate = count as f64 / seconds;
    let peak = peak_mib().map_or_else(|| "unknown".to_owned(), |mib| format!("{mib:.1} MiB"));
    println!("{name}: {count} records in {seconds:.2} s, {rate:.0} a second; peak memory of the process so far {peak}");
}

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let lane = || Lane::new(Arc::new(Instantly));
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        run("one lane", Delivery::new().lane(lane()), count).await;
        run("one lane that blocks", Delivery::new().lane(lane().when_full(WhenFull::Block)), count).await;
        let lanes = (0..5).map(|number| lane().name(format!("lane {number}")));
        let delivery = lanes.fold(Delivery::new(), Delivery::lane);
        let start = Instant::now();
        let mut five = delivery.start(people(count / 5)).expect("lanes");
        while five.next().await.is_some() {}
        println!("five lanes: {:.0} outcomes a second", (count / 5 * 5) as f64 / start.elapsed().as_secs_f64());
        let input = Fingerprint::from_text("a bench");
        let checkpoint = FileCheckpoint::open(folder.path().join("checkpoint"), &input).expect("a checkpoint");
        run("one lane with a checkpoint", Delivery::new().lane(lane()).checkpoint(Arc::new(checkpoint)), count).await;
    });
}
