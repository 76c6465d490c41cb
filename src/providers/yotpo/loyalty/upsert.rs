//! The upsert: a look-up where the membership is not known, then the write.

use super::client::Loyalty;
use super::config::VISIBLE_AFTER;
use super::error::check;
use super::lookup::{look_up_by_email, look_up_by_id};
use super::operations::UPSERT;
use super::request::{CustomerInput, OptedIn};
use super::response::CustomerRecord;
use super::to_vendor::map;
use super::{MATRIX, PROVIDER};
use crate::client::api::ApiClient;
use crate::client::options::json_body;
use crate::client::steps::{self, Steps, Walk};
use crate::client::{Call, Request};
use crate::customer::{Customer, FieldPath};
use crate::error::Error;
use crate::plan::mapper::Mapper;
use crate::plan::{Note, Outcome, Plan, StepCondition, Upserted};
use crate::sink::UpsertOptions;

/// The names of the steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    FetchById,
    /// The address may be new to the id.
    FetchByEmail,
    /// The write where nothing has to be looked up.
    Upsert,
    /// The write to a customer that was found, with the membership that the vendor shows.
    UpsertFound,
    /// The write of a new customer, with an explicit no.
    UpsertNew,
}

/// A record, mapped.
pub(super) struct Prepared<'c> {
    client: &'c Loyalty,
    input: CustomerInput<'c>,
    sent: Vec<FieldPath>,
    notes: Vec<Note>,
}

impl Steps for Prepared<'_> {
    type Name = Name;

    fn list(&self) -> Vec<(StepCondition, Name)> {
        use StepCondition::{Always, IfFound, IfNotFound};
        if self.input.opted_in != OptedIn::AS_HELD {
            return vec![(Always, Name::Upsert)];
        }
        let mut list = match self.input.id {
            Some(_) => vec![(Always, Name::FetchById), (IfNotFound, Name::FetchByEmail)],
            None => vec![(Always, Name::FetchByEmail)],
        };
        list.extend([(IfFound, Name::UpsertFound), (IfNotFound, Name::UpsertNew)]);
        list
    }

    fn render(&self, name: Name) -> Result<Request, Error> {
        match name {
            Name::FetchById => self.client.fetch_request(&look_up_by_id(&self.input)),
            Name::FetchByEmail => self.client.fetch_request(&look_up_by_email(&self.input)),
            Name::Upsert | Name::UpsertFound => self.client.upsert_request(&self.input),
            Name::UpsertNew => self.client.upsert_request(&self.with(OptedIn::NO)),
        }
    }
}

impl Loyalty {
    /// Maps a record, with no I/O.
    pub(super) fn prepare<'c>(
        &'c self,
        customer: &'c Customer,
        options: &UpsertOptions,
    ) -> Result<Prepared<'c>, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let input = map(&mut mapper, self.0.consent);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Prepared { client: self, input, sent, notes })
    }

    pub(super) fn upsert_request(&self, input: &CustomerInput<'_>) -> Result<Request, Error> {
        self.json(&UPSERT, &self.0.customers, input)
    }
}

impl<'c> Prepared<'c> {
    pub(super) fn into_plan(self) -> Result<Plan, Error> {
        steps::plan(&self, PROVIDER, self.sent.clone(), self.notes.clone())
    }

    fn with(&self, opted_in: OptedIn) -> CustomerInput<'c> {
        CustomerInput { opted_in, ..self.input.clone() }
    }

    /// The membership, where it is not known, is what the vendor shows of this very customer, else a no.
    pub(super) async fn run(self) -> Result<Upserted, Error> {
        let mut call = self.client.account().call();
        let mut walk = Walk::of(&self);
        let request = if walk.has(Name::Upsert) {
            walk.step(Name::Upsert, &[])?
        } else {
            match self.held(&mut call, &mut walk).await? {
                Some(record) => {
                    let mut request = walk.step(Name::UpsertFound, &[])?;
                    request.body = Some(json_body(PROVIDER, &self.with(OptedIn::of(record.opt_in.unwrap_or(false))))?);
                    request
                }
                None => walk.step(Name::UpsertNew, &[])?,
            }
        };
        let answer = self.client.send(&mut call, &request, check).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.notes = self.notes;
        done.attempts = answer.attempts;
        done.request_id = answer.request_id;
        done.visible_after = Some(VISIBLE_AFTER);
        Ok(done)
    }

    /// The customer that the vendor holds of the record, looked up by id, then by e-mail address.
    async fn held(&self, call: &mut Call<'_>, walk: &mut Walk<'_, Self>) -> Result<Option<CustomerRecord>, Error> {
        for name in [Name::FetchById, Name::FetchByEmail] {
            if walk.has(name) {
                let request = walk.step(name, &[])?;
                if let Some(record) = self.client.held(call, &request, &self.input).await? {
                    return Ok(Some(record));
                }
            }
        }
        Ok(None)
    }
}
