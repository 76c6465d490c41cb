//! `plan` per vendor beside the bare serialisation of the same bodies.
//!
//! The bare side has every text, time and number ready: it writes keys and values, and nothing else.

mod support;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::{Connector, Customer, CustomerSink, Plan, UpsertOptions};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// A body whose parts are ready.
enum Ready {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Bool(bool),
    List(Vec<Ready>),
    Object(Vec<(String, Ready)>),
}

impl Ready {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Text(String::new()),
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::Fraction(number.as_f64().unwrap_or(0.0)), Self::Whole)
            }
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(list) => Self::List(list.iter().map(Self::of).collect()),
            Value::Object(map) => Self::Object(map.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect()),
        }
    }
}

impl Serialize for Ready {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Fraction(number) => serializer.serialize_f64(*number),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                list.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

fn customer() -> Customer {
    let exchange: Value =
        serde_json::from_str(include_str!("../fixtures/triple_whale/create_full.json")).expect("JSON");
    serde_json::from_value(exchange["customer"].clone()).expect("a customer")
}

fn sinks() -> Vec<Arc<dyn CustomerSink>> {
    let connector = Connector::new().expect("TLS");
    vec![
        Arc::new(
            triple_whale::TripleWhale::builder("shop.example.com", "k")
                .connector(&connector)
                .build()
                .expect("a client"),
        ),
        Arc::new(shopline::Shopline::builder("open001", "k").connector(&connector).build().expect("a client")),
        Arc::new(shoplazza::Shoplazza::builder("acme", "k").connector(&connector).build().expect("a client")),
        Arc::new(yotpo::Yotpo::builder("store", "k").connector(&connector).build().expect("a client")),
        Arc::new(whale::Whale::builder("store", "k").connector(&connector).build().expect("a client")),
    ]
}

fn ready(plan: &Plan) -> Vec<Ready> {
    let bodies = plan.steps().iter().filter_map(|step| step.body());
    bodies.map(|body| Ready::of(&serde_json::from_slice(body).expect("JSON"))).collect()
}

fn write(bodies: &[Ready]) -> Vec<Vec<u8>> {
    bodies
        .iter()
        .map(|body| {
            let mut buffer = Vec::with_capacity(1024);
            serde_json::to_writer(&mut buffer, body).expect("JSON");
            buffer
        })
        .collect()
}

fn plan(c: &mut Criterion) {
    let (customer, options) = (customer(), UpsertOptions::default());
    for sink in sinks() {
        let name = sink.provider().as_str();
        let bodies = ready(&sink.plan(&customer, &options).expect("a plan"));
        let mut group = c.benchmark_group(format!("plan/{name}"));
        group.sample_size(30).measurement_time(std::time::Duration::from_secs(2));
        group.bench_function("plan", |b| b.iter(|| sink.plan(black_box(&customer), &options).expect("a plan")));
        group.bench_function("bare", |b| b.iter(|| write(black_box(&bodies))));
        group.finish();
    }
    for sink in sinks() {
        let plan = sink.plan(&customer, &options).expect("a plan");
        let bodies = ready(&plan);
        let name = format!("plan/{} ({} steps, {} bodies)", sink.provider(), plan.steps().len(), bodies.len());
        let ours = || drop(black_box(sink.plan(black_box(&customer), &options).expect("a plan")));
        support::ratio(&name, ours, || drop(black_box(write(black_box(&bodies)))));
    }
}

criterion_group!(benches, plan);
criterion_main!(benches);
