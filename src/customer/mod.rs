//! The normalized customer, from which every vendor's request is made.

mod address;
#[cfg(test)]
pub(crate) mod arbitrary;
mod consent;
pub(crate) mod country;
mod custom;
pub(crate) mod decimal;
mod digits;
pub(crate) mod email;
mod field;
mod json;
mod phone;
pub(crate) mod time;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};

pub use address::Address;
pub use consent::Consent;
pub use custom::CustomValue;
pub use decimal::{Decimal, DecimalError, JsonNumber};
pub use email::{Email, EmailError};
pub use field::{AddressField, Channel, ConsentField, Field, FieldPath, FieldSet};
pub use phone::{E164, Phone, PhoneError};
pub use vocabulary::{AccountState, ConsentState, Gender, OptInLevel, SubscriptionState};

/// A customer, as the caller knows them. Every field is optional; unset means "leave alone" at every vendor.
///
/// An empty or blank string counts as unset, and so does an empty list. To blank a field at a vendor, name it in
/// [`clear`](Self::clear). The JSON form has one key per field, absent when unset; unknown keys are refused by name.
///
/// ```
/// use customer_sink::{Address, Consent, ConsentState, Customer};
///
/// let mara = Customer::new()
///     .external_id("1042")
///     .email("mara@example.com")
///     .first_name("Mara")
///     .address(Address::new().line1("12 Sample Quay").city("Portland").country_code("US"))
///     .email_marketing(Consent::new(ConsentState::Unsubscribed));
/// let json = serde_json::to_string(&mara)?;
/// assert_eq!(serde_json::from_str::<Customer>(&json)?, mara);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Customer {
    /// The id in the caller's own system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// E-mail address, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Phone number, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The name to show, where it is more than given and family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The merchant's note on the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Birthday.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::as_date")]
    pub birthday: Option<NaiveDate>,
    /// BCP 47 language tag, such as `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// ISO 4217 code, such as `USD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Tags. An empty list is unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the person pays no tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<bool>,
    /// Whether the e-mail address is known to be the person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// State of the shop account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_state: Option<AccountState>,
    /// State of the product subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_state: Option<SubscriptionState>,
    /// Addresses. An empty list is unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Consent to marketing by e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_marketing: Option<Consent>,
    /// Consent to marketing by text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_marketing: Option<Consent>,
    /// Number of orders so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_count: Option<u64>,
    /// Money spent so far, in major units of [`currency`](Self::currency).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_spent: Option<Decimal>,
    /// Id of the most recent order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_order_id: Option<String>,
    /// When the record was made in the caller's system.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::as_rfc3339")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When the record was last changed in the caller's system.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::as_rfc3339")]
    pub updated_at: Option<DateTime<FixedOffset>>,
    /// Custom values of the caller.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, CustomValue>,
    /// Fields to be blanked at the vendor.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "clear_names")]
    pub clear: BTreeSet<Field>,
}

fn clear_names<S: serde::Serializer>(fields: &BTreeSet<Field>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|field| field.as_str()))
}

/// The text of a field, unless it is blank.
#[allow(clippy::ref_option)] // Called with a field's address.
pub(crate) fn text(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !is_blank(text))
}

/// Whether a text is empty or all white space.
pub(crate) fn is_blank(text: &str) -> bool {
    // Most texts start with a visible ASCII character; those need no walk.
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

macro_rules! setters {
    ($($name:ident: $type:ty),+ $(,)?) => {
        $(#[doc = concat!("Sets [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, value: impl Into<$type>) -> Self {
            self.$name = Some(value.into());
            self
        })+
    };
}

impl Customer {
    /// A customer with nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters!(
        external_id: String,
        email: Email,
        phone: Phone,
        first_name: String,
        last_name: String,
        display_name: String,
        company: String,
        note: String,
        gender: Gender,
        birthday: NaiveDate,
        locale: String,
        currency: String,
        tax_exempt: bool,
        email_verified: bool,
        account_state: AccountState,
        subscription_state: SubscriptionState,
        email_marketing: Consent,
        sms_marketing: Consent,
        orders_count: u64,
        total_spent: Decimal,
        last_order_id: String,
        created_at: DateTime<FixedOffset>,
        updated_at: DateTime<FixedOffset>,
    );

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds tags.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds an address.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        self.addresses.push(address);
        self
    }

    /// Sets a custom value.
    #[must_use]
    pub fn custom(mut self, key: impl Into<String>, value: impl Into<CustomValue>) -> Self {
        self.custom.insert(key.into(), value.into());
        self
    }

    /// Asks for a field to be blanked at the vendor.
    #[must_use]
    pub fn clear(mut self, field: Field) -> Self {
        self.clear.insert(field);
        self
    }

    /// The top-level fields that are set, by the rule that blank counts as unset.
    #[must_use]
    pub fn set_fields(&self) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        let mut add = |is_set: bool, field: Field| {
            if is_set {
                set = set.with(field);
            }
        };
        add(text(&self.external_id).is_some(), Field::ExternalId);
        add(self.email.as_ref().is_some_and(|e| !is_blank(e.as_str())), Field::Email);
        add(self.phone.as_ref().is_some_and(|p| !is_blank(p.as_str())), Field::Phone);
        add(text(&self.first_name).is_some(), Field::FirstName);
        add(text(&self.last_name).is_some(), Field::LastName);
        add(text(&self.display_name).is_some(), Field::DisplayName);
        add(text(&self.company).is_some(), Field::Company);
        add(text(&self.note).is_some(), Field::Note);
        add(self.gender.is_some(), Field::Gender);
        add(self.birthday.is_some(), Field::Birthday);
        add(text(&self.locale).is_some(), Field::Locale);
        add(text(&self.currency).is_some(), Field::Currency);
        add(self.tags.iter().any(|tag| !is_blank(tag)), Field::Tags);
        add(self.tax_exempt.is_some(), Field::TaxExempt);
        add(self.email_verified.is_some(), Field::EmailVerified);
        add(self.account_state.is_some(), Field::AccountState);
        add(self.subscription_state.is_some(), Field::SubscriptionState);
        add(self.addresses.iter().any(|a| a.default || !a.is_empty()), Field::Addresses);
        add(self.email_marketing.as_ref().is_some_and(|c| !c.is_empty()), Field::EmailMarketing);
        add(self.sms_marketing.as_ref().is_some_and(|c| !c.is_empty()), Field::SmsMarketing);
        add(self.orders_count.is_some(), Field::OrdersCount);
        add(self.total_spent.is_some(), Field::TotalSpent);
        add(text(&self.last_order_id).is_some(), Field::LastOrderId);
        add(self.created_at.is_some(), Field::CreatedAt);
        add(self.updated_at.is_some(), Field::UpdatedAt);
        add(self.custom.values().any(|value| !value.is_blank()), Field::Custom);
        add(!self.clear.is_empty(), Field::Clear);
        set
    }

    /// Every set place of the record, down to the single tag, address field, consent field and custom value.
    ///
    /// A plan covers each of them: as sent, or in a note.
    #[must_use]
    pub fn set_paths(&self) -> Vec<FieldPath> {
        let mut paths = Vec::new();
        for field in self.set_fields().iter() {
            match field {
                Field::Tags => {
                    let set = (0u32..).zip(&self.tags).filter(|(_, tag)| !is_blank(tag));
                    paths.extend(set.map(|(index, _)| FieldPath::Tag(index)));
                }
                Field::Addresses => {
                    for (index, address) in (0u32..).zip(&self.addresses) {
                        let set = AddressField::ALL.iter().filter(|f| address.is_set(**f));
                        paths.extend(set.map(|f| FieldPath::AddressField(index, *f)));
                    }
                }
                Field::EmailMarketing => consent_paths(&mut paths, Channel::Email, self.email_marketing.as_ref()),
                Field::SmsMarketing => consent_paths(&mut paths, Channel::Sms, self.sms_marketing.as_ref()),
                Field::Custom => {
                    let set = self.custom.iter().filter(|(_, value)| !value.is_blank());
                    paths.extend(set.map(|(key, _)| FieldPath::Custom(key.as_str().into())));
                }
                Field::Clear => paths.extend(self.clear.iter().map(|field| FieldPath::Clear(*field))),
                _ => paths.push(FieldPath::Field(field)),
            }
        }
        paths
    }

    /// The position of the address that is sent to a vendor that holds only one: the one marked default, else the first
    /// that is not empty.
    #[must_use]
    pub fn main_address(&self) -> Option<usize> {
        let filled = |address: &Address| !address.is_empty();
        self.addresses.iter().position(|a| a.default && filled(a)).or_else(|| self.addresses.iter().position(filled))
    }
}

fn consent_paths(paths: &mut Vec<FieldPath>, channel: Channel, consent: Option<&Consent>) {
    if let Some(consent) = consent {
        let set = ConsentField::ALL.iter().filter(|field| consent.is_set(**field));
        paths.extend(set.map(|field| FieldPath::Consent(channel, *field)));
    }
}

/// Shows which fields are set, and no value: a stray `{:?}` writes no personal data to a log.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Customer ")?;
        f.debug_set().entries(self.set_fields().iter().map(Field::as_str)).finish()
    }
}
