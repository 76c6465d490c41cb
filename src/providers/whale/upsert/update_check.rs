//! Compares the vendor's answer to an update with what was sent: a 200 alone does not show that each field was applied.
//! Pure.

use std::borrow::Cow;

use super::super::diff::{same_day, same_phone, same_value};
use super::super::request::{Change, CustomerInput, EXTERNAL_ID_KEY, MetadataValue};
use super::super::response::CustomerRecord;
use crate::customer::{Channel, ConsentField, Field, FieldPath};
use crate::plan::note::{Note, NoteAction, NoteReason};

const OTHER_VALUE: &str = "the vendor's answer shows another value than the one that was sent";
const STILL_THERE: &str = "the vendor's answer still shows a value";
const STILL_YES: &str = "the vendor's answer still shows consent: the opt-out was not applied";

/// A note for each field that the answer shows otherwise. What it does not show is not judged, and neither are parts of
/// an address, which vendors write in forms of their own. `clears_custom` says that other keys of the metadata were to go.
pub(super) fn fields_not_applied(sent: &CustomerInput<'_>, shown: &CustomerRecord, clears_custom: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note =
        |path: FieldPath, detail| notes.push(Note::new(path, NoteAction::Dropped, NoteReason::Invalid, detail));
    for (field, sent, shown, same) in [
        (Field::FirstName, &sent.first_name, &shown.first_name, same_name as fn(&str, &str) -> bool),
        (Field::LastName, &sent.last_name, &shown.last_name, same_name),
        (Field::Phone, &sent.phone, &shown.phone, same_phone),
        (Field::Birthday, &sent.date_of_birth, &shown.date_of_birth, same_day),
    ] {
        match (sent, shown.as_deref().map(str::trim)) {
            (Change::Set(sent), Some(shown)) if !same(shown, sent) => note(field.into(), OTHER_VALUE),
            (Change::Clear, Some(shown)) if !shown.is_empty() => note(FieldPath::Clear(field), STILL_THERE),
            _ => {}
        }
    }
    if let (Change::Set(sent), Some(shown)) = (&sent.tags, &shown.tags) {
        if sent.is_empty() && !shown.is_empty() {
            note(FieldPath::Clear(Field::Tags), STILL_THERE);
        } else if !same_tags(sent, shown) {
            note(Field::Tags.into(), OTHER_VALUE);
        }
    }
    if matches!(sent.address, Change::Clear) && shown.main_address().is_some_and(|address| !address.is_blank()) {
        note(FieldPath::Clear(Field::Addresses), STILL_THERE);
    }
    if let (Change::Set(sent), Some(shown)) = (&sent.metadata, &shown.metadata) {
        let is_lost = |(key, value): &&(Cow<'_, str>, MetadataValue<'_>)| {
            // What the vendor held before was sent along, and is its own.
            !matches!(value, MetadataValue::Json(_))
                && !shown.get(key.as_ref()).is_some_and(|shown| same_value(shown, value))
        };
        let lost: Vec<_> = sent.0.iter().filter(is_lost).collect();
        if lost.iter().any(|(key, _)| key == EXTERNAL_ID_KEY) {
            note(Field::ExternalId.into(), OTHER_VALUE);
        }
        if lost.iter().any(|(key, _)| key != EXTERNAL_ID_KEY) {
            note(Field::Custom.into(), OTHER_VALUE);
        }
        if clears_custom && shown.keys().any(|key| !sent.0.iter().any(|(sent, _)| sent == key)) {
            note(FieldPath::Clear(Field::Custom), STILL_THERE);
        }
    }
    for (channel, sent, shown) in [
        (Channel::Email, &sent.email_consent, shown.email_consent),
        (Channel::Sms, &sent.sms_consent, shown.sms_consent),
    ] {
        let path = FieldPath::Consent(channel, ConsentField::State);
        match (sent.value(), shown) {
            (Some(false), Some(true)) => note(path, STILL_YES),
            (Some(true), Some(false)) => note(path, OTHER_VALUE),
            _ => {}
        }
    }
    notes
}

/// Without case: vendors write names in forms of their own.
fn same_name(shown: &str, sent: &str) -> bool {
    shown.trim().to_lowercase() == sent.trim().to_lowercase()
}

/// In any order, and without case.
fn same_tags(sent: &[Cow<'_, str>], shown: &[String]) -> bool {
    sent.iter().all(|tag| shown.iter().any(|other| same_name(other, tag)))
        && shown.iter().all(|tag| sent.iter().any(|other| same_name(other, tag)))
}

#[cfg(test)]
mod tests {
    use super::super::super::request::Metadata;
    use super::*;

    fn paths(sent: &CustomerInput<'_>, shown: &str) -> Vec<String> {
        let shown: CustomerRecord = serde_json::from_str(shown).unwrap();
        fields_not_applied(sent, &shown, true).iter().map(|note| note.path().to_string()).collect()
    }

    #[test]
    fn only_what_is_shown_otherwise_is_noted() {
        let sent = CustomerInput {
            first_name: Change::Set("Nora".into()),
            last_name: Change::Clear,
            phone: Change::Set("+15550100100".into()),
            tags: Change::Set(vec!["VIP".into(), "a".into()]),
            address: Change::Clear,
            metadata: Change::Set(Metadata(vec![
                ("external_id".into(), MetadataValue::Text("7".into())),
                ("flag".into(), MetadataValue::Bool(true)),
            ])),
            date_of_birth: Change::Set("1990-02-14".into()),
            email_consent: Change::Set(false),
            sms_consent: Change::Set(true),
            ..CustomerInput::default()
        };
        let none: [&str; 0] = [];
        for fine in [
            "{}",
            r#"{"first_name":null,"last_name":null,"tags":["A","vip"],"metadata":{"external_id":7,"flag":"true"}}"#,
            r#"{"first_name":" NORA ","last_name":" ","phone":"1 (555) 010-0100","email_consent":false,"sms_consent":1}"#,
            r#"{"address":{"line1":""},"city":" ","date_of_birth":"1990-02-14T00:00:00Z"}"#,
        ] {
            assert_eq!(paths(&sent, fine), none, "{fine}");
        }
        for (shown, path) in [
            (r#"{"first_name":"Norah"}"#, "first_name"),
            (r#"{"last_name":"Lind"}"#, "clear.last_name"),
            (r#"{"phone":"555"}"#, "phone"),
            (r#"{"date_of_birth":"1990-02-15"}"#, "birthday"),
            (r#"{"tags":["vip"]}"#, "tags"),
            (r#"{"tags":["vip","a","b"]}"#, "tags"),
            (r#"{"city":"Testville"}"#, "clear.addresses"),
            (r#"{"metadata":{"flag":true}}"#, "external_id"),
            (r#"{"metadata":{"external_id":"7","flag":false}}"#, "custom"),
            (r#"{"metadata":{"external_id":"7","flag":true,"old":1}}"#, "clear.custom"),
            (r#"{"email_consent":true}"#, "email_marketing.state"),
            (r#"{"sms_consent":false}"#, "sms_marketing.state"),
        ] {
            assert_eq!(paths(&sent, shown), [path], "{shown}");
        }
        let cleared = CustomerInput { tags: Change::Set(vec![]), ..CustomerInput::default() };
        assert_eq!(paths(&cleared, r#"{"tags":["a"]}"#), ["clear.tags"]);
    }
}
