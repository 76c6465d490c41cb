//! What an error tells, and what to do about each kind: `cargo run --example errors`
//!
//! The vendor is one in memory that fails by a script; what holds for it holds for all.

use std::time::Duration;

use customer_sink::memory::{MemorySink, ScriptedCall};
use customer_sink::{Customer, CustomerSinkExt, Effect, Error, ErrorKind, FieldError};

/// What a program does about a record that did not arrive.
enum Next {
    /// The record itself is the reason: somebody has to mend it.
    Mend,
    /// The same may be sent again, after this time.
    Again(Duration),
    /// Look the person up before anything is sent again: nobody knows what became of it.
    LookUp,
    /// Every record would fail: stop, and put the set-up or the account right.
    Stop,
}

fn next(error: &Error) -> Next {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Conflict | ErrorKind::Rejected => Next::Mend,
        ErrorKind::Config | ErrorKind::Unauthenticated | ErrorKind::Forbidden => Next::Stop,
        _ if error.is_retryable() => Next::Again(error.retry_after().unwrap_or(Duration::from_secs(1))),
        _ if error.effect() == Effect::Unknown => Next::LookUp,
        _ => Next::Mend,
    }
}

impl std::fmt::Display for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mend => f.write_str("mend the record"),
            Self::Again(after) => write!(f, "send it again after {} s", after.as_secs()),
            Self::LookUp => f.write_str("look the person up"),
            Self::Stop => f.write_str("stop, and put the account right"),
        }
    }
}

#[tokio::main]
async fn main() {
    let vendor = MemorySink::new();
    let mara = Customer::new().email("mara@example.com").first_name("Mara");
    vendor.script([
        ScriptedCall::Fail(
            Error::new(ErrorKind::RateLimited, Effect::Rejected)
                .with_status(429)
                .with_retryable(true)
                .with_retry_after(Some(Duration::from_secs(30))),
        ),
        ScriptedCall::LoseAnswer,
        ScriptedCall::Fail(Error::new(ErrorKind::Unauthenticated, Effect::Rejected).with_status(401)),
        ScriptedCall::Fail(
            Error::new(ErrorKind::Rejected, Effect::Rejected)
                .with_status(422)
                .with_fields(vec![FieldError::from_vendor("email", "mara@example.com is not allowed")]),
        ),
    ]);
    for customer in [&mara, &mara, &mara, &mara, &Customer::new().first_name("Nobody")] {
        if let Err(error) = vendor.upsert(customer).await {
            // What Display says is fit for a log: no word of the vendor's, no person's data.
            println!("{error}");
            println!("    what next: {}; changed at the vendor: {}", next(&error), error.effect());
            for problem in error.field_errors() {
                println!("    {}: {}", problem.safe_field(), problem.safe_message());
            }
        }
    }
    let last = vendor.upsert(&mara).await;
    println!("and then: {}", last.map_or_else(|error| error.to_string(), |done| done.outcome.to_string()));
}
