//! One customer to all five vendors: `cargo run --example quickstart`
//!
//! Runs against the built-in sandbox, with no account and no network; a provider whose variables are set runs against
//! that vendor instead.

mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;

use common::{providers, show, wrong_usage};
use customer_sink::{
    Address, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Gender, OptInLevel, UpsertOptions,
};

#[tokio::main]
async fn main() -> ExitCode {
    let home = Address::new().line1("12 Fictional Quay").postal_code("97201").city("Portland").country_code("US");
    let customer = Customer::new()
        .external_id("1042")
        .email("mara.ellwood@example.com")
        .phone("+1 (503) 555-0123")
        .first_name("Mara")
        .last_name("Ellwood")
        .gender(Gender::Female)
        .locale("en-US")
        .tags(["vip", "newsletter"])
        .note("Prefers e-mail")
        .address(home.province("Oregon").province_code("OR").default_address())
        .email_marketing(Consent::new(ConsentState::Subscribed).opt_in_level(OptInLevel::Single).source("checkout"))
        .sms_marketing(Consent::new(ConsentState::Unsubscribed));

    let opened = providers::open(&providers::names(), &BTreeMap::new()).await.unwrap_or_else(|e| wrong_usage(&e));
    if opened.sandbox.is_some() {
        println!("Providers whose variables are not set are stand-ins on this machine.\n");
    }
    let mut all_arrived = true;
    for sink in &opened.sinks {
        println!("== {} ==", sink.provider());
        show::plan(&sink.plan(&customer, &UpsertOptions::default()));
        let outcome = sink.upsert(&customer).await;
        show::outcome(&outcome);
        all_arrived &= outcome.is_ok();
    }
    if all_arrived { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
