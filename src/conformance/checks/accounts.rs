//! Checks that two clients with two credentials send only their own.

use std::collections::HashSet;

use crate::conformance::fixture::{Abort, CheckResult};
use crate::conformance::session::Session;
use crate::conformance::subject::Credentials;
use crate::conformance::wire::Exchange;
use crate::error::ErrorKind;

pub(super) async fn never_mix(session: &Session<'_>) -> CheckResult {
    session.needs_requests()?;
    session.passed_clean().await?;
    let (fixture, one) = session.open().await?;
    let two = fixture.sink(Credentials::Second)?;
    let (person, later) = (session.subject.person(), session.subject.later());
    let mut found = Vec::new();
    let mut of_one = Vec::new();
    let mut of_two = Vec::new();
    for customer in [&person, &later, &person] {
        let call = fixture.upsert(&*one, customer).await;
        if let Err(error) = call.result {
            found.push(format!("the first account fails beside the second: {error}"));
        }
        of_one.extend(call.exchanges);
        let call = fixture.upsert(&*two, customer).await;
        if let Err(error) = &call.result
            && !matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::NotFound)
        {
            found.push(format!("the second account fails in another way than by its credentials: {error}"));
        }
        of_two.extend(call.exchanges);
    }
    let secrets = [Credentials::First, Credentials::Second].map(|which| session.subject.secrets(which));
    let [first, second] = &secrets;
    let (ours, theirs) = (headers(&of_one), headers(&of_two));
    if ours.is_empty() && !first.iter().any(|secret| of_one.iter().any(|exchange| carries(exchange, secret))) {
        return Err(Abort::Skip("the sink sends no credential that is marked or known"));
    }
    // What the subject names for both, such as the key of an app, is no account's own.
    let shared = |value: &[u8]| first.iter().any(|secret| second.contains(secret) && secret.as_bytes() == value);
    if ours.intersection(&theirs).any(|value| !shared(value)) {
        found.push("both accounts send the same credential".to_owned());
    }
    for (who, requests, secrets) in [("first", &of_one, second), ("second", &of_two, first)] {
        let own = if who == "first" { first } else { second };
        for secret in secrets.iter().filter(|secret| !own.contains(secret)) {
            if let Some(exchange) = requests.iter().find(|exchange| carries(exchange, secret)) {
                found.push(format!("{} of the {who} account carries the other's credential", exchange.name()));
            }
        }
    }
    Ok(found)
}

/// The values of all headers that are marked as credentials.
fn headers(exchanges: &[Exchange]) -> HashSet<&[u8]> {
    let all = exchanges.iter().flat_map(|exchange| exchange.request.headers.values());
    all.filter(|value| value.is_sensitive()).map(http::HeaderValue::as_bytes).collect()
}

/// Whether a request carries a text anywhere.
fn carries(exchange: &Exchange, secret: &str) -> bool {
    let request = &exchange.request;
    let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(secret);
    has(request.url.as_str().as_bytes())
        || has(&request.body)
        || request.headers.values().any(|value| has(value.as_bytes()))
}
