//! Checks that no consent becomes a yes that the record does not hold.

use crate::conformance::customers::time;
use crate::conformance::fixture::{Abort, CheckResult, Fixture};
use crate::conformance::session::Session;
use crate::customer::{Channel, Consent, ConsentField, ConsentState, Customer, Field, OptInLevel};
use crate::plan::Plan;
use crate::plan::matrix::{FieldKey, Treatment};
use crate::sink::{CustomerSink, UpsertOptions};

const CHANNELS: [Channel; 2] = [Channel::Email, Channel::Sms];

/// What was seen of one channel.
#[derive(Default)]
struct Seen {
    /// Whether anything distinguished yes from no.
    at_all: bool,
    yes: bool,
}

pub(super) async fn never_widened(session: &Session<'_>) -> CheckResult {
    let mut found = Vec::new();
    let mut seen = [Seen::default(), Seen::default()];
    let (_, sink) = session.open().await?;
    // In the plan: every state, level, source and time.
    for consent in every_consent() {
        let customer = with(session, consent.as_ref());
        if let Ok(plan) = sink.plan(&customer, &UpsertOptions::default()) {
            in_plan(session, &plan, consent.as_ref(), &mut seen, &mut found);
        }
    }
    // At the stand-in: on a create, and on an update of somebody who opted out.
    for state in [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some)) {
        for level in [None, Some(OptInLevel::Confirmed)] {
            let consent = Consent { state, opt_in_level: level, ..Consent::default() };
            let consent = (state.is_some() || level.is_some()).then_some(consent);
            let customer = with(session, consent.as_ref());
            let (fixture, sink) = session.open().await?;
            arrives(&*sink, &customer, "new").await?;
            held(&fixture, consent.as_ref(), "on a create", &mut seen, &mut found);
            let (fixture, sink) = session.open().await?;
            let no = Consent::new(ConsentState::Unsubscribed);
            arrives(&*sink, &with(session, Some(&no)), "who opted out").await?;
            let mut later = customer;
            later.first_name = Some("Anne".into());
            arrives(&*sink, &later, "updated").await?;
            held(&fixture, consent.as_ref(), "on an update of somebody who opted out", &mut seen, &mut found);
        }
    }
    let matrix = sink.capabilities().fields;
    let holds = |channel| {
        let rule = matrix.rule(FieldKey::Consent(channel, ConsentField::State));
        rule.or_else(|| matrix.rule(FieldKey::Top(channel.field())))
            .is_some_and(|rule| !matches!(rule.treatment, Treatment::Dropped(_)))
    };
    if !seen.iter().any(|seen| seen.at_all) {
        return Err(Abort::Skip(if CHANNELS.into_iter().any(holds) {
            "neither the plan nor the stand-in shows a consent"
        } else {
            "the vendor holds no consent"
        }));
    }
    for (channel, seen) in CHANNELS.into_iter().zip(&seen) {
        if seen.at_all && !seen.yes && holds(channel) {
            found.push(format!("{}: not even a yes is reported as one", channel.field().as_str()));
        }
    }
    Ok(found)
}

/// Every consent there is, and none.
fn every_consent() -> Vec<Option<Consent>> {
    let states = || [None].into_iter().chain(ConsentState::ALL.iter().copied().map(Some));
    let levels = || [None].into_iter().chain(OptInLevel::ALL.iter().copied().map(Some));
    let mut all = vec![None];
    for state in states() {
        for opt_in_level in levels() {
            for source in [None, Some("checkout".to_owned())] {
                for updated_at in [None, time("2025-03-04T09:15:00Z")] {
                    all.push(Some(Consent { state, opt_in_level, source: source.clone(), updated_at }));
                }
            }
        }
    }
    all
}

/// The subject's person with this consent on both channels.
fn with(session: &Session<'_>, consent: Option<&Consent>) -> Customer {
    let mut customer = session.subject.person();
    customer.email_marketing = consent.cloned();
    customer.sms_marketing = consent.cloned();
    customer
}

fn said_yes(consent: Option<&Consent>) -> bool {
    consent.is_some_and(|consent| consent.state == Some(ConsentState::Subscribed))
}

fn in_plan(
    session: &Session<'_>,
    plan: &Plan,
    consent: Option<&Consent>,
    seen: &mut [Seen; 2],
    found: &mut Vec<String>,
) {
    for (channel, seen) in CHANNELS.into_iter().zip(seen) {
        for step in plan.steps() {
            let Some(yes) = session.subject.says_yes(step, channel) else { continue };
            seen.at_all = true;
            if !yes {
                continue;
            }
            if said_yes(consent) {
                seen.yes = true;
            } else {
                found.push(format!("{} says yes by {} for {}", step.operation(), name(channel), told(consent)));
            }
        }
    }
}

async fn arrives(sink: &dyn CustomerSink, customer: &Customer, who: &str) -> Result<(), Abort> {
    match sink.upsert_with(customer, &UpsertOptions::default()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Abort::Broken(format!("somebody {who} cannot be sent: {error}"))),
    }
}

fn held(fixture: &Fixture, consent: Option<&Consent>, when: &str, seen: &mut [Seen; 2], found: &mut Vec<String>) {
    let people = fixture.stand_in.people();
    for (channel, seen) in CHANNELS.into_iter().zip(seen) {
        for yes in people.iter().filter_map(|person| person.yes(channel)) {
            seen.at_all = true;
            if !yes {
                continue;
            }
            if said_yes(consent) {
                seen.yes = true;
            } else {
                found.push(format!("the vendor holds a yes by {} {when} for {}", name(channel), told(consent)));
            }
        }
    }
}

fn name(channel: Channel) -> &'static str {
    match channel.field() {
        Field::EmailMarketing => "e-mail",
        _ => "text message",
    }
}

fn told(consent: Option<&Consent>) -> String {
    consent.map_or_else(|| "no consent at all".to_owned(), |consent| format!("{consent:?}"))
}
