//! Whether a create made the customer or found one. The vendor documents no sign of it, so that signs are weighed. Pure.

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::diff::{same_name, same_phone};
use super::record::CustomerRecord;
use super::wire::CustomerInput;
use crate::client::HttpResponse;

/// What a create did, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The customer is new.
    Created,
    /// The customer was there, and presumably is as before (inferred).
    Existing,
    /// Nobody can tell.
    Unknown,
}

/// A sign that a [`Disposition`] rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The status is 201, as the vendor documents it for creates of sibling resources.
    StatusCreated,
    /// The answer has a flag that says new.
    SaysCreated,
    /// The answer has a flag that says known, or the id of a known customer.
    SaysExisting,
    /// The customer has orders, or spent money.
    HasOrders,
    /// Names, phone, tags or consent of the answer are not those that were sent.
    FieldsDiffer,
    /// The record was made more than 60 seconds before the answer, by the server's own clock.
    Older,
    /// The record was made within 60 seconds of the answer, by the server's own clock.
    Fresh,
    /// An attempt before had got lost, and may have made the record.
    AttemptLost,
    /// The vendor refused the create as a duplicate of this record. Only an upsert goes on from there; of a native create
    /// it is an error.
    Refused,
}

/// The answer to a create.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreateOutcome {
    /// The customer that the vendor returned: the new one, the one with this e-mail address, or **another person** with
    /// the same phone number (seen in the vendor's code). None where the body could not be read. Compare the e-mail
    /// address before anything is written to them.
    pub customer: Option<CustomerRecord>,
    /// Whether the customer is new.
    pub disposition: Disposition,
    /// What that rests on.
    pub evidence: Vec<Evidence>,
}

/// Weighs the signs. `lost` says that an earlier attempt ended in doubt, and `trusted` that a 201 means a new customer.
pub(super) fn weigh(
    response: &HttpResponse,
    record: &CustomerRecord,
    sent: &CustomerInput<'_>,
    lost: bool,
    trusted: bool,
) -> (Disposition, Vec<Evidence>) {
    use Evidence as E;
    let mut evidence = Vec::with_capacity(4);
    let mut add = |is: bool, sign| {
        if is {
            evidence.push(sign);
        }
    };
    add(response.status.as_u16() == 201, E::StatusCreated);
    add(record.created == Some(true) && record.existing != Some(true), E::SaysCreated);
    add(
        record.created == Some(false)
            || record.existing == Some(true)
            || record.duplicate_found == Some(true)
            || record.existing_customer_id.is_some(),
        E::SaysExisting,
    );
    let spent = record.total_spent.is_some_and(|spent| !spent.same_value(0i64.into()));
    add(record.last_order_at.is_some() || record.total_orders.is_some_and(|n| n > 0) || spent, E::HasOrders);
    add(differ(record, sent), E::FieldsDiffer);
    if let Some(age) = age(response, record.created_at) {
        add(age > TimeDelta::seconds(60), E::Older);
        add(age <= TimeDelta::seconds(60), E::Fresh);
    }
    add(lost, E::AttemptLost);
    let has = |sign| evidence.contains(&sign);
    let hints_new = has(E::StatusCreated) || has(E::SaysCreated);
    let says_new = has(E::SaysCreated) || (trusted && hints_new);
    let disposition = if has(E::SaysExisting) || has(E::HasOrders) || has(E::Older) {
        Disposition::Existing
    } else if has(E::FieldsDiffer) {
        // A new record that the vendor rewrote, or a known one: against the status, the sign is not enough.
        if hints_new { Disposition::Unknown } else { Disposition::Existing }
    } else if says_new && (!lost || has(E::Fresh)) {
        Disposition::Created
    } else {
        Disposition::Unknown
    };
    (disposition, evidence)
}

/// How long before the answer the record was made, by the server's own clock: ours may be wrong.
fn age(response: &HttpResponse, created_at: Option<DateTime<FixedOffset>>) -> Option<TimeDelta> {
    let date = DateTime::parse_from_rfc2822(response.header("date")?).ok()?;
    Some(date.signed_duration_since(created_at?))
}

fn differ(record: &CustomerRecord, sent: &CustomerInput<'_>) -> bool {
    let text = |held: &Option<String>, sent: Option<&str>, same: fn(&str, &str) -> bool| match (held.as_deref(), sent) {
        (Some(held), Some(sent)) => !same(held, sent),
        _ => false,
    };
    text(&record.first_name, sent.first_name.value().map(AsRef::as_ref), same_name)
        || text(&record.last_name, sent.last_name.value().map(AsRef::as_ref), same_name)
        || text(&record.phone, sent.phone.value().map(AsRef::as_ref), same_phone)
        || match (&record.tags, sent.tags.value()) {
            (Some(held), Some(sent)) => {
                held.len() != sent.len() || sent.iter().any(|tag| !held.iter().any(|held| held.trim() == tag.trim()))
            }
            _ => false,
        }
        || flag(record.email_consent, sent.email_consent.value())
        || flag(record.sms_consent, sent.sms_consent.value())
}

fn flag(held: Option<bool>, sent: Option<&bool>) -> bool {
    held.zip(sent).is_some_and(|(held, sent)| held != *sent)
}

#[cfg(test)]
mod tests {
    use super::super::wire::Change;
    use super::*;
    use http::StatusCode;

    fn weighed(status: u16, body: &str, lost: bool) -> Disposition {
        let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), "");
        response.headers.insert("date", "Tue, 10 Mar 2026 10:00:30 GMT".parse().unwrap());
        let sent = CustomerInput {
            first_name: Change::Set("Sarah".into()),
            email_consent: Change::Set(false),
            ..CustomerInput::default()
        };
        let record = serde_json::from_str(body).unwrap();
        let untrusted = weigh(&response, &record, &sent, lost, false).0;
        let trusted = weigh(&response, &record, &sent, lost, true).0;
        // Without trust in the status only a flag makes a new customer of it.
        if untrusted != trusted {
            assert_eq!((untrusted, trusted), (Disposition::Unknown, Disposition::Created), "{body}");
            assert_eq!((status, record.created), (201, None), "{body}");
        } else if trusted == Disposition::Created {
            assert_eq!(record.created, Some(true), "{body}");
        }
        trusted
    }

    #[test]
    fn every_sign_counts_as_documented() {
        use Disposition::{Created, Existing, Unknown};
        const FRESH: &str = r#""created_at":"2026-03-10T10:00:00.000Z""#;
        for (status, extra, lost, expected) in [
            (201, FRESH, false, Created),
            (201, r#""first_name":" Sarah ","total_orders":0,"total_spent":0"#, false, Created),
            (200, FRESH, false, Unknown),
            (200, r#""id":"x""#, false, Unknown),
            (200, r#""created":true"#, false, Created),
            (201, FRESH, true, Created),
            (201, r#""id":"x""#, true, Unknown),
            (200, FRESH, true, Unknown),
            (200, r#""created_at":"2026-03-10T09:00:00.000Z""#, true, Existing),
            (201, r#""created_at":"2025-06-15T09:00:00.000Z""#, false, Existing),
            (201, r#""total_orders":1"#, false, Existing),
            (201, r#""total_spent":"0.01""#, false, Existing),
            (201, r#""last_order_at":"2026-03-08T14:30:00Z""#, false, Existing),
            (201, r#""duplicate_found":true"#, false, Existing),
            (200, r#""first_name":"Sara""#, false, Existing),
            (201, r#""first_name":"Sara""#, false, Unknown),
            (201, r#""email_consent":true"#, false, Unknown),
            (201, r#""email_consent":false"#, false, Created),
            (201, r#""existing_customer_id":"x""#, false, Existing),
        ] {
            assert_eq!(weighed(status, &format!("{{{extra}}}"), lost), expected, "{status} {extra} {lost}");
        }
    }
}
