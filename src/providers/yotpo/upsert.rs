//! The upsert: one write, before which a token is minted where none is held.

use super::client::Yotpo;
use super::config::VISIBLE_AFTER;
use super::error::check;
use super::operations::UPSERT;
use super::request::{CustomerInput, Envelope};
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

/// The names of the steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// Sent by the client's tokens, where they hold none. Its body holds the secret, so that a plan shows another one.
    Mint,
    Upsert,
}

/// A record, mapped.
pub(super) struct Prepared<'c> {
    client: &'c Yotpo,
    input: CustomerInput<'c>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        let mint = self.client.0.tokens.renewal().map(|_| (StepCondition::IfNoToken, Name::Mint));
        mint.into_iter().chain([(StepCondition::Always, Name::Upsert)]).collect()
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        match name {
            Name::Mint => Ok(self.client.0.mint.shown()),
            Name::Upsert => self.client.upsert_request(&self.input),
        }
    }
}

impl Yotpo {
    /// Maps a record, with no I/O.
    pub(super) fn prepare<'c>(
        &'c self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<Prepared<'c>, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let input = map(&mut mapper, self.0.map);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Prepared { client: self, input, sent, notes })
    }

    pub(super) fn upsert_request(&self, input: &CustomerInput<'_>) -> Result<Request, Error> {
        self.json(&UPSERT, &self.0.customers, &Envelope { customer: input })
    }
}

impl Prepared<'_> {
    pub(super) fn into_plan(self) -> Result<Plan, Error> {
        steps::plan(&self, PROVIDER, self.sent.clone(), self.notes.clone())
    }

    pub(super) async fn run(self) -> Result<Upserted, Error> {
        let request = Walk::of(&self).step(Name::Upsert, &[])?;
        let answer = self.client.fetch(request, check).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.notes = self.notes;
        done.attempts = answer.attempts;
        done.request_id = answer.request_id;
        done.visible_after = Some(VISIBLE_AFTER);
        Ok(done)
    }
}
