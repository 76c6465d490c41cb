//! Customers in, plans out, and nothing sent: `cargo run --example plan -- [--to NAME,…] [FILE]`
//!
//! Reads JSON Lines from the file, or from standard input, and prints one line of JSON for each customer and provider.
//! Exit status: 0, 1 where a line could not be read, 2 for wrong usage.

mod common;

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use common::{input, providers, report, wrong_usage};
use customer_sink::{CustomerSink, UpsertOptions};
use serde_json::json;

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
                let mut line = match sink.plan(customer, &UpsertOptions::default()) {
                    Ok(plan) => serde_json::to_value(&plan).unwrap_or_default(),
                    Err(error) => json!({ "error": report::error(&error) }),
                };
                if let (Some(line), false) = (line.as_object_mut(), imported.is_empty()) {
                    line.insert("imported".into(), json!(imported));
                }
                let head = json!({ "index": item.index, "provider": sink.provider() });
                writeln!(out, "{}", joined(head, line))
            }),
            Err(error) => {
                unreadable = true;
                writeln!(out, "{}", json!({ "line": item.line, "error": report::error(error) }))
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

/// One object of the entries of both.
fn joined(mut head: serde_json::Value, tail: serde_json::Value) -> serde_json::Value {
    if let (Some(head), serde_json::Value::Object(tail)) = (head.as_object_mut(), tail) {
        head.extend(tail);
    }
    head
}
