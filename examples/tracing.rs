//! What the crate tells `tracing`, and what it leaves out: `cargo run --example tracing`
//!
//! One span for each upsert, events for requests and retries: providers, operations, statuses, attempts and times. Never a
//! credential, a URL, a body, or anything of a person. `RUST_LOG` chooses what is shown.

use customer_sink::sandbox::Sandbox;
use customer_sink::sandbox::faults::{Fault, RetryAfter, Script};
use customer_sink::{Connector, Customer, CustomerSinkExt};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("customer_sink=debug"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).init();
    let sandbox = Sandbox::start().await?;
    let whale = sandbox.sink("whale", &Connector::new()?)?;
    sandbox.play("whale", "POST *", Script::once(Fault::Limited(RetryAfter::Seconds(1))))?;
    let mara = Customer::new().email("mara@example.com").first_name("Mara");
    let done = whale.upsert(&mara).await?;
    println!("{}: {} after {} requests", done.provider, done.outcome, done.attempts);
    Ok(())
}
