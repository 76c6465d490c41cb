//! The upsert: one step, which replaces the vendor's whole record.

use super::client::TripleWhale;
use super::operations::REPLACE;
use super::request::CustomerInput;
use super::to_vendor::map;
use super::{MATRIX, PROVIDER};
use crate::client::Request;
use crate::client::api::ApiClient;
use crate::client::steps::{self, Steps, Walk};
use crate::customer::{Customer, FieldPath};
use crate::error::Error;
use crate::plan::mapper::Mapper;
use crate::plan::{Note, Outcome, Plan, StepCondition, Upserted};
use crate::sink::UpsertOptions;

/// The name of the one step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Replace,
}

/// A record, mapped.
pub(super) struct Prepared<'c> {
    client: &'c TripleWhale,
    input: CustomerInput<'c>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        vec![(StepCondition::Always, Name::Replace)]
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        match name {
            Name::Replace => self.client.replace_request(&self.input),
        }
    }
}

impl TripleWhale {
    /// Maps a record, with no I/O.
    pub(super) fn prepare<'c>(
        &'c self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<Prepared<'c>, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut input = self.customer_input("");
        map(&mut input, &mut mapper, self.0.map, || self.0.account.connector.clock().utc());
        let (sent, notes) = mapper.finish(options)?;
        Ok(Prepared { client: self, input, sent, notes })
    }

    pub(super) fn replace_request(&self, input: &CustomerInput<'_>) -> Result<Request, Error> {
        self.json(&REPLACE, &self.0.customers, input)
    }
}

impl Prepared<'_> {
    pub(super) fn into_plan(self) -> Result<Plan, Error> {
        steps::plan(&self, PROVIDER, self.sent.clone(), self.notes.clone())
    }

    pub(super) async fn run(self) -> Result<Upserted, Error> {
        let request = Walk::of(&self).step(Name::Replace, &[])?;
        let answer = self.client.send_guarded(&request).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.notes = self.notes;
        done.attempts = answer.attempts;
        done.request_id = answer.request_id;
        done.visible_after = Some(super::config::VISIBLE_AFTER);
        Ok(done)
    }
}
