//! A file of customers to all five vendors:
//! `cargo run --example sync -- [--to NAME,…] [--concurrency N] [--rate NAME=PER_SECOND[/BURST],…] [--report FILE] [--dry-run] FILE`
//!
//! FILE is JSON Lines, or a Shopify customer export (`.csv`). Exit status: 0 when all were delivered, 1 when a record was
//! not or a line could not be read, 2 for wrong usage or a file that cannot be opened.

mod common;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::future::Future;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use common::report::ReportLine;
use common::{input, providers, wrong_usage};
use customer_sink::{Customer, CustomerSink, Error, Note, UpsertOptions, Upserted};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Pushes a file of customers to the vendors, and says what became of each.
#[derive(Parser)]
struct Arguments {
    /// Providers, all five by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    to: Vec<String>,
    /// How many records each provider has under way at once.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    /// A provider's quota; `off` lifts it. The vendors' documented numbers by default, and none for the built-in sandbox.
    #[arg(long, value_delimiter = ',', value_name = "NAME=PER_SECOND[/BURST],…")]
    rate: Vec<String>,
    /// Write one line of JSON for each customer and provider to this file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Send nothing; the report says what would be sent.
    #[arg(long)]
    dry_run: bool,
    /// Customers as JSON Lines, or a Shopify customer export (`.csv`).
    file: PathBuf,
}

/// What all lanes write to.
struct Ledger {
    report: Option<Mutex<BufWriter<File>>>,
    dry_run: bool,
}

impl Ledger {
    fn write(&self, line: &ReportLine<'_>) -> io::Result<()> {
        let Some(file) = &self.report else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut *file, line)?;
        file.write_all(b"\n")
    }
}

/// What one lane has done.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<&'static str, u64>,
    failures: BTreeMap<String, u64>,
    notes: BTreeMap<String, u64>,
    failed: u64,
    unreadable: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let names = providers::chosen(&arguments.to).unwrap_or_else(|e| wrong_usage(&e));
    let rates = providers::rates(&arguments.rate).unwrap_or_else(|e| wrong_usage(&e));
    let shown = arguments.file.display();
    let total = match input::open(&arguments.file) {
        Ok(items) => items.take_while(Result::is_ok).count() as u64,
        Err(error) => wrong_usage(&format!("{shown}: {error}")),
    };
    let opened = providers::open(&names, &rates).await.unwrap_or_else(|e| wrong_usage(&e));
    let report = arguments.report.as_ref().map(|path| match File::create(path) {
        Ok(file) => Mutex::new(BufWriter::new(file)),
        Err(error) => wrong_usage(&format!("{}: {error}", path.display())),
    });
    let ledger = Arc::new(Ledger { report, dry_run: arguments.dry_run });
    let bars = MultiProgress::new();
    let mut lanes = Vec::new();
    for (number, sink) in opened.sinks.iter().enumerate() {
        let lane = Lane {
            sink: Arc::clone(sink),
            concurrency: usize::from(arguments.concurrency),
            ledger: Arc::clone(&ledger),
            bar: bars.add(bar(sink.provider().as_str(), total)),
            // Every lane reads the file at its own pace; the first tells of what cannot be read.
            tells_unreadable: number == 0,
        };
        let path = arguments.file.clone();
        lanes.push((sink.provider().as_str(), tokio::spawn(async move { lane.run(&path).await })));
    }
    let mut complete = true;
    let mut tallies = Vec::new();
    for (name, lane) in lanes {
        match lane.await {
            Ok(Ok(tally)) => {
                complete &= tally.failed == 0 && tally.unreadable == 0;
                tallies.push((name, tally));
            }
            Ok(Err(error)) => {
                complete = false;
                eprintln!("error: {name}: {error}");
            }
            Err(error) => {
                complete = false;
                eprintln!("error: {name}: the lane ended early: {error}");
            }
        }
    }
    let flushed = match &ledger.report {
        Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).flush(),
        None => Ok(()),
    };
    if let Err(error) = flushed {
        complete = false;
        eprintln!("error: the report is not whole: {error}");
    }
    summary(&tallies);
    if complete { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn bar(name: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {bar:32} {pos}/{len} {per_sec} eta {eta}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar
}

/// One provider's way through the file.
struct Lane {
    sink: Arc<dyn CustomerSink>,
    concurrency: usize,
    ledger: Arc<Ledger>,
    bar: ProgressBar,
    tells_unreadable: bool,
}

/// A record under way, or one that has come to its end.
struct Done {
    index: u64,
    keys: Vec<String>,
    imported: Vec<Note>,
    result: Result<Sent, Error>,
}

enum Sent {
    Delivered(Box<Upserted>),
    Planned(Vec<Note>),
}

type UnderWay = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>;

impl Lane {
    async fn run(self, path: &Path) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let mut under_way = UnderWay::new();
        let mut busy: HashSet<String> = HashSet::new();
        for item in input::open(path)? {
            let item = item?;
            let (customer, imported) = match item.record {
                Ok(record) => record,
                Err(error) => {
                    tally.unreadable += 1;
                    self.bar.inc(1);
                    if self.tells_unreadable {
                        self.bar.suspend(|| eprintln!("line {} cannot be read: {error}", item.line));
                    }
                    continue;
                }
            };
            let keys = identities(&customer);
            // Two records of one person never overlap and never overtake each other.
            while under_way.len() >= self.concurrency || keys.iter().any(|key| busy.contains(key)) {
                match under_way.next().await {
                    Some(done) => self.settle(done, &mut busy, &mut tally)?,
                    None => break,
                }
            }
            busy.extend(keys.iter().cloned());
            under_way.push(Box::pin(self.deliver(item.index, keys, customer, imported)));
        }
        while let Some(done) = under_way.next().await {
            self.settle(done, &mut busy, &mut tally)?;
        }
        self.bar.finish();
        Ok(tally)
    }

    fn deliver(
        &self,
        index: u64,
        keys: Vec<String>,
        customer: Customer,
        imported: Vec<Note>,
    ) -> impl Future<Output = Done> + Send + 'static {
        let sink = Arc::clone(&self.sink);
        let dry_run = self.ledger.dry_run;
        async move {
            let options = UpsertOptions::default();
            let result = if dry_run {
                sink.plan(&customer, &options).map(|plan| Sent::Planned(plan.notes().to_vec()))
            } else {
                sink.upsert_with(&customer, &options).await.map(|done| Sent::Delivered(Box::new(done)))
            };
            Done { index, keys, imported, result }
        }
    }

    fn settle(&self, done: Done, busy: &mut HashSet<String>, tally: &mut Tally) -> io::Result<()> {
        for key in &done.keys {
            busy.remove(key);
        }
        self.bar.inc(1);
        let provider = self.sink.provider().as_str();
        let (outcome, notes, line) = match &done.result {
            Ok(Sent::Delivered(sent)) => {
                (sent.outcome.as_str(), &sent.notes[..], ReportLine::delivered(done.index, sent, &done.imported))
            }
            Ok(Sent::Planned(notes)) => {
                ("planned", &notes[..], ReportLine::planned(done.index, provider, notes, &done.imported))
            }
            Err(error) => {
                tally.failed += 1;
                *tally.failures.entry(reason(error)).or_default() += 1;
                ("failed", &[][..], ReportLine::failed(done.index, provider, error, &done.imported))
            }
        };
        *tally.outcomes.entry(outcome).or_default() += 1;
        for note in done.imported.iter().chain(notes) {
            let kind = format!("{} {} ({})", general(note.path()), note.action().as_str(), note.reason().as_str());
            *tally.notes.entry(kind).or_default() += 1;
        }
        self.ledger.write(&line)
    }
}

/// Why a record failed, in words that many records share.
fn reason(error: &Error) -> String {
    let fields: Vec<_> = error.field_errors().iter().map(ToString::to_string).collect();
    let status = error.status().map(|status| format!(" (HTTP {status})")).unwrap_or_default();
    let colon = if fields.is_empty() { "" } else { ": " };
    format!("{}{status}{colon}{}", error.kind(), fields.join("; "))
}

/// A path without positions and names of the caller's own, so that notes of many records add up.
fn general(path: &customer_sink::FieldPath) -> String {
    let text = path.to_string();
    if text.starts_with("custom") {
        return "custom".to_owned();
    }
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// What tells two records of one person: the same external id, e-mail (without case) or phone.
fn identities(customer: &Customer) -> Vec<String> {
    let external_id = customer.external_id.as_ref().map(|id| format!("id {}", id.trim()));
    let email = customer.email.as_ref().map(|email| format!("email {}", email.comparable()));
    let phone = customer.phone.as_ref().map(|phone| match phone.e164() {
        Ok(number) => format!("phone {number}"),
        Err(_) => format!("phone {}", phone.as_str().trim()),
    });
    [external_id, email, phone].into_iter().flatten().filter(|key| !key.ends_with(' ')).collect()
}

fn summary(tallies: &[(&str, Tally)]) {
    let columns = ["created", "updated", "unchanged", "accepted", "planned", "failed"];
    print!("{:>14}", "");
    columns.iter().for_each(|column| print!("{column:>11}"));
    println!();
    for (name, tally) in tallies {
        print!("{name:>14}");
        columns.iter().for_each(|column| print!("{:>11}", tally.outcomes.get(column).unwrap_or(&0)));
        println!();
    }
    if let Some((_, tally)) = tallies.first().filter(|(_, tally)| tally.unreadable > 0) {
        println!("\n{} line(s) could not be read", tally.unreadable);
    }
    for (name, tally) in tallies {
        if !tally.failures.is_empty() {
            println!("\n{name}: not delivered");
            tally.failures.iter().for_each(|(reason, count)| println!("{count:>8}  {reason}"));
        }
    }
    for (name, tally) in tallies {
        if !tally.notes.is_empty() {
            println!("\n{name}: notes");
            tally.notes.iter().for_each(|(kind, count)| println!("{count:>8}  {kind}"));
        }
    }
}
