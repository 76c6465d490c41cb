//! The vendor's webhooks: checks the signature and reads the delivery. No I/O: hand in what your server received.
//!
//! Answer with a 2xx at once. The vendor delivers up to 19 times more over about two days, and deletes the subscription
//! where all of them fail (documented); a delivery may come twice, which [`Delivery::deduplication_id`] shows. One may be
//! missed as well: list what changed ([`CustomerQuery::updated_at_min`](super::CustomerQuery::updated_at_min)) from time
//! to time.
//!
//! The signature covers the body alone, and none of the headers: a recorded delivery can be sent again with others,
//! another topic among them. Take it as a hint to read the customer again.
//!
//! ```
//! use customer_sink::providers::shoplazza::webhook::verifier;
//!
//! let verifier = verifier("fake-app-secret").unwrap();
//! let body = br#"{"customer":{"id":"11111111-2222-4333-8444-555555555555","email":"mira.okafor@example.com","accepts_marketing":false}}"#;
//! assert!(verifier.verify("wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=", body).is_ok());
//! assert!(verifier.verify("wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=", b"{}").is_err());
//! ```

use std::fmt;

use http::HeaderMap;

use super::PROVIDER;
use super::response::{CustomerRecord, OneCustomer, data};
use crate::client::Secret;
use crate::client::auth::webhook::{Scheme, header};
use crate::error::Error;

pub use crate::client::{Verifier, WebhookError};

/// The header with the signature (documented).
pub const SIGNATURE_HEADER: &str = "x-shoplazza-hmac-sha256";

/// HMAC-SHA256 in base64 (documented, and so in the example); a remark on the same page says hex, which is accepted as
/// well.
static SCHEME: Scheme =
    Scheme { provider: PROVIDER, header: SIGNATURE_HEADER, secret: "client_secret", prefix: "", base64: true };

/// Checks the deliveries of one app, with its client secret (documented).
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) for a blank secret, with which anyone could sign.
pub fn verifier(client_secret: impl Into<Secret>) -> Result<Verifier, Error> {
    Verifier::of(&SCHEME, client_secret)
}

/// Checks a whole delivery, and reads its headers and, where it is about one, its customer.
///
/// # Errors
///
/// As [`Verifier::verify`].
pub fn delivery(verifier: &Verifier, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, WebhookError> {
    verifier.verify_headers(headers, body)?;
    let text = |name: &str| header(headers, name).map(str::to_owned);
    Ok(Delivery {
        topic: text("x-shoplazza-topic"),
        shop: text("x-shoplazza-shop-domain"),
        api_version: text("x-shoplazza-api-version"),
        deduplication_id: text("x-shoplazza-deduplication-id"),
        customer: data(body).map(|shown: OneCustomer| shown.customer),
    })
}

/// What a delivery says. Its headers are documented, and not signed.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// What happened, such as `orders/create`. The words for customers are unknown: kept as it came.
    pub topic: Option<String>,
    /// The shop's host.
    pub shop: Option<String>,
    /// The version in whose form the body is.
    pub api_version: Option<String>,
    /// The same for each delivery of one event.
    pub deduplication_id: Option<String>,
    /// The customer, where the body has one under `customer` (inferred: other resources stand under their names).
    pub customer: Option<CustomerRecord>,
}

/// Shows the shop and the topic, and no personal data.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("shop", &self.shop)
            .field("api_version", &self.api_version)
            .field("deduplication_id", &self.deduplication_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"customer":{"id":"11111111-2222-4333-8444-555555555555","email":"mira.okafor@example.com","accepts_marketing":false}}"#;
    const BASE64: &str = "wbjj0/VJ5DoN49shjfJjeNZc9jIHCT2v7ty1O0TUAEs=";
    const HEX: &str = "c1b8e3d3f549e43a0de3db218df26378d65cf63207093dafeedcb53b44d4004b";

    fn verifier() -> Verifier {
        super::verifier("fake-app-secret").unwrap()
    }

    #[test]
    fn a_signature_is_taken_in_both_forms_and_no_other() {
        for good in [BASE64.to_owned(), format!(" {BASE64} "), HEX.to_owned(), HEX.to_uppercase()] {
            assert_eq!(verifier().verify(&good, BODY), Ok(()), "{good}");
        }
        let short = &BASE64[..40];
        for bad in [short, &HEX[..62], &BASE64.replace('w', "x"), "ä", "====", &format!("{BASE64}AAAA")] {
            assert_eq!(verifier().verify(bad, BODY), Err(WebhookError::WrongSignature), "{bad}");
        }
        for none in ["", " "] {
            assert_eq!(verifier().verify(none, BODY), Err(WebhookError::Unsigned));
        }
        assert_eq!(verifier().verify(BASE64, &BODY[1..]), Err(WebhookError::WrongSignature));
        assert!(super::verifier("fake-other").unwrap().verify(BASE64, BODY).is_err());
        assert_eq!(super::verifier(" ").unwrap_err().kind(), crate::ErrorKind::Config);
        assert!(!format!("{:?}", verifier()).contains("fake"));
    }

    #[test]
    fn a_delivery_is_read_once_its_signature_is_right() {
        let mut headers = HeaderMap::new();
        assert_eq!(delivery(&verifier(), &headers, BODY).unwrap_err(), WebhookError::Unsigned);
        headers.insert(SIGNATURE_HEADER, BASE64.parse().unwrap());
        headers.insert("x-shoplazza-topic", "customers/anything_new".parse().unwrap());
        headers.insert("x-shoplazza-shop-domain", "acme.myshoplaza.com".parse().unwrap());
        headers.insert("x-shoplazza-api-version", "2026-07".parse().unwrap());
        headers.insert("x-shoplazza-deduplication-id", "fake-7".parse().unwrap());
        let told = delivery(&verifier(), &headers, BODY).unwrap();
        assert_eq!(told.topic.as_deref(), Some("customers/anything_new"));
        assert_eq!((told.shop.as_deref(), told.api_version.as_deref()), (Some("acme.myshoplaza.com"), Some("2026-07")));
        assert_eq!(told.deduplication_id.as_deref(), Some("fake-7"));
        assert!(!format!("{told:?}").contains("mira"));
        let customer = told.customer.unwrap();
        assert_eq!(
            (customer.accepts_marketing, customer.email.as_deref()),
            (Some(false), Some("mira.okafor@example.com"))
        );
        assert_eq!(delivery(&verifier(), &headers, b"{}").unwrap_err(), WebhookError::WrongSignature);
        // Signed, and about something else or about nothing that can be read.
        for body in [br#"{"order":{"id":1}}"#.as_slice(), b"[]", b"", b"<html>", br#"{"customer":7}"#] {
            let signature = crate::client::auth::signature::hmac_hex(&crate::Secret::from("fake-app-secret"), body);
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static(SIGNATURE_HEADER), signature.parse().unwrap())]);
            let told = delivery(&verifier(), &headers, body).unwrap();
            assert!(told.customer.is_none() && told.topic.is_none());
        }
    }
}
