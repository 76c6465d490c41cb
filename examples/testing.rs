//! An application's own test on the sandbox, with a fault: `cargo run --example testing`
//!
//! In an application this is a `#[tokio::test]` with the feature `sandbox` among the dev-dependencies. The module `guide`
//! has more.

use customer_sink::sandbox::Sandbox;
use customer_sink::sandbox::faults::{Fault, RetryAfter, Script};
use customer_sink::{Connector, Consent, ConsentState, Customer, CustomerSink, CustomerSinkExt, Outcome};

/// The application: who signs up at the counter goes to the shop.
async fn sign_up(shop: &dyn CustomerSink, email: &str, newsletter: bool) -> customer_sink::Result<Outcome> {
    let state = if newsletter { ConsentState::Subscribed } else { ConsentState::NotSubscribed };
    let person = Customer::new().email(email).email_marketing(Consent::new(state));
    Ok(shop.upsert(&person).await?.outcome)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let shop = sandbox.sink("shopline", &Connector::new()?)?;

    // Somebody who is there already, and wants no mail.
    let opted_out = Customer::new().email("mio@example.com").email_marketing(Consent::new(ConsentState::Unsubscribed));
    sandbox.seed("shopline", &[opted_out]).await?;

    // The vendor makes the customer and its answer is lost; then it asks to slow down.
    sandbox.play("shopline", "POST customers", Script::once(Fault::ResetAfter))?;
    sandbox.play(
        "shopline",
        "POST customers/query_user_by_email",
        Script::once(Fault::Limited(RetryAfter::Seconds(1))),
    )?;
    println!("Mara: {}", sign_up(&*shop, "mara@example.com", false).await?);
    println!("Mio:  {}", sign_up(&*shop, "mio@example.com", false).await?);

    assert_eq!(sandbox.people("shopline").len(), 2, "nobody is lost");
    assert!(sandbox.duplicates("shopline").is_empty(), "nobody is there twice");
    for consents in sandbox.consents("shopline") {
        assert_ne!(consents.email_marketing, Some(ConsentState::Subscribed), "nobody was subscribed");
    }
    for (kind, count) in sandbox.requests_by_kind("shopline") {
        println!("{count} {kind}");
    }
    Ok(())
}
