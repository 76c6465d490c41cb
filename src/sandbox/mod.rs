//! Stateful stand-ins of the vendors on local ports, with fault injection: examples, tests and applications run without
//! an account.
//!
//! Each stand-in stores what it receives, refuses what its vendor's documentation refuses, and answers in that vendor's
//! form. Facts that a vendor does not document are marked *inferred* or *unknown* where they are coded.
//!
//! # Testing your application
//!
//! Start the vendors that you need, give your application their [`url`](Sandbox::url)s and
//! [`credentials`](Sandbox::credentials) (constants of [`Sandbox`] as well), and inspect afterwards what they hold and
//! which requests they received. A clock that does not wait ([`ManualClock`](crate::client::ManualClock)) makes retries immediate.
//!
//! ```
//! use std::sync::Arc;
//!
//! use customer_sink::sandbox::Sandbox;
//! use customer_sink::sandbox::faults::{Fault, RetryAfter, Script};
//! use customer_sink::client::ManualClock;
//! use customer_sink::{
//!     Connector, Consent, ConsentState, Customer, CustomerSinkExt, ErrorKind, Outcome,
//!     ReqwestTransport,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::only(&["shopline"]).await?;
//!
//! // The vendor holds a customer who has opted out.
//! let mara = Customer::new().email("mara@example.com").first_name("Mara");
//! let mara = mara.email_marketing(Consent::new(ConsentState::Unsubscribed));
//! sandbox.seed("shopline", &[mara.clone()]).await?;
//!
//! // Faults: two refusals, and later an answer that is lost after the vendor has carried out the request.
//! sandbox.play("shopline", "*", Script::times(2, Fault::Limited(RetryAfter::Seconds(2))))?;
//! sandbox.play("shopline", "PUT customers/{id}", Fault::ResetAfter)?;
//!
//! // Your application runs here. In this example it is one sink.
//! let clock = ManualClock::new("2026-03-01T12:00:00Z".parse()?);
//! let connector = Connector::for_tests(Arc::new(ReqwestTransport::new()?), Arc::new(clock));
//! let sink = sandbox.sink("shopline", &connector)?;
//! let done = sink.upsert(&mara.last_name("Lind")).await?;
//! assert_eq!(done.outcome, Outcome::Updated);
//!
//! // The vendor holds her once, with the new name and the old consent.
//! let people = sandbox.people("shopline");
//! assert_eq!(people.len(), 1);
//! assert_eq!(people[0].last_name.as_deref(), Some("Lind"));
//! assert!(sandbox.duplicates("shopline").is_empty());
//! assert_eq!(sandbox.consents("shopline")[0].email_marketing, Some(ConsentState::Unsubscribed));
//!
//! // The lost update was sent once more.
//! assert_eq!(sandbox.count("shopline", "PUT customers/{id}"), 2);
//! let struck = sandbox.requests("shopline").into_iter().filter(|request| request.fault.is_some());
//! assert_eq!(struck.count(), 3);
//!
//! // An outage: the vendor refuses connections until it ends.
//! let noor = Customer::new().email("noor@example.com");
//! sandbox.stop_listening("shopline").await?;
//! let error = sink.upsert(&noor).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Connect);
//! assert_eq!(sandbox.people("shopline").len(), 1);
//! sandbox.resume("shopline").await?;
//! assert_eq!(sink.upsert(&noor).await?.outcome, Outcome::Created);
//! # Ok(())
//! # }
//! ```
//!
//! Further parts:
//!
//! * [`faults`] lists every fault, and [`faults::Chaos`], which injects them at random from a seed:
//!   `sandbox.enable_chaos(&Chaos::seeded(7))`.
//! * [`SandboxBuilder::enforce_limits`] makes the vendors refuse requests beyond their documented limits.
//! * [`SandboxBuilder::clock`] sets the vendors' time, by which tokens expire and delayed work completes: give it the
//!   clock of your client.
//! * The methods that one vendor alone has (token lifetimes, processing delays, webhooks) are listed in that vendor's
//!   module below.
//! * [`Sandbox::seed`] stores customers, [`Sandbox::seed_records`] stores a vendor's own records, and
//!   [`Sandbox::customers`] reads them back. These calls bypass the faults and the request log.
//!
//! # Strictness
//!
//! The stand-ins check credentials, routes, versions, wrappers, types, lengths and uniqueness as far as the vendor
//! documents them. Three rules are ours: they refuse keys that no page of the vendor names, where the vendor may ignore
//! them, unless the vendor is known to ignore them; they answer a method that a path does not take with 404, which one
//! vendor documents; and they check the content type only where the vendor's pages name it.

mod builder;
mod client;
pub mod faults;
mod handle;
mod inspect;
mod journal;
mod limits;
mod proxy;
mod reply;
pub mod shoplazza;
pub mod shopline;
mod stand_in;
mod time;
pub mod triple_whale;
pub mod whale;
pub mod yotpo;

pub use self::builder::SandboxBuilder;
pub use self::handle::Sandbox;
pub use self::inspect::{ConsentsOf, Duplicate, SharedBy};
pub use self::journal::Received;
pub(crate) use self::stand_in::StandIn;
pub(crate) use self::time::Time;
