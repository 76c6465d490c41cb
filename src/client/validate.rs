//! Checks of a request before it is sent: collects every problem, then refuses them together.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::Operation;
use crate::customer::is_blank;
use crate::error::{Error, FieldError};
use crate::provider::ProviderId;

/// Where a check belongs: the provider and the operation that its error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) provider: ProviderId,
    pub(crate) operation: &'static str,
}

impl Origin {
    /// The error, with provider and operation set.
    pub(crate) fn of(self, error: Error) -> Error {
        error.with_provider(self.provider).with_operation(self.operation)
    }
}

impl From<(ProviderId, &'static str)> for Origin {
    fn from((provider, operation): (ProviderId, &'static str)) -> Self {
        Self { provider, operation }
    }
}

impl From<&Operation> for Origin {
    fn from(operation: &Operation) -> Self {
        Self { provider: operation.provider, operation: operation.name }
    }
}

/// Collects what is wrong with a request. [`finish`](Self::finish) refuses the request with every problem at once.
///
/// Paths are written from the request's root, such as `addresses[0].zip`; [`within`](Self::within) and
/// [`each`](Self::each) set the part before the dot. No message holds a value of the record.
///
/// An optional value that is absent passes every check but [`required`](Self::required).
#[derive(Debug)]
#[must_use = "problems are reported by finish"]
pub(crate) struct Validation {
    origin: Origin,
    prefix: String,
    problems: Vec<FieldError>,
}

impl Validation {
    pub(crate) fn new(origin: impl Into<Origin>) -> Self {
        Self { origin: origin.into(), prefix: String::new(), problems: Vec::new() }
    }

    /// The error of a single problem, for a check that needs no collector.
    pub(crate) fn refusal(origin: impl Into<Origin>, path: &str, message: impl Into<Cow<'static, str>>) -> Error {
        origin.into().of(Error::invalid_record(vec![FieldError::new(path, message)]))
    }

    /// Records a problem. An empty path is the part itself that [`within`](Self::within) has set.
    pub(crate) fn refuse(&mut self, path: &str, message: impl Into<Cow<'static, str>>) {
        let dot = if self.prefix.is_empty() || path.is_empty() || path.starts_with('[') { "" } else { "." };
        self.problems.push(FieldError::new(format!("{}{dot}{path}", self.prefix), message));
    }

    /// Records a problem unless the condition holds.
    pub(crate) fn check(&mut self, holds: bool, path: &str, message: impl Into<Cow<'static, str>>) {
        if !holds {
            self.refuse(path, message);
        }
    }

    /// Refuses a value that is absent or blank.
    pub(crate) fn required(&mut self, path: &str, value: Option<&str>) {
        self.check(value.is_some_and(|text| !is_blank(text)), path, "is required");
    }

    /// Refuses a value that is there and blank.
    pub(crate) fn not_blank(&mut self, path: &str, value: Option<&str>) {
        self.check(!value.is_some_and(is_blank), path, "is blank");
    }

    /// Refuses a text of more characters (code points).
    pub(crate) fn max_chars(&mut self, path: &str, value: Option<&str>, max: usize) {
        self.max_length(path, value.map_or(0, |text| text.chars().count()), max);
    }

    /// Refuses a text of this length, where it is counted elsewhere: of the form that is sent.
    pub(crate) fn max_length(&mut self, path: &str, length: usize, max: usize) {
        if length > max {
            self.refuse(path, format!("is {length} characters long, and {max} are allowed"));
        }
    }

    /// Refuses a text of fewer or more characters (code points).
    pub(crate) fn chars(&mut self, path: &str, value: Option<&str>, allowed: RangeInclusive<usize>) {
        let Some(length) = value.map(|text| text.chars().count()) else { return };
        if !allowed.contains(&length) {
            let (min, max) = allowed.into_inner();
            self.refuse(path, format!("is {length} characters long, and {min} to {max} are allowed"));
        }
    }

    /// Refuses a list of more items.
    pub(crate) fn max_items(&mut self, path: &str, count: usize, max: usize) {
        if count > max {
            self.refuse(path, format!("are {count}, and {max} are allowed"));
        }
    }

    /// Refuses a number outside the range.
    pub(crate) fn in_range(&mut self, path: &str, value: Option<u64>, allowed: RangeInclusive<u64>) {
        if value.is_some_and(|value| !allowed.contains(&value)) {
            let (min, max) = allowed.into_inner();
            self.refuse(path, format!("is none of {min} to {max}"));
        }
    }

    /// Refuses a word that is not listed, to the letter.
    pub(crate) fn one_of(&mut self, path: &str, value: Option<&str>, allowed: &[&str]) {
        if value.is_some_and(|value| !allowed.contains(&value)) {
            let listed = match allowed {
                [many @ .., last] if !many.is_empty() => format!("{} and {last}", many.join(", ")),
                few => few.join(", "),
            };
            self.refuse(path, format!("is none of {listed}"));
        }
    }

    /// Takes problems that were found elsewhere, below the current path.
    pub(crate) fn extend(&mut self, problems: impl IntoIterator<Item = FieldError>) {
        for problem in problems {
            let message = problem.message().to_owned();
            self.refuse(problem.field(), message);
        }
    }

    /// Runs checks below a path, such as `address`.
    pub(crate) fn within(&mut self, path: impl Display, checks: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        let dot = if self.prefix.is_empty() { "" } else { "." };
        self.prefix.push_str(&format!("{dot}{path}"));
        checks(self);
        self.prefix.truncate(length);
    }

    /// Runs checks on each item of a list, below `path[0]`, `path[1]` and so on.
    pub(crate) fn each<T>(
        &mut self,
        path: &str,
        items: impl IntoIterator<Item = T>,
        mut checks: impl FnMut(&mut Self, T),
    ) {
        for (index, item) in items.into_iter().enumerate() {
            self.within(format_args!("{path}[{index}]"), |below| checks(below, item));
        }
    }

    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with every problem, where there is one.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(self.origin.of(Error::invalid_record(self.problems)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Effect, ErrorKind};

    const ORIGIN: (ProviderId, &str) = (ProviderId::new("example"), "create_customer");

    fn reported(checks: impl FnOnce(&mut Validation)) -> Vec<String> {
        let mut validation = Validation::new(ORIGIN);
        checks(&mut validation);
        let error = validation.finish().err();
        error.iter().flat_map(Error::field_errors).map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_is_refused_at_once_with_provider_and_operation() {
        let mut validation = Validation::new(ORIGIN);
        validation.required("email", Some(" "));
        validation.max_chars("note", Some("äöü"), 2);
        let error = validation.finish().unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::NotSent));
        assert_eq!((error.provider().unwrap().as_str(), error.operation()), ("example", Some("create_customer")));
        let fields: Vec<_> = error.field_errors().iter().map(FieldError::field).collect();
        assert_eq!(fields, ["email", "note"]);
        assert!(Validation::new(ORIGIN).finish().is_ok());
        let single = Validation::refusal(ORIGIN, "id", "is no id");
        assert_eq!(
            (single.field_errors()[0].to_string().as_str(), single.operation()),
            ("id: is no id", ORIGIN.1.into())
        );
    }

    #[test]
    fn each_check_names_its_rule_and_passes_what_is_absent() {
        let text = reported(|v| {
            v.required("a", None);
            v.not_blank("b", Some(" "));
            v.max_chars("c", Some("12345"), 4);
            v.chars("d", Some("1234"), 6..=18);
            v.max_items("e", 51, 50);
            v.in_range("f", Some(4), 0..=3);
            v.one_of("g", Some("f"), &["F", "M", "Other"]);
            v.one_of("h", Some("x"), &["only"]);
            v.check(false, "i", "is wrong");
            v.extend([FieldError::new("j", "is wrong")]);
        });
        let expected = [
            "a: is required",
            "b: is blank",
            "c: is 5 characters long, and 4 are allowed",
            "d: is 4 characters long, and 6 to 18 are allowed",
            "e: are 51, and 50 are allowed",
            "f: is none of 0 to 3",
            "g: is none of F, M and Other",
            "h: is none of only",
            "i: is wrong",
            "j: is wrong",
        ];
        assert_eq!(text, expected);
        let passed = reported(|v| {
            v.required("a", Some("x"));
            v.not_blank("b", None);
            v.max_chars("c", None, 0);
            v.max_chars("c", Some("ää"), 2);
            v.chars("d", None, 6..=18);
            v.chars("d", Some("123456"), 6..=18);
            v.max_items("e", 50, 50);
            v.in_range("f", None, 0..=3);
            v.in_range("f", Some(3), 0..=3);
            v.one_of("g", None, &["F"]);
            v.one_of("g", Some("F"), &["F"]);
            v.check(true, "i", "is wrong");
        });
        assert!(passed.is_empty(), "{passed:?}");
    }

    #[test]
    fn nested_paths_are_written_from_the_root() {
        let text = reported(|v| {
            v.each("addresses", ["ok", ""], |v, city| {
                v.required("city", Some(city));
                v.within("phone", |v| v.check(!city.is_empty(), "", "is wrong"));
            });
            v.within("custom", |v| v.refuse("[0]", "is wrong"));
            v.refuse("email", "is wrong");
        });
        let expected = [
            "addresses[1].city: is required",
            "addresses[1].phone: is wrong",
            "custom[0]: is wrong",
            "email: is wrong",
        ];
        assert_eq!(text, expected);
    }
}
