//! The checks of the suite, and their results.

use std::fmt;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident = $key:literal,)+) => {
        /// One promise of a sink.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Check { $($(#[doc = $doc])+ $name),+ }

        impl Check {
            /// Every check, in the order in which they run.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The check as lower-case words with underscores.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

checks! {
    /// A sink's name is one: in the matrix, in plans, outcomes and errors, and through `Arc` and `Box`, as
    /// `dyn CustomerSink`; and the matrix speaks for every field.
    OneName = "one_name",
    /// Every set place of a record is claimed, as sent or in a note; none is claimed twice, and none that is not set.
    /// Over a few hundred odd records.
    Conservation = "conservation",
    /// The requests of a plan hold what it claims as sent: another value makes another request.
    SentIsThere = "sent_is_there",
    /// The same record gives the same plan, byte by byte, from another client too.
    PlanIsDeterministic = "plan_is_deterministic",
    /// Planning sends nothing.
    PlanSendsNothing = "plan_sends_nothing",
    /// A record that cannot be sent is [`InvalidInput`](crate::ErrorKind::InvalidInput), names each field, and sends
    /// nothing. A record without any identifier is one.
    RefusedRecords = "refused_records",
    /// [`OnLoss::Fail`](crate::OnLoss::Fail) sends nothing where something would be lost, and names every loss.
    LossPolicy = "loss_policy",
    /// Without faults, the vendor holds the person once and whole after the first record, the later one, and the later
    /// one again, and the outcomes say so.
    CleanRun = "clean_run",
    /// The plan of an upsert shows its every request: method, URL, headers (credentials redacted) and the very bytes.
    PlanIsWhatIsSent = "plan_is_what_is_sent",
    /// No consent becomes a yes that is not one in the record, in the plan and at the stand-in, on a create and on an
    /// update of a person who opted out; and a yes is delivered.
    ConsentNeverWidened = "consent_never_widened",
    /// Whatever goes wrong at whichever request, the [`Effect`](crate::Effect) is true: what is reported as not sent
    /// or rejected changed nothing, what is reported as applied changed something, unknown is only what cannot be known, and
    /// after a success the vendor holds the record.
    HonestEffects = "honest_effects",
    /// A success whose body is cut, empty or unreadable is applied: no failure without the effect
    /// [`Applied`](crate::Effect::Applied), and nothing is sent twice.
    BrokenAnswers = "broken_answers",
    /// A success status with the vendor's refusal in the body is a failure.
    RefusalInSuccess = "refusal_in_success",
    /// After a lost request or answer, and a further call, the vendor holds the person once and whole.
    OneRecord = "one_record",
    /// An upsert with [`look_up_first`](crate::UpsertOptions#structfield.look_up_first), such as a further try after an
    /// unknown effect, reads the vendor before it sends a request that may not be repeated. For a sink that can find.
    LookUpFirst = "look_up_first",
    /// A request is sent again only where its failure allows it: after what certainly did nothing; after what may have
    /// been carried out only if it is idempotent, or once something was read; never after a refusal.
    AllowedRetries = "allowed_retries",
    /// The sink waits a `Retry-After`, in seconds or as a date, or returns it to the caller; it returns a very long one at
    /// once.
    RetryAfter = "retry_after",
    /// `Debug`, `Display` and tracing show no secret and no personal data, also where the vendor repeats all that it
    /// received.
    NothingShown = "nothing_shown",
    /// Two clients with two credentials over one connector never send each other's.
    AccountsNeverMix = "accounts_never_mix",
    /// A call that is dropped at any request, before or after the vendor did it, leaves the person there once and whole
    /// after the next call.
    Cancellation = "cancellation",
    /// [`find`](crate::CustomerSink::find) does what the capabilities say: finds, finds none, or is unsupported by name.
    Find = "find",
    /// [`erase`](crate::CustomerSink::erase) does what the capabilities say: erases, or is unsupported by name.
    Erase = "erase",
    /// [`check`](crate::CustomerSink::check) does what the capabilities say: distinguishes good credentials from bad
    /// ones and changes nothing, or is unsupported by name.
    CheckCredentials = "check_credentials",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The promise holds, as far as the suite can see.
    Passed,
    /// It does not: what was seen, at most [`Report::MOST_FINDINGS`] of it.
    Failed(Vec<String>),
    /// It could not be tried, for this reason.
    Skipped(&'static str),
}

/// One check and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The check.
    pub check: Check,
    /// Its result.
    pub verdict: Verdict,
}

/// The result of a run of the suite. `Display` is one line for each check, with the findings under it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Report {
    results: Vec<Checked>,
}

impl Report {
    /// How many findings of one check are kept.
    pub const MOST_FINDINGS: usize = 20;

    pub(super) fn new(results: Vec<Checked>) -> Self {
        Self { results }
    }

    /// Every check that ran, in order.
    #[must_use]
    pub fn results(&self) -> &[Checked] {
        &self.results
    }

    /// The result of a check; `None` where it did not run.
    #[must_use]
    pub fn verdict(&self, check: Check) -> Option<&Verdict> {
        self.results.iter().find(|result| result.check == check).map(|result| &result.verdict)
    }

    /// Whether no check failed. Skipped ones did not.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = Check> {
        self.results.iter().filter(|r| matches!(r.verdict, Verdict::Failed(_))).map(|r| r.check)
    }

    /// The checks that were skipped, with the reason.
    pub fn skipped(&self) -> impl Iterator<Item = (Check, &'static str)> {
        self.results.iter().filter_map(|r| match r.verdict {
            Verdict::Skipped(reason) => Some((r.check, reason)),
            _ => None,
        })
    }

    /// For tests.
    ///
    /// # Panics
    ///
    /// With the whole report, where a check failed.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.is_passed(), "the sink does not keep the contract:\n{self}");
    }

    /// For tests: that nothing failed, and that exactly these checks were skipped. A check that stops being tried does
    /// not go unseen.
    ///
    /// # Panics
    ///
    /// With the whole report, where it is otherwise.
    #[track_caller]
    pub fn assert_passed_but(&self, skipped: &[Check]) {
        self.assert_passed();
        let mut really: Vec<Check> = self.skipped().map(|(check, _)| check).collect();
        let mut wanted = skipped.to_vec();
        really.sort_unstable();
        wanted.sort_unstable();
        assert!(really == wanted, "other checks than {wanted:?} were skipped:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Checked { check, verdict } in &self.results {
            match verdict {
                Verdict::Passed => writeln!(f, "{check}: passed")?,
                Verdict::Skipped(reason) => writeln!(f, "{check}: skipped, {reason}")?,
                Verdict::Failed(findings) => {
                    writeln!(f, "{check}: FAILED")?;
                    for finding in findings {
                        writeln!(f, "    {finding}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
