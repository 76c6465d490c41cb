//! Deliveries of SHOPLINE, Shoplazza and Whale, checked and read: `cargo run --example webhooks`
//!
//! A server hands over the headers and the body as they arrived; no byte may be changed before the check.

use customer_sink::providers::{shoplazza, shopline, whale};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use sha2::Sha256;

const SECRET: &str = "fake-app-secret";

/// What the vendor does: the signature over the body, in hex.
fn signed(header: &'static str, body: &str) -> HeaderMap {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderMap::from_iter([(HeaderName::from_static(header), hex.parse().expect("hex"))])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let body = r#"{"id":"1001","email":"mara@example.com","first_name":"Mara"}"#;
    let mut headers = signed(shopline::webhook::SIGNATURE_HEADER, body);
    headers.insert("x-shopline-topic", "customers/update".parse()?);
    let verifier = shopline::webhook::verifier(SECRET)?;
    let delivery = shopline::webhook::delivery(&verifier, &headers, body)?;
    println!("SHOPLINE: {delivery:?}, of a customer: {}", delivery.customer().is_some());
    // A body that somebody else wrote is refused.
    let forged = shopline::webhook::delivery(&verifier, &headers, "{}");
    println!("SHOPLINE, forged: {}", forged.expect_err("a forged body is refused"));

    let body = r#"{"customer":{"id":"7","email":"mara@example.com"}}"#;
    let headers = signed(shoplazza::webhook::SIGNATURE_HEADER, body);
    let delivery = shoplazza::webhook::delivery(&shoplazza::webhook::verifier(SECRET)?, &headers, body.as_bytes())?;
    println!("Shoplazza: of a customer: {}", delivery.customer.is_some());

    let body = r#"{"event":"data_request.completed","data":{"id":"dr_1","status":"completed"}}"#;
    let headers = signed(whale::webhook::SIGNATURE_HEADER, body);
    let event = whale::webhook::delivery(&whale::webhook::verifier(SECRET)?, &headers, body.as_bytes())?;
    println!("Whale: {}, a removal that is done: {}", event.name, event.is_removal_completed());
    Ok(())
}
