//! A customer of the vendor's in normalized form. Pure.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

use super::response::{AddressRecord, CustomerRecord};
use crate::customer::time::parse_rfc3339;
use crate::customer::{AccountState, Address, Channel, Consent, ConsentState, Customer, Gender, is_blank, text};

/// A time of the vendor: with an offset; without a zone, which is UTC (seen); or a date. None where it is neither.
fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    let zoneless = || {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    parse_rfc3339(text).or_else(|| zoneless().or_else(date).map(|at| at.and_utc().fixed_offset()))
}

impl CustomerRecord {
    /// What is known of the consent on a channel. The channel's own word decides; the shop's flag counts where it is a
    /// no and there is no word, since a yes of the flag alone is no consent (documented: more decides).
    #[must_use]
    pub fn consent(&self, channel: Channel) -> Option<Consent> {
        let (flag, held) = match channel {
            Channel::Email => (self.accepts_email_marketing, self.channels.as_ref().and_then(|c| c.email.as_ref())),
            Channel::Sms => (self.accepts_sms_marketing, self.channels.as_ref().and_then(|c| c.sms.as_ref())),
        };
        let marketing = held.and_then(|held| held.marketing.as_ref());
        let word = marketing.and_then(|m| m.consent.as_deref()).map(|word| word.trim().to_ascii_lowercase());
        let state = match word.as_deref() {
            Some("subscribed") => ConsentState::Subscribed,
            Some("unsubscribed") => ConsentState::Unsubscribed,
            Some("never_subscribed") => ConsentState::NotSubscribed,
            _ if flag == Some(false) => return Some(Consent::new(ConsentState::Unsubscribed)),
            _ => return None,
        };
        let mut consent = Consent::new(state);
        consent.source = marketing.and_then(|m| m.subscription_source.clone()).filter(|source| !is_blank(source));
        consent.updated_at = marketing.and_then(|m| m.timestamp.as_deref()).and_then(time);
        Some(consent)
    }
}

impl From<&CustomerRecord> for Customer {
    fn from(record: &CustomerRecord) -> Self {
        let mut customer = Self::new();
        customer.external_id = filled(&record.external_id);
        customer.email = filled(&record.email).map(Into::into);
        customer.phone = filled(&record.phone_number).map(Into::into);
        customer.first_name = filled(&record.first_name);
        customer.last_name = filled(&record.last_name);
        customer.gender = record.gender.as_deref().and_then(|word| match word.trim().to_ascii_lowercase().as_str() {
            "f" | "female" => Some(Gender::Female),
            "m" | "male" => Some(Gender::Male),
            "other" => Some(Gender::Other),
            _ => None,
        });
        customer.created_at = record.account_created_at.as_deref().and_then(time);
        customer.updated_at = record.account_updated_at.as_deref().and_then(time);
        customer.account_state = record
            .account_status
            .as_deref()
            .and_then(|word| AccountState::from_word(word.trim().to_ascii_lowercase().as_str()));
        customer.locale = filled(&record.default_language);
        customer.currency = filled(&record.default_currency);
        customer.tags.clone_from(&record.tags.0);
        let address = record.address.as_ref().map(Address::from);
        customer.addresses.extend(address.filter(|address| !address.is_empty()));
        customer.email_marketing = record.consent(Channel::Email);
        customer.sms_marketing = record.consent(Channel::Sms);
        customer.custom.clone_from(&record.custom_properties);
        customer
    }
}

impl From<&AddressRecord> for Address {
    /// The default address, since the vendor holds no other.
    fn from(record: &AddressRecord) -> Self {
        let mut address = Self::new().default_address();
        address.line1 = filled(&record.address1);
        address.line2 = filled(&record.address2);
        address.city = filled(&record.city);
        address.company = filled(&record.company);
        address.province = filled(&record.state);
        address.postal_code = filled(&record.zip);
        address.province_code = filled(&record.province_code);
        address.country_code = filled(&record.country_code);
        address.phone = filled(&record.phone_number).map(Into::into);
        address
    }
}

#[allow(clippy::ref_option)] // Called with a field's address.
fn filled(value: &Option<String>) -> Option<String> {
    text(value).map(str::to_owned)
}
