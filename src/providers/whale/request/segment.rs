//! The input that creates or changes a segment.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::PROVIDER;
use super::customer::Metadata;
use super::words::{CustomerId, Operator, SegmentKind};
use super::{RawMap, raw_value};
use crate::client::RawJson;
use crate::client::json::value::Value;
use crate::client::validate::{Origin, Validation};
use crate::error::{Error, FieldError};

/// The rules of a segment. All have to hold (inferred from "combine conditions").
#[derive(Clone)]
#[non_exhaustive]
pub enum Rules {
    /// An array, as documented.
    List(Vec<Rule>),
    /// Anything else, as it came: older ones of the vendor are objects (seen).
    Other(RawJson),
}

/// Shows the rules without their values, which may be a person's data.
impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(rules) => f.debug_list().entries(rules).finish(),
            Self::Other(_) => f.write_str("Other(..)"),
        }
    }
}

impl Value for Rules {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        if raw.get() == "null" {
            return None;
        }
        let list: Option<Vec<&RawValue>> = serde_json::from_str(raw.get()).ok();
        let list = list.map(|rules| Self::List(rules.into_iter().map(Rule::read).collect()));
        Some(list.unwrap_or_else(|| Self::Other(RawJson::new(raw.get()))))
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::List(rules) => rules.serialize(serializer),
            Self::Other(raw) => raw_value(raw)?.serialize(serializer),
        }
    }
}

impl From<Vec<Rule>> for Rules {
    fn from(rules: Vec<Rule>) -> Self {
        Self::List(rules)
    }
}

/// One rule: a field, an operator and a value, as documented, or anything else, as it came: older rules have other keys
/// (seen).
#[derive(Clone)]
pub struct Rule {
    condition: Option<(String, Operator)>,
    raw: RawJson,
}

impl Rule {
    /// A rule with this field, operator and value: `Rule::new("total_spent", Operator::Gte, 500)`. The fields are an open
    /// set; documented are `total_spent`, `last_order_at`, `churn_risk` and `total_orders`. A value is a number, a text
    /// such as `90_days_ago` (documented), or any other JSON (inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where the value cannot be written as JSON.
    pub fn new(field: impl Into<String>, operator: impl Into<Operator>, value: impl Serialize) -> Result<Self, Error> {
        #[derive(serde::Serialize)]
        struct Condition<'a, V> {
            field: &'a str,
            operator: &'a Operator,
            value: V,
        }
        let (field, operator) = (field.into(), operator.into());
        let json =
            serde_json::to_string(&Condition { field: &field, operator: &operator, value }).map_err(|error| {
                let problem = FieldError::new("rules", "a value cannot be written as JSON");
                Error::invalid_record(vec![problem]).with_provider(PROVIDER).with_source(error)
            })?;
        Ok(Self { condition: Some((field, operator)), raw: RawJson::new(&json) })
    }

    fn read(raw: &RawValue) -> Self {
        let condition = || {
            let map = RawMap::from_raw(raw)?;
            map.get("value")?;
            let text = |key: &str| serde_json::from_str::<String>(map.get(key)?.as_str()).ok();
            Some((text("field")?, Operator::from(text("operator")?.as_str())))
        };
        Self { condition: condition(), raw: RawJson::new(raw.get()) }
    }

    /// The field; none of a rule in another form.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.condition.as_ref().map(|(field, _)| field.as_str())
    }

    /// How the field is compared; none of a rule in another form.
    #[must_use]
    pub fn operator(&self) -> Option<&Operator> {
        self.condition.as_ref().map(|(_, operator)| operator)
    }

    /// What the field is compared with; none of a rule in another form.
    #[must_use]
    pub fn value(&self) -> Option<RawJson> {
        self.condition.as_ref().and_then(|_| self.raw.get("value"))
    }

    /// The whole rule, as it came.
    #[must_use]
    pub fn raw(&self) -> &RawJson {
        &self.raw
    }
}

/// Shows field and operator.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("field", &self.field()).field("operator", &self.operator()).finish_non_exhaustive()
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        raw_value(&self.raw)?.serialize(serializer)
    }
}

/// A segment to be made, or what is to be changed of one. Rules and members exclude each other: a segment that has both
/// is refused before anything is sent.
#[derive(Clone, Default, serde::Serialize)]
#[non_exhaustive]
pub struct SegmentInput<'a> {
    /// Its name. A create needs it; whether it has to be unique is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// By rules or by a list. An update leaves it out: that it can be changed is not documented.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<SegmentKind>,
    /// Of a dynamic one: all of its rules. An update replaces them (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
    /// Of a static one: all of its members. An update replaces them (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_ids: Option<Vec<CustomerId>>,
    /// What it is for (inferred).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'a, str>>,
    /// Values of the caller's own (documented for updates). Whether an update replaces or merges is unknown: send all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata<'a>>,
}

impl<'a> SegmentInput<'a> {
    /// A segment whose members follow from rules.
    pub fn dynamic(name: impl Into<Cow<'a, str>>, rules: impl Into<Rules>) -> Self {
        let (name, rules) = (Some(name.into()), Some(rules.into()));
        Self { name, kind: Some(SegmentKind::Dynamic), rules, ..Self::default() }
    }

    /// A segment with these members.
    pub fn fixed(name: impl Into<Cow<'a, str>>, members: impl IntoIterator<Item = CustomerId>) -> Self {
        let (name, customer_ids) = (Some(name.into()), Some(members.into_iter().collect()));
        Self { name, kind: Some(SegmentKind::Static), customer_ids, ..Self::default() }
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets all rules.
    #[must_use]
    pub fn rules(mut self, rules: impl Into<Rules>) -> Self {
        self.rules = Some(rules.into());
        self
    }

    /// Sets all members.
    #[must_use]
    pub fn customer_ids(mut self, members: impl IntoIterator<Item = CustomerId>) -> Self {
        self.customer_ids = Some(members.into_iter().collect());
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata<'a>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Refuses what the vendor cannot take, with every problem at once.
    pub(in super::super) fn validate(&self, is_create: bool, origin: impl Into<Origin>) -> Result<(), Error> {
        let mut problems = Validation::new(origin);
        let mut refuse = |field, text: &'static str| problems.refuse(field, text);
        match &self.name {
            Some(name) if name.trim().is_empty() => refuse("name", "must not be empty"),
            None if is_create => refuse("name", "is required"),
            _ => {}
        }
        match (self.rules.is_some(), self.customer_ids.is_some(), &self.kind) {
            (true, true, _) => refuse("customer_ids", "rules and members exclude each other"),
            (true, false, Some(SegmentKind::Static)) => refuse("rules", "a static segment has members, and no rules"),
            (false, true, Some(SegmentKind::Dynamic)) => {
                refuse("customer_ids", "a dynamic segment has rules, and no members");
            }
            (false, _, Some(SegmentKind::Dynamic)) if is_create => refuse("rules", "a dynamic segment needs rules"),
            (_, false, Some(SegmentKind::Static)) if is_create => {
                refuse("customer_ids", "a static segment needs members");
            }
            (_, _, None) if is_create => refuse("type", "is required"),
            _ => {}
        }
        if matches!(&self.rules, Some(Rules::List(rules)) if rules.is_empty()) {
            refuse("rules", "must not be empty: what a segment without rules holds is unknown");
        }
        if !is_create && self.is_empty() {
            refuse("segment", "an update has to change something");
        }
        problems.finish()
    }

    fn is_empty(&self) -> bool {
        let Self { name, kind, rules, customer_ids, description, metadata } = self;
        name.is_none()
            && kind.is_none()
            && rules.is_none()
            && customer_ids.is_none()
            && description.is_none()
            && metadata.is_none()
    }
}

/// Shows the type, and how many members there are.
impl fmt::Debug for SegmentInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentInput")
            .field("kind", &self.kind)
            .field("customer_ids", &self.customer_ids.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(rules: &str) -> String {
        serde_json::to_string(&Rules::from_raw(serde_json::from_str(rules).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn rules_come_back_byte_by_byte() {
        for rules in [
            r#"[{"field":"total_spent","operator":"gte","value":500.10},{"field":"x","operator":"more than","value":[1,"ä"]}]"#,
            r#"[{"field":"churn_risk","operator":"gte","value":0.6,"weight":1.00}]"#,
            r#"[{"type":"lifetime_value","config":{"min":500.00}}]"#,
            r#"[{"field":7,"operator":"gte","value":1},"text",null]"#,
            r#"{"type":"rfm","segments":["Champions"]}"#,
            r#""total_spent > 500.0""#,
            "[]",
            "12345678901234567890.10",
        ] {
            assert_eq!(again(rules), rules);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let rule = || vec![Rule::new("total_spent", Operator::Gte, 500).unwrap()];
        let fields = |input: &SegmentInput<'_>, create| -> Vec<String> {
            let refusal = input.validate(create, (PROVIDER, "create_segment")).err();
            refusal.iter().flat_map(Error::field_errors).map(|problem| problem.field().to_owned()).collect()
        };
        assert!(fields(&SegmentInput::dynamic("a", rule()), true).is_empty());
        assert!(fields(&SegmentInput::fixed("a", ["cust_1".into()]), true).is_empty());
        assert!(fields(&SegmentInput::fixed("a", []), true).is_empty(), "a list may begin empty");
        let both = SegmentInput::dynamic("a", rule()).customer_ids(["cust_1".into()]);
        assert_eq!(fields(&both, true), ["customer_ids"]);
        assert_eq!(fields(&SegmentInput::default().rules(rule()).customer_ids([]), false), ["customer_ids"]);
        assert_eq!(fields(&SegmentInput::fixed(" ", []).rules(rule()), true), ["name", "customer_ids"]);
        assert_eq!(fields(&SegmentInput::default(), true), ["name", "type"]);
        assert_eq!(fields(&SegmentInput::default(), false), ["segment"]);
        assert_eq!(fields(&SegmentInput::dynamic("a", vec![]), true), ["rules"]);
        assert!(fields(&SegmentInput::default().rules(rule()), false).is_empty());
        let wrong = SegmentInput { kind: Some(SegmentKind::Static), ..SegmentInput::default() };
        assert_eq!(fields(&wrong.clone().name("a").rules(rule()), true), ["rules"]);
        assert_eq!(fields(&wrong.name("a"), true), ["customer_ids"]);
    }
}
