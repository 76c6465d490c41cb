//! The input that an upsert sends, by its exact keys. It is flat: there is no envelope.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset};

use super::super::request::time;
use crate::client::Operation;
use crate::client::json::raw::opaque_debug;
use crate::client::validate::Validation;
use crate::error::Error;

/// Whether a person is a member of the programme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptedIn(State);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    AccountDecides,
    Known(bool),
    Held,
}

impl OptedIn {
    /// The key is left out, and the account's setting decides (documented): it may enrol the person.
    pub const ACCOUNT_DECIDES: Self = Self(State::AccountDecides);
    /// A member.
    pub const YES: Self = Self(State::Known(true));
    /// Not a member.
    pub const NO: Self = Self(State::Known(false));
    /// What the vendor holds of the person, which is looked up first. Plans show it as a name in braces.
    pub(super) const AS_HELD: Self = Self(State::Held);

    pub(super) const fn of(yes: bool) -> Self {
        Self(State::Known(yes))
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
    fn is_left_out(&self) -> bool {
        self.0 == State::AccountDecides
    }
}

impl serde::Serialize for OptedIn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            State::Known(yes) => serializer.serialize_bool(yes),
            State::Held => serializer.serialize_str("{opted_in}"),
            State::AccountDecides => serializer.serialize_none(),
        }
    }
}

/// A customer as the vendor takes it: `POST customers`. Absent keys are not sent, nor is null.
///
/// The keys' meanings and types are documented, their names seen in clients. No limits are known.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct CustomerInput<'a> {
    /// The id in the shop's own system. Required for integrations that are of no known platform (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Required (documented).
    pub email: Cow<'a, str>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Cow<'a, str>>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Cow<'a, str>>,
    /// E.164, or a number of the country of `country_iso_code` (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2. The vendor passes over it where the number is E.164 (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_iso_code: Option<Cow<'a, str>>,
    /// Whether the person has an account with the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_account: Option<bool>,
    /// When that account was made; written in UTC, in whole seconds. The vendor takes a date or a time (documented).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub platform_account_created_at: Option<DateTime<FixedOffset>>,
    /// Whether the person is a member of the programme.
    #[serde(skip_serializing_if = "OptedIn::is_left_out")]
    pub opted_in: OptedIn,
    /// The id at the point of sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos_account_id: Option<Cow<'a, str>>,
    /// All tags in one text, separated by commas. They replace those that the vendor holds (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Cow<'a, str>>,
    /// When the person became a member; written like the other time.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    pub opted_in_at: Option<DateTime<FixedOffset>>,
}

impl<'a> CustomerInput<'a> {
    /// An input for this customer with nothing else in it: the account's setting decides whether a new one is a member.
    pub fn new(email: impl Into<Cow<'a, str>>) -> Self {
        Self {
            id: None,
            email: email.into(),
            first_name: None,
            last_name: None,
            phone_number: None,
            country_iso_code: None,
            has_account: None,
            platform_account_created_at: None,
            opted_in: OptedIn::ACCOUNT_DECIDES,
            pos_account_id: None,
            tags: None,
            opted_in_at: None,
        }
    }

    /// Refuses a blank e-mail address.
    pub(super) fn validate(&self, operation: &Operation) -> Result<(), Error> {
        let mut v = Validation::new(operation);
        v.required("email", Some(&self.email));
        v.finish()
    }
}

opaque_debug!(CustomerInput<'_>);
