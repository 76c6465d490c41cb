//! One customer to all five vendors: `cargo run --example quickstart`
//!
//! Runs against the built-in sandbox, with no account and no network; a provider whose variables are set runs against
//! that vendor instead.

mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;

use common::{providers, wrong_usage};
use customer_sink::{
    Address, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Gender, OptInLevel, UpsertOptions,
};

fn customer() -> Customer {
    Customer::new()
        .external_id("1042")
        .email("mara.ellwood@example.com")
        .phone("+1 (503) 555-0123")
        .first_name("Mara")
        .last_name("Ellwood")
        .gender(Gender::Female)
        .locale("en-US")
        .tags(["vip", "newsletter"])
        .note("Prefers e-mail")
        .address(
            Address::new()
                .line1("12 Fictional Quay")
                .city("Portland")
                .province("Oregon")
                .province_code("OR")
                .postal_code("97201")
                .country_code("US")
                .default_address(),
        )
        .email_marketing(Consent::new(ConsentState::Subscribed).opt_in_level(OptInLevel::Single).source("checkout"))
        .sms_marketing(Consent::new(ConsentState::Unsubscribed))
}

#[tokio::main]
async fn main() -> ExitCode {
    let opened = providers::open(&providers::NAMES, &BTreeMap::new()).await.unwrap_or_else(|e| wrong_usage(&e));
    if opened.sandbox.is_some() {
        println!("Providers whose variables are not set are stand-ins on this machine.\n");
    }
    let customer = customer();
    let mut all_arrived = true;
    for sink in &opened.sinks {
        println!("== {} ==", sink.provider());
        match sink.plan(&customer, &UpsertOptions::default()) {
            Ok(plan) => {
                println!("plan:");
                for step in plan.steps() {
                    println!("  [{}] {} {}", step.when().as_str(), step.method(), step.url());
                    if let Some(body) = step.body() {
                        println!("      {}", String::from_utf8_lossy(body));
                    }
                }
                let sent: Vec<_> = plan.sent().iter().map(ToString::to_string).collect();
                println!("sent: {}", sent.join(", "));
                println!("notes:");
                for note in plan.notes() {
                    println!("  {note}");
                }
            }
            Err(error) => println!("plan: {error}"),
        }
        match sink.upsert(&customer).await {
            Ok(done) => {
                let id = done.remote_id.as_ref().map(|id| format!(", id {id}")).unwrap_or_default();
                let later =
                    done.visible_after.map(|d| format!(", visible after up to {} s", d.as_secs())).unwrap_or_default();
                println!("outcome: {}{id}{later}, {} request(s)\n", done.outcome, done.attempts);
            }
            Err(error) => {
                all_arrived = false;
                println!("outcome: {error}\n");
            }
        }
    }
    if all_arrived { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
