//! Whale: every native call by its exchanges, and lists against transports that misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::client::ManualClock;
use customer_sink::client::{ArrayStyle, Cursor, Page, RawJson, Response};
use customer_sink::providers::whale::{
    ActivityKind, ActivityQuery, ActivityRecord, Assumptions, Builder, Change, ChurnRisk, Continuation, CustomerId,
    CustomerInput, CustomerQuery, CustomerRecord, CustomerSort, DateBound, ErasureInput, ExportInput, Metadata,
    MetadataValue, NoteInput, NoteRecord, PageQuery, PathStyle, RemovalRequestRecord, Rule, Rules, SegmentId,
    SegmentInput, SegmentKind, SegmentRecord, SortOrder, Whale,
};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Connector, CustomerSink, Effect, Error, ErrorKind, HttpRequest, HttpResponse, Transport, TransportError,
};
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support;

fn continuation(word: &str) -> Continuation {
    match word {
        "cursor" => Continuation::Cursor,
        "starting_after_cursor" => Continuation::StartingAfterCursor,
        "starting_after_id" => Continuation::StartingAfterId,
        "auto" => Continuation::Auto,
        name => Continuation::Custom(name.to_owned()),
    }
}

fn client(url: &str, connector: &Connector, options: &Value) -> Whale {
    let mut builder: Builder = Whale::builder(Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY);
    let text = |name: &str| options[name].as_str().map(str::to_owned);
    if text("path_style").as_deref() == Some("key_scoped") {
        builder = builder.path_style(PathStyle::KeyScoped);
    }
    let mut assumptions = Assumptions::default();
    if let Some(word) = text("continuation") {
        assumptions = assumptions.continuation(continuation(&word));
    }
    match text("array_style").as_deref() {
        Some("repeated") => assumptions = assumptions.array_style(ArrayStyle::Repeated),
        Some("brackets") => assumptions = assumptions.array_style(ArrayStyle::Brackets),
        _ => {}
    }
    if let Some(key) = text("search_key") {
        assumptions = assumptions.search_key(key);
    }
    if let Some(key) = text("segment_key") {
        assumptions = assumptions.segment_key(key);
    }
    if let Some(key) = text("note_key") {
        assumptions = assumptions.note_key(key);
    }
    builder = builder.assumptions(assumptions);
    builder.base_url(url).connector(connector).build().unwrap()
}

/// The keys of a record that are not documented, each with its JSON as text.
fn extra(raw: &RawJson, known: &[&str]) -> Value {
    let map: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw.as_str()).unwrap();
    let rest = map.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    rest.map(|(key, raw)| (key.clone(), json!(raw.get()))).collect::<serde_json::Map<_, _>>().into()
}

fn customer(record: CustomerRecord) -> Value {
    json!({
        "id": record.id.map(CustomerId::into_string), "email": record.email, "first_name": record.first_name,
        "last_name": record.last_name, "phone": record.phone, "tags": record.tags, "total_orders": record.total_orders,
        "total_spent": record.total_spent.map(|spent| spent.to_string()),
        "extra": extra(&record.raw, &[
            "id", "email", "first_name", "last_name", "phone", "tags", "total_orders", "total_spent", "last_order_at",
            "created_at", "updated_at", "address", "metadata",
        ]),
    })
}

fn event(event: ActivityRecord) -> Value {
    json!({
        "kind": event.kind.as_ref().map(ActivityKind::as_str), "title": event.title, "amount": event.amount.map(|amount| amount.to_string()),
        "campaign_id": event.campaign_id, "referrer": event.referrer, "agent": event.agent,
        "occurred_at": event.occurred_at.map(|at| at.to_rfc3339()), "extra": extra(&event.raw, &["type", "title", "occurred_at", "amount", "campaign_id", "referrer", "agent", "id"]),
    })
}

fn note(note: NoteRecord) -> Value {
    let created_at = note.created_at.map(|at| at.to_rfc3339());
    json!({"id": note.id.map(|id| id.into_string()), "text": note.text, "author": note.author, "created_at": created_at})
}

fn segment(segment: SegmentRecord) -> Value {
    json!({
        "id": segment.id.map(SegmentId::into_string), "name": segment.name,
        "kind": segment.kind.as_ref().map(SegmentKind::as_str), "rules": segment.rules.map(|rules| rule_text(&rules)),
        "member_count": segment.member_count, "extra": extra(&segment.raw, &[
            "id", "name", "type", "is_dynamic", "rules", "member_count", "customer_count", "customer_ids", "description",
            "metadata", "created_at", "updated_at",
        ]),
    })
}

fn rule_text(rules: &Rules) -> String {
    serde_json::to_string(rules).unwrap()
}

fn removal(request: RemovalRequestRecord) -> Value {
    json!({
        "id": request.id.map(|id| id.into_string()), "customer_id": request.customer_id.map(CustomerId::into_string),
        "kind": request.kind.map(|kind| kind.as_str().to_owned()),
        "status": request.status.map(|status| status.as_str().to_owned()), "reason": request.reason,
        "done_by": request.estimated_completion.map(|at| at.to_rfc3339()),
    })
}

/// A page as the fixtures write it.
fn page<T>(page: Response<Page<T>>, show: fn(T) -> Value) -> Value {
    let body: Value = serde_json::from_slice(&page.body).unwrap();
    let next = page.value.next.as_ref().map(Cursor::as_str).map(|next| {
        let pairs: Vec<_> = url::form_urlencoded::parse(next.as_bytes()).into_owned().collect();
        json!([pairs[0].0, pairs[0].1])
    });
    json!({
        "data": page.value.items.into_iter().map(show).collect::<Vec<_>>(), "unreadable": page.value.unreadable,
        "has_more": body["has_more"], "next": next,
    })
}

async fn all<T>(rows: impl Stream<Item = Result<T, Error>>, show: fn(T) -> Value) -> Result<Value, Error> {
    rows.map_ok(show).try_collect::<Vec<_>>().await.map(Value::from)
}

/// What a write shows; null where its answer could not be read.
fn shown<T>(answer: Response<T>, show: fn(T) -> Value) -> Value {
    let is_readable = answer.body.starts_with(b"{");
    if is_readable { show(answer.value) } else { Value::Null }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn limit(arguments: &Value) -> Option<u8> {
    arguments["limit"].as_u64().map(|limit| u8::try_from(limit).unwrap())
}

fn start(arguments: &Value) -> Option<Cursor> {
    let [name, value] = [0, 1].map(|at| text(&arguments["start"][at]));
    Some(cursor(&name?, &value?))
}

fn cursor(name: &str, value: &str) -> Cursor {
    Cursor::new(url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()).unwrap()
}

fn day(value: &Value) -> Option<DateBound> {
    value.as_str().map(|day| day.parse::<chrono::NaiveDate>().unwrap().into())
}

fn list_query(arguments: &Value) -> CustomerQuery {
    let mut query = CustomerQuery::default().tags(strings(&arguments["tags"]));
    query.search = text(&arguments["search"]);
    query.created_after = day(&arguments["created_after"]);
    query.created_before = day(&arguments["created_before"]);
    query.segment = arguments["segment"].as_str().map(SegmentId::from);
    query.sort = arguments["sort"].as_str().map(CustomerSort::from);
    query.order = (arguments["order"] == "desc").then_some(SortOrder::Descending);
    query.limit = limit(arguments);
    query.start = start(arguments);
    query
}

fn rules(text: &str) -> Rules {
    let rules: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(text).unwrap();
    let text = |rule: &BTreeMap<String, Box<RawValue>>, key: &str| -> String {
        serde_json::from_str(rule[key].get()).unwrap()
    };
    let rule = |rule: &BTreeMap<String, Box<RawValue>>| {
        Rule::new(text(rule, "field"), text(rule, "operator").as_str(), &rule["value"]).unwrap()
    };
    rules.iter().map(rule).collect::<Vec<_>>().into()
}

fn segment_input(arguments: &Value) -> SegmentInput<'static> {
    let mut input = SegmentInput::default();
    input.name = text(&arguments["name"]).map(Into::into);
    input.kind = arguments["type"].as_str().map(SegmentKind::from);
    // As a text, so that the value of each rule is known byte by byte.
    input.rules = arguments["rules"].as_str().map(rules);
    let members = arguments["customer_ids"].is_array().then(|| strings(&arguments["customer_ids"]));
    input.customer_ids = members.map(|ids| ids.into_iter().map(CustomerId::from).collect());
    if let Some(metadata) = arguments["metadata"].as_object() {
        let text = |value: &Value| MetadataValue::Text(value.as_str().unwrap().to_owned().into());
        input.metadata =
            Some(Metadata(metadata.iter().map(|(key, value)| (key.clone().into(), text(value))).collect()));
    }
    input
}

fn customer_input(arguments: &Value) -> CustomerInput<'_> {
    let field = |name: &str| arguments[name].as_str().map(Into::into).into();
    let mut input = CustomerInput::default();
    (input.email, input.first_name, input.phone) = (field("email"), field("first_name"), field("phone"));
    if arguments["clear_phone"] == true {
        input.phone = Change::Clear;
    }
    input
}

async fn run(url: &str, connector: &Connector, exchange: &Value) -> Result<Value, Error> {
    let whale = client(url, connector, &exchange["options"]);
    let arguments = &exchange["arguments"];
    let id = CustomerId::from(arguments["id"].as_str().unwrap_or_default());
    let segment_id = SegmentId::from(id.as_str());
    let whole = arguments["whole"] == true;
    let mut pages = PageQuery::default();
    (pages.limit, pages.start) = (limit(arguments), start(arguments));
    Ok(match exchange["call"].as_str().unwrap() {
        "list" if whole => all(whale.customers_stream(&list_query(arguments)), customer).await?,
        "list" => page(whale.list_customers(&list_query(arguments)).await?, customer),
        "create" => {
            let made = whale.create_customer(&customer_input(arguments)).await?.value;
            json!({"is_new": made.is_new, "customer": made.customer.map(customer)})
        }
        "get" => json!(whale.get_customer(&id).await?.map(|found| customer(found.value))),
        "update" => shown(whale.update_customer(&id, &customer_input(arguments)).await?, customer),
        "delete" => whale.delete_customer(&id).await.map(|_| Value::Null)?,
        "metrics" => {
            let metrics = whale.get_metrics(&id).await?.unwrap().value;
            let money = |value: Option<customer_sink::Decimal>| value.map(|value| value.to_string());
            let risk = metrics.churn_risk.map(|risk| match risk {
                ChurnRisk::Score(score) => json!({"score": score.to_string()}),
                ChurnRisk::Word(word) => json!({"word": word}),
                _ => Value::Null,
            });
            json!({
                "customer_id": metrics.customer_id.map(CustomerId::into_string), "segment": metrics.rfm.segment,
                "scores": [metrics.rfm.recency_score, metrics.rfm.frequency_score, metrics.rfm.monetary_score],
                "lifetime_value": money(metrics.lifetime_value), "average": money(metrics.average_order_value),
                "orders": metrics.total_orders, "spent": money(metrics.total_spent), "churn_risk": risk,
                "days": money(metrics.purchase_frequency_days),
                "first_order_at": metrics.first_order_at.map(|at| at.to_rfc3339()),
                "computed_at": metrics.computed_at.map(|at| at.to_rfc3339()), "extra": extra(&metrics.raw, &[
                    "customer_id", "rfm", "lifetime_value", "average_order_value", "total_orders", "total_spent",
                    "purchase_frequency_days", "churn_risk", "first_order_at", "last_order_at", "computed_at",
                ]),
            })
        }
        "activity" => {
            let kinds = strings(&arguments["kinds"]);
            let mut query = ActivityQuery::default().kinds(kinds.iter().map(|kind| ActivityKind::from(kind.as_str())));
            (query.after, query.before) = (day(&arguments["after"]), day(&arguments["before"]));
            (query.limit, query.start) = (limit(arguments), start(arguments));
            if whole {
                all(whale.activity_stream(&id, &query), event).await?
            } else {
                page(whale.list_activity(&id, &query).await?, event)
            }
        }
        "notes" if whole => all(whale.notes_stream(&id, &pages), note).await?,
        "notes" => page(whale.list_notes(&id, &pages).await?, note),
        "create_note" => {
            let mut input = NoteInput::new(arguments["text"].as_str().unwrap());
            input.author = text(&arguments["author"]).map(Into::into);
            shown(whale.create_note(&id, &input).await?, note)
        }
        "segments" if whole => all(whale.segments_stream(&pages), segment).await?,
        "segments" => page(whale.list_segments(&pages).await?, segment),
        "create_segment" => shown(whale.create_segment(&segment_input(arguments)).await?, segment),
        "segment" => json!(whale.get_segment(&segment_id).await?.map(|found| segment(found.value))),
        "update_segment" => shown(whale.update_segment(&segment_id, &segment_input(arguments)).await?, segment),
        "delete_segment" => whale.delete_segment(&segment_id).await.map(|_| Value::Null)?,
        "request_erasure" => {
            let notify_customer = arguments["notify_customer"].as_bool();
            let input = ErasureInput { reason: text(&arguments["reason"]).map(Into::into), notify_customer };
            shown(whale.request_erasure(&id, &input).await?, removal)
        }
        "request_export" => shown(whale.request_export(&id, &ExportInput::json()).await?, removal),
        call => panic!("no call is named {call}"),
    })
}

#[tokio::test]
async fn exchanges() {
    support::calls::play_calls("whale", async |url: &str, connector: &Connector, exchange: &Value| {
        match run(url, connector, exchange).await {
            Ok(value) => json!({"outcome": "done", "value": value}),
            Err(error) => support::failed(&error),
        }
    })
    .await;
}

/// Answers with these bodies in turn, and keeps the URLs that it was asked for.
#[derive(Debug)]
struct Script {
    bodies: Vec<&'static str>,
    asked: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Shared(Arc<Script>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut asked = self.0.asked.lock().unwrap();
        let body = self.0.bodies.get(asked.len()).copied().unwrap_or("<html>");
        asked.push(request.url.query().unwrap_or_default().to_owned());
        Ok(HttpResponse::new(http::StatusCode::OK, body))
    }
}

fn scripted(bodies: &[&'static str]) -> (Whale, Arc<Script>) {
    let script = Arc::new(Script { bodies: bodies.to_vec(), asked: Mutex::default() });
    let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let connector = Connector::for_tests(Arc::new(Shared(Arc::clone(&script))), clock);
    (Whale::builder("s", "k").connector(&connector).build().unwrap(), script)
}

fn id(record: CustomerRecord) -> String {
    record.id.unwrap().into_string()
}

const FIRST: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"has_more":true,"next_cursor":"1"}"#;
const SECOND: &str = r#"{"data":[{"id":"c"},{"id":"d"}],"has_more":true,"next_cursor":"2"}"#;
const THIRD: &str = r#"{"data":[{"id":"e"}],"has_more":false,"next_cursor":null}"#;

#[tokio::test]
async fn a_stream_reads_pages_only_as_they_are_needed() {
    let (whale, script) = scripted(&[FIRST, SECOND, THIRD]);
    let mut items = Box::pin(whale.customers_stream(&CustomerQuery::default()));
    assert!(script.asked.lock().unwrap().is_empty(), "nothing is asked for before somebody reads");
    for expected in ["a", "b"] {
        assert_eq!(id(items.next().await.unwrap().unwrap()), expected);
    }
    assert_eq!(script.asked.lock().unwrap().len(), 1);
    let rest: Vec<String> = items.map_ok(id).try_collect().await.unwrap();
    assert_eq!(rest, ["c", "d", "e"]);
    assert_eq!(*script.asked.lock().unwrap(), ["", "cursor=1", "cursor=2"]);
}

#[tokio::test]
async fn a_vendor_that_ignores_the_cursor_ends_the_stream_and_nobody_comes_twice() {
    let (whale, script) = scripted(&[FIRST, SECOND, FIRST]);
    let mut items = Box::pin(whale.customers_stream(&CustomerQuery::default()));
    let mut seen = Vec::new();
    let error = loop {
        match items.next().await.expect("an error") {
            Ok(record) => seen.push(id(record)),
            Err(error) => break error,
        }
    };
    assert_eq!(seen, ["a", "b", "c", "d"]);
    assert_eq!((error.kind(), error.effect(), error.is_retryable()), (ErrorKind::Decode, Effect::NotSent, false));
    assert!(error.hint().unwrap().contains("Continuation"));
    assert!(items.next().await.is_none(), "an error is the end");
    assert_eq!(script.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_list_that_broke_goes_on_from_the_last_page() {
    let (whale, _) = scripted(&[FIRST, "<html>"]);
    let first = whale.list_customers(&CustomerQuery::default()).await.unwrap().value;
    let next = first.next.unwrap();
    assert_eq!((first.items.len(), next.as_str()), (2, "cursor=1"));
    let query = CustomerQuery::default().start(next.clone());
    assert_eq!(whale.list_customers(&query).await.unwrap_err().kind(), ErrorKind::Decode);
    let kept = Cursor::new(next.as_str()).unwrap();
    let (whale, script) = scripted(&[SECOND, THIRD]);
    let rest = whale.customers_stream(&CustomerQuery::default().start(kept));
    assert_eq!(rest.map_ok(id).try_collect::<Vec<_>>().await.unwrap(), ["c", "d", "e"]);
    assert_eq!(script.asked.lock().unwrap()[0], "cursor=1");
}

#[tokio::test]
async fn a_search_is_exhausted_and_a_stalled_one_proves_nothing() {
    const HIT: &str = r#"{"data":[{"id":"z","email":"A@example.com"}],"has_more":false}"#;
    let by = |email: &str| customer_sink::Identity::Email(customer_sink::Email::new(email));
    let (whale, script) = scripted(&[FIRST, SECOND, HIT, r#"{"id":"z","email":"a@example.com"}"#]);
    assert_eq!(
        whale.find(&by("a@example.com")).await.unwrap().unwrap().remote_id.as_ref().map(|id| id.as_str()),
        Some("z")
    );
    assert_eq!(script.asked.lock().unwrap()[2], "search=a%40example.com&limit=100&cursor=2");
    let (whale, _) = scripted(&[FIRST, FIRST]);
    assert_eq!(whale.find(&by("a@example.com")).await.unwrap_err().kind(), ErrorKind::Decode);
    // Twice the same address, pages apart.
    const ONE: &str = r#"{"data":[{"id":"y","email":"a@example.com "}],"has_more":true,"next_cursor":"1"}"#;
    let (whale, _) = scripted(&[ONE, HIT]);
    let error = whale.find(&by("a@example.com")).await.unwrap_err();
    assert_eq!((error.kind(), error.conflicting_ids()), (ErrorKind::Conflict, &["y".into(), "z".into()][..]));
}

#[test]
fn options_of_the_wire_are_checked_by_name() {
    let option = |builder: Builder| builder.build().unwrap_err().field_errors()[0].field().to_owned();
    let option = |assumptions: Assumptions| option(Whale::builder("s", "k").assumptions(assumptions));
    let default = Assumptions::default;
    assert_eq!(option(default().continuation(Continuation::Custom(" ".into()))), "continuation");
    assert_eq!(option(default().search_key("")), "search_key");
    assert_eq!(option(default().segment_key("")), "segment_key");
    assert_eq!(option(default().note_key(" ")), "note_key");
    assert_eq!(option(default().note_key("created_by")), "note_key");
}

#[tokio::test]
async fn ids_that_could_lead_elsewhere_are_refused_everywhere() {
    let (whale, script) = scripted(&[]);
    for bad in ["", ".", "..", "a\nb"] {
        let (id, segment) = (CustomerId::from(bad), SegmentId::from(bad));
        let note = NoteInput::new("x");
        let change = SegmentInput::default().name("x");
        let errors = [
            whale.get_customer(&id).await.map(drop),
            whale.update_customer(&id, &CustomerInput::default()).await.map(drop),
            whale.delete_customer(&id).await.map(drop),
            whale.get_metrics(&id).await.map(drop),
            whale.list_activity(&id, &ActivityQuery::default()).await.map(drop),
            whale.list_notes(&id, &PageQuery::default()).await.map(drop),
            Box::pin(whale.activity_stream(&id, &ActivityQuery::default())).next().await.unwrap().map(drop),
            Box::pin(whale.notes_stream(&id, &PageQuery::default())).next().await.unwrap().map(drop),
            whale.create_note(&id, &note).await.map(drop),
            whale.request_erasure(&id, &ErasureInput::default()).await.map(drop),
            whale.request_export(&id, &ExportInput::json()).await.map(drop),
            whale.get_segment(&segment).await.map(drop),
            whale.update_segment(&segment, &change).await.map(drop),
            whale.delete_segment(&segment).await.map(drop),
        ];
        for error in errors.map(Result::unwrap_err) {
            assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
            assert!(error.operation().is_some() && error.provider().is_some());
        }
    }
    assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_that_prints_shows_a_person() {
    const ROW: &str = r#"{"data":[{"id":"x","email":"planted@example.com","type":"other_kind","title":"planted",
        "referrer":"planted","note":"planted","created_by":"planted","name":"planted","description":"planted",
        "rules":[{"field":"email","operator":"eq","value":"planted"}],"metadata":{"k":"planted"},"future":"planted"}],
        "has_more":true,"next_cursor":"planted"}"#;
    const ONE: &str = r#"{"id":"x","rfm":{"segment":"planted","x":"planted"},"churn_risk":"planted","reason":"planted",
        "download_url":"https://planted.example.test","future":"planted","rules":"planted"}"#;
    let (whale, _) = scripted(&[ROW, ROW, ROW, ROW, ONE, ONE, ONE]);
    let id = CustomerId::from("x");
    let query = CustomerQuery::search("planted").tags(["planted"]).extra_param("a", "planted");
    let mut shown = format!("{query:?} {:?}", cursor("cursor", "planted"));
    let page = whale.list_customers(&query).await.unwrap();
    shown += &format!("{page:?} {:?}", page.value.items);
    let page = whale.list_notes(&id, &PageQuery::default()).await.unwrap();
    shown += &format!("{page:?} {:?}", page.value.items);
    let page = whale.list_segments(&PageQuery::default()).await.unwrap();
    shown += &format!("{page:?} {:?} {:?}", page.value.items, page.value.items[0].rules);
    let page = whale.list_activity(&id, &ActivityQuery::default()).await.unwrap();
    shown += &format!("{page:?} {:?}", page.value.items);
    let metrics = whale.get_metrics(&id).await.unwrap().unwrap();
    shown += &format!("{metrics:?} {:?}", metrics.value.rfm);
    let segment = whale.get_segment(&SegmentId::from("x")).await.unwrap().unwrap();
    shown += &format!("{segment:?} {:?}", segment.value.rules);
    shown += &format!("{:?}", whale.request_export(&id, &ExportInput::json()).await.unwrap());
    let input = SegmentInput::fixed("planted", [CustomerId::from("planted")]).description("planted");
    shown += &format!("{input:?} {:?}", NoteInput::new("planted").author("planted"));
    assert!(!shown.contains("planted"), "{shown}");
}
