//! A file of customers to all five vendors, with everything that a nightly run needs:
//! `cargo run --example sync -- [--to NAME,…] [--concurrency N] [--rate NAME=PER_SECOND[/BURST],…] [--checkpoint FILE]
//! [--dead-letters FILE] [--replay [FILE]] [--report FILE] [--unchanged FILE] [--patience SECONDS] [--dry-run] [FILE]`
//!
//! FILE is JSON Lines, or a Shopify customer export (`.csv`). With `--checkpoint`, running it again does only what is
//! left, however the run before ended. What did not arrive goes to `--dead-letters`, and `--replay` sends that later.
//! `--unchanged` leaves out what a provider took before. Ctrl-C once ends the run in good order, twice at once.
//!
//! Exit status: 0 when all were delivered, 1 when a record was not, a line could not be read or the run stopped before
//! its end, 2 for wrong usage or a file that cannot be opened, 130 after a second Ctrl-C.

mod accounts;
mod arguments;
mod bars;
#[path = "../common/mod.rs"]
mod common;
mod files;
mod interrupts;
mod ledger;
mod letters;
mod source;
mod summary;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arguments::Arguments;
use bars::Bars;
use clap::Parser;
use common::{providers, wrong_usage};
use customer_sink::delivery::{Delivery, Lane, PausePolicy, Run, RunHandle, Update};
use customer_sink::{CustomerSink, UpsertOptions};
use files::Files;
use futures::StreamExt;
use interrupts::Interrupts;
use ledger::Ledger;
use source::{Input, Record, Survey};

/// How often the bars are drawn, and the report is flushed every fifth time.
const TICK: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let names = providers::chosen(&arguments.to).unwrap_or_else(|error| wrong_usage(&error));
    let rates = providers::rates(&arguments.rate).unwrap_or_else(|error| wrong_usage(&error));
    let (path, letters) = arguments.input().unwrap_or_else(|error| wrong_usage(&error));
    let input = Input { path: path.into(), letters, to: names.as_slice().into() };
    let unusable = |error: io::Error| -> ! { wrong_usage(&format!("{}: {error}", input.path.display())) };
    let survey = input.survey().unwrap_or_else(|error| unusable(error));
    let opened = providers::open(&names, &rates).await.unwrap_or_else(|error| wrong_usage(&error));
    let files = match arguments.dry_run {
        true => Files::default(),
        false => files::open(&arguments, &input, &survey).unwrap_or_else(|error| wrong_usage(&error)),
    };
    let mut ledger = match Ledger::new(&names, arguments.report.as_deref()) {
        Ok(ledger) => ledger,
        Err(error) => {
            let report = arguments.report.unwrap_or_default();
            wrong_usage(&format!("{}: {error}", report.display()))
        }
    };
    let bars = Bars::new(&survey.records);
    if survey.left_out > 0 {
        bars.say(&format!("{} dead letter(s) are for other providers, and stay where they are", survey.left_out));
    }
    let stopped = if arguments.dry_run {
        plan(&input, &opened.sinks, &mut ledger, &bars).err().map(|error| error.to_string())
    } else {
        let delivery = delivery(&arguments, &opened.sinks, &survey, files);
        let source = input.stream().unwrap_or_else(|error| unusable(error));
        let run = delivery.start(source).unwrap_or_else(|error| wrong_usage(&error.to_string()));
        if let Ok(interrupts) = Interrupts::new() {
            tokio::spawn(stop_when_asked(interrupts, run.handle(), bars.clone()));
        }
        watch(run, &mut ledger, &bars).await
    };
    bars.finish();
    summary::print(&ledger, stopped.as_deref());
    if ledger.is_good() && stopped.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// One lane a provider, with what the arguments ask for.
fn delivery(arguments: &Arguments, sinks: &[Arc<dyn CustomerSink>], survey: &Survey, files: Files) -> Delivery {
    let patience = arguments.patience();
    let refusal = patience.min(Duration::from_secs(3));
    let mut delivery = Delivery::new()
        // Each record gets a report line for each provider, also for one whose lane has ended.
        .drain_source(true)
        .dead_letter_unprocessed(true);
    for sink in sinks {
        let lane = Lane::new(Arc::clone(sink))
            .concurrency(usize::from(arguments.concurrency))
            .outage(5, PausePolicy::up_to(patience))
            .refusal(PausePolicy::up_to(refusal))
            .longest_wait(patience);
        delivery = delivery.lane(lane);
    }
    if let Some(most) = survey.records.iter().map(|(_, count)| *count).max() {
        delivery = delivery.expected(most);
    }
    if let Some(checkpoint) = files.checkpoint {
        delivery = delivery.checkpoint(checkpoint);
    }
    if let Some(letters) = files.dead_letters {
        delivery = delivery.dead_letters(letters);
    }
    if let Some(accepted) = files.accepted {
        delivery = delivery.skip_unchanged(accepted);
    }
    delivery
}

/// Records the updates of a run until it is over; returns why it stopped early, if it did.
async fn watch(mut run: Run, ledger: &mut Ledger, bars: &Bars) -> Option<String> {
    let handle = run.handle();
    let mut ticks = tokio::time::interval(TICK);
    let mut tick = 0u32;
    let mut lost = None;
    loop {
        let written = tokio::select! {
            update = run.next() => match update {
                None => break,
                Some(Update::Record(record)) => ledger.record(&record),
                Some(Update::Unreadable(unreadable)) => {
                    ledger.unreadable += 1;
                    bars.say(&unreadable.message);
                    Ok(())
                }
                Some(_) => Ok(()),
            },
            _ = ticks.tick() => {
                tick = tick.wrapping_add(1);
                if bars.are_shown() {
                    bars.show(&handle.progress());
                }
                if tick.is_multiple_of(5) { ledger.flush() } else { Ok(()) }
            }
        };
        if let Err(error) = written
            && lost.is_none()
        {
            // Without its report nobody would know what the run does.
            lost = Some(format!("the report cannot be written: {error}"));
            handle.cancel();
        }
    }
    bars.show(&handle.progress());
    let summary = run.finish().await;
    if let Err(error) = ledger.flush() {
        lost.get_or_insert_with(|| format!("the report cannot be written: {error}"));
    }
    lost.or_else(|| summary.stopped.map(|reason| reason.to_string()))
}

/// The first time what is under way comes to its end, the second time nothing does.
async fn stop_when_asked(mut interrupts: Interrupts, run: RunHandle, bars: Bars) {
    interrupts.next().await;
    run.cancel();
    bars.say("stopping: what is under way comes to its end; Ctrl-C once more ends it at once");
    interrupts.next().await;
    std::process::exit(130);
}

/// Plans every record, and sends nothing.
fn plan(input: &Input, sinks: &[Arc<dyn CustomerSink>], ledger: &mut Ledger, bars: &Bars) -> io::Result<()> {
    let options = UpsertOptions::default();
    for record in input.records()? {
        let Record { index, only, customer, .. } = record?;
        let (customer, imported) = match customer {
            Ok(customer) => customer,
            Err(problem) => {
                ledger.unreadable += 1;
                bars.say(&problem);
                continue;
            }
        };
        let imported = serde_json::to_string(&imported)?;
        for sink in sinks {
            let provider = sink.provider().as_str();
            if only.is_none_or(|only| only == provider) {
                let plan = sink.plan(&customer, &options);
                ledger.planned(index, provider, plan.as_ref().map(|plan| plan.notes()), &imported)?;
            }
        }
    }
    ledger.flush()
}
