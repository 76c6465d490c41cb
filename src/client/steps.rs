//! The steps of one upsert: one ordered list, from which both the plan and the run are made.

use super::request::Request;
use crate::customer::FieldPath;
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::{Note, Plan, Step, StepCondition};
use crate::provider::ProviderId;

/// What one upsert of one record may send: an ordered list of named steps. A step is rendered (its URL and body are made)
/// when a plan shows it or a run sends it, not before.
pub trait Steps {
    /// The name of a step.
    type Name: Copy + PartialEq;

    /// Every step that the upsert may send, in order, each with its condition.
    fn list(&self) -> Vec<(StepCondition, Self::Name)>;

    /// Renders a step.
    ///
    /// # Errors
    ///
    /// What writing the body or the URL reports.
    fn render(&self, name: Self::Name) -> Result<Request, Error>;
}

/// The plan of these steps: each of them, rendered as a run sends it.
///
/// # Errors
///
/// What rendering a step reports.
pub fn plan<S: Steps>(steps: &S, provider: ProviderId, sent: Vec<FieldPath>, notes: Vec<Note>) -> Result<Plan, Error> {
    let rendered = steps.list().into_iter().map(|(when, name)| Ok(Step::of(when, steps.render(name)?)));
    Ok(Plan::new(provider, rendered.collect::<Result<_, Error>>()?, sent, notes))
}

/// A walk along the steps of one upsert. It gives out steps of the list only, and in the order of the list, so that a run
/// sends nothing that its plan does not show.
#[derive(Debug)]
pub struct Walk<'s, S: Steps> {
    steps: &'s S,
    list: Vec<(StepCondition, S::Name)>,
    /// The position of the step that was given out last.
    at: usize,
}

impl<'s, S: Steps> Walk<'s, S> {
    /// A walk from the first step on.
    #[must_use]
    pub fn of(steps: &'s S) -> Self {
        Self { steps, list: steps.list(), at: 0 }
    }

    /// Whether the list has this step.
    #[must_use]
    pub fn has(&self, name: S::Name) -> bool {
        self.list.iter().any(|(_, step)| *step == name)
    }

    /// The condition of a step; none where the list does not have it.
    #[must_use]
    pub fn condition(&self, name: S::Name) -> Option<StepCondition> {
        self.list.iter().find(|(_, step)| *step == name).map(|(when, _)| *when)
    }

    /// Goes on to a step, passing over those before it, and renders it. `ids` fills the places in braces of its URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Other`] for a step that the rest of the list does not have, and what rendering reports.
    pub fn step(&mut self, name: S::Name, ids: &[(&'static str, &str)]) -> Result<Request, Error> {
        let rest = self.list.iter().enumerate().skip(self.at);
        let Some((at, _)) = rest.into_iter().find(|(_, (_, step))| *step == name) else {
            return Err(Error::new(ErrorKind::Other, Effect::NotSent).with_hint("the step is not a part of the plan"));
        };
        self.at = at;
        self.steps.render(name)?.with_ids(ids)
    }

    /// Goes back to a step, from which the run continues: after a look-up that found no customer, to the create.
    pub fn back_to(&mut self, name: S::Name) {
        if let Some(at) = self.list.iter().position(|(_, step)| *step == name) {
            self.at = self.at.min(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::Operation;

    const PROVIDER: ProviderId = ProviderId::new("test");
    static GET: Operation = Operation::get(PROVIDER, "get");
    static PUT: Operation = Operation::idempotent_write(PROVIDER, http::Method::PUT, "put");

    struct Two;

    impl Steps for Two {
        type Name = &'static str;

        fn list(&self) -> Vec<(StepCondition, &'static str)> {
            vec![(StepCondition::Always, "get"), (StepCondition::IfFound, "put")]
        }

        fn render(&self, name: &'static str) -> Result<Request, Error> {
            let operation = if name == "get" { &GET } else { &PUT };
            Ok(Request::new(operation, "https://api.example.com/{id}", Arc::default(), None))
        }
    }

    #[test]
    fn a_plan_shows_every_step_in_order() {
        let plan = plan(&Two, PROVIDER, Vec::new(), Vec::new()).unwrap();
        let shown: Vec<_> = plan.steps().iter().map(|step| (step.operation(), step.when(), step.url())).collect();
        let url = "https://api.example.com/{id}";
        assert_eq!(shown, [("get", StepCondition::Always, url), ("put", StepCondition::IfFound, url)]);
    }

    #[test]
    fn a_walk_keeps_to_the_list_and_its_order() {
        let mut walk = Walk::of(&Two);
        assert!(walk.has("put") && !walk.has("delete"));
        assert_eq!(walk.condition("put"), Some(StepCondition::IfFound));
        assert_eq!(walk.step("put", &[("id", "7/8")]).unwrap().url(), "https://api.example.com/7%2F8");
        assert_eq!(walk.step("get", &[]).unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(walk.step("delete", &[]).unwrap_err().kind(), ErrorKind::Other);
        walk.back_to("get");
        assert_eq!(walk.step("get", &[]).unwrap().operation().name(), "get");
        assert_eq!(walk.step("get", &[("id", "..")]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
