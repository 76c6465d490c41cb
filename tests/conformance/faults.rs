//! What the transport and the retry loop do on a real socket that misbehaves.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use customer_sink::client::Limit;
use customer_sink::providers::triple_whale::TripleWhale;
use customer_sink::{
    Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, Outcome, RetryPolicy, Upserted,
};

use crate::support;

/// A server that reads one request on each connection and then does what it is told.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

fn serve(act: impl Fn(usize, TcpStream) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    // Ends with the process: accept blocks, and a test binary lives for a moment.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten().take(64) {
            act(count.fetch_add(1, Ordering::SeqCst), stream);
        }
    });
    Server { url, requests }
}

/// Reads the head and the body of one request.
fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).to_ascii_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
            if seen.len() >= end + 4 + length.unwrap_or(0) {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(n) => seen.extend_from_slice(&buffer[..n]),
        }
    }
}

fn answer(mut stream: TcpStream, bytes: &[u8]) {
    read_request(&mut stream);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
}

async fn push(url: &str) -> Result<Upserted, Error> {
    let (connector, _) = support::connector();
    let sink =
        TripleWhale::builder("shop.example.com", "fake-key").base_url(url).connector(&connector).build().unwrap();
    sink.upsert(&Customer::new().external_id("1").email("a@example.com")).await
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{\"success\":true}";

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = push(&url).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Connect, Effect::NotSent, 4));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_reset_after_the_request_is_unknown_and_repeated_for_an_idempotent_write() {
    let server = serve(|_, mut stream| {
        read_request(&mut stream);
        drop(stream);
    });
    let error = push(&server.url).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Interrupted, Effect::Unknown));
    assert_eq!((error.attempts(), server.requests.load(Ordering::SeqCst)), (4, 4));
}

#[tokio::test]
async fn a_reset_is_made_good_by_the_next_attempt() {
    let server = serve(|index, stream| if index < 2 { drop(stream) } else { answer(stream, OK) });
    let done = push(&server.url).await.unwrap();
    assert_eq!(done.outcome, Outcome::Accepted);
    assert!(done.attempts >= 2);
}

#[tokio::test]
async fn a_success_whose_body_breaks_off_is_a_success() {
    let server = serve(|_, stream| answer(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"succ"));
    let done = push(&server.url).await.unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Accepted, 1));
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_not_read_to_its_end() {
    let server = serve(|_, mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
        let chunk = vec![b'x'; 1 << 16];
        let mut written = 0usize;
        // The peer hangs up at its cap of 4 MiB, long before the gigabyte that is announced.
        while stream.write_all(&chunk).is_ok() && written < 1 << 28 {
            written += chunk.len();
        }
        assert!(written < 1 << 28, "the whole body was taken");
    });
    assert_eq!(push(&server.url).await.unwrap().outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = serve(|_, stream| answer(stream, OK));
    let location = elsewhere.url.clone();
    let server = serve(move |_, stream| {
        let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        answer(stream, head.as_bytes());
    });
    let error = push(&server.url).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Redirected, Effect::Rejected));
    assert_eq!(elsewhere.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_unknown() {
    let server = serve(|_, stream| answer(stream, b"220 mail.example.com ESMTP\r\n"));
    let error = push(&server.url).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Interrupted, Effect::Unknown));
}

#[tokio::test]
async fn a_stalled_answer_times_out_as_unknown() {
    let (held, release) = std::sync::mpsc::channel::<()>();
    let release = std::sync::Mutex::new(release);
    let server = serve(move |_, mut stream| {
        read_request(&mut stream);
        // Until the test has its error, and no longer.
        let _ = release.lock().unwrap().recv();
    });
    let (connector, _) = support::connector();
    let policy = RetryPolicy { attempts: 1, attempt_timeout: Duration::from_millis(50), ..RetryPolicy::default() };
    let sink = TripleWhale::builder("shop.example.com", "fake-key")
        .base_url(&server.url)
        .connector(&connector)
        .retry_policy(policy)
        .build()
        .unwrap();
    let error = sink.upsert(&Customer::new().external_id("1")).await.unwrap_err();
    drop(held);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Unknown));
}

#[tokio::test]
async fn clients_of_one_account_share_its_quota() {
    let server = serve(|_, stream| answer(stream, OK));
    let (connector, clock) = support::connector();
    let client = |key: &str| {
        TripleWhale::builder("shop.example.com", key.to_owned())
            .base_url(&server.url)
            .connector(&connector)
            .rate_limit(Limit::Window { max: 2, per: Duration::from_secs(10) })
            .build()
            .unwrap()
    };
    let (one, two, other) = (client("key-a"), client("key-a"), client("key-b"));
    let customer = Customer::new().external_id("1");
    for sink in [&one, &two, &other, &other] {
        sink.upsert(&customer).await.unwrap();
    }
    assert!(clock.sleeps().is_empty(), "two for each account fit");
    one.upsert(&customer).await.unwrap();
    assert_eq!(clock.sleeps().len(), 1, "the third of an account waits");
}

#[test]
fn sinks_are_interchangeable() {
    fn takes(_: impl CustomerSink) {}
    let sink = TripleWhale::builder("shop.example.com", "k").build().unwrap();
    takes(sink.clone());
    takes(Arc::new(sink.clone()));
    takes(Box::new(sink.clone()) as Box<dyn CustomerSink>);
    let list: Vec<Arc<dyn CustomerSink>> = vec![Arc::new(sink)];
    assert_eq!(list[0].provider().as_str(), "triple_whale");
}
