//! Where a check plays: a stand-in with nobody in it, the recording transport, and sinks over both.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::OnceCell;

use super::campaign::Campaign;
use super::report::{Check, Report, Verdict};
use super::wire::{Exchange, Wire};
use super::{Credentials, Held, Setup, StandIn, Subject};
use super::{abilities, accounts, campaign, consent, differ, faults, plans, sent, shown};
use crate::client::{Clock, Connector, ManualClock, ReqwestTransport, Transport};
use crate::customer::Customer;
use crate::error::Error;
use crate::plan::outcome::{Outcome, Upserted};
use crate::sink::{CustomerSink, CustomerSinkExt};

/// Why a check ends early.
pub(super) enum Stop {
    Skip(&'static str),
    /// The stand-in or the sink could not be made.
    Broken(String),
}

/// What a check gives: what it found, or why it did not look.
pub(super) type Findings = Result<Vec<String>, Stop>;

/// What all checks of a run share.
pub(super) struct Stage<'s> {
    pub(super) subject: &'s dyn Subject,
    transport: Arc<dyn Transport>,
    clean: OnceCell<Result<Clean, String>>,
    campaign: OnceCell<Result<Campaign, String>>,
}

/// What a run shows in which nothing goes wrong.
#[derive(Debug)]
pub(super) struct Clean {
    pub(super) first: Observed,
    pub(super) later: Observed,
    pub(super) again: Observed,
}

impl Clean {
    /// How many requests the first record and the later one take.
    pub(super) fn requests(&self) -> usize {
        self.first.exchanges.len() + self.later.exchanges.len()
    }
}

/// One upsert, and what was seen around it.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) before: Vec<Held>,
    pub(super) after: Vec<Held>,
    pub(super) result: Result<Upserted, Error>,
    pub(super) exchanges: Vec<Exchange>,
    /// How much time went by on the sink's clock.
    pub(super) waited: Duration,
}

impl<'s> Stage<'s> {
    pub(super) fn new(subject: &'s dyn Subject) -> Result<Self, String> {
        let transport = ReqwestTransport::new().map_err(|error| format!("no transport: {error}"))?;
        Ok(Self { subject, transport: Arc::new(transport), clean: OnceCell::new(), campaign: OnceCell::new() })
    }

    /// Runs one check. A sink that panics fails it.
    pub(super) async fn judge(&self, check: Check) -> Verdict {
        let found = AssertUnwindSafe(self.look(check)).catch_unwind().await;
        match found {
            Ok(Ok(findings)) if findings.is_empty() => Verdict::Passed,
            Ok(Ok(mut findings)) => {
                let more = findings.len().saturating_sub(Report::MOST_FINDINGS);
                findings.truncate(Report::MOST_FINDINGS);
                if let Some(last) = findings.last_mut().filter(|_| more > 0) {
                    *last = format!("{last} (and {more} more)");
                }
                Verdict::Failed(findings)
            }
            Ok(Err(Stop::Skip(reason))) => Verdict::Skipped(reason),
            Ok(Err(Stop::Broken(why))) => Verdict::Failed(vec![why]),
            Err(_) => Verdict::Failed(vec!["the sink or its stand-in panicked".to_owned()]),
        }
    }

    async fn look(&self, check: Check) -> Findings {
        match check {
            Check::OneName => abilities::one_name(self).await,
            Check::Conservation => plans::conservation(self).await,
            Check::SentIsThere => differ::sent_is_there(self).await,
            Check::PlanIsDeterministic => plans::is_deterministic(self).await,
            Check::PlanSendsNothing => plans::sends_nothing(self).await,
            Check::RefusedRecords => plans::refused_records(self).await,
            Check::LossPolicy => plans::loss_policy(self).await,
            Check::CleanRun => campaign::clean_run(self).await,
            Check::PlanIsWhatIsSent => sent::plan_is_what_is_sent(self).await,
            Check::ConsentNeverWidened => consent::never_widened(self).await,
            Check::HonestEffects => campaign::honest_effects(self).await,
            Check::BrokenAnswers => faults::broken_answers(self).await,
            Check::RefusalInSuccess => faults::refusal_in_success(self).await,
            Check::OneRecord => campaign::one_record(self).await,
            Check::AllowedRetries => campaign::allowed_retries(self).await,
            Check::RetryAfter => faults::retry_after(self).await,
            Check::NothingShown => shown::nothing_shown(self).await,
            Check::AccountsNeverMix => accounts::never_mix(self).await,
            Check::Cancellation => faults::cancellation(self).await,
            Check::Find => abilities::find(self).await,
            Check::Erase => abilities::erase(self).await,
            Check::CheckCredentials => abilities::check(self).await,
        }
    }

    pub(super) async fn scene(&self) -> Result<Scene, Stop> {
        let stand_in = self.subject.stand_in().await;
        let stand_in = stand_in.map_err(|error| Stop::Broken(format!("the stand-in does not start: {error}")))?;
        let clock = Arc::new(ManualClock::new(chrono::DateTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400)));
        let transport = stand_in.transport().unwrap_or_else(|| Arc::clone(&self.transport));
        let wire = Arc::new(Wire::new(transport, Arc::clone(&clock)));
        let connector = Connector::for_tests(Arc::clone(&wire) as _, Arc::clone(&clock) as _);
        Ok(Scene { stand_in, wire, clock, connector })
    }

    /// A scene, and the sink with the good credentials over it.
    pub(super) async fn open(&self) -> Result<(Scene, Arc<dyn CustomerSink>), Stop> {
        let scene = self.scene().await?;
        let sink = scene.sink(Credentials::First)?;
        Ok((scene, sink))
    }

    /// Skips what is about requests where the sink sends none.
    pub(super) fn needs_requests(&self) -> Result<(), Stop> {
        if self.subject.sends_requests() { Ok(()) } else { Err(Stop::Skip("the sink sends no requests")) }
    }

    /// What a run shows in which nothing goes wrong: what all others are compared with.
    pub(super) async fn clean(&self) -> Result<&Clean, Stop> {
        let clean = self.clean.get_or_init(|| async {
            self.play_clean().await.map_err(|stop| match stop {
                Stop::Broken(why) => why,
                Stop::Skip(reason) => reason.to_owned(),
            })
        });
        clean.await.as_ref().map_err(|why| Stop::Broken(why.clone()))
    }

    /// The clean run, where it is one: what else goes wrong is no finding of a check about faults.
    pub(super) async fn sound(&self) -> Result<&Clean, Stop> {
        let clean = self.clean().await?;
        if campaign::clean_findings(self, clean).is_empty() {
            Ok(clean)
        } else {
            Err(Stop::Skip("the run without any fault failed"))
        }
    }

    async fn play_clean(&self) -> Result<Clean, Stop> {
        let (scene, sink) = self.open().await?;
        let (person, later) = (self.subject.person(), self.subject.later());
        Ok(Clean {
            first: scene.upsert(&*sink, &person).await,
            later: scene.upsert(&*sink, &later).await,
            again: scene.upsert(&*sink, &later).await,
        })
    }

    /// The runs with faults, which several checks look at.
    pub(super) async fn campaign(&self) -> Result<&Campaign, Stop> {
        let clean = self.sound().await?;
        let campaign = self.campaign.get_or_init(|| async {
            Campaign::play(self, clean).await.map_err(|stop| match stop {
                Stop::Broken(why) => why,
                Stop::Skip(reason) => reason.to_owned(),
            })
        });
        campaign.await.as_ref().map_err(|why| Stop::Broken(why.clone()))
    }
}

/// A stand-in with the recording transport before it.
pub(super) struct Scene {
    pub(super) stand_in: Box<dyn StandIn>,
    pub(super) wire: Arc<Wire>,
    pub(super) clock: Arc<ManualClock>,
    connector: Connector,
}

impl Scene {
    pub(super) fn sink(&self, credentials: Credentials) -> Result<Arc<dyn CustomerSink>, Stop> {
        let setup = Setup { connector: self.connector.clone(), clock: Arc::clone(&self.clock), credentials };
        self.stand_in.sink(&setup).map_err(|error| Stop::Broken(format!("the sink cannot be made: {error}")))
    }

    pub(super) async fn upsert(&self, sink: &dyn CustomerSink, customer: &Customer) -> Observed {
        let (before, from, began) = (self.stand_in.people(), self.wire.count(), self.clock.now());
        let result = sink.upsert(customer).await;
        Observed {
            before,
            after: self.stand_in.people(),
            result,
            exchanges: self.wire.since(from),
            waited: self.clock.now().saturating_duration_since(began),
        }
    }
}

impl Observed {
    /// The outcome or the error, in words that hold nothing of the person.
    pub(super) fn told(&self) -> String {
        match &self.result {
            Ok(done) => format!("told as {}", done.outcome),
            Err(error) => format!("told as {} with the effect {}", error.kind(), error.effect()),
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.result.as_ref().ok().map(|done| done.outcome)
    }
}

/// Whether two stand-ins hold the same, in whichever order.
pub(super) fn same(a: &[Held], b: &[Held]) -> bool {
    let sorted = |people: &[Held]| {
        let mut texts: Vec<String> =
            people.iter().map(|p| format!("{} {:?} {:?}", p.record, p.email_yes, p.sms_yes)).collect();
        texts.sort_unstable();
        texts
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}
