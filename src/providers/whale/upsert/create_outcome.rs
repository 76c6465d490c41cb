//! Classifies the answer to a create as a new or an existing customer. The vendor documents no sign of it, so that several
//! signs are weighed. Pure.

use chrono::{DateTime, TimeDelta};

use super::super::diff::{same_name, same_phone};
use super::super::request::CustomerInput;
use super::super::response::{CustomerRecord, read_customer};
use crate::client::HttpResponse;

/// The answer to a create.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CreateOutcome {
    /// The customer that the vendor returned: the new one, the one with this e-mail address, or **another person** with
    /// the same phone number (seen in the vendor's code). None where the body could not be read. Compare the e-mail
    /// address before you write to them.
    pub customer: Option<CustomerRecord>,
    /// Whether the customer is new. True rests on the status 201 (see
    /// [`Assumptions::trust_created_status`](crate::providers::whale::Assumptions::trust_created_status)), a flag of the
    /// answer, or, after an attempt whose answer got lost, on a creation time since the call began. False rests on a
    /// flag, orders, an older creation time, or values that differ from those sent. None: neither is certain.
    pub is_new: Option<bool>,
}

/// A record that was created longer than this before the answer, by the vendor's own clock, was there before.
const OLD: TimeDelta = TimeDelta::seconds(60);

/// What an answer that holds the customer shows.
#[derive(Default)]
pub(in super::super) struct CreateAnswer {
    pub(in super::super) record: Option<CustomerRecord>,
    /// The status is 201, as the vendor documents it for creates of sibling resources.
    has_created_status: bool,
    /// How long before the answer the record was created, by the vendor's own clock: ours may be wrong.
    age: Option<TimeDelta>,
}

/// What the call knows beside the answer.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Circumstances {
    /// An earlier attempt of the call may have created the record.
    pub(in super::super) is_repeat: bool,
    /// The record was created since the call began, by the vendor's own clock.
    pub(in super::super) created_since_start: bool,
    /// A 201 means a new customer.
    pub(in super::super) trusts_status: bool,
}

impl CreateAnswer {
    pub(in super::super) fn read(response: &HttpResponse) -> Option<Self> {
        let record = read_customer(response);
        let created_at = record.as_ref().and_then(|record| record.created_at);
        let date = response.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let age = date.zip(created_at).map(|(date, created_at)| date.signed_duration_since(created_at));
        Some(Self { record, has_created_status: response.status.as_u16() == 201, age })
    }

    /// Whether the answer claims that the create made the customer.
    pub(in super::super) fn claims_new(&self) -> bool {
        let says_created = |record: &CustomerRecord| record.created == Some(true) && record.existing != Some(true);
        self.has_created_status || self.record.as_ref().is_some_and(says_created)
    }

    /// Whether the customer is new; none where neither is certain.
    pub(in super::super) fn is_new(&self, sent: &CustomerInput<'_>, circumstances: Circumstances) -> Option<bool> {
        let record = self.record.as_ref()?;
        let has_spent = record.total_spent.is_some_and(|spent| !spent.same_value(0i64.into()));
        if record.last_order_at.is_some() || record.total_orders.is_some_and(|orders| orders > 0) || has_spent {
            return Some(false);
        }
        let is_old = self.age.is_some_and(|age| age > OLD);
        if circumstances.is_repeat {
            // What the answer claims may be about the earlier attempt: only the creation time counts.
            return match circumstances.created_since_start {
                true => (!differs(record, sent)).then_some(true),
                false => is_old.then_some(false),
            };
        }
        let says_existing = record.created == Some(false)
            || record.existing == Some(true)
            || record.duplicate_found == Some(true)
            || record.existing_customer_id.is_some();
        if says_existing || is_old {
            return Some(false);
        }
        if differs(record, sent) {
            // A new record that the vendor rewrote, or a known one: against the status, the sign is not enough.
            return (!self.claims_new()).then_some(false);
        }
        let is_certain = circumstances.trusts_status || record.created == Some(true);
        (is_certain && self.claims_new()).then_some(true)
    }
}

/// Whether names, phone, tags or consent of the record are not those that were sent.
fn differs(record: &CustomerRecord, sent: &CustomerInput<'_>) -> bool {
    let text = |held: &Option<String>, sent: Option<&str>, same: fn(&str, &str) -> bool| {
        held.as_deref().zip(sent).is_some_and(|(held, sent)| !same(held, sent))
    };
    let flag = |held: Option<bool>, sent: Option<&bool>| held.zip(sent).is_some_and(|(held, sent)| held != *sent);
    let tags = record.tags.as_ref().zip(sent.tags.value()).is_some_and(|(held, sent)| {
        held.len() != sent.len() || sent.iter().any(|tag| !held.iter().any(|held| held.trim() == tag.trim()))
    });
    tags || text(&record.first_name, sent.first_name.value().map(AsRef::as_ref), same_name)
        || text(&record.last_name, sent.last_name.value().map(AsRef::as_ref), same_name)
        || text(&record.phone, sent.phone.value().map(AsRef::as_ref), same_phone)
        || flag(record.email_consent, sent.email_consent.value())
        || flag(record.sms_consent, sent.sms_consent.value())
}

#[cfg(test)]
mod tests {
    use super::super::super::request::Change;
    use super::*;
    use http::StatusCode;

    /// The classification with trust in the status. The call began at 10:00:00 by the vendor's clock.
    fn classified(status: u16, body: &str, is_repeat: bool) -> Option<bool> {
        let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.to_owned());
        response.headers.insert("date", "Tue, 10 Mar 2026 10:00:30 GMT".parse().unwrap());
        let sent = CustomerInput {
            first_name: Change::Set("Sarah".into()),
            email_consent: Change::Set(false),
            ..CustomerInput::default()
        };
        let answer = CreateAnswer::read(&response).unwrap();
        let record = answer.record.as_ref().unwrap();
        let began: DateTime<chrono::Utc> = "2026-03-10T10:00:00Z".parse().unwrap();
        let created_since_start = record.created_at.is_some_and(|at| at >= began);
        let of = |trusts_status| answer.is_new(&sent, Circumstances { is_repeat, created_since_start, trusts_status });
        let (untrusted, trusted) = (of(false), of(true));
        // Without trust in the status only a flag, or the time after a lost attempt, makes a new customer of it.
        if untrusted != trusted {
            assert_eq!((untrusted, trusted), (None, Some(true)), "{body}");
            assert_eq!((status, record.created, is_repeat), (201, None, false), "{body}");
        } else if trusted == Some(true) {
            assert!(is_repeat || record.created == Some(true), "{body}");
        }
        trusted
    }

    #[test]
    fn every_sign_counts_as_documented() {
        const FRESH: &str = r#""created_at":"2026-03-10T10:00:00.000Z""#;
        const SECONDS_BEFORE: &str = r#""created_at":"2026-03-10T09:59:55.000Z""#;
        const HOUR_BEFORE: &str = r#""created_at":"2026-03-10T09:00:00.000Z""#;
        let (new, existing, unknown) = (Some(true), Some(false), None);
        for (status, extra, is_repeat, expected) in [
            (201, FRESH, false, new),
            (201, SECONDS_BEFORE, false, new),
            (201, r#""first_name":" Sarah ","total_orders":0,"total_spent":0"#, false, new),
            (200, FRESH, false, unknown),
            (200, r#""x":"x""#, false, unknown),
            (200, r#""created":true"#, false, new),
            (201, FRESH, true, new),
            (201, r#""x":"x""#, true, unknown),
            (201, SECONDS_BEFORE, true, unknown),
            (200, FRESH, true, new),
            (200, r#""created_at":"2026-03-10T10:00:00.000Z","existing":true"#, true, new),
            (200, r#""created_at":"2026-03-10T10:00:00.000Z","first_name":"Sara""#, true, unknown),
            (200, r#""existing":true"#, true, unknown),
            (200, r#""first_name":"Sara""#, true, unknown),
            (200, HOUR_BEFORE, true, existing),
            (201, HOUR_BEFORE, true, existing),
            (200, r#""total_orders":1"#, true, existing),
            (201, r#""created_at":"2025-06-15T09:00:00.000Z""#, false, existing),
            (201, r#""total_orders":1"#, false, existing),
            (201, r#""total_spent":"0.01""#, false, existing),
            (201, r#""last_order_at":"2026-03-08T14:30:00Z""#, false, existing),
            (201, r#""duplicate_found":true"#, false, existing),
            (200, r#""first_name":"Sara""#, false, existing),
            (201, r#""first_name":"Sara""#, false, unknown),
            (201, r#""email_consent":true"#, false, unknown),
            (201, r#""email_consent":false"#, false, new),
            (201, r#""existing_customer_id":"x""#, false, existing),
        ] {
            let body = format!(r#"{{"id":"c",{extra}}}"#);
            assert_eq!(classified(status, &body, is_repeat), expected, "{status} {extra} {is_repeat}");
        }
    }
}
