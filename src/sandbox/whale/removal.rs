//! Requests to erase or export a customer's data. They stay pending until a test or the time completes them; a webhook
//! reports their completion, since no endpoint does.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Days, Utc};
use http::Request;
use serde_json::{Value, json};

use super::record::People;
use super::{Failure, Object, Outcome, Reply, Sandbox, stamp};
use crate::Secret;
use crate::client::auth::signature::hmac_hex;
use crate::sandbox::time::after;

/// All removal requests.
#[derive(Default)]
pub(super) struct Removals {
    filed: u64,
    delivered: u64,
    /// What is not done yet, and when it was filed.
    pending: Vec<(Duration, Object)>,
    /// How long the vendor takes; for ever where it is not said.
    pub(super) takes: Option<Duration>,
}

impl Removals {
    /// Files a request. Its status is *inferred* from sibling creates; a repeat is *unknown* and files another one here.
    pub(super) fn file(&mut self, customer: &str, body: &Object, (now, passed): (DateTime<Utc>, Duration)) -> Outcome {
        check(body)?;
        self.filed += 1;
        // Two days later, as in the sample, unless a test says how long it takes.
        let done = match self.takes {
            Some(time) => after(now, time),
            None => now.checked_add_days(Days::new(2)).unwrap_or(now),
        };
        let mut request = body.clone();
        request.insert("id".to_owned(), json!(format!("drr_{:08x}", self.filed)));
        request.insert("object".to_owned(), json!("data_removal_request"));
        request.insert("customer_id".to_owned(), json!(customer));
        request.insert("status".to_owned(), json!("pending"));
        request.insert("estimated_completion".to_owned(), json!(stamp(done)));
        request.insert("created_at".to_owned(), json!(stamp(now)));
        self.pending.push((passed, request.clone()));
        Ok(Reply::json(201, Value::Object(request)))
    }

    /// Completes what is pending: an erasure takes the customer away for good. The envelope is the *documented* one of
    /// webhooks, the data the request itself (*inferred*).
    pub(super) fn complete(&mut self, people: &mut People, now: DateTime<Utc>) -> Vec<Request<Bytes>> {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().map(|(_, request)| self.deliver(request, people, now)).collect()
    }

    /// The same for what has been pending as long as the vendor takes.
    pub(super) fn complete_due(
        &mut self,
        people: &mut People,
        (now, passed): (DateTime<Utc>, Duration),
    ) -> Vec<Request<Bytes>> {
        let Some(takes) = self.takes else { return Vec::new() };
        let pending = std::mem::take(&mut self.pending);
        let (due, later) = pending.into_iter().partition(|(filed, _)| passed.saturating_sub(*filed) >= takes);
        self.pending = later;
        let due: Vec<(Duration, Object)> = due;
        due.into_iter().map(|(_, request)| self.deliver(request, people, now)).collect()
    }

    /// Whether something gets done by time alone.
    pub(super) fn wait(&self) -> bool {
        self.takes.is_some() && !self.pending.is_empty()
    }

    fn deliver(&mut self, mut request: Object, people: &mut People, now: DateTime<Utc>) -> Request<Bytes> {
        request.insert("status".to_owned(), json!("completed"));
        request.insert("completed_at".to_owned(), json!(stamp(now)));
        let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("type") == "export" {
            let url = format!("https://downloads.example.test/{}.json", text("id"));
            request.insert("download_url".to_owned(), json!(url));
        } else {
            // The customer may have been deleted since.
            let _ = people.delete(&text("customer_id"));
        }
        self.delivered += 1;
        let (event, number) = ("data_request.completed", self.delivered);
        let body = json!({
            "id": format!("evt_00000000-0000-4000-8000-{number:012x}"),
            "type": event,
            "created_at": stamp(now),
            "data": request,
        });
        let body = Bytes::from(body.to_string());
        let signature = hmac_hex(&Secret::from(Sandbox::WHALE_WEBHOOK_SECRET), &body);
        let mut delivery = Request::new(body);
        *delivery.method_mut() = http::Method::POST;
        for (name, value) in [
            ("content-type", "application/json".to_owned()),
            ("x-webhook-signature", format!("sha256={signature}")),
            ("x-webhook-timestamp", now.timestamp().to_string()),
            ("x-webhook-event", event.to_owned()),
            ("x-webhook-delivery-id", format!("00000000-0000-4000-9000-{number:012x}")),
            ("user-agent", "WhaleTools-Webhook/1.0".to_owned()),
        ] {
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                delivery.headers_mut().insert(name, value);
            }
        }
        delivery
    }
}

/// Refuses what no sample shows.
fn check(body: &Object) -> Result<(), Failure> {
    // The samples show these keys with these types alone, and here no other is taken.
    let known: &[&str] = match body.get("type").and_then(Value::as_str) {
        Some("erasure") => &["type", "reason", "notify_customer"],
        Some("export") => &["type", "format"],
        Some(_) => return Err(Failure::invalid(Some("type"), "type must be erasure or export")),
        None => return Err(Failure::missing("type")),
    };
    for (name, value) in body {
        let right = match name.as_str() {
            name if !known.contains(&name) => return Err(Failure::unknown(name)),
            "notify_customer" => value.is_boolean(),
            "format" => value == "json",
            _ => value.is_string(),
        };
        if !right {
            return Err(Failure::invalid(Some(name), format!("{name} is not valid")));
        }
    }
    Ok(())
}
