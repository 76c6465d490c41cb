//! The vendor's webhooks: is the signature right, and what does the body say. No I/O: hand in what your server received.
//!
//! Removal requests end here alone, since no call reads them. Answer with a 2xx at once and expect repeats: retries,
//! their schedule and their order are not documented. [`Event::delivery_id`] tells repeats apart.
//!
//! The signature covers the body alone (documented), and neither the timestamp nor the delivery id: whoever has seen a
//! delivery can send it again with others. Age proves nothing, and is not checked.
//!
//! ```
//! use customer_sink::providers::whale::webhook::Verifier;
//!
//! let verifier = Verifier::new("whsec_fake_0000000000000000").unwrap();
//! let body = br#"{"event":"data_request.completed","download_url":"https://downloads.example.test/x.json"}"#;
//! let signature = "sha256=9599ab678d9e25d15186495d7c76c8d787446e4c56a08e825d43ea832d6dfc2c";
//! let event = verifier.event(signature, body).unwrap();
//! assert_eq!(event.name, "data_request.completed");
//! assert!(verifier.event(signature, b"{}").is_err());
//! ```

use std::fmt;

use chrono::{DateTime, FixedOffset};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::request::CustomerId;
use super::request::{RawJson, RawMap};
use super::response::RemovalRequestRecord;
use crate::client::auth::signature::verify_hex;
use crate::client::json::lenient::lenient_text;
use crate::customer::time::parse_rfc3339;
use crate::error::Error;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-webhook-signature";

/// Why a delivery is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no signature. Answer 401 or 400.
    #[error("the webhook has no signature")]
    Unsigned,
    /// The signature is another one: it was made with another secret, or the body was changed on the way, if only by
    /// parsing and writing it again.
    #[error("the webhook's signature does not fit its body")]
    WrongSignature,
    /// The signature is right, and the body is no JSON object with the name of an event.
    #[error("the webhook's body cannot be read")]
    Unreadable,
}

/// Checks deliveries of one registered endpoint.
#[derive(Clone)]
pub struct Verifier(SecretString);

/// Shows no secret.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// With the `signing_secret` that the vendor answered when the endpoint was registered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a blank secret, with which anybody could sign.
    pub fn new(signing_secret: impl Into<SecretString>) -> Result<Self, Error> {
        let secret = signing_secret.into();
        if secret.expose_secret().trim().is_empty() {
            return Err(Error::config(super::PROVIDER, "signing_secret", "must not be empty"));
        }
        Ok(Self(secret))
    }

    /// Checks a signature over the body as it arrived, byte by byte, in constant time. It is HMAC-SHA256 in hex of
    /// either case, with or without `sha256=` before it.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Unsigned`] for a blank one, else [`WebhookError::WrongSignature`].
    pub fn verify(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        let signature = signature.trim();
        let digits = match signature.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256=") => signature.get(7..).unwrap_or_default(),
            _ => signature,
        };
        if digits.is_empty() {
            return Err(WebhookError::Unsigned);
        }
        if verify_hex(&self.0, body, digits) { Ok(()) } else { Err(WebhookError::WrongSignature) }
    }

    /// Checks the signature, and reads the body.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and [`WebhookError::Unreadable`].
    pub fn event(&self, signature: &str, body: &[u8]) -> Result<Event, WebhookError> {
        self.verify(signature, body)?;
        Event::read(None, body).ok_or(WebhookError::Unreadable)
    }

    /// The same for a whole delivery: the headers name the event where the body does not, and tell the delivery's id and
    /// time. What headers say is not signed.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn delivery(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        self.verify(header(SIGNATURE_HEADER).ok_or(WebhookError::Unsigned)?, body)?;
        let mut event = Event::read(header("x-webhook-event"), body).ok_or(WebhookError::Unreadable)?;
        event.delivery_id = header("x-webhook-delivery-id").filter(|id| !id.is_empty()).map(str::to_owned);
        event.sent_at = header("x-webhook-timestamp")
            .and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0))
            .map(|at| at.fixed_offset());
        Ok(event)
    }
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
        let keys: RawMap = serde_json::from_slice(body).ok()?;
        let text = |key: &str| lenient_text(&mut serde_json::Deserializer::from_str(keys.get(key)?.as_str())).ok()?;
        let data = keys.get("data").filter(|data| data.read::<RawMap>().is_some());
        // In the flat form the other keys are the data, and `type` may be a key of it.
        let is_name = |name: &String| data.is_some() || name.contains('.');
        let name = keys.get("type").and_then(RawJson::read).filter(is_name).or_else(|| text("event"));
        let name = name.or_else(|| header.map(str::to_owned)).filter(|name| !name.trim().is_empty())?;
        let mut event = Self {
            name,
            id: None,
            created_at: None,
            delivery_id: None,
            sent_at: None,
            data: serde_json::from_slice(body).ok()?,
        };
        if let Some(data) = data {
            event.id = text("id");
            event.created_at = text("created_at").and_then(|time| parse_rfc3339(time.trim()));
            event.data = data.clone();
        }
        Some(event)
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

    /// Where the archive of an export stands. Fetch it soon, without the API key: its life is unknown.
    #[must_use]
    pub fn download_url(&self) -> Option<String> {
        self.data.get("download_url")?.read::<String>().filter(|url| !url.trim().is_empty())
    }

    /// The customer that the event is about, where it says so as `customer_id`.
    #[must_use]
    pub fn customer_id(&self) -> Option<CustomerId> {
        self.data.get("customer_id")?.read()
    }

    /// The data as a type of your own, or of this module's parent.
    #[must_use]
    pub fn read_data<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        self.data.read()
    }
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
        Verifier::new(SECRET).unwrap()
    }

    #[test]
    fn both_envelopes_are_read_and_both_vectors_hold() {
        let full = verifier().event(&format!("sha256={FULL_SIGNATURE}"), FULL).unwrap();
        assert_eq!(full.id.as_deref(), Some("evt_00000000-0000-4000-8000-000000000001"));
        assert!(full.created_at.is_some() && full.is_removal_completed());
        assert_eq!(full.customer_id().unwrap().as_str(), "cust_0000test");
        let request = full.removal_request().unwrap();
        assert_eq!((request.kind, request.status), (Some(RemovalKind::Export), Some(RemovalStatus::Completed)));
        assert_eq!(request.id.unwrap().as_str(), "drr_0000test");
        assert_eq!(full.download_url().as_deref(), Some("https://downloads.example.test/drr_0000test.json"));
        assert!(!format!("{full:?} {:?}", verifier()).contains("downloads"));

        let flat = verifier().event(FLAT_SIGNATURE, FLAT).unwrap();
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
        assert!(Verifier::new("other").unwrap().verify(FULL_SIGNATURE, FULL).is_err());
        assert!(Verifier::new(" ").is_err());
    }

    fn delivery(body: &'static [u8], event: Option<&'static str>) -> Result<Event, WebhookError> {
        let mut headers = HeaderMap::new();
        let signature = crate::client::auth::signature::hmac_hex(&SecretString::from(SECRET), body);
        headers.insert(SIGNATURE_HEADER, format!("sha256={signature}").parse().unwrap());
        headers.insert("x-webhook-delivery-id", "d1".parse().unwrap());
        headers.insert("x-webhook-timestamp", "1741513200".parse().unwrap());
        if let Some(event) = event {
            headers.insert("x-webhook-event", event.parse().unwrap());
        }
        verifier().delivery(&headers, body)
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
        assert_eq!(verifier().delivery(&HeaderMap::new(), FULL).unwrap_err(), WebhookError::Unsigned);
    }
}
