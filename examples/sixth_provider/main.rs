//! A sixth provider, outside the crate: a sink for a made-up vendor by the public API alone, and the conformance suite run
//! against it.
//!
//! `cargo run --example sixth_provider` starts a stand-in of the vendor, sends it a customer, and runs the suite. The exit
//! status is 1 where the sink does not keep the contract.

mod harbor;
mod stand_in;

use std::process::ExitCode;

use customer_sink::{
    Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, UpsertOptions, conformance,
};

#[tokio::main]
async fn main() -> Result<ExitCode, customer_sink::Error> {
    let vendor = stand_in::HarborStandIn::start().await;
    let sink = harbor::Harbor::new(&vendor.url(), stand_in::KEY, &Connector::new()?)?;
    let mara = Customer::new()
        .external_id("1042")
        .email("mara@example.com")
        .first_name("Mara")
        .company("Harbor & Pine")
        .email_marketing(Consent::new(ConsentState::Unsubscribed));
    for step in sink.plan(&mara, &UpsertOptions::default())?.steps() {
        println!("{:12} {} {}", step.when().as_str(), step.method(), step.url());
    }
    for _ in 0..2 {
        let done = sink.upsert(&mara).await?;
        println!("{} with {} requests", done.outcome, done.attempts);
        for note in &done.notes {
            println!("    {note}");
        }
    }
    let report = conformance::run(&stand_in::HarborSubject).await;
    print!("\nthe contract:\n{report}");
    Ok(if report.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
