//! Compares a record with what the vendor holds, and selects what an update writes. Pure.

use std::borrow::Cow;

use super::config::TagPolicy;
use super::request::{AddressInput, Change, CustomerInput, EXTERNAL_ID_KEY, Metadata, MetadataValue};
use super::response::CustomerRecord;
use super::to_vendor::Wanted;
use crate::client::RawJson;
use crate::client::addresses::same_text;
use crate::client::json::scalar::Scalar;
use crate::customer::{Decimal, Field, Phone};

/// The update, and what had to be left out of it.
pub(super) struct Update<'a> {
    pub(super) input: CustomerInput<'a>,
    /// The vendor's tags are not known, so that sending these could remove others.
    pub(super) tags_left_out: bool,
    /// The vendor's metadata is not known, so that sending this could remove other keys.
    pub(super) metadata_left_out: bool,
}

/// Whether `echo` shows everything that an update would have to be compared with.
pub(super) fn shows_enough(wanted: &CustomerInput<'_>, echo: &CustomerRecord) -> bool {
    (wanted.first_name.is_leave() || echo.first_name.is_some())
        && (wanted.last_name.is_leave() || echo.last_name.is_some())
        && (wanted.phone.is_leave() || echo.phone.is_some())
        && (wanted.tags.is_leave() || echo.tags.is_some())
        && (wanted.address.is_leave() || echo.address.is_some() || echo.addresses.is_some())
        && (wanted.metadata.is_leave() || echo.metadata.is_some())
        && (wanted.date_of_birth.is_leave() || echo.date_of_birth.is_some())
        && (wanted.email_consent.is_leave() || echo.email_consent.is_some())
        && (wanted.sms_consent.is_leave() || echo.sms_consent.is_some())
}

/// What is known of the record that the vendor holds.
pub(super) struct Held<'a> {
    pub(super) record: &'a CustomerRecord,
    /// What it does not show is not there.
    pub(super) is_whole: bool,
    /// The same for tags and metadata.
    pub(super) missing_means_empty: bool,
}

/// Compares.
pub(super) fn update<'a>(
    all: &'a CustomerInput<'a>,
    wanted: &Wanted<'_>,
    held: &Held<'a>,
    policy: TagPolicy,
) -> Update<'a> {
    let Held { record: held, is_whole: whole, missing_means_empty } = *held;
    // The vendor would lose what it did not show.
    let unknown = !whole || !missing_means_empty;
    let unknown_tags = unknown && held.tags.is_none() && policy == TagPolicy::Union && !wanted.clears(Field::Tags);
    let unknown_metadata = unknown && held.metadata.is_none();
    Update {
        input: CustomerInput {
            email: Change::Leave,
            first_name: text(&all.first_name, held.first_name.as_deref(), whole, same_name),
            last_name: text(&all.last_name, held.last_name.as_deref(), whole, same_name),
            phone: text(&all.phone, held.phone.as_deref(), whole, same_phone),
            tags: if unknown_tags { Change::Leave } else { tags(&all.tags, held, policy, wanted.clears(Field::Tags)) },
            address: address(&all.address, held, whole),
            metadata: if unknown_metadata {
                Change::Leave
            } else {
                metadata(&all.metadata, held, wanted.clears(Field::Custom))
            },
            date_of_birth: text(&all.date_of_birth, held.date_of_birth.as_deref(), whole, same_day),
            email_consent: flag(&all.email_consent, held.email_consent),
            sms_consent: flag(&all.sms_consent, held.sms_consent),
        },
        tags_left_out: unknown_tags && !all.tags.is_leave(),
        metadata_left_out: unknown_metadata && !all.metadata.is_leave(),
    }
}

fn text<'a>(
    wanted: &'a Change<Cow<'_, str>>,
    held: Option<&str>,
    whole: bool,
    same: fn(&str, &str) -> bool,
) -> Change<Cow<'a, str>> {
    match wanted {
        Change::Set(value) if !held.is_some_and(|held| same(held, value)) => Change::Set(Cow::Borrowed(value)),
        Change::Clear if held.map_or(!whole, |held| !held.trim().is_empty()) => Change::Clear,
        _ => Change::Leave,
    }
}

fn flag(wanted: &Change<bool>, held: Option<bool>) -> Change<bool> {
    if wanted.value().is_some_and(|wanted| held == Some(*wanted)) { Change::Leave } else { wanted.clone() }
}

pub(super) fn same_name(held: &str, wanted: &str) -> bool {
    held.trim() == wanted.trim()
}

/// A day may be shown with a time behind it.
pub(super) fn same_day(held: &str, wanted: &str) -> bool {
    held.trim().strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['T', ' ']))
}

/// Compares numbers by their digits: the vendor's own code keeps nothing else (seen).
pub(super) fn same_phone(held: &str, wanted: &str) -> bool {
    if held.trim() == wanted.trim() {
        return true;
    }
    let digits = |text: &str| -> String {
        match Phone::new(text).e164() {
            Ok(number) => number.digits().to_owned(),
            Err(_) => text.chars().filter(char::is_ascii_digit).collect(),
        }
    };
    let held = digits(held);
    !held.is_empty() && held == digits(wanted)
}

fn tags<'a>(
    wanted: &'a Change<Vec<Cow<'_, str>>>,
    held: &'a CustomerRecord,
    policy: TagPolicy,
    clear: bool,
) -> Change<Vec<Cow<'a, str>>> {
    let Change::Set(wanted) = wanted else { return Change::Leave };
    let held = held.tags.as_deref().unwrap_or_default();
    let is_held = |tag: &Cow<'_, str>| held.iter().any(|h| h.trim() == tag.trim());
    let is_wanted = |tag: &String| wanted.iter().any(|w| w.trim() == tag.trim());
    let mut missing = wanted.iter().filter(|tag| !is_held(tag)).map(|tag| Cow::Borrowed(tag.as_ref())).peekable();
    match policy {
        TagPolicy::Union if !clear => {
            if missing.peek().is_none() {
                return Change::Leave;
            }
            Change::Set(held.iter().map(|tag| Cow::Borrowed(tag.as_str())).chain(missing).collect())
        }
        _ if missing.peek().is_none() && held.iter().all(is_wanted) => Change::Leave,
        _ => Change::Set(wanted.iter().map(|tag| Cow::Borrowed(tag.as_ref())).collect()),
    }
}

/// The address is sent whole where any part differs, with the vendor's parts where the record has none. Only `line2`
/// goes with its `line1`: the flat of the old house is not one of the new.
fn address<'a>(wanted: &'a Change<AddressInput<'_>>, held: &CustomerRecord, whole: bool) -> Change<AddressInput<'a>> {
    let held = held.main_address();
    let wanted = match wanted {
        Change::Set(wanted) => wanted,
        Change::Clear if held.as_ref().map_or(!whole, |held| !held.is_blank()) => return Change::Clear,
        Change::Clear | Change::Leave => return Change::Leave,
    };
    let held = held.unwrap_or_default();
    let pairs = [
        (&wanted.line1, &held.line1),
        (&wanted.line2, &held.line2),
        (&wanted.city, &held.city),
        (&wanted.state, &held.state),
        (&wanted.postal_code, &held.postal_code),
        (&wanted.country, &held.country),
    ];
    if pairs.iter().all(|(ours, theirs)| ours.is_none() || same_text(ours.as_deref(), theirs.as_deref())) {
        return Change::Leave;
    }
    let same_house = wanted.line1.is_none() || same_text(wanted.line1.as_deref(), held.line1.as_deref());
    let part = |ours: &'a Option<Cow<'_, str>>, theirs: Option<String>| -> Option<Cow<'a, str>> {
        let theirs = theirs.filter(|text| !text.trim().is_empty());
        ours.as_deref().map(Cow::Borrowed).or_else(|| theirs.map(Cow::Owned))
    };
    Change::Set(AddressInput {
        line1: part(&wanted.line1, held.line1),
        line2: part(&wanted.line2, held.line2.filter(|_| same_house)),
        city: part(&wanted.city, held.city),
        state: part(&wanted.state, held.state),
        postal_code: part(&wanted.postal_code, held.postal_code),
        country: part(&wanted.country, held.country),
    })
}

/// The vendor's map with the wanted values in it. Where custom values are to be cleared, only the external id stays.
fn metadata<'a>(wanted: &'a Change<Metadata<'a>>, held: &'a CustomerRecord, clear: bool) -> Change<Metadata<'a>> {
    let Change::Set(wanted) = wanted else { return Change::Leave };
    let of = |key: &str| wanted.0.iter().find(|(k, _)| k == key).map(|(_, value)| value);
    let theirs = held.metadata.as_ref();
    let stays = |key: &str| !clear || key == EXTERNAL_ID_KEY;
    let holds = |key: &str, value: &MetadataValue<'_>| {
        theirs.and_then(|map| map.get(key)).is_some_and(|held| same_value(held, value))
    };
    let all_there = wanted.0.iter().all(|(key, value)| holds(key, value));
    let nothing_else = theirs.is_none_or(|map| map.keys().all(|key| stays(key)));
    if all_there && nothing_else {
        return Change::Leave;
    }
    let kept = theirs.into_iter().flatten().filter(|(key, _)| stays(key) && of(key).is_none());
    let kept = kept.map(|(key, value)| (Cow::Borrowed(key.as_str()), MetadataValue::Json(value)));
    let ours = wanted.0.iter().map(|(key, value)| (Cow::Borrowed(key.as_ref()), value.clone()));
    Change::Set(Metadata(kept.chain(ours).collect()))
}

pub(super) fn same_value(held: &RawJson, wanted: &MetadataValue<'_>) -> bool {
    match wanted {
        MetadataValue::Json(raw) => raw.as_str() == held.as_str(),
        MetadataValue::Text(text) => match serde_json::from_str(held.as_str()) {
            Ok(Scalar::Text(held)) => held == *text,
            // Numbers and booleans that another program wrote, by their own digits.
            Ok(Scalar::Number | Scalar::Bool(_)) => held.as_str() == *text,
            _ => false,
        },
        // A vendor that keeps all as text is not written to for ever.
        MetadataValue::Bool(value) => {
            matches!(held.as_str().trim_matches('"'), "true" if *value)
                || matches!(held.as_str().trim_matches('"'), "false" if !*value)
        }
        MetadataValue::Number(number) => {
            held.as_str().trim_matches('"').parse::<Decimal>().is_ok_and(|held| held.same_value(*number))
        }
    }
}
