//! Erases a person everywhere: `cargo run --example forget -- [--to NAME,…] --email ADDRESS`
//!
//! Prints what each vendor did, promised, or cannot do. Runs against the built-in sandbox, where nobody is known yet; a
//! provider whose variables are set runs against that vendor instead, and there an erasure cannot be taken back.
//! Exit status: 0 when each vendor did or promised it, or knows nobody; 1 when one cannot do it or failed; 2 for wrong
//! usage.

mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::{providers, wrong_usage};
use customer_sink::{CustomerSink, Email, ErasureStatus, ErrorKind, Identity};

/// Erases a person at every vendor, and tells what each did.
#[derive(Parser)]
struct Arguments {
    /// Providers, all five by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    to: Vec<String>,
    /// The person's e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let email = Email::new(arguments.email);
    if let Err(rule) = email.usable() {
        wrong_usage(&format!("--email: the address {rule}"));
    }
    let names = providers::chosen(&arguments.to).unwrap_or_else(|e| wrong_usage(&e));
    let opened = providers::open(&names, &BTreeMap::new()).await.unwrap_or_else(|e| wrong_usage(&e));
    let who = Identity::Email(email);
    let mut everywhere = true;
    for sink in &opened.sinks {
        let told = match sink.erase(&who).await {
            Ok(ErasureStatus::Completed) => "erased".to_owned(),
            Ok(ErasureStatus::Accepted { within: Some(within) }) => format!("promised within {} days", days(within)),
            Ok(ErasureStatus::Accepted { within: None }) => "promised, with no time told".to_owned(),
            Ok(ErasureStatus::NotFound) => "knows nobody by that address".to_owned(),
            Ok(_) => "done in a way that this example does not know".to_owned(),
            Err(error) => {
                everywhere = false;
                let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
                match error.kind() {
                    ErrorKind::Unsupported => format!("cannot do it{hint}"),
                    _ => format!("failed: {error}{hint}"),
                }
            }
        };
        println!("{:>14}  {told}", sink.provider());
    }
    if everywhere { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn days(within: Duration) -> u64 {
    within.as_secs().div_ceil(86_400)
}
