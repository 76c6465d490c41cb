//! A sink in memory, for the unit tests of applications: no network, no vendor, the same promises.
//!
//! [`MemorySink`] keeps people as normalized records. Two records are one person if their external id, their e-mail
//! (without case) or their phone (E.164) is the same; a record that belongs to two people is a
//! [`Conflict`](crate::ErrorKind::Conflict) and writes nothing. It leaves unset fields alone, blanks what
//! [`clear`](crate::Customer::clear) names, never takes a consent without a state for a yes, and drops an unusable e-mail
//! or phone with a note. It distinguishes created, updated and unchanged, finds, and erases. Every upsert begins with a
//! look-up in its store, so that [`look_up_first`](crate::UpsertOptions#structfield.look_up_first) changes nothing;
//! [`RecordedCall`] shows whether it was set.
//!
//! A test can seed and inspect what it holds and inspect every call. A [`ScriptedCall`] for each of the next calls makes
//! it fail, lose its answer after the write, take time on an injected clock, or panic.
//!
//! ```
//! use customer_sink::memory::{MemorySink, ScriptedCall};
//! use customer_sink::{Consent, ConsentState, Customer, CustomerSinkExt, Effect, Error, ErrorKind, Outcome};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sink = MemorySink::new();
//! let mara = Customer::new()
//!     .email("mara@example.com")
//!     .email_marketing(Consent::new(ConsentState::Unsubscribed));
//! assert_eq!(sink.upsert(&mara).await?.outcome, Outcome::Created);
//!
//! // The vendor is down for one call, then loses an answer.
//! let down = Error::new(ErrorKind::Unavailable, Effect::Rejected).with_retryable(true);
//! sink.script([ScriptedCall::Fail(down), ScriptedCall::LoseAnswer]);
//! assert_eq!(sink.upsert(&mara).await.unwrap_err().kind(), ErrorKind::Unavailable);
//! let later = mara.clone().first_name("Mara");
//! assert_eq!(sink.upsert(&later).await.unwrap_err().effect(), Effect::Unknown);
//!
//! assert_eq!(sink.upsert(&later).await?.outcome, Outcome::Unchanged);
//! assert_eq!(sink.people()[0].customer.first_name.as_deref(), Some("Mara"));
//! assert_eq!(sink.calls().len(), 4);
//! # Ok::<(), Error>(())
//! # }).unwrap();
//! ```

mod map;
mod script;
mod sink;
mod store;

pub use self::map::{MATRIX, PROVIDER};
pub use self::script::{RecordedCall, ScriptedCall, SinkCall};
pub use self::sink::MemorySink;
