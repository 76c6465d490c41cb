//! The inputs that requests send: a new customer, an update, and addresses.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::PROVIDER;
use super::operations::{CREATE_ADDRESS, CREATE_CUSTOMER, UPDATE_CUSTOMER};
use crate::client::json::words::{customer_id, vendor_id};
use crate::client::options::json_body;
use crate::client::pages::{Cursor, PageGuard};
use crate::client::query::{ArrayStyle, Query};
use crate::client::validate::Validation;
use crate::client::{Request, Secret};
use crate::customer::{Phone, is_blank};
use crate::error::Error;
use crate::plan::mapper::phone_rule;

/// The longest page that the vendor gives (documented).
pub const MAX_PAGE_SIZE: u16 = 250;

/// The vendor's own page length where none is asked for (documented).
pub(super) const DEFAULT_PAGE_SIZE: u16 = 10;

/// The shortest password (documented), in code points.
const MIN_PASSWORD: usize = 6;

/// How a version of the API writes bodies, tags and lists (documented): it changed once, with 2025-06.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Bare bodies, tags as one string with commas, numbered pages.
    #[default]
    Before2025_06,
    /// Envelopes, tags as an array, cursors.
    From2025_06,
}

impl Dialect {
    /// Whether it is the one that came with 2025-06.
    pub(super) fn is_2025_06_or_newer(self) -> bool {
        self == Self::From2025_06
    }

    /// Where a page of a list starts, in its query.
    pub(super) fn start_at(self, query: &mut Query, cursor: Option<&Cursor>) {
        let key = if self.is_2025_06_or_newer() { "cursor" } else { "page" };
        query.push_some(key, cursor.map(Cursor::as_str));
    }

    /// The request for a further page of a list, made of the one for the first.
    pub(super) fn page_at(self, first: &Request, cursor: Option<&Cursor>) -> Request {
        let mut query = Query::new();
        self.start_at(&mut query, cursor);
        let mut request = first.clone();
        if cursor.is_some() {
            request.url = query.on(first.url()).into();
        }
        request
    }

    /// Detects a list of pages of this size that never ends.
    pub(super) fn guard(self, size: u16) -> PageGuard {
        if self.is_2025_06_or_newer() { PageGuard::new() } else { PageGuard::new().numbered(size.into()) }
    }

    /// A query for a page of this many rows.
    pub(super) fn page_query(self, size: u16) -> Query {
        let (key, arrays) = match self {
            Self::Before2025_06 => ("limit", ArrayStyle::Commas),
            Self::From2025_06 => ("page_size", ArrayStyle::Repeated),
        };
        let mut query = Query::with_arrays(arrays);
        query.push(key, size);
        query
    }
}

/// Which of e-mail and phone is the customer's identity. It cannot be changed later (documented).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactType {
    /// The e-mail address, which is then required.
    #[default]
    Email,
    /// The phone number, which is then required.
    Phone,
}

impl ContactType {
    /// The vendor's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// A password for the customer's account in the shop, with its confirmation. Checked before it is sent: at least 6
/// characters, and both the same (documented).
#[derive(Clone, Debug)]
pub struct Password {
    password: Secret,
    confirmation: Secret,
}

impl Password {
    /// A password and its confirmation.
    pub fn new(password: impl Into<Secret>, confirmation: impl Into<Secret>) -> Self {
        Self { password: password.into(), confirmation: confirmation.into() }
    }
}

/// A customer as the create takes it: `POST customers`. The same for every version: the client writes its form.
#[derive(Clone, Default)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct CustomerInput<'a> {
    pub contact_type: ContactType,
    pub email: Option<Cow<'a, str>>,
    /// `+`, the calling code and the number (documented).
    pub phone: Option<Cow<'a, str>>,
    pub first_name: Option<Cow<'a, str>>,
    pub last_name: Option<Cow<'a, str>>,
    /// Always sent: left out, the vendor subscribes the customer (documented).
    pub accepts_marketing: bool,
    /// Always sent: left out, the vendor subscribes the customer (documented).
    pub accepts_sms_marketing: bool,
    pub password: Option<Password>,
    /// Without it a customer with a password cannot sign in (documented); with a password it is the time of the request
    /// where it is not given.
    pub registered_at: Option<DateTime<Utc>>,
    /// Before 2025-06 none can hold a comma (documented: they are sent as one string with commas between them).
    pub tags: Option<Vec<Cow<'a, str>>>,
    pub addresses: Vec<AddressInput<'a>>,
}

/// Shows the kind of identity only.
impl fmt::Debug for CustomerInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerInput").field("contact_type", &self.contact_type).finish_non_exhaustive()
    }
}

impl CustomerInput<'_> {
    pub(super) fn validate(&self, dialect: Dialect) -> Result<(), Error> {
        let mut checks = Validation::new(&CREATE_CUSTOMER);
        let contact = match self.contact_type {
            ContactType::Email => &self.email,
            ContactType::Phone => &self.phone,
        };
        let is_there = contact.as_deref().is_some_and(|contact| !is_blank(contact));
        checks.check(is_there, self.contact_type.as_str(), "is required by the contact type");
        if let Some(phone) = self.phone.as_deref().filter(|phone| !is_blank(phone))
            && let Err(problem) = Phone::new(phone).e164()
        {
            checks.refuse("phone", phone_rule(problem));
        }
        if let Some(Password { password, confirmation }) = &self.password {
            let (password, confirmation) = (password.expose(), confirmation.expose());
            let is_long = password.chars().count() >= MIN_PASSWORD;
            checks.check(is_long, "password", format!("needs at least {MIN_PASSWORD} characters"));
            checks.check(password == confirmation, "password_confirmation", "has to be the same as the password");
        }
        check_tags(&mut checks, dialect, self.tags.as_deref());
        checks.each("addresses", &self.addresses, |checks, address| {
            // Names are required inside a create alone, and before 2025-06 (documented).
            if !dialect.is_2025_06_or_newer() {
                checks.required("first_name", address.first_name.as_deref());
                checks.required("last_name", address.last_name.as_deref());
            }
            checks.required("country", address.country.as_deref());
            checks.required("country_code", address.country_code.as_deref());
        });
        checks.finish()
    }

    /// The body of a create.
    pub(super) fn body(&self, dialect: Dialect) -> Result<Bytes, Error> {
        json_body(PROVIDER, &Under("customer", Written(dialect, self)))
    }
}

/// What an update of a customer can change: `PUT customers/{id}`. What is left out stays as it is (inferred; of the two
/// consents the vendor's page prints the create's default, so that leaving one out is a risk).
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct CustomerUpdateInput<'a> {
    pub first_name: Option<Cow<'a, str>>,
    pub last_name: Option<Cow<'a, str>>,
    pub accepts_marketing: Option<bool>,
    pub accepts_sms_marketing: Option<bool>,
    /// Replaces all tags (documented). Before 2025-06 none can hold a comma.
    pub tags: Option<Vec<Cow<'a, str>>>,
}

/// Shows which consents are set, and no other value.
impl fmt::Debug for CustomerUpdateInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerUpdateInput")
            .field("accepts_marketing", &self.accepts_marketing)
            .field("accepts_sms_marketing", &self.accepts_sms_marketing)
            .finish_non_exhaustive()
    }
}

impl CustomerUpdateInput<'_> {
    pub(super) fn validate(&self, dialect: Dialect) -> Result<(), Error> {
        let mut checks = Validation::new(&UPDATE_CUSTOMER);
        checks.check(*self != Self::default(), "customer", "holds nothing to change, which the vendor refuses");
        check_tags(&mut checks, dialect, self.tags.as_deref());
        checks.finish()
    }

    /// The body of an update.
    pub(super) fn body(&self, dialect: Dialect) -> Result<Bytes, Error> {
        self.body_with(dialect, &[])
    }

    /// The body of an update as a plan shows it, with places in braces for consents that the look-up fills in.
    pub(super) fn body_with(&self, dialect: Dialect, open: &[&'static str]) -> Result<Bytes, Error> {
        json_body(PROVIDER, &Under("customer", Written(dialect, &(self, open))))
    }
}

/// An address as the vendor takes it, inside a create or on a route of its own.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Names as the vendor's, described in its documentation.
pub struct AddressInput<'a> {
    pub first_name: Option<Cow<'a, str>>,
    pub last_name: Option<Cow<'a, str>>,
    pub email: Option<Cow<'a, str>>,
    pub address1: Option<Cow<'a, str>>,
    pub address2: Option<Cow<'a, str>>,
    pub area: Option<Cow<'a, str>>,
    pub city: Option<Cow<'a, str>>,
    pub province: Option<Cow<'a, str>>,
    pub province_code: Option<Cow<'a, str>>,
    pub country: Option<Cow<'a, str>>,
    pub country_code: Option<Cow<'a, str>>,
    pub company: Option<Cow<'a, str>>,
    pub phone: Option<Cow<'a, str>>,
    pub phone_area_code: Option<Cow<'a, str>>,
    pub zip: Option<Cow<'a, str>>,
    /// `male` or `female`.
    pub gender: Option<Cow<'a, str>>,
    /// Inside a create the vendor's default is true, on a create of its own false (documented for 2022-01).
    pub default: Option<bool>,
}

/// Shows whether it is the default, and no other value.
impl fmt::Debug for AddressInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressInput").field("default", &self.default).finish_non_exhaustive()
    }
}

impl AddressInput<'_> {
    /// Of an address on a route of its own. Before 2025-06 all pages require the country, and each something else.
    pub(super) fn validate(&self, dialect: Dialect) -> Result<(), Error> {
        let mut checks = Validation::new(&CREATE_ADDRESS);
        checks.required("country", self.country.as_deref());
        if dialect.is_2025_06_or_newer() {
            checks.required("country_code", self.country_code.as_deref());
        }
        checks.finish()
    }

    /// The body on a route of its own: flat before 2025-06, `{"address": …}` from then on.
    pub(super) fn body(&self, dialect: Dialect) -> Result<Bytes, Error> {
        match dialect {
            Dialect::Before2025_06 => json_body(PROVIDER, self),
            Dialect::From2025_06 => json_body(PROVIDER, &Under("address", self)),
        }
    }
}

/// Before 2025-06 tags are one string, in which a comma would make two of one.
fn check_tags(checks: &mut Validation, dialect: Dialect, tags: Option<&[Cow<'_, str>]>) {
    checks.each("tags", tags.unwrap_or_default(), |checks, tag| {
        let is_whole = dialect.is_2025_06_or_newer() || !tag.contains(',');
        checks.check(is_whole, "", "holds a comma, at which the vendor splits tags before 2025-06");
    });
}

/// A time as the vendor writes it: `2024-03-11T03:32:00Z`.
#[derive(Clone, Copy)]
pub(super) struct UtcSeconds(pub(super) DateTime<Utc>);

impl fmt::Display for UtcSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

vendor_id! {
    /// The vendor's id of a customer: a UUID as text (documented).
    CustomerId,
    /// The vendor's id of a customer's address: a UUID as text (documented).
    AddressId,
}

customer_id!(CustomerId);

/// A value under a key.
struct Under<T>(&'static str, T);

impl<T: Serialize> Serialize for Under<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

/// A value in the form of a dialect.
struct Written<'a, T>(Dialect, &'a T);

/// Writes what is there, key by key.
struct Keys<M>(M);

impl<M: SerializeMap> Keys<M> {
    fn put(&mut self, key: &'static str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.0.serialize_entry(key, &value))
    }

    fn tags(&mut self, dialect: Dialect, tags: Option<&[Cow<'_, str>]>) -> Result<(), M::Error> {
        match dialect {
            Dialect::Before2025_06 => self.put("tags", tags.map(|tags| tags.join(","))),
            Dialect::From2025_06 => self.put("tags", tags),
        }
    }
}

impl Serialize for Written<'_, CustomerInput<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(dialect, customer) = self;
        let mut keys = Keys(serializer.serialize_map(None)?);
        keys.put("contact_type", Some(customer.contact_type.as_str()))?;
        keys.put("email", customer.email.as_ref())?;
        keys.put("phone", customer.phone.as_ref())?;
        keys.put("first_name", customer.first_name.as_ref())?;
        keys.put("last_name", customer.last_name.as_ref())?;
        keys.put("accepts_marketing", Some(customer.accepts_marketing))?;
        keys.put("accepts_sms_marketing", Some(customer.accepts_sms_marketing))?;
        let password = customer.password.as_ref();
        keys.put("password", password.map(|both| both.password.expose()))?;
        keys.put("password_confirmation", password.map(|both| both.confirmation.expose()))?;
        keys.tags(*dialect, customer.tags.as_deref())?;
        keys.put("registered_at", customer.registered_at.map(|at| UtcSeconds(at).to_string()))?;
        keys.put("addresses", Some(&customer.addresses).filter(|addresses| !addresses.is_empty()))?;
        keys.0.end()
    }
}

impl Serialize for Written<'_, (&CustomerUpdateInput<'_>, &[&'static str])> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(dialect, (update, open)) = self;
        let mut keys = Keys(serializer.serialize_map(None)?);
        keys.put("first_name", update.first_name.as_ref())?;
        keys.put("last_name", update.last_name.as_ref())?;
        for (key, consent) in
            [("accepts_marketing", update.accepts_marketing), ("accepts_sms_marketing", update.accepts_sms_marketing)]
        {
            keys.put(key, consent)?;
            keys.put(key, open.contains(&key).then(|| format!("{{{key}}}")))?;
        }
        keys.tags(*dialect, update.tags.as_deref())?;
        keys.0.end()
    }
}

impl Serialize for AddressInput<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = Keys(serializer.serialize_map(None)?);
        for (key, text) in [
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("email", &self.email),
            ("address1", &self.address1),
            ("address2", &self.address2),
            ("area", &self.area),
            ("city", &self.city),
            ("province", &self.province),
            ("province_code", &self.province_code),
            ("country", &self.country),
            ("country_code", &self.country_code),
            ("company", &self.company),
            ("phone", &self.phone),
            ("phone_area_code", &self.phone_area_code),
            ("zip", &self.zip),
            ("gender", &self.gender),
        ] {
            keys.put(key, text.as_ref())?;
        }
        keys.put("default", self.default)?;
        keys.0.end()
    }
}
