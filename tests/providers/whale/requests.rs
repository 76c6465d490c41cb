//! Whale: what each of the 15 calls sends in both styles of path, what is refused before it is sent, and look-ups against
//! answers that prove nothing.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::providers::whale::{
    ActivityQuery, Assumptions, Builder, Change, CustomerId, CustomerInput, CustomerQuery, ErasureInput, ExportInput,
    Metadata, MetadataValue, NoteInput, PageQuery, PathStyle, SegmentId, SegmentInput, Whale,
};
use customer_sink::{
    Connector, Customer, CustomerSink, CustomerSinkExt, Effect, Email, Error, ErrorKind, HttpRequest, HttpResponse,
    Identity, ManualClock, Outcome, Transport, TransportError, UpsertOptions,
};
use futures::StreamExt;
use http::StatusCode;

/// Answers with these in turn, the last one over and over, and keeps what it was asked.
#[derive(Debug)]
struct Script {
    answers: Vec<(u16, &'static str)>,
    asked: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Shared(Arc<Script>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut asked = self.0.asked.lock().unwrap();
        let (status, body) = self.0.answers.get(asked.len()).or(self.0.answers.last()).copied().unwrap();
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        asked.push(format!("{} {}{query}", request.method, request.url.path()));
        Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body))
    }
}

impl Script {
    fn new(answers: &[(u16, &'static str)]) -> Arc<Self> {
        Arc::new(Self { answers: answers.to_vec(), asked: Mutex::default() })
    }

    fn builder(self: &Arc<Self>) -> Builder {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let connector = Connector::for_tests(Arc::new(Shared(Arc::clone(self))), clock);
        Whale::builder("s/1", "k").connector(&connector)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Each of the 15 documented calls once (a removal request in both its forms), with an id that has to be escaped.
/// None: the vendor says that there is no such object.
async fn all_calls(whale: &Whale) -> Vec<Option<Error>> {
    let (id, segment) = (CustomerId::from("c 1"), SegmentId::from("s/2"));
    let input = CustomerInput { email: Change::Set("a@example.com".into()), ..CustomerInput::default() };
    let fixed = SegmentInput::fixed("x", [id.clone()]);
    [
        whale.list_customers(&CustomerQuery::default()).await.map(drop),
        whale.create_customer(&input).await.map(drop),
        some(whale.get_customer(&id).await),
        whale.update_customer(&id, &input).await.map(drop),
        whale.delete_customer(&id).await.map(drop),
        some(whale.get_metrics(&id).await),
        whale.list_activity(&id, &ActivityQuery::default()).await.map(drop),
        whale.list_notes(&id, &PageQuery::default()).await.map(drop),
        whale.create_note(&id, &NoteInput::new("x")).await.map(drop),
        whale.list_segments(&PageQuery::default()).await.map(drop),
        whale.create_segment(&fixed).await.map(drop),
        some(whale.get_segment(&segment).await),
        whale.update_segment(&segment, &SegmentInput::default().name("y")).await.map(drop),
        whale.delete_segment(&segment).await.map(drop),
        whale.request_erasure(&id, &ErasureInput::default()).await.map(drop),
        whale.request_export(&id, &ExportInput::json()).await.map(drop),
    ]
    .into_iter()
    .map(Result::err)
    .collect()
}

/// A read of one object that must not find it.
fn some<T>(read: Result<Option<T>, Error>) -> Result<(), Error> {
    read.map(|found| assert!(found.is_none()))
}

/// What is read as none, where the vendor says that there is no such object.
const READS_OF_ONE: [&str; 3] = ["GET customers/c%201", "GET customers/c%201/metrics", "GET customer-segments/s%2F2"];

/// Before a write was sent, nothing can have changed.
fn effect(call: &str) -> Effect {
    if call.starts_with("GET") { Effect::NotSent } else { Effect::Rejected }
}

const CALLS: [&str; 16] = [
    "GET customers",
    "POST customers",
    "GET customers/c%201",
    "PATCH customers/c%201",
    "DELETE customers/c%201",
    "GET customers/c%201/metrics",
    "GET customers/c%201/activity",
    "GET customers/c%201/notes",
    "POST customers/c%201/notes",
    "GET customer-segments",
    "POST customer-segments",
    "GET customer-segments/s%2F2",
    "PATCH customer-segments/s%2F2",
    "DELETE customer-segments/s%2F2",
    "POST customers/c%201/removal-request",
    "POST customers/c%201/removal-request",
];

#[tokio::test]
async fn every_call_goes_to_its_path_and_a_removed_style_is_told_and_never_changed() {
    const REMOVED: &str = r#"{"error":{"type":"invalid_request_error","code":"store_path_removed","message":"x"}}"#;
    for (style, root) in [(PathStyle::StoreScoped, "/v1/stores/s%2F1/"), (PathStyle::KeyScoped, "/v1/")] {
        let script = Script::new(&[(410, REMOVED)]);
        let whale = script.builder().path_style(style).build().unwrap();
        for (call, error) in CALLS.iter().zip(all_calls(&whale).await) {
            let error = error.unwrap();
            assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Config, effect(call), 1));
            assert!(error.hint().unwrap().contains("PathStyle::KeyScoped") && !error.is_retryable());
        }
        // One request for each call: nothing tried the other style.
        assert_eq!(script.asked(), CALLS.map(|call| call.replacen(' ', &format!(" {root}"), 1)));
    }
}

#[tokio::test]
async fn every_call_reads_a_refusal_in_every_shape() {
    for (status, body, kind, code) in [
        (401, r#"{"error":{"type":"authentication_error","code":"invalid_api_key"}}"#, "unauthenticated", true),
        (403, r#"{"error":{"type":"store_mismatch_error"}}"#, "forbidden", true),
        (404, r#"{"error":"Not found"}"#, "not_found", false),
        (400, r#"{"message":"x"}"#, "rejected", false),
        (422, "<html>", "rejected", false),
        (200, r#"{"success":false,"error":"x"}"#, "rejected", false),
        (201, r#"{"errors":[{"code":"bad","message":"x"}]}"#, "rejected", true),
    ] {
        let script = Script::new(&[(status, body)]);
        for (call, error) in CALLS.iter().zip(all_calls(&script.builder().build().unwrap()).await) {
            let is_none = status == 404 && READS_OF_ONE.contains(call);
            assert_eq!(error.is_none(), is_none, "{call} {status} {body}");
            let Some(error) = error else { continue };
            assert_eq!((error.kind().as_str(), error.effect()), (kind, effect(call)), "{status} {body} {error}");
            assert_eq!((error.code().is_some(), error.status()), (code, Some(status)), "{body}");
            assert!(error.operation().is_some() && error.attempts() == 1 && !error.is_retryable());
        }
        assert_eq!(script.asked().len(), CALLS.len());
    }
}

#[tokio::test]
async fn what_a_create_or_an_update_cannot_say_is_refused_before_it_is_sent() {
    let script = Script::new(&[(200, "{}")]);
    let whale = script.builder().build().unwrap();
    let fields = |error: Error| -> Vec<String> {
        assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::InvalidInput, Effect::NotSent, 0));
        error.field_errors().iter().map(|field| field.field().to_owned()).collect()
    };
    let blank = CustomerInput { email: Change::Set(" ".into()), phone: Change::Clear, ..CustomerInput::default() };
    assert_eq!(fields(whale.create_customer(&blank).await.unwrap_err()), ["email", "phone"]);
    let clears = CustomerInput {
        email: Change::Clear,
        first_name: Change::Clear,
        last_name: Change::Clear,
        phone: Change::Clear,
        tags: Change::Clear,
        address: Change::Clear,
        metadata: Change::Clear,
        date_of_birth: Change::Clear,
        email_consent: Change::Clear,
        sms_consent: Change::Clear,
    };
    assert_eq!(fields(whale.create_customer(&clears).await.unwrap_err()).len(), 10);
    let id = CustomerId::from("c");
    assert_eq!(fields(whale.update_customer(&id, &CustomerInput::default()).await.unwrap_err()), ["customer"]);
    assert!(script.asked().is_empty());
    assert!(whale.update_customer(&id, &clears).await.is_ok(), "an update may clear");
    let typed = MetadataValue::Bool(true);
    assert_eq!(format!("{:?} {typed:?}", Metadata(vec![("k".into(), typed.clone())])), "Metadata(1) Bool(..)");
}

#[tokio::test]
async fn a_create_is_repeated_only_where_the_email_makes_two_of_them_one() {
    let phone = CustomerInput { phone: Change::Set("+15550100100".into()), ..CustomerInput::default() };
    let script = Script::new(&[(500, ""), (201, r#"{"id":"a"}"#)]);
    let error = script.builder().build().unwrap().create_customer(&phone).await.unwrap_err();
    assert_eq!((error.effect(), error.attempts(), error.is_retryable()), (Effect::Unknown, 1, false));
    let email = CustomerInput { email: Change::Set("a@example.com".into()), ..phone };
    let script = Script::new(&[(500, ""), (201, r#"{"id":"a"}"#)]);
    assert!(script.builder().build().unwrap().create_customer(&email).await.is_ok());
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_known_customer_whose_writes_all_fail_is_unknown_and_the_create_is_the_look_up() {
    let person = Customer::new().email("a@example.com").first_name("A");
    for look_up_first in [false, true] {
        let script = Script::new(&[(500, "")]);
        let options = UpsertOptions::default().look_up_first(look_up_first);
        let error = script.builder().build().unwrap().upsert_with(&person, &options).await.unwrap_err();
        assert_eq!((error.effect(), error.is_retryable(), error.attempts()), (Effect::Unknown, true, 4));
        // A create with a known e-mail address returns the customer: it is sent in either case.
        assert_eq!(script.asked(), ["POST /v1/stores/s%2F1/customers"; 4]);
    }
}

#[tokio::test]
async fn after_a_lost_create_a_failed_update_of_who_may_have_been_there_is_unknown() {
    let person = Customer::new().email("a@example.com").first_name("A");
    let (lost, known) = ((500, ""), (200, r#"{"id":"c","email":"a@example.com","first_name":"B"}"#));
    let script = Script::new(&[lost, known, (400, r#"{"message":"x"}"#)]);
    let error = script.builder().build().unwrap().upsert(&person).await.unwrap_err();
    assert_eq!((error.kind(), error.effect(), error.attempts()), (ErrorKind::Rejected, Effect::Unknown, 3));
    let script = Script::new(&[lost, known, (200, r#"{"id":"c","email":"a@example.com","first_name":"A"}"#)]);
    assert_eq!(script.builder().build().unwrap().upsert(&person).await.unwrap().outcome, Outcome::Updated);
    let same = (200, r#"{"id":"c","email":"a@example.com","first_name":"A"}"#);
    let script = Script::new(&[lost, same]);
    assert_eq!(script.builder().build().unwrap().upsert(&person).await.unwrap().outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_404_of_something_on_the_way_is_no_proof_that_a_delete_was_done() {
    let gone = r#"{"error":{"type":"not_found_error","code":"resource_missing"}}"#;
    let id = CustomerId::from("c");
    let script = Script::new(&[(504, ""), (404, gone)]);
    script.builder().build().unwrap().delete_customer(&id).await.unwrap();
    let script = Script::new(&[(504, ""), (404, "<html>")]);
    let error = script.builder().build().unwrap().delete_customer(&id).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotFound, Effect::Unknown));
}

#[tokio::test]
async fn a_search_with_rows_that_say_too_little_proves_nothing() {
    let who = Identity::Email(Email::new("a@example.com"));
    for rows in [
        // The person, without an id; and a row that may be anybody.
        r#"{"data":[{"email":"A@example.com"}]}"#,
        r#"{"data":[{"id":null,"email":"a@example.com"},{"id":"2","email":"b@example.com"}]}"#,
        r#"{"data":[null]}"#,
        r#"{"data":["a@example.com"],"has_more":false}"#,
    ] {
        let whale = Script::new(&[(200, rows)]).builder().build().unwrap();
        assert_eq!(whale.find(&who).await.map(drop).unwrap_err().kind(), ErrorKind::Decode, "{rows}");
        let error = whale.erase(&who).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Decode, Effect::NotSent), "{rows}");
    }
}

#[tokio::test]
async fn whoever_has_another_email_by_now_is_neither_found_nor_erased() {
    let who = Identity::Email(Email::new("a@example.com"));
    let rows = (200, r#"{"data":[{"id":"1","email":"a@example.com"}]}"#);
    for answer in
        [r#"{"id":"1","email":"b@example.com"}"#, r#"{"id":"1","email":"deleted.1.1741513200@deleted.local"}"#]
    {
        let script = Script::new(&[rows, (200, answer)]);
        let whale = script.builder().build().unwrap();
        let error = whale.erase(&who).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::NotSent));
        assert_eq!((error.conflicting_ids(), script.asked().len()), (&["1".into()][..], 2));
        let script = Script::new(&[rows, (200, answer)]);
        let error = script.builder().build().unwrap().find(&who).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
}

#[tokio::test]
async fn a_look_up_asks_for_pages_of_the_size_that_is_set() {
    let who = Identity::Email(Email::new(" a+b@example.com "));
    for (size, sent) in [(None, 100), (Some(25), 25), (Some(0), 1), (Some(255), 100)] {
        let script = Script::new(&[(200, r#"{"data":[]}"#)]);
        let builder = script.builder();
        let builder = if let Some(size) = size {
            builder.assumptions(Assumptions::default().search_page_size(size))
        } else {
            builder
        };
        assert!(builder.build().unwrap().find(&who).await.unwrap().is_none());
        let query = format!("?search=a%2Bb%40example.com&limit={sent}");
        assert_eq!(script.asked(), [format!("GET /v1/stores/s%2F1/customers{query}")]);
    }
}

#[tokio::test]
async fn a_stream_of_rows_tells_those_that_it_cannot_read() {
    let first = r#"{"data":[{"id":"a"},7,{"id":"b"}],"has_more":true,"next_cursor":"1"}"#;
    let script = Script::new(&[(200, first), (200, r#"{"data":[{"id":"c"}],"has_more":false}"#)]);
    let whale = script.builder().build().unwrap();
    let items: Vec<_> = whale.customers_stream(&CustomerQuery::default()).collect().await;
    let shown: Vec<_> = items
        .iter()
        .map(|item| match item {
            Ok(row) => row.id.as_ref().unwrap().as_str(),
            Err(error) => error.kind().as_str(),
        })
        .collect();
    assert_eq!(shown, ["a", "b", "decode", "c"]);
}
