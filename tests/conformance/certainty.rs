//! What an upsert claims of its effect at each vendor, over scripted answers: refusals inside a success, pages in place of
//! JSON, lost creates, and look-ups that fail.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use customer_sink::client::{BodyFault, Clock, ManualClock};
use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{
    Connector, Customer, CustomerSink, Effect, Error, ErrorKind, HttpRequest, HttpResponse, Outcome, Transport,
    TransportError, TransportErrorKind, UpsertOptions, Upserted,
};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::subjects::Vendor::{self, Shoplazza, Shopline, TripleWhale, Whale, Yotpo};

const ALL: [Vendor; 5] = [TripleWhale, Shopline, Shoplazza, Yotpo, Whale];
/// The vendors that are read before or after a create.
const READ: [Vendor; 2] = [Shopline, Shoplazza];

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Token,
    ByEmail,
    ByPhone,
    Create,
    Update,
}
use Role::{ByEmail, ByPhone, Create, Token, Update};

impl Role {
    fn of(vendor: Vendor, request: &HttpRequest) -> Self {
        let path = request.url.path();
        match request.method {
            _ if path.ends_with("access_tokens") => Token,
            _ if request.url.query().is_some_and(|query| query.contains("15550100123")) => ByPhone,
            Method::GET => ByEmail,
            _ if path.ends_with("query_user_by_email.json") => ByEmail,
            Method::PUT => Update,
            Method::PATCH if vendor == Whale => Update,
            _ => Create,
        }
    }

    fn is_write(self) -> bool {
        matches!(self, Create | Update)
    }
}

type Answer = Result<HttpResponse, TransportErrorKind>;
/// The answer to a request, by what it is for and how many of its kind came before.
type Answers = Box<dyn Fn(Role, usize) -> Answer + Send + Sync>;

struct Script {
    vendor: Vendor,
    answers: Answers,
    /// Whether answers show the time.
    has_date: bool,
    clock: Arc<ManualClock>,
    sent: Mutex<Vec<Role>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let role = Role::of(self.vendor, &request);
        let before = {
            let mut sent = self.sent.lock().unwrap();
            sent.push(role);
            sent.iter().filter(|of| **of == role).count() - 1
        };
        if role == Token {
            return Ok(answer(200, &json!({"access_token": "fake-token", "token_type": "bearer"})));
        }
        let mut answer = (self.answers)(role, before).map_err(|kind| TransportError::new(kind, "scripted"))?;
        if self.has_date {
            let date = self.clock.utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            answer.headers.insert("date", date.parse().unwrap());
        }
        Ok(answer)
    }
}

fn sink(vendor: Vendor, connector: &Connector) -> Arc<dyn CustomerSink> {
    macro_rules! open {
        ($client:ty, $account:expr) => {
            Arc::new(<$client>::builder($account, "fake-key").connector(connector).build().unwrap())
        };
    }
    match vendor {
        TripleWhale => open!(triple_whale::TripleWhale, Sandbox::TRIPLE_WHALE_SHOP),
        Shopline => open!(shopline::Shopline, Sandbox::SHOPLINE_HANDLE),
        Shoplazza => open!(shoplazza::Shoplazza, Sandbox::SHOPLAZZA_SHOP),
        Yotpo => open!(yotpo::Yotpo, Sandbox::YOTPO_STORE_ID),
        _ => open!(whale::Whale, Sandbox::WHALE_STORE_ID),
    }
}

/// What came of one upsert.
struct Pushed {
    result: Result<Upserted, Error>,
    sent: Vec<Role>,
}

impl Pushed {
    #[track_caller]
    fn comes_to(&self, case: &str, expected: Result<Outcome, Effect>) {
        let came = self.result.as_ref().map(|done| done.outcome).map_err(Error::effect);
        assert_eq!(came, expected, "{case}: {:?}", self.sent);
    }

    fn count(&self, role: Role) -> usize {
        self.sent.iter().filter(|of| **of == role).count()
    }
}

struct Push {
    vendor: Vendor,
    customer: Customer,
    looks_first: bool,
    has_date: bool,
}

impl Push {
    fn to(vendor: Vendor) -> Self {
        let customer = Customer::new().external_id("c-1").email("ann@example.com").first_name("Ann");
        Self { vendor, customer, looks_first: false, has_date: true }
    }

    async fn over(self, answers: impl Fn(Role, usize) -> Answer + Send + Sync + 'static) -> Pushed {
        let clock = Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap()));
        let (answers, sent) = (Box::new(answers), Mutex::default());
        let (vendor, has_date) = (self.vendor, self.has_date);
        let script = Arc::new(Script { vendor, answers, has_date, clock: Arc::clone(&clock), sent });
        let connector = Connector::for_tests(Arc::clone(&script) as _, clock);
        let options = UpsertOptions::default().look_up_first(self.looks_first);
        let result = sink(vendor, &connector).upsert_with(&self.customer, &options).await;
        let sent = script.sent.lock().unwrap().clone();
        Pushed { result, sent }
    }
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    text(status, "application/json", body.to_string())
}

fn text(status: u16, kind: &'static str, body: impl Into<String>) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body.into());
    response.headers.insert("content-type", HeaderValue::from_static(kind));
    response
}

/// A success whose body breaks off.
fn cut(body: &'static str) -> HttpResponse {
    let mut response = text(200, "application/json", body);
    response.fault = Some(BodyFault::Cut);
    response
}

fn fault() -> Answer {
    Ok(text(500, "text/plain", "trouble"))
}

/// A creation time long before the call, and one since it began.
const OLD: Option<&str> = Some("2024-06-01T08:00:00Z");
const NEW: Option<&str> = Some("2026-03-01T12:00:00Z");
const ID: &str = "4201825054";

/// A customer as the vendor shows them, with another name than the record's.
fn person(created_at: Option<&str>) -> Value {
    json!({"id": ID, "email": "ann@example.com", "first_name": "Anna", "created_at": created_at})
}

/// The answer to a look-up that finds this customer, or none.
fn shown(vendor: Vendor, role: Role, person: Option<Value>) -> Answer {
    let body = match (vendor, role) {
        (Whale, _) => person.unwrap_or_default(),
        (Shopline, ByEmail) => json!({ "customer": person }),
        _ => json!({"customers": person.into_iter().collect::<Vec<_>>()}),
    };
    Ok(answer(200, &body))
}

/// Each is a failure beside any status of success.
const REFUSALS: &str = r#"
    {"success":false} {"success":"false"} {"success":false,"message":"no"}
    {"error":"no"} {"error":["no"]} {"error":{"message":"no"}} {"error":[{"message":"no"}]} {"error":{"email":["no"]}}
    {"error":true} {"error":17} {"errors":"no"} {"errors":["no"]} {"errors":{"email":"no"}} {"errors":{"email":["no"]}}
    {"errors":[{"message":"no"}]} {"errors":[{"field":"email","message":"no"}]} {"errors":[{}]}
    {"customer":{"id":"4201825054","email":"ann@example.com"},"errors":["no"]}
    {"customer":{"id":"4201825054","email":"ann@example.com"},"success":"False"}
    {"id":"4201825054","email":"ann@example.com","error":"no"}
    {"success":true,"data":{"customer":{"id":"4201825054"}},"errors":[{"message":"no"}]}
"#;
/// The same, written badly.
const ODD_REFUSALS: [&str; 2] = ["\u{feff}{\"success\":false}", "{\"error\":\"no\"}\n<!-- cached -->"];

#[tokio::test]
async fn a_refusal_inside_a_success_fails_every_write_at_every_vendor() {
    let bodies: Vec<_> = REFUSALS.split_whitespace().chain(ODD_REFUSALS).collect();
    assert_eq!(bodies.len(), 23);
    let creates = ALL.map(|vendor| (vendor, Create));
    for (vendor, write) in creates.into_iter().chain([Shopline, Shoplazza, Whale].map(|vendor| (vendor, Update))) {
        for (status, body) in [200, 207].into_iter().flat_map(|status| bodies.iter().map(move |body| (status, *body))) {
            let case = format!("{vendor:?} {write:?} {status} {body}");
            let pushed = Push { looks_first: true, ..Push::to(vendor) }
                .over(move |role, _| match role {
                    _ if role == write => Ok(text(status, "application/json", body)),
                    _ => shown(vendor, role, (write == Update).then(|| person(OLD))),
                })
                .await;
            pushed.comes_to(&case, Err(Effect::Rejected));
            let error = pushed.result.as_ref().unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(status)), "{case}");
            let creates = usize::from(write == Create || vendor == Whale);
            assert_eq!((pushed.count(Create), pushed.count(Update)), (creates, usize::from(write == Update)), "{case}");
            assert_eq!(pushed.sent.last(), Some(&write), "{case}");
        }
    }
}

const PAGES: [(&str, &str); 3] =
    [("text/html", "<html>Sign in</html>"), ("Text/HTML; charset=utf-8", "<!DOCTYPE html>"), ("text/html", "")];

#[tokio::test]
async fn a_page_in_place_of_json_leaves_a_write_unknown_and_the_vendor_is_read() {
    for vendor in ALL {
        for (status, (kind, body)) in [200, 201, 202].into_iter().flat_map(|status| PAGES.map(|page| (status, page))) {
            let case = format!("{vendor:?} {status} {kind} {body}");
            let page = move || Ok(text(status, kind, body));
            let nobody = move |role: Role, _| if role.is_write() { page() } else { shown(vendor, role, None) };
            let pushed = Push::to(vendor).over(nobody).await;
            pushed.comes_to(&case, Err(Effect::Unknown));
            if !READ.contains(&vendor) {
                continue;
            }
            let at = pushed.sent.iter().position(|role| *role == Create).unwrap();
            assert_eq!(pushed.sent.get(at + 1), Some(&ByEmail), "{case}: {:?}", pushed.sent);
            // Somebody who was there before: the update follows, and claims no create.
            let known = move |role, nth| match role {
                Create => page(),
                Update => Ok(answer(200, &json!({"customer": {"id": ID}}))),
                _ => shown(vendor, role, (nth > 0 || vendor == Shopline).then(|| person(OLD))),
            };
            let pushed = Push::to(vendor).over(known).await;
            pushed.comes_to(&case, Ok(Outcome::Updated));
            assert_eq!((pushed.count(Create), pushed.count(Update)), (1, 1), "{case}");
        }
    }
}

#[tokio::test]
async fn a_known_customer_where_every_write_fails_is_unknown_and_never_created_twice() {
    let failures: [fn() -> Answer; 3] =
        [fault, || Err(TransportErrorKind::Interrupted), || Ok(text(200, "text/html", ""))];
    for (vendor, looks_first) in ALL.into_iter().flat_map(|vendor| [(vendor, false), (vendor, true)]) {
        for (at, failure) in failures.into_iter().enumerate() {
            let case = format!("{vendor:?} {looks_first} {at}");
            let pushed = Push { looks_first, ..Push::to(vendor) }
                .over(move |role, _| if role.is_write() { failure() } else { shown(vendor, role, Some(person(OLD))) })
                .await;
            pushed.comes_to(&case, Err(Effect::Unknown));
            let begins: &[Role] = match (vendor, looks_first) {
                (Shoplazza, _) | (Shopline, true) => &[ByEmail, Update],
                (Shopline, false) => &[Create, ByEmail, Update],
                _ => &[Create],
            };
            let sent: Vec<_> = pushed.sent.iter().copied().filter(|role| *role != Token).collect();
            assert!(sent.starts_with(begins), "{case}: {sent:?}");
            let creates = usize::from(begins[0] == Create);
            assert!(!READ.contains(&vendor) || pushed.count(Create) == creates, "{case}: {:?}", pushed.sent);
        }
    }
}

#[tokio::test]
async fn a_look_up_that_fails_before_any_write_leaves_nothing_sent() {
    let json = "application/json";
    let cases: [(usize, HttpResponse); 15] = [
        (4, text(500, json, "{}")),
        (1, text(401, json, r#"{"errors":"no"}"#)),
        (1, text(403, json, r#"{"errors":"no"}"#)),
        (2, cut(r#"{"customer"#)),
        (2, cut("")),
        (1, text(200, json, "so-so")),
        (1, text(200, json, r#"{"customers":["#)),
        (1, text(200, json, "")),
        (1, text(200, json, "[]")),
        (1, text(200, json, r#""none""#)),
        (1, text(200, "text/html", "<html>")),
        (1, text(200, "text/html", "")),
        (1, text(200, json, r#"{"success":false}"#)),
        (1, text(200, json, r#"{"customer":7,"customers":7}"#)),
        (1, text(200, json, r#"{"customer":"ann","customers":["ann"]}"#)),
    ];
    let by_phone = Customer::new().phone("+1 555 010 0123").first_name("Ann");
    for (vendor, has_email) in READ.into_iter().flat_map(|vendor| [(vendor, true), (vendor, false)]) {
        for (at, (requests, failed)) in cases.clone().into_iter().enumerate() {
            let case = format!("{vendor:?} {has_email} {at}");
            let mut push = Push { looks_first: true, ..Push::to(vendor) };
            push.customer = if has_email { push.customer } else { by_phone.clone() };
            let pushed = push.over(move |role, _| if role.is_write() { fault() } else { Ok(failed.clone()) }).await;
            pushed.comes_to(&case, Err(Effect::NotSent));
            assert_eq!(pushed.sent, vec![if has_email { ByEmail } else { ByPhone }; requests], "{case}");
        }
    }
}

#[tokio::test]
async fn two_people_found_before_any_write_are_a_conflict_that_sent_nothing() {
    // Where the e-mail is unknown, the phone that belongs to another e-mail is a conflict with one.
    for (vendor, known) in READ.into_iter().flat_map(|vendor| [(vendor, true), (vendor, false)]) {
        let case = format!("{vendor:?} {known}");
        let other = json!({"id": "4201825055", "email": "bea@example.com", "phone": "+15550100123"});
        let mut push = Push { looks_first: true, ..Push::to(vendor) };
        push.customer = push.customer.phone("+1 555 010 0123");
        let pushed = push
            .over(move |role, _| match role {
                ByEmail => shown(vendor, role, known.then(|| person(OLD))),
                ByPhone => shown(vendor, role, Some(other.clone())),
                _ => fault(),
            })
            .await;
        pushed.comes_to(&case, Err(Effect::NotSent));
        let error = pushed.result.as_ref().unwrap_err();
        let mut ids: Vec<_> = error.conflicting_ids().iter().map(|id| id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!((error.kind(), pushed.sent), (ErrorKind::Conflict, vec![ByEmail, ByPhone]), "{case}");
        assert_eq!(ids, [ID, "4201825055"][usize::from(!known)..], "{case}");
    }
}

#[tokio::test]
async fn after_a_lost_create_only_a_record_made_since_is_claimed() {
    let (lost, late) = (TransportErrorKind::Interrupted, TransportErrorKind::Timeout);
    for (vendor, lost) in READ.into_iter().flat_map(|vendor| [(vendor, lost), (vendor, late)]) {
        for (created_at, has_date, update, expected) in [
            (NEW, true, 200, Ok(Outcome::Created)),
            (OLD, true, 200, Ok(Outcome::Updated)),
            (OLD, true, 500, Err(Effect::Unknown)),
            (OLD, true, 422, Err(Effect::Unknown)),
            (NEW, false, 200, Ok(Outcome::Updated)),
            (NEW, false, 422, Err(Effect::Unknown)),
            (None, true, 200, Ok(Outcome::Updated)),
            (None, true, 422, Err(Effect::Unknown)),
        ] {
            let case = format!("{vendor:?} {lost:?} {created_at:?} {has_date} {update}");
            let pushed = Push { has_date, ..Push::to(vendor) }
                .over(move |role, nth| match role {
                    Create => Err(lost),
                    Update => Ok(answer(update, &json!({"customer": {"id": ID}}))),
                    _ => shown(vendor, role, (nth > 0 || vendor == Shopline).then(|| person(created_at))),
                })
                .await;
            pushed.comes_to(&case, expected);
            // What the record says is written in any case.
            assert_eq!((pushed.count(Create), pushed.count(Update) > 0), (1, true), "{case}: {:?}", pushed.sent);
        }
    }
}

#[tokio::test]
async fn after_a_lost_create_that_is_repeated_only_a_record_made_since_is_claimed() {
    for (created_at, has_date, update, expected) in [
        (NEW, true, 422, Ok(Outcome::Created)),
        (OLD, true, 200, Ok(Outcome::Updated)),
        (OLD, true, 422, Err(Effect::Rejected)),
        (OLD, true, 500, Err(Effect::Unknown)),
        (NEW, false, 200, Ok(Outcome::Updated)),
        (NEW, false, 422, Err(Effect::Unknown)),
        (None, true, 422, Err(Effect::Unknown)),
    ] {
        let case = format!("{created_at:?} {has_date} {update}");
        let mut record = person(created_at);
        record["first_name"] = json!(if expected == Ok(Outcome::Created) { "Ann" } else { "Anna" });
        let pushed = Push { has_date, ..Push::to(Whale) }
            .over(move |role, nth| match role {
                Create if nth == 0 => Err(TransportErrorKind::Interrupted),
                Update => Ok(answer(update, &record)),
                role => Ok(answer(if role == Create { 201 } else { 200 }, &record)),
            })
            .await;
        assert_eq!(pushed.count(Create), 2, "{case}: {:?}", pushed.sent);
        pushed.comes_to(&case, expected);
    }
}

#[tokio::test]
async fn a_duplicate_after_a_lost_create_may_be_the_create_itself() {
    for vendor in READ {
        for (found, update, expected) in [
            (Some(NEW), 200, Ok(Outcome::Created)),
            (Some(OLD), 200, Ok(Outcome::Updated)),
            (Some(OLD), 422, Err(Effect::Unknown)),
            (None, 200, Err(Effect::Unknown)),
        ] {
            let case = format!("{vendor:?} {found:?} {update}");
            let first = 1 + usize::from(vendor == Shoplazza);
            let pushed = Push::to(vendor)
                .over(move |role, nth| match role {
                    Create if nth == 0 => Err(TransportErrorKind::Interrupted),
                    Create => Ok(answer(422, &json!({"errors": ["Email or Phone is already taken"]}))),
                    Update => Ok(answer(update, &json!({"customer": {"id": ID}}))),
                    _ => shown(vendor, role, found.filter(|_| nth >= first).map(person)),
                })
                .await;
            assert_eq!(pushed.count(Create), 2, "{case}: {:?}", pushed.sent);
            pushed.comes_to(&case, expected);
        }
    }
}

#[tokio::test]
async fn a_success_without_the_customer_is_confirmed_by_a_look_up() {
    for vendor in READ {
        for body in [json!({}), json!({"data": {}}), json!({"customer": null}), json!({"customer": {}}), json!(null)] {
            for (found, expected) in
                [(Some(NEW), Ok(Outcome::Created)), (Some(OLD), Ok(Outcome::Updated)), (None, Err(Effect::Unknown))]
            {
                let case = format!("{vendor:?} {body} {found:?}");
                let (first, body) = (usize::from(vendor == Shoplazza), body.clone());
                let pushed = Push::to(vendor)
                    .over(move |role, nth| match role {
                        Create => Ok(answer(200, &body)),
                        Update => Ok(answer(200, &json!({"customer": {"id": ID}}))),
                        _ => shown(vendor, role, found.filter(|_| nth >= first).map(person)),
                    })
                    .await;
                assert_eq!((pushed.count(Create), pushed.count(ByEmail)), (1, 1 + first), "{case}: {:?}", pushed.sent);
                pushed.comes_to(&case, expected);
                let id = pushed.result.iter().filter_map(|done| done.remote_id.as_ref()).map(|id| id.as_str()).next();
                assert_eq!(id, found.map(|_| ID), "{case}");
                // A customer that was there before holds nothing of the record yet.
                assert_eq!(pushed.count(Update), usize::from(found == Some(OLD)), "{case}");
            }
        }
    }
}
