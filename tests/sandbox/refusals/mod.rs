//! What each stand-in refuses, one row for each refusal, in the vendor's own shape: raw requests, no client between.
//!
//! What no vendor's page says is not here: the stand-ins take it, or say where they are coded that the strictness is ours.

mod shoplazza;
mod shopline;
mod triple_whale;
mod whale;
mod yotpo;

use customer_sink::sandbox::Sandbox;
use customer_sink::{HttpRequest, HttpResponse, ReqwestTransport, Transport};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// How a request differs from a good one.
#[derive(Clone, Copy)]
enum Head {
    Good,
    /// No credential.
    Bare,
    /// This one in place of the good one.
    Credential(&'static str),
    /// A body of another kind.
    ContentType(&'static str),
    Accept(&'static str),
}
use Head::{Accept, Bare, ContentType, Credential, Good};

/// What the body of an answer must say.
enum Says {
    /// Each key, by its JSON pointer.
    Keys(&'static [(&'static str, &'static str)]),
    /// The whole text, which is no JSON object.
    Text(&'static str),
    /// A text at this pointer that begins so.
    Begins(&'static str, &'static str),
}
use Says::{Begins, Keys, Text};

/// What is asked, the request, the status, and what the answer says.
type Row = (&'static str, &'static str, &'static str, Head, String, u16, Says);

struct Bench {
    sandbox: Sandbox,
    transport: ReqwestTransport,
    provider: &'static str,
    /// The header of the credential, and the good one.
    credential: (&'static str, String),
    /// The header by which the vendor names a request, where it has one.
    request_id: Option<&'static str>,
}

impl Bench {
    async fn new(provider: &'static str, header: &'static str, good: &str, request_id: Option<&'static str>) -> Self {
        let sandbox = Sandbox::only(&[provider]).await.unwrap();
        let transport = ReqwestTransport::new().unwrap();
        Self { sandbox, transport, provider, credential: (header, good.to_owned()), request_id }
    }

    async fn send(&self, method: &str, path: &str, head: Head, body: &str) -> HttpResponse {
        let url = format!("{}{path}", self.sandbox.url(self.provider).unwrap());
        let mut request = HttpRequest::new(method.parse().unwrap(), url.parse().unwrap());
        let mut headers = HeaderMap::new();
        let (name, good) = (HeaderName::from_static(self.credential.0), self.credential.1.as_str());
        match head {
            Bare => {}
            Credential(other) => drop(headers.insert(name, HeaderValue::from_static(other))),
            Good | ContentType(_) | Accept(_) => drop(headers.insert(name, good.parse().unwrap())),
        }
        let mime = if let ContentType(mime) = head { mime } else { "application/json" };
        if !body.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(mime));
        }
        if let Accept(mime) = head {
            headers.insert("accept", HeaderValue::from_static(mime));
        }
        request.headers = headers;
        request.body = body.to_owned().into();
        self.transport.send(request).await.unwrap()
    }

    /// Sends every row, each of which must be refused as it says and leave all as it was.
    async fn refuses(&self, rows: impl IntoIterator<Item = Row>) {
        let before = self.sandbox.customers(self.provider);
        assert_eq!(before.len(), 1);
        for (what, method, path, head, body, status, says) in rows {
            let answer = self.send(method, path, head, &body).await;
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            let row = format!("{}, {what}: {} {text}", self.provider, answer.status);
            assert_eq!(answer.status.as_u16(), status, "{row}");
            let shown: Value = serde_json::from_str(&text).unwrap_or_default();
            match says {
                Keys(keys) => {
                    for (pointer, wanted) in keys {
                        let wanted: Value = serde_json::from_str(wanted).unwrap_or_else(|_| (*wanted).into());
                        assert_eq!(shown.pointer(pointer), Some(&wanted), "{row}");
                    }
                }
                Text(wanted) => assert_eq!(text, wanted, "{row}"),
                Begins(pointer, wanted) => {
                    let said = shown.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                    assert!(said.starts_with(wanted), "{row}");
                }
            }
            if let Some(name) = self.request_id {
                assert!(answer.header(name).is_some_and(|id| !id.is_empty()), "{row}");
            }
            assert_eq!(self.sandbox.customers(self.provider), before, "{row}");
        }
    }
}

fn row(what: &'static str, request: (&'static str, &'static str), head: Head, body: Value, answer: (u16, Says)) -> Row {
    let body = match body {
        Value::Null => String::new(),
        // A text is sent as it is.
        Value::String(text) => text,
        body => body.to_string(),
    };
    (what, request.0, request.1, head, body, answer.0, answer.1)
}
