//! Names of the normalized customer's fields, and paths to places in it.

use std::fmt;
use std::sync::Arc;

macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $key:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = concat!("`", $key, "`")] $variant),+ }

        impl $name {
            /// Every field, in the order of the JSON form.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key in the JSON form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// The field of a key.
            #[must_use]
            pub fn from_key(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|field| field.as_str() == key)
            }
        }
    };
}

fields! {
    /// A top-level field of the normalized customer.
    Field {
        ExternalId = "external_id",
        Email = "email",
        Phone = "phone",
        FirstName = "first_name",
        LastName = "last_name",
        DisplayName = "display_name",
        Company = "company",
        Note = "note",
        Gender = "gender",
        Birthday = "birthday",
        Locale = "locale",
        Currency = "currency",
        Tags = "tags",
        TaxExempt = "tax_exempt",
        EmailVerified = "email_verified",
        AccountState = "account_state",
        SubscriptionState = "subscription_state",
        Addresses = "addresses",
        EmailMarketing = "email_marketing",
        SmsMarketing = "sms_marketing",
        OrdersCount = "orders_count",
        TotalSpent = "total_spent",
        LastOrderId = "last_order_id",
        CreatedAt = "created_at",
        UpdatedAt = "updated_at",
        Custom = "custom",
        Clear = "clear",
    }
}

fields! {
    /// A field of one address.
    AddressField {
        FirstName = "first_name",
        LastName = "last_name",
        Company = "company",
        Line1 = "line1",
        Line2 = "line2",
        District = "district",
        City = "city",
        Province = "province",
        ProvinceCode = "province_code",
        PostalCode = "postal_code",
        Country = "country",
        CountryCode = "country_code",
        Phone = "phone",
        Latitude = "latitude",
        Longitude = "longitude",
        Default = "default",
    }
}

fields! {
    /// A field of one consent.
    ConsentField {
        State = "state",
        OptInLevel = "opt_in_level",
        Source = "source",
        UpdatedAt = "updated_at",
    }
}

/// A channel that consent is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Channel {
    /// `email_marketing`
    Email,
    /// `sms_marketing`
    Sms,
}

impl Channel {
    /// The top-level field that holds this channel's consent.
    #[must_use]
    pub const fn field(self) -> Field {
        match self {
            Self::Email => Field::EmailMarketing,
            Self::Sms => Field::SmsMarketing,
        }
    }
}

/// A place in a customer, written like `email`, `addresses[0].city`, `tags[2]` or `custom.plan`.
///
/// A path to a container (`tags`, `addresses[1]`, `custom`) covers all under it that has no claim of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FieldPath {
    /// A top-level field, whole.
    Field(Field),
    /// One tag, by its position in the record.
    Tag(u32),
    /// One address, whole, by its position in the record.
    Address(u32),
    /// One field of an address.
    AddressField(u32, AddressField),
    /// One field of a consent.
    Consent(Channel, ConsentField),
    /// One custom value, by its key.
    Custom(Arc<str>),
    /// A request to blank a field.
    Clear(Field),
}

impl FieldPath {
    /// Whether a claim on `self` covers `leaf` as well.
    #[must_use]
    pub fn covers(&self, leaf: &FieldPath) -> bool {
        if self == leaf {
            return true;
        }
        match (self, leaf) {
            (Self::Field(Field::Tags), Self::Tag(_))
            | (Self::Field(Field::Addresses), Self::Address(_) | Self::AddressField(..))
            | (Self::Field(Field::Custom), Self::Custom(_))
            | (Self::Field(Field::Clear), Self::Clear(_)) => true,
            (Self::Field(field), Self::Consent(channel, _)) => *field == channel.field(),
            (Self::Address(a), Self::AddressField(b, _)) => a == b,
            _ => false,
        }
    }
}

impl From<Field> for FieldPath {
    fn from(field: Field) -> Self {
        Self::Field(field)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.as_str()),
            Self::Tag(index) => write!(f, "tags[{index}]"),
            Self::Address(index) => write!(f, "addresses[{index}]"),
            Self::AddressField(index, field) => write!(f, "addresses[{index}].{}", field.as_str()),
            Self::Consent(channel, field) => write!(f, "{}.{}", channel.field().as_str(), field.as_str()),
            Self::Custom(key) if is_plain_word(key) => write!(f, "custom.{key}"),
            Self::Custom(key) => write!(f, "custom[{}]", Quoted(key)),
            Self::Clear(field) => write!(f, "clear.{}", field.as_str()),
        }
    }
}

impl serde::Serialize for FieldPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a custom key needs no quotes in a path.
fn is_plain_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        f.write_str("\"")
    }
}

/// A set of top-level fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSet(u64);

impl FieldSet {
    /// The set with no field.
    pub const EMPTY: Self = Self(0);

    /// This set and `field`.
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | 1 << field as u64)
    }

    /// The set of these fields.
    #[must_use]
    pub const fn of(fields: &[Field]) -> Self {
        let mut set = Self::EMPTY;
        let mut rest = fields;
        while let [first, tail @ ..] = rest {
            set = set.with(*first);
            rest = tail;
        }
        set
    }

    /// Whether `field` is in the set.
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u64) != 0
    }

    /// The fields that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set has no field.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields of the set, in the order of the JSON form.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| self.contains(*field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_documented() {
        let cases = [
            (FieldPath::Field(Field::Email), "email"),
            (FieldPath::AddressField(0, AddressField::City), "addresses[0].city"),
            (FieldPath::Tag(2), "tags[2]"),
            (FieldPath::Custom("plan".into()), "custom.plan"),
            (FieldPath::Custom("a b".into()), r#"custom["a b"]"#),
            (FieldPath::Custom("q\"\\\n".into()), r#"custom["q\"\\\u000a"]"#),
            (FieldPath::Clear(Field::Note), "clear.note"),
            (FieldPath::Consent(Channel::Sms, ConsentField::OptInLevel), "sms_marketing.opt_in_level"),
        ];
        for (path, text) in cases {
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn a_container_covers_what_is_under_it_and_nothing_else() {
        assert!(FieldPath::Field(Field::Tags).covers(&FieldPath::Tag(4)));
        assert!(FieldPath::Address(1).covers(&FieldPath::AddressField(1, AddressField::City)));
        assert!(!FieldPath::Address(1).covers(&FieldPath::AddressField(2, AddressField::City)));
        assert!(!FieldPath::Field(Field::Email).covers(&FieldPath::Field(Field::Phone)));
        let consent = FieldPath::Consent(Channel::Email, ConsentField::State);
        assert!(FieldPath::Field(Field::EmailMarketing).covers(&consent));
        assert!(!FieldPath::Field(Field::SmsMarketing).covers(&consent));
    }

    #[test]
    fn every_field_fits_the_set() {
        let all = FieldSet::of(Field::ALL);
        assert_eq!(all.iter().count(), Field::ALL.len());
        assert!(Field::ALL.len() <= 32);
    }
}
