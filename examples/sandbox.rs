//! Serves stand-ins of the five vendors until Ctrl-C: `cargo run --example sandbox -- [--port N] [--chaos SEED]`
//!
//! Prints the variables to export, so that the other examples, `curl` or an application run against them. With `--chaos`
//! one request in five goes wrong, by chance that is the same for the same seed.

mod common;

use std::process::ExitCode;

use clap::Parser;
use common::{providers, wrong_usage};
use customer_sink::sandbox::Sandbox;
use customer_sink::sandbox::faults::Chaos;

/// Serves stand-ins of the five vendors until Ctrl-C.
#[derive(Parser)]
struct Arguments {
    /// Serve on ports N to N+4; free ones by default.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Let one request in five go wrong, by this seed.
    #[arg(long, value_name = "SEED")]
    chaos: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let sandbox = match arguments.port {
        Some(0) | None => Sandbox::start().await,
        Some(port) => Sandbox::start_on(port).await,
    };
    let sandbox = sandbox.unwrap_or_else(|error| wrong_usage(&format!("the sandbox cannot be served: {error}")));
    if let Some(seed) = arguments.chaos {
        sandbox.enable_chaos(&Chaos::seeded(seed));
    }
    for (name, value) in providers::exports(&sandbox) {
        println!("export {name}='{value}'");
    }
    println!("# Serving until Ctrl-C. It sets no limit: `sync --rate shopline=off,…` goes as fast as it can.");
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
