//! The field matrix: the treatment of each normalized field at a provider, as data that mapping, documentation and tests
//! share.

use std::fmt;

use crate::customer::{AddressField, Channel, ConsentField, Field, FieldSet};
use crate::plan::note::NoteReason;
use crate::provider::ProviderId;

/// A field of the normalized customer, without a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKey {
    /// A top-level field.
    Top(Field),
    /// A field of an address.
    Address(AddressField),
    /// A field of a consent.
    Consent(Channel, ConsentField),
}

/// How many fields there are.
const KEYS: usize = Field::ALL.len() + AddressField::ALL.len() + 2 * ConsentField::ALL.len();

impl FieldKey {
    /// The field's place among all fields.
    const fn index(self) -> usize {
        const CONSENTS: usize = Field::ALL.len() + AddressField::ALL.len();
        match self {
            Self::Top(field) => field as usize,
            Self::Address(field) => Field::ALL.len() + field as usize,
            Self::Consent(Channel::Email, field) => CONSENTS + field as usize,
            Self::Consent(Channel::Sms, field) => CONSENTS + ConsentField::ALL.len() + field as usize,
        }
    }
}

impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(field) => f.write_str(field.as_str()),
            Self::Address(field) => write!(f, "addresses[].{}", field.as_str()),
            Self::Consent(channel, field) => write!(f, "{}.{}", channel.field().as_str(), field.as_str()),
        }
    }
}

/// What a provider does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Treatment {
    /// It reaches the vendor with its meaning whole.
    Sent,
    /// It reaches the vendor, for some values with a narrower meaning.
    Narrowed,
    /// It does not reach the vendor.
    Dropped(NoteReason),
}

/// One row of a provider's field matrix.
#[derive(Clone, Copy, Debug)]
pub struct FieldRule {
    /// The normalized field.
    pub field: FieldKey,
    /// The vendor's key, or the place in the vendor's request, such as `address.city`. Empty where there is none.
    pub vendor_key: &'static str,
    /// The vendor's type and form, such as `string` or `00 and digits`.
    pub format: &'static str,
    /// The longest value in Unicode code points; 0 where no limit is documented.
    pub max: u16,
    /// The treatment.
    pub treatment: Treatment,
    /// What to know beside that: the text of the note where the field is dropped.
    pub note: &'static str,
}

impl FieldRule {
    /// A top-level field that is sent under `vendor_key`.
    #[must_use]
    pub const fn sent(field: Field, vendor_key: &'static str, format: &'static str) -> Self {
        Self { field: FieldKey::Top(field), vendor_key, format, max: 0, treatment: Treatment::Sent, note: "" }
    }

    /// A field of an address that is sent under `vendor_key`.
    #[must_use]
    pub const fn address(field: AddressField, vendor_key: &'static str, format: &'static str) -> Self {
        Self { field: FieldKey::Address(field), vendor_key, format, max: 0, treatment: Treatment::Sent, note: "" }
    }

    /// A field of a consent that is sent under `vendor_key`.
    #[must_use]
    pub const fn consent(
        channel: Channel,
        field: ConsentField,
        vendor_key: &'static str,
        format: &'static str,
    ) -> Self {
        Self {
            field: FieldKey::Consent(channel, field),
            vendor_key,
            format,
            max: 0,
            treatment: Treatment::Sent,
            note: "",
        }
    }

    /// A top-level field that the vendor does not have.
    #[must_use]
    pub const fn unsupported(field: Field, note: &'static str) -> Self {
        Self::dropped(FieldKey::Top(field), NoteReason::Unsupported, note)
    }

    /// A field of an address that the vendor does not have.
    #[must_use]
    pub const fn unsupported_address(field: AddressField, note: &'static str) -> Self {
        Self::dropped(FieldKey::Address(field), NoteReason::Unsupported, note)
    }

    /// A field of a consent that the vendor does not have.
    #[must_use]
    pub const fn unsupported_consent(channel: Channel, field: ConsentField, note: &'static str) -> Self {
        Self::dropped(FieldKey::Consent(channel, field), NoteReason::Unsupported, note)
    }

    /// A field that is not sent, for another reason than that the vendor does not have it.
    #[must_use]
    pub const fn dropped(field: FieldKey, reason: NoteReason, note: &'static str) -> Self {
        Self { field, vendor_key: "", format: "", max: 0, treatment: Treatment::Dropped(reason), note }
    }

    /// With a limit in Unicode code points.
    #[must_use]
    pub const fn max(mut self, max: u16) -> Self {
        self.max = max;
        self
    }

    /// With a note.
    #[must_use]
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// That is narrowed for some values.
    #[must_use]
    pub const fn narrowed(mut self, note: &'static str) -> Self {
        self.treatment = Treatment::Narrowed;
        self.note = note;
        self
    }
}

/// What one provider does with every normalized field.
#[derive(Clone, Copy, Debug)]
pub struct FieldMatrix {
    provider: ProviderId,
    rules: &'static [&'static FieldRule],
    /// The rows by the place of their field.
    by_field: [Option<&'static FieldRule>; KEYS],
    dropped: FieldSet,
    /// One bit for each address field that is dropped.
    dropped_address: u32,
    /// One bit for each consent field that is dropped, by channel.
    dropped_consent: [u8; 2],
}

impl FieldMatrix {
    /// The matrix of a provider.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // The table has a place for every field; matrices are made by the compiler.
    pub const fn new(provider: ProviderId, rules: &'static [&'static FieldRule]) -> Self {
        let mut dropped = FieldSet::EMPTY;
        let mut dropped_address = 0;
        let (mut email, mut sms) = (0, 0);
        let mut by_field = [None; KEYS];
        let mut rest = rules;
        while let [rule, tail @ ..] = rest {
            by_field[rule.field.index()] = Some(*rule);
            if let Treatment::Dropped(_) = rule.treatment {
                match rule.field {
                    FieldKey::Top(field) => dropped = dropped.with(field),
                    FieldKey::Address(field) => dropped_address |= 1 << field as u32,
                    FieldKey::Consent(Channel::Email, field) => email |= 1 << field as u8,
                    FieldKey::Consent(Channel::Sms, field) => sms |= 1 << field as u8,
                }
            }
            rest = tail;
        }
        Self { provider, rules, by_field, dropped, dropped_address, dropped_consent: [email, sms] }
    }

    /// The provider.
    #[must_use]
    pub const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The rows, in the order of the provider's own documentation.
    #[must_use]
    pub const fn rules(&self) -> &'static [&'static FieldRule] {
        self.rules
    }

    /// The row of a field.
    #[must_use]
    pub fn rule(&self, field: FieldKey) -> Option<&'static FieldRule> {
        self.by_field.get(field.index()).copied().flatten()
    }

    /// The top-level fields that never reach the vendor.
    pub(crate) const fn dropped(&self) -> FieldSet {
        self.dropped
    }

    /// Whether an address field never reaches the vendor.
    pub(crate) const fn drops_address(&self, field: AddressField) -> bool {
        self.dropped_address & (1 << field as u32) != 0
    }

    /// Whether any address field never reaches the vendor.
    pub(crate) const fn drops_address_fields(&self) -> bool {
        self.dropped_address != 0
    }

    /// Whether a consent field never reaches the vendor.
    pub(crate) const fn drops_consent(&self, channel: Channel, field: ConsentField) -> bool {
        let [email, sms] = self.dropped_consent;
        let bits = match channel {
            Channel::Email => email,
            Channel::Sms => sms,
        };
        bits & (1 << field as u8) != 0
    }

    /// Every field that a matrix has to cover.
    pub fn all_fields() -> impl Iterator<Item = FieldKey> {
        let containers = [Field::Addresses, Field::EmailMarketing, Field::SmsMarketing];
        let top = Field::ALL.iter().filter(move |f| !containers.contains(f)).map(|f| FieldKey::Top(*f));
        let address = AddressField::ALL.iter().map(|f| FieldKey::Address(*f));
        let consent = [Channel::Email, Channel::Sms]
            .into_iter()
            .flat_map(|channel| ConsentField::ALL.iter().map(move |f| FieldKey::Consent(channel, *f)));
        top.chain(address).chain(consent)
    }
}
