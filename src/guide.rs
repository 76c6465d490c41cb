//! Testing an application: which module tests what. All code here runs as part of this crate's tests.
//!
//! | what you test | on what | feature |
//! |---|---|---|
//! | what your code does with outcomes and errors | [`MemorySink`](crate::memory::MemorySink) | none |
//! | what arrives at which vendor, and how it looks there | [`Sandbox`](crate::sandbox::Sandbox) | `sandbox` |
//! | waits, retries and lost answers, with no sleeping | [`Connector::for_tests`](crate::Connector::for_tests) | none |
//! | your own sink | [`conformance`](crate::conformance) | `conformance` |
//!
//! Enable the features for tests alone:
//!
//! ```toml
//! [dev-dependencies]
//! customer-sink = { version = "0.1", features = ["conformance", "sandbox"] }
//! ```
//!
//! # Unit tests: the in-memory sink
//!
//! Write your code against [`CustomerSink`](crate::CustomerSink), and give it a
//! [`MemorySink`](crate::memory::MemorySink) in tests. It has real upsert semantics, and a script decides what the next
//! calls do. Two cases are worth a test in every application: an unknown effect (the record may be there, so that a blind
//! second create could duplicate it; a second upsert cannot), and a failure that a retry does not remove.
//!
//! ```
//! use customer_sink::memory::{MemorySink, ScriptedCall};
//! use customer_sink::{Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind};
//!
//! /// Your code: pushes a record, and says whether it has to be pushed again later.
//! async fn push(sink: &dyn CustomerSink, customer: &Customer) -> Result<(), bool> {
//!     match sink.upsert(customer).await {
//!         Ok(_) => Ok(()),
//!         Err(error) => Err(error.is_retryable() || error.effect() == Effect::Unknown),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let vendor = MemorySink::new();
//! let mara = Customer::new().email("mara@example.com").first_name("Mara");
//! vendor.script([
//!     ScriptedCall::LoseAnswer,
//!     ScriptedCall::Fail(Error::new(ErrorKind::Forbidden, Effect::Rejected)),
//! ]);
//!
//! assert_eq!(push(&vendor, &mara).await, Err(true), "it is unknown whether it arrived");
//! assert_eq!(push(&vendor, &mara).await, Err(false), "the key may not write: a retry does not help");
//! assert_eq!(push(&vendor, &mara).await, Ok(()));
//! assert_eq!(vendor.people().len(), 1, "and there is no duplicate");
//! assert_eq!(vendor.calls().len(), 3);
//! # }
//! ```
//!
//! # Integration tests: the sandbox
//!
//! [`Sandbox::start`](crate::sandbox::Sandbox::start) serves stand-ins of the five vendors on free local ports. They store
//! what they receive and refuse what the vendors refuse, each in its vendor's form. Set the base URLs of your application to
//! theirs, and inspect what they hold.
//!
//! ```
//! use customer_sink::providers::shoplazza::Shoplazza;
//! use customer_sink::sandbox::Sandbox;
//! use customer_sink::{Consent, ConsentState, Customer, CustomerSinkExt, Outcome};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await?;
//! let url = sandbox.url("shoplazza").ok_or("no stand-in")?;
//! let sink = Shoplazza::builder(Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN).base_url(url).build()?;
//!
//! let mara = Customer::new()
//!     .email("mara@example.com")
//!     .email_marketing(Consent::new(ConsentState::Unsubscribed));
//! assert_eq!(sink.upsert(&mara).await?.outcome, Outcome::Created);
//!
//! // This vendor subscribes customers that are created without a consent.
//! let held = sandbox.customers("shoplazza");
//! assert_eq!((held.len(), &held[0]["accepts_marketing"]), (1, &serde_json::json!(false)));
//! # Ok(())
//! # }
//! ```
//!
//! # Waits and faults: your own transport and clock
//!
//! A [`Transport`](crate::Transport) is one method over plain bytes, so that a test can lose, delay or make up any answer;
//! a [`ManualClock`](crate::ManualClock) makes a wait of an hour take no time and remembers it.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use customer_sink::providers::triple_whale::TripleWhale;
//! use customer_sink::{
//!     Connector, Customer, CustomerSinkExt, HttpRequest, HttpResponse, ManualClock, Transport, TransportError,
//! };
//! use http::StatusCode;
//!
//! /// Asks to wait once, and then succeeds.
//! #[derive(Debug, Default)]
//! struct Busy(AtomicUsize);
//!
//! #[async_trait]
//! impl Transport for Busy {
//!     async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
//!         if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
//!             return Ok(HttpResponse::new(StatusCode::OK, r#"{"success":true}"#));
//!         }
//!         let mut answer = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, "");
//!         answer.headers.insert("retry-after", http::HeaderValue::from_static("30"));
//!         Ok(answer)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse()?));
//! let connector = Connector::for_tests(Arc::new(Busy::default()), Arc::clone(&clock) as _);
//! let sink = TripleWhale::builder("shop.example.com", "fake-key").connector(&connector).build()?;
//!
//! let done = sink.upsert(&Customer::new().external_id("1042")).await?;
//! assert_eq!(done.attempts, 2);
//! assert!(clock.sleeps().iter().sum::<Duration>() >= Duration::from_secs(30));
//! # Ok(())
//! # }
//! ```
//!
//! # Your own sink: the conformance suite
//!
//! Make the sink of the parts in [`toolkit`](crate::toolkit), which handle quotas, retries, effects and redaction. Implement
//! [`Subject`](crate::conformance::Subject) and [`StandIn`](crate::conformance::StandIn), so that the suite can make the sink
//! and see what its stand-in holds, and assert on the report. `examples/sixth_provider` is a complete one:
//!
//! ```sh
//! cargo run --example sixth_provider
//! ```
//!
//! In a test, name the checks that you expect to be skipped, so that the test fails where another one is skipped:
//!
//! ```
//! # use std::sync::Arc;
//! # use async_trait::async_trait;
//! # use customer_sink::conformance::{BoxError, StoredCustomer, Setup, StandIn, Subject};
//! # use customer_sink::{CustomerSink, Error, memory::MemorySink};
//! # struct MySubject;
//! # struct Store(MemorySink);
//! # #[async_trait]
//! # impl Subject for MySubject {
//! #     async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError> { Ok(Box::new(Store(MemorySink::new()))) }
//! #     fn sends_requests(&self) -> bool { false }
//! # }
//! # impl StandIn for Store {
//! #     fn sink(&self, _: &Setup) -> Result<Arc<dyn CustomerSink>, Error> { Ok(Arc::new(self.0.clone())) }
//! #     fn people(&self) -> Vec<StoredCustomer> {
//! #         let held = |customer| StoredCustomer::new(serde_json::to_value(customer).unwrap_or_default());
//! #         self.0.people().iter().map(|found| held(&found.customer)).collect()
//! #     }
//! # }
//! use customer_sink::conformance::{self, Check};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let checks = [Check::Conservation, Check::CleanRun, Check::ConsentNeverWidened];
//! let report = conformance::run_checks(&MySubject, &checks).await;
//! // This stand-in shows no consent.
//! report.assert_passed_but(&[Check::ConsentNeverWidened]);
//! # }
//! ```
