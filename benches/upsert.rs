//! One upsert beside bare reqwest with a ready body, against a server on this machine that answers at once.
//!
//! The ratio of the two is what this crate adds: mapping, notes, quota, retry, and reading the answer.

mod support;

use std::hint::black_box;
use std::net::SocketAddr;

use criterion::{Criterion, criterion_group, criterion_main};
use customer_sink::client::Limit;
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::{
    Connector, Customer, CustomerSink, CustomerSinkExt, HttpRequest, HttpResponse, Transport, TransportError,
    UpsertOptions,
};
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// A server on a thread of its own, for as long as the process lives.
fn serve() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("a listener");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer)),
                );
            }
        });
    });
    told.recv().expect("an address")
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response =
        Response::new(Full::new(Bytes::from_static(br#"{"success":true,"message":"customer received"}"#)));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn customer() -> Customer {
    let text = include_str!("../fixtures/triple_whale/create_full.json");
    let exchange: serde_json::Value = serde_json::from_str(text).expect("JSON");
    serde_json::from_value(exchange["customer"].clone()).expect("a customer")
}

fn upsert(c: &mut Criterion) {
    let url = format!("http://{}/", serve());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let customer = customer();
    let sink = TripleWhale::builder("harbor-and-pine.example.com", "fake-key")
        .base_url(&url)
        .rate_limit(Limit::Unlimited)
        .build()
        .expect("a client");
    let plan = sink.plan(&customer, &UpsertOptions::default()).expect("a plan");
    let body = Bytes::copy_from_slice(plan.steps()[0].body().expect("a body"));
    let bare =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
    let target = format!("{url}data-in/customers");

    let mut group = c.benchmark_group("upsert");
    group.sample_size(200);
    group.bench_function("bare reqwest, ready body", |b| {
        b.to_async(&runtime).iter(|| async {
            let request = bare
                .post(&target)
                .header("x-api-key", "fake-key")
                .header("content-type", "application/json")
                .header("accept", "application/json")
                .header("accept-encoding", "gzip")
                .header("user-agent", "customer-sink/0.1.0")
                .timeout(std::time::Duration::from_secs(30))
                .body(body.clone());
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status().as_u16(), 200);
            black_box(response.bytes().await.expect("a body"));
        });
    });
    group.bench_function("customer-sink", |b| {
        b.to_async(&runtime).iter(|| async { black_box(sink.upsert(black_box(&customer)).await.expect("an outcome")) });
    });
    group.finish();
    let one = |client: &reqwest::Client| {
        let request = client
            .post(&target)
            .header("x-api-key", "fake-key")
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("accept-encoding", "gzip")
            .header("user-agent", "customer-sink/0.1.0")
            .timeout(std::time::Duration::from_secs(30))
            .body(body.clone());
        async { request.send().await.expect("an answer").bytes().await.expect("a body") }
    };
    support::ratio(
        "upsert",
        || drop(black_box(runtime.block_on(sink.upsert(&customer)).expect("an outcome"))),
        || drop(black_box(runtime.block_on(one(&bare)))),
    );
}

/// A transport that answers at once, so that what is left is this crate's own work.
#[derive(Debug)]
struct AtOnce;

#[async_trait::async_trait]
impl Transport for AtOnce {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        Ok(HttpResponse::new(StatusCode::OK, Bytes::from_static(br#"{"success":true,"message":"customer received"}"#)))
    }
}

fn own_work(_: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connector = Connector::with_transport(AtOnce);
    let sink = TripleWhale::builder("harbor-and-pine.example.com", "fake-key").connector(&connector);
    let sink = sink.rate_limit(Limit::Unlimited).build().expect("a client");
    let (customer, options) = (customer(), UpsertOptions::default());
    support::ratio(
        "upsert without a network, beside its plan",
        || drop(black_box(runtime.block_on(sink.upsert(&customer)).expect("an outcome"))),
        || drop(black_box(sink.plan(&customer, &options).expect("a plan"))),
    );
}

criterion_group!(benches, upsert, own_work);
criterion_main!(benches);
