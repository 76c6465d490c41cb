//! The vendor's webhooks: checks signatures and reads bodies. No I/O: hand in what your server received.
//!
//! Only a webhook reports the end of a removal request, since no call reads one. Answer with a 2xx at once and expect repeats: retries,
//! their schedule and their order are not documented. [`Event::delivery_id`] identifies repeats.
//!
//! The signature covers the body alone (documented), and neither the timestamp nor the delivery id: a delivery that was
//! seen can be sent again with others. Age proves nothing, and is not checked.
//!
//! ```
//! use customer_sink::providers::whale::webhook::{event, verifier};
//!
//! let verifier = verifier("whsec_fake_0000000000000000").unwrap();
//! let body = br#"{"event":"data_request.completed","download_url":"https://downloads.example.test/x.json"}"#;
//! let signature = "sha256=9599ab678d9e25d15186495d7c76c8d787446e4c56a08e825d43ea832d6dfc2c";
//! let removed = event(&verifier, signature, body).unwrap();
//! assert_eq!(removed.name, "data_request.completed");
//! assert!(event(&verifier, signature, b"{}").is_err());
//! ```

use std::fmt;

use chrono::{DateTime, FixedOffset};
use http::HeaderMap;
use serde_json::value::RawValue;

use super::PROVIDER;
use super::request::{CustomerId, RawMap};
use super::response::RemovalRequestRecord;
use crate::client::auth::webhook::{Scheme, header};
use crate::client::json::value::Value;
use crate::client::{RawJson, Secret};
use crate::error::Error;

pub use crate::client::{Verifier, WebhookError};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-webhook-signature";

/// HMAC-SHA256 in hex of either case, with or without `sha256=` before it.
static SCHEME: Scheme =
    Scheme { provider: PROVIDER, header: SIGNATURE_HEADER, secret: "signing_secret", prefix: "sha256=", base64: false };

/// A verifier with the `signing_secret` that the vendor answered when the endpoint was registered.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) for a blank secret, with which anybody could sign.
pub fn verifier(signing_secret: impl Into<Secret>) -> Result<Verifier, Error> {
    Verifier::of(&SCHEME, signing_secret)
}

/// Checks a signature over the body as it arrived, and reads the body.
///
/// # Errors
///
/// [`WebhookError`]
pub fn event(verifier: &Verifier, signature: &str, body: &[u8]) -> Result<Event, WebhookError> {
    verifier.verify(signature, body)?;
    Event::read(None, body).ok_or(WebhookError::Unreadable)
}

/// The same for a whole delivery: the headers name the event where the body does not, and hold the delivery's id and time.
/// The signature does not cover the headers.
///
/// # Errors
///
/// [`WebhookError`]
pub fn delivery(verifier: &Verifier, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
    verifier.verify_headers(headers, body)?;
    let mut event = Event::read(header(headers, "x-webhook-event"), body).ok_or(WebhookError::Unreadable)?;
    event.delivery_id = header(headers, "x-webhook-delivery-id").map(str::to_owned);
    event.sent_at = header(headers, "x-webhook-timestamp")
        .and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0))
        .map(|at| at.fixed_offset());
    Ok(event)
}

/// What a webhook says, in either form that the vendor has published: `type` with a `data` object, or `event` with flat
/// keys (both documented).
#[derive(Clone)]
#[non_exhaustive]
pub struct Event {
    /// The name, `domain.action`: `data_request.completed` (documented for removal requests).
    pub name: String,
    /// Id of the event, where it has one.
    pub id: Option<String>,
    /// When it happened.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// Id of the delivery, from a header that is not signed.
    pub delivery_id: Option<String>,
    /// When it was sent, from a header that is not signed.
    pub sent_at: Option<DateTime<FixedOffset>>,
    /// What it is about, as it came: `data`, or the whole body with its flat keys.
    pub data: RawJson,
}

/// Shows name and ids.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("delivery_id", &self.delivery_id)
            .finish_non_exhaustive()
    }
}

impl Event {
    fn read(header: Option<&str>, body: &[u8]) -> Option<Self> {
        let body: &RawValue = serde_json::from_slice(body).ok()?;
        let keys = RawMap::from_raw(body)?;
        let data = keys.get("data").filter(|data| read::<RawMap>(data).is_some());
        // In the flat form the other keys are the data, and `type` may be a key of it.
        let is_name = |name: &String| data.is_some() || name.contains('.');
        let name = keys.get("type").and_then(|name| serde_json::from_str(name.as_str()).ok()).filter(is_name);
        let name = name.or_else(|| read(keys.get("event")?)).or_else(|| header.map(str::to_owned));
        let name = name.filter(|name| !name.trim().is_empty())?;
        let of_event = |key: &str| data.and(keys.get(key));
        Some(Self {
            name,
            id: of_event("id").and_then(read),
            created_at: of_event("created_at").and_then(read),
            delivery_id: None,
            sent_at: None,
            data: data.cloned().unwrap_or_else(|| RawJson::new(body.get())),
        })
    }

    /// Whether a removal request is done.
    #[must_use]
    pub fn is_removal_completed(&self) -> bool {
        self.name == "data_request.completed"
    }

    /// The removal request that the event is about: none for events of other names than `data_request.…`.
    #[must_use]
    pub fn removal_request(&self) -> Option<RemovalRequestRecord> {
        self.name.starts_with("data_request.").then(|| self.read_data()).flatten()
    }

    /// The address of an export's archive. Fetch it soon, without the API key: how long it works is unknown.
    #[must_use]
    pub fn download_url(&self) -> Option<String> {
        read(&self.data.get("download_url")?).filter(|url: &String| !url.trim().is_empty())
    }

    /// The customer that the event is about, where it says so as `customer_id`.
    #[must_use]
    pub fn customer_id(&self) -> Option<CustomerId> {
        read(&self.data.get("customer_id")?)
    }

    /// The data as a type of your own, or of this module's parent.
    #[must_use]
    pub fn read_data<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.data.as_str()).ok()
    }
}

/// A value that is read leniently.
fn read<T: Value>(raw: &RawJson) -> Option<T> {
    T::from_raw(serde_json::from_str(raw.as_str()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::request::{RemovalKind, RemovalStatus};
    use super::*;

    const SECRET: &str = "whsec_fake_0000000000000000";
    const FULL: &[u8] = br#"{"id":"evt_00000000-0000-4000-8000-000000000001","type":"data_request.completed","created_at":"2026-03-12T10:00:00.000Z","data":{"id":"drr_0000test","object":"data_removal_request","customer_id":"cust_0000test","type":"export","status":"completed","download_url":"https://downloads.example.test/drr_0000test.json"}}"#;
    const FULL_SIGNATURE: &str = "92f0cec3c39f586407130e6cc55c361fb038d31ef9ef09d0786e205e245444b2";
    const FLAT: &[u8] = br#"{"event":"data_request.completed","download_url":"https://downloads.example.test/x.json"}"#;
    const FLAT_SIGNATURE: &str = "9599ab678d9e25d15186495d7c76c8d787446e4c56a08e825d43ea832d6dfc2c";

    fn verifier() -> Verifier {
        super::verifier(SECRET).unwrap()
    }

    #[test]
    fn both_envelopes_are_read_and_both_vectors_hold() {
        let full = event(&verifier(), &format!("sha256={FULL_SIGNATURE}"), FULL).unwrap();
        assert_eq!(full.id.as_deref(), Some("evt_00000000-0000-4000-8000-000000000001"));
        assert!(full.created_at.is_some() && full.is_removal_completed());
        assert_eq!(full.customer_id().unwrap().as_str(), "cust_0000test");
        let request = full.removal_request().unwrap();
        assert_eq!((request.kind, request.status), (Some(RemovalKind::Export), Some(RemovalStatus::Completed)));
        assert_eq!(request.id.unwrap().as_str(), "drr_0000test");
        assert_eq!(full.download_url().as_deref(), Some("https://downloads.example.test/drr_0000test.json"));
        assert!(!format!("{full:?} {:?}", verifier()).contains("downloads"));

        let flat = event(&verifier(), FLAT_SIGNATURE, FLAT).unwrap();
        assert_eq!((flat.name.as_str(), &flat.id), ("data_request.completed", &None));
        assert_eq!(flat.download_url().as_deref(), Some("https://downloads.example.test/x.json"));
        assert_eq!(flat.removal_request().unwrap().download_url, flat.download_url());
    }

    #[test]
    fn a_signature_is_taken_in_every_published_form_and_no_other() {
        for good in [
            format!("sha256={FULL_SIGNATURE}"),
            format!(" SHA256={} ", FULL_SIGNATURE.to_uppercase()),
            FULL_SIGNATURE.to_owned(),
        ] {
            assert_eq!(verifier().verify(&good, FULL), Ok(()), "{good}");
        }
        for bad in [
            format!("sha256={FLAT_SIGNATURE}"),
            format!("sha1={FULL_SIGNATURE}"),
            FULL_SIGNATURE[..62].to_owned(),
            format!("{FULL_SIGNATURE}00"),
            "sha256=ä".to_owned(),
        ] {
            assert_eq!(verifier().verify(&bad, FULL), Err(WebhookError::WrongSignature), "{bad}");
        }
        for none in ["", " ", "sha256=", "sha256= "] {
            assert_eq!(verifier().verify(none, FULL), Err(WebhookError::Unsigned), "{none:?}");
        }
        let mut changed = FULL.to_vec();
        changed.push(b'\n');
        assert_eq!(verifier().verify(FULL_SIGNATURE, &changed), Err(WebhookError::WrongSignature));
        assert!(super::verifier("other").unwrap().verify(FULL_SIGNATURE, FULL).is_err());
        assert!(super::verifier(" ").is_err());
    }

    fn delivery(body: &'static [u8], event: Option<&'static str>) -> Result<Event, WebhookError> {
        let mut headers = HeaderMap::new();
        let signature = crate::client::auth::signature::hmac_hex(&Secret::from(SECRET), body);
        headers.insert(SIGNATURE_HEADER, format!("sha256={signature}").parse().unwrap());
        headers.insert("x-webhook-delivery-id", "d1".parse().unwrap());
        headers.insert("x-webhook-timestamp", "1741513200".parse().unwrap());
        if let Some(event) = event {
            headers.insert("x-webhook-event", event.parse().unwrap());
        }
        super::delivery(&verifier(), &headers, body)
    }

    #[test]
    fn headers_name_what_the_body_does_not() {
        let event = delivery(br#"{"customer_id":"cust_1","type":"erasure"}"#, Some("data_request.completed")).unwrap();
        assert_eq!((event.name.as_str(), event.delivery_id.as_deref()), ("data_request.completed", Some("d1")));
        assert_eq!(event.sent_at.unwrap().to_rfc3339(), "2025-03-09T09:40:00+00:00");
        assert_eq!(event.removal_request().unwrap().kind, Some(RemovalKind::Erasure), "a flat type is no name");
        let event = delivery(br#"{"type":"order.paid","data":{"id":"1"}}"#, Some("other")).unwrap();
        assert_eq!((event.name.as_str(), event.removal_request().is_none()), ("order.paid", true));
        let event = delivery(br#"{"type":"order.paid","data":null,"total":1.50}"#, None).unwrap();
        assert_eq!(event.data.get("total").unwrap().as_str(), "1.50");
        for bad in [b"{}".as_slice(), b"[]", b"", b"<html>", br#"{"data":{}}"#, br#"{"type":" "}"#] {
            assert_eq!(delivery(bad, None).unwrap_err(), WebhookError::Unreadable);
        }
        assert_eq!(super::delivery(&verifier(), &HeaderMap::new(), FULL).unwrap_err(), WebhookError::Unsigned);
    }
}
