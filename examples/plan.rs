//! Customers in, plans out, and nothing sent: `cargo run --example plan -- [--to NAME,…] [FILE]`
//!
//! Reads JSON Lines from the file, or from standard input, and prints one line of JSON for each customer and provider.
//! Exit status: 0, 1 where a line could not be read, 2 for wrong usage.

mod common;

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use common::report::{PlanLine, Refusal, UnreadableLine};
use common::{input, providers, wrong_usage};
use customer_sink::{CustomerSink, UpsertOptions};

/// Shows what would be sent for each customer, with no I/O to any vendor.
#[derive(Parser)]
struct Arguments {
    /// Providers, all five by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    to: Vec<String>,
    /// Customers as JSON Lines (or a Shopify export, `.csv`); standard input by default.
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let names = providers::chosen(&arguments.to).unwrap_or_else(|error| wrong_usage(&error));
    let sinks = providers::open_for_plans(&names).unwrap_or_else(|error| wrong_usage(&error.to_string()));
    let items = match &arguments.file {
        Some(path) => input::open(path).unwrap_or_else(|error| wrong_usage(&format!("{}: {error}", path.display()))),
        None => input::json_lines(BufReader::new(io::stdin())),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut unreadable = false;
    for item in items {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                eprintln!("error: {error}");
                unreadable = true;
                break;
            }
        };
        let written = match &item.record {
            Ok((customer, imported)) => sinks.iter().try_for_each(|sink| {
                let plan = sink.plan(customer, &UpsertOptions::default());
                let line = PlanLine {
                    index: item.index,
                    provider: sink.provider().as_str(),
                    plan: plan.as_ref().ok(),
                    error: plan.as_ref().err().map(Refusal::of),
                    imported,
                };
                write_line(&mut out, &line)
            }),
            Err(error) => {
                unreadable = true;
                write_line(&mut out, &UnreadableLine { line: item.line, error: Refusal::of(error) })
            }
        };
        // Whoever reads us has closed the pipe: nothing more to say.
        if written.is_err() {
            break;
        }
    }
    let flushed = out.flush().is_ok();
    if unreadable || !flushed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn write_line(out: &mut impl Write, line: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
