//! A transport of your own around the default one: `cargo run --example custom_transport`
//!
//! This one counts requests by host and how long they took. Another could sign requests, go through a gateway, or use
//! another HTTP library altogether: it is one method over plain bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Connector, Customer, CustomerSinkExt, HttpRequest, HttpResponse, ReqwestTransport, Transport, TransportError,
};

/// Requests and their time, by host and port.
type Times = Arc<Mutex<BTreeMap<String, (u32, Duration)>>>;

#[derive(Debug)]
struct Timed {
    inner: ReqwestTransport,
    times: Times,
}

#[async_trait]
impl Transport for Timed {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        // The rest of the URL may hold a person's data.
        let host = request.url.authority().to_owned();
        let start = Instant::now();
        let answer = self.inner.send(request).await;
        if let Ok(mut times) = self.times.lock() {
            let (count, time) = times.entry(host).or_default();
            *count += 1;
            *time += start.elapsed();
        }
        answer
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let times = Times::default();
    // One transport, and so one pool of connections, for every client.
    let connector = Connector::with_transport(Timed { inner: ReqwestTransport::new()?, times: Arc::clone(&times) });
    let mara = Customer::new().external_id("1042").email("mara@example.com").first_name("Mara");
    for provider in ["triple_whale", "shopline", "shoplazza", "yotpo", "whale"] {
        let done = sandbox.sink(provider, &connector)?.upsert(&mara).await?;
        println!("{provider}: {}", done.outcome);
    }
    for (host, (count, time)) in times.lock().map_err(|_| "a lock that a panic left behind")?.iter() {
        println!("{host}: {count} requests in {time:.1?}");
    }
    Ok(())
}
