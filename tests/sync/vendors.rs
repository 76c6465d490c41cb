//! The sandbox behind doors of our own, which count what comes in and can be shut.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use customer_sink::sandbox::Sandbox;
use customer_sink::{HttpRequest, ReqwestTransport, Transport};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::process::FAR_TOO_LONG;

pub const NAMES: [&str; 5] = ["triple_whale", "shopline", "shoplazza", "yotpo", "whale"];

/// What all doors share: what is going on behind them, and how many requests have come.
#[derive(Clone)]
struct Counters {
    busy: watch::Sender<u64>,
    seen: watch::Sender<u64>,
}

/// One vendor's door.
struct Door {
    vendor: &'static str,
    target: url::Url,
    address: SocketAddr,
    is_shut: AtomicBool,
    is_stuck: AtomicBool,
    /// Method and path of every request.
    log: Mutex<Vec<(Method, String)>>,
    /// Who came last.
    last: watch::Sender<Option<SocketAddr>>,
}

/// The five vendors.
pub struct Vendors {
    pub sandbox: Sandbox,
    doors: BTreeMap<&'static str, Arc<Door>>,
    counters: Counters,
}

impl Vendors {
    pub async fn open() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let counters = Counters { busy: watch::Sender::new(0), seen: watch::Sender::new(0) };
        let transport = ReqwestTransport::new().unwrap();
        let mut doors = BTreeMap::new();
        for vendor in NAMES {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let door = Arc::new(Door {
                vendor,
                target: sandbox.url(vendor).unwrap().parse().unwrap(),
                address: listener.local_addr().unwrap(),
                is_shut: AtomicBool::new(false),
                is_stuck: AtomicBool::new(false),
                log: Mutex::default(),
                last: watch::Sender::new(None),
            });
            doors.insert(vendor, Arc::clone(&door));
            tokio::spawn(listen(listener, door, counters.clone(), transport.clone()));
        }
        Self { sandbox, doors, counters }
    }

    /// The variables that lead a process here.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let url = |vendor, path| format!("http://{}/{path}", self.doors[vendor].address);
        vec![
            ("TRIPLE_WHALE_API_KEY", Sandbox::TRIPLE_WHALE_API_KEY.to_owned()),
            ("TRIPLE_WHALE_SHOP", Sandbox::TRIPLE_WHALE_SHOP.to_owned()),
            ("TRIPLE_WHALE_BASE_URL", url("triple_whale", "api/v2/")),
            ("SHOPLINE_HANDLE", Sandbox::SHOPLINE_HANDLE.to_owned()),
            ("SHOPLINE_ACCESS_TOKEN", Sandbox::SHOPLINE_ACCESS_TOKEN.to_owned()),
            ("SHOPLINE_BASE_URL", url("shopline", "")),
            ("SHOPLAZZA_SHOP", Sandbox::SHOPLAZZA_SHOP.to_owned()),
            ("SHOPLAZZA_ACCESS_TOKEN", Sandbox::SHOPLAZZA_ACCESS_TOKEN.to_owned()),
            ("SHOPLAZZA_BASE_URL", url("shoplazza", "")),
            ("YOTPO_STORE_ID", Sandbox::YOTPO_STORE_ID.to_owned()),
            ("YOTPO_SECRET", Sandbox::YOTPO_SECRET.to_owned()),
            ("YOTPO_BASE_URL", url("yotpo", "")),
            ("WHALE_STORE_ID", Sandbox::WHALE_STORE_ID.to_owned()),
            ("WHALE_API_KEY", Sandbox::WHALE_API_KEY.to_owned()),
            ("WHALE_BASE_URL", url("whale", "")),
        ]
    }

    /// Shuts a vendor's door, or opens it: behind a shut one every answer is a 503.
    pub fn shut(&self, vendor: &str, yes: bool) {
        self.doors[vendor].is_shut.store(yes, Ordering::SeqCst);
    }

    /// From now on a vendor answers no more.
    pub fn stick(&self, vendor: &str) {
        self.doors[vendor].is_stuck.store(true, Ordering::SeqCst);
    }

    /// How many requests came, over all vendors.
    pub fn requests(&self) -> u64 {
        *self.counters.seen.borrow()
    }

    /// Returns once so many have come.
    pub async fn requests_reach(&self, count: u64) {
        let mut seen = self.counters.seen.subscribe();
        let reached = tokio::time::timeout(FAR_TOO_LONG, seen.wait_for(|seen| *seen >= count)).await;
        assert!(reached.is_ok(), "the process sends nothing: it hangs, or has ended already");
    }

    /// Returns once all that a dead process sent has been dealt with.
    pub async fn quiet(&self) {
        for door in self.doors.values() {
            // Connections are taken in turn: when this one has been, so have all before it.
            let probe = TcpStream::connect(door.address).await.unwrap();
            let address = probe.local_addr().unwrap();
            door.last.subscribe().wait_for(|last| *last == Some(address)).await.unwrap();
        }
        self.counters.busy.subscribe().wait_for(|busy| *busy == 0).await.unwrap();
    }

    /// How often a vendor was begun to be told of a person: each upsert begins with one request of this kind.
    pub fn upserts(&self, vendor: &str) -> usize {
        let log = self.doors[vendor].log.lock().unwrap();
        let first = |(method, path): &&(Method, String)| match vendor {
            "triple_whale" => path.ends_with("/data-in/customers"),
            "shopline" => *method == Method::POST && path.ends_with("/customers.json"),
            // People are looked for by address first, and by phone number too where they have one.
            "shoplazza" => *method == Method::GET && (path.contains("%40") || path.contains('@')),
            "yotpo" => *method == Method::PATCH,
            _ => *method == Method::POST && path.ends_with("/customers"),
        };
        log.iter().filter(first).count()
    }

    /// The addresses of the people that a vendor holds, in order, each as often as the vendor has it.
    pub fn people(&self, vendor: &str) -> Vec<String> {
        let held = self.sandbox.customers(vendor);
        let email = |person: &Value| {
            let found = ["email", "email_address"].iter().find_map(|key| person[*key].as_str());
            found.unwrap_or_else(|| panic!("{vendor}: a person without an address: {person}")).to_owned()
        };
        let mut people: Vec<_> = held.iter().map(email).collect();
        people.sort();
        people
    }

    /// All that a vendor holds, without what every write makes anew.
    pub fn held(&self, vendor: &str) -> Value {
        fn plain(value: &mut Value) {
            match value {
                Value::Object(map) => {
                    map.retain(|key, _| {
                        !matches!(key.as_str(), "id" | "timestamp") && !key.ends_with("_id") && !key.ends_with("_at")
                    });
                    map.values_mut().for_each(plain);
                }
                Value::Array(list) => {
                    list.iter_mut().for_each(plain);
                    list.sort_by_key(Value::to_string);
                }
                _ => {}
            }
        }
        let mut all = Value::Array(self.sandbox.customers(vendor));
        plain(&mut all);
        all
    }
}

async fn listen(listener: TcpListener, door: Arc<Door>, counters: Counters, transport: ReqwestTransport) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else { return };
        let _ = stream.set_nodelay(true);
        counters.busy.send_modify(|busy| *busy += 1);
        door.last.send_replace(Some(peer));
        let (door, counters, transport) = (Arc::clone(&door), counters.clone(), transport.clone());
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let (door, counters, transport) = (Arc::clone(&door), counters.clone(), transport.clone());
                counters.busy.send_modify(|busy| *busy += 1);
                // In a task of its own: what has been sent is carried out, whether anybody waits for the answer or not.
                let answer = tokio::spawn(async move {
                    let answer = forward(&door, &counters, &transport, request).await;
                    counters.busy.send_modify(|busy| *busy -= 1);
                    answer
                });
                async move { answer.await.unwrap_or_else(|_| Ok(plain(StatusCode::BAD_GATEWAY))) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            counters.busy.send_modify(|busy| *busy -= 1);
        });
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

async fn forward(
    door: &Door,
    counters: &Counters,
    transport: &ReqwestTransport,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    door.log.lock().unwrap().push((head.method.clone(), path.clone()));
    counters.seen.send_modify(|seen| *seen += 1);
    if door.is_stuck.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    if door.is_shut.load(Ordering::SeqCst) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE));
    }
    let mut onward = HttpRequest::new(head.method, door.target.join(&path).unwrap());
    onward.headers = head.headers;
    [HOST, CONNECTION, CONTENT_LENGTH].iter().for_each(|name| drop(onward.headers.remove(name)));
    onward.body = body;
    let Ok(found) = transport.send(onward).await else {
        panic!("the stand-in of {} gave no answer", door.vendor);
    };
    let mut answer = Response::new(Full::new(found.body));
    *answer.status_mut() = found.status;
    *answer.headers_mut() = found.headers;
    [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].iter().for_each(|name| drop(answer.headers_mut().remove(name)));
    Ok(answer)
}
