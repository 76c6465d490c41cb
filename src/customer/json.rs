//! Reads the JSON form strictly. Problems name a path, never a value.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::digits::numbers;
use super::field::{AddressField, ConsentField, Field, FieldPath};
use super::{Address, Consent, CustomValue, Customer, Decimal, time};
use crate::error::{Error, FieldError};

/// Just enough of JSON's shape to say where something is wrong.
enum Tree {
    Null,
    Bool(bool),
    Integer(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A number as its digits, where the parser hands them over so.
    Digits(String),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

/// Gives numbers with a fraction or an exponent their own digits back, which the parser made binary: `1.50` stays that,
/// and 28 digits stay exact.
fn restore_digits(tree: &mut Tree, numbers: &mut impl Iterator<Item = String>) {
    match tree {
        Tree::Null | Tree::Bool(_) | Tree::Text(_) => {}
        Tree::Integer(_) | Tree::Digits(_) => drop(numbers.next()),
        Tree::Float(_) => {
            if let Some(digits) = numbers.next().filter(|digits| digits.parse::<Decimal>().is_ok()) {
                *tree = Tree::Digits(digits);
            }
        }
        Tree::List(list) => list.iter_mut().for_each(|tree| restore_digits(tree, numbers)),
        Tree::Object(entries) => entries.iter_mut().for_each(|(_, tree)| restore_digits(tree, numbers)),
    }
}

fn has_float(tree: &Tree) -> bool {
    match tree {
        Tree::Float(_) => true,
        Tree::List(list) => list.iter().any(has_float),
        Tree::Object(entries) => entries.iter().any(|(_, tree)| has_float(tree)),
        _ => false,
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a customer in its JSON form")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Integer(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Tree>()? {
            // With serde_json's `arbitrary_precision`, which any crate of the build may switch on, numbers come like this.
            if object.is_empty()
                && key == "$serde_json::private::Number"
                && let Tree::Text(digits) = value
            {
                return Ok(Tree::Digits(digits));
            }
            object.push((key, value));
        }
        Ok(Tree::Object(object))
    }
}

/// The problems met so far. No message holds a value.
#[derive(Default)]
struct Problems(Vec<FieldError>);

impl Problems {
    fn add(&mut self, path: &dyn fmt::Display, message: &'static str) {
        self.0.push(FieldError::new(path.to_string(), message));
    }

    /// A value, where `read` takes the tree; a problem otherwise. Null and blank text are unset.
    fn read<T>(
        &mut self,
        path: &dyn fmt::Display,
        tree: Tree,
        expected: &'static str,
        read: impl FnOnce(Tree) -> Option<T>,
    ) -> Option<T> {
        match tree {
            Tree::Null => None,
            Tree::Text(text) if text.trim().is_empty() => None,
            tree => {
                let value = read(tree);
                if value.is_none() {
                    self.add(path, expected);
                }
                value
            }
        }
    }

    fn text(&mut self, path: &dyn fmt::Display, tree: Tree) -> Option<String> {
        self.read(path, tree, "expected a string", |tree| match tree {
            Tree::Text(text) => Some(text),
            _ => None,
        })
    }

    fn bool(&mut self, path: &dyn fmt::Display, tree: Tree) -> Option<bool> {
        self.read(path, tree, "expected true or false", |tree| match tree {
            Tree::Bool(value) => Some(value),
            _ => None,
        })
    }

    fn word<T>(&mut self, path: &dyn fmt::Display, tree: Tree, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.read(path, tree, "expected one of the documented words", |tree| match tree {
            Tree::Text(text) => read(&text),
            _ => None,
        })
    }

    fn time(&mut self, path: &dyn fmt::Display, tree: Tree) -> Option<chrono::DateTime<chrono::FixedOffset>> {
        self.read(path, tree, "expected an RFC 3339 time with an offset", |tree| match tree {
            Tree::Text(text) => time::parse_rfc3339(&text),
            _ => None,
        })
    }

    fn decimal(&mut self, path: &dyn fmt::Display, tree: Tree, numbers_only: bool) -> Option<Decimal> {
        self.read(path, tree, "expected a decimal number (as a string where it has more than 15 digits)", |tree| {
            decimal(tree, numbers_only)
        })
    }

    fn list(&mut self, path: &dyn fmt::Display, tree: Tree) -> Vec<Tree> {
        match tree {
            Tree::List(list) => list,
            Tree::Null => Vec::new(),
            _ => {
                self.add(path, "expected an array");
                Vec::new()
            }
        }
    }

    /// The entries of an object, each key once.
    fn object(&mut self, path: &dyn fmt::Display, tree: Tree) -> Vec<(String, Tree)> {
        match tree {
            Tree::Object(entries) => {
                let mut seen = std::collections::HashSet::new();
                for (key, _) in &entries {
                    if !seen.insert(key.as_str()) {
                        self.add(&Under(path, key), "stands twice");
                    }
                }
                entries
            }
            Tree::Null => Vec::new(),
            _ => {
                self.add(path, "expected an object");
                Vec::new()
            }
        }
    }
}

fn decimal(tree: Tree, numbers_only: bool) -> Option<Decimal> {
    match tree {
        Tree::Integer(number) => number.to_string().parse().ok(),
        Tree::Float(number) => Decimal::from_shortest(number),
        Tree::Digits(digits) => digits.parse().ok(),
        Tree::Text(text) if !numbers_only => text.trim().parse().ok(),
        _ => None,
    }
}

/// A key below a path; the top level has no name.
struct Under<'a>(&'a dyn fmt::Display, &'a str);

impl fmt::Display for Under<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let above = self.0.to_string();
        if above.is_empty() { f.write_str(self.1) } else { write!(f, "{above}.{}", self.1) }
    }
}

fn customer(tree: Tree, problems: &mut Problems) -> Customer {
    let mut c = Customer::default();
    if !matches!(tree, Tree::Object(_)) {
        problems.add(&"", "expected an object");
        return c;
    }
    for (key, tree) in problems.object(&"", tree) {
        let Some(field) = Field::from_key(&key) else {
            problems.add(&key, "is no field of a customer");
            continue;
        };
        let p = &mut *problems;
        let at = FieldPath::Field(field);
        match field {
            Field::ExternalId => c.external_id = p.text(&at, tree),
            Field::Email => c.email = p.text(&at, tree).map(Into::into),
            Field::Phone => c.phone = p.text(&at, tree).map(Into::into),
            Field::FirstName => c.first_name = p.text(&at, tree),
            Field::LastName => c.last_name = p.text(&at, tree),
            Field::DisplayName => c.display_name = p.text(&at, tree),
            Field::Company => c.company = p.text(&at, tree),
            Field::Note => c.note = p.text(&at, tree),
            Field::Gender => c.gender = p.word(&at, tree, super::Gender::from_word),
            Field::Birthday => {
                c.birthday = p.read(&at, tree, "expected a date as YYYY-MM-DD", |tree| match tree {
                    Tree::Text(text) => time::parse_date(&text),
                    _ => None,
                });
            }
            Field::Locale => c.locale = p.text(&at, tree),
            Field::Currency => c.currency = p.text(&at, tree),
            Field::Tags => c.tags = tags(tree, p),
            Field::TaxExempt => c.tax_exempt = p.bool(&at, tree),
            Field::EmailVerified => c.email_verified = p.bool(&at, tree),
            Field::AccountState => c.account_state = p.word(&at, tree, super::AccountState::from_word),
            Field::SubscriptionState => {
                c.subscription_state = p.word(&at, tree, super::SubscriptionState::from_word);
            }
            Field::Addresses => {
                let list = p.list(&at, tree);
                c.addresses = (0u32..).zip(list).map(|(index, tree)| address(index, tree, p)).collect();
            }
            Field::EmailMarketing => c.email_marketing = consent(super::Channel::Email, tree, p),
            Field::SmsMarketing => c.sms_marketing = consent(super::Channel::Sms, tree, p),
            Field::OrdersCount => {
                c.orders_count = p.read(&at, tree, "expected a whole number, not negative", |tree| match tree {
                    Tree::Integer(number) => u64::try_from(number).ok(),
                    Tree::Digits(digits) => digits.parse().ok(),
                    _ => None,
                });
            }
            Field::TotalSpent => c.total_spent = p.decimal(&at, tree, false),
            Field::LastOrderId => c.last_order_id = p.text(&at, tree),
            Field::CreatedAt => c.created_at = p.time(&at, tree),
            Field::UpdatedAt => c.updated_at = p.time(&at, tree),
            Field::Custom => custom(tree, &mut c, p),
            Field::Clear => clear(tree, &mut c, p),
        }
    }
    c
}

fn tags(tree: Tree, p: &mut Problems) -> Vec<String> {
    let mut tags = Vec::new();
    for (index, tree) in (0u32..).zip(p.list(&FieldPath::Field(Field::Tags), tree)) {
        match tree {
            Tree::Text(text) => tags.push(text),
            _ => p.add(&FieldPath::Tag(index), "expected a string"),
        }
    }
    tags
}

fn address(index: u32, tree: Tree, p: &mut Problems) -> Address {
    let mut a = Address::default();
    let path = FieldPath::Address(index);
    if matches!(tree, Tree::Null) {
        p.add(&path, "expected an object");
    }
    for (key, tree) in p.object(&path, tree) {
        let Some(field) = AddressField::from_key(&key) else {
            p.add(&Under(&path, &key), "is no field of an address");
            continue;
        };
        let at = FieldPath::AddressField(index, field);
        match field {
            AddressField::FirstName => a.first_name = p.text(&at, tree),
            AddressField::LastName => a.last_name = p.text(&at, tree),
            AddressField::Company => a.company = p.text(&at, tree),
            AddressField::Line1 => a.line1 = p.text(&at, tree),
            AddressField::Line2 => a.line2 = p.text(&at, tree),
            AddressField::District => a.district = p.text(&at, tree),
            AddressField::City => a.city = p.text(&at, tree),
            AddressField::Province => a.province = p.text(&at, tree),
            AddressField::ProvinceCode => a.province_code = p.text(&at, tree),
            AddressField::PostalCode => a.postal_code = p.text(&at, tree),
            AddressField::Country => a.country = p.text(&at, tree),
            AddressField::CountryCode => a.country_code = p.text(&at, tree),
            AddressField::Phone => a.phone = p.text(&at, tree).map(Into::into),
            AddressField::Latitude => a.latitude = p.decimal(&at, tree, true),
            AddressField::Longitude => a.longitude = p.decimal(&at, tree, true),
            AddressField::Default => a.default = p.bool(&at, tree).unwrap_or(false),
        }
    }
    a
}

fn consent(channel: super::Channel, tree: Tree, p: &mut Problems) -> Option<Consent> {
    let path = FieldPath::Field(channel.field());
    if matches!(tree, Tree::Null) {
        return None;
    }
    let mut consent = Consent::default();
    for (key, tree) in p.object(&path, tree) {
        let Some(field) = ConsentField::from_key(&key) else {
            p.add(&Under(&path, &key), "is no field of a consent");
            continue;
        };
        let at = FieldPath::Consent(channel, field);
        match field {
            ConsentField::State => consent.state = p.word(&at, tree, super::ConsentState::from_word),
            ConsentField::OptInLevel => consent.opt_in_level = p.word(&at, tree, super::OptInLevel::from_word),
            ConsentField::Source => consent.source = p.text(&at, tree),
            ConsentField::UpdatedAt => consent.updated_at = p.time(&at, tree),
        }
    }
    Some(consent)
}

fn custom(tree: Tree, c: &mut Customer, p: &mut Problems) {
    for (key, tree) in p.object(&FieldPath::Field(Field::Custom), tree) {
        let value = match tree {
            Tree::Text(text) => Some(CustomValue::Text(text)),
            Tree::Bool(value) => Some(CustomValue::Bool(value)),
            Tree::Integer(number) => match i64::try_from(number) {
                Ok(number) => Some(CustomValue::Integer(number)),
                Err(_) => number.to_string().parse().ok().map(CustomValue::Decimal),
            },
            Tree::Digits(digits) => match digits.parse() {
                Ok(number) => Some(CustomValue::Integer(number)),
                Err(_) => digits.parse().ok().map(CustomValue::Decimal),
            },
            Tree::Float(number) => Decimal::from_shortest(number).map(CustomValue::Decimal),
            Tree::Null | Tree::List(_) | Tree::Object(_) => None,
        };
        match value {
            Some(value) => {
                c.custom.insert(key, value);
            }
            None => p.add(&FieldPath::Custom(key.into()), "expected a string, a number, true or false"),
        }
    }
}

fn clear(tree: Tree, c: &mut Customer, p: &mut Problems) {
    for (index, tree) in p.list(&FieldPath::Field(Field::Clear), tree).into_iter().enumerate() {
        let field = match tree {
            Tree::Text(name) => Field::from_key(&name).filter(|field| *field != Field::Clear),
            _ => None,
        };
        match field {
            Some(field) => {
                c.clear.insert(field);
            }
            None => p.add(&format_args!("clear[{index}]"), "expected the name of a field"),
        }
    }
}

impl Customer {
    /// Reads a customer from its JSON form.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with one field error for each problem of the record.
    /// No message holds a value of the record.
    ///
    /// Numbers are read digit by digit, up to the 28 of [`Decimal`]; through serde ([`Deserialize`]) those with a fraction
    /// are, as everywhere there, exact to 15 digits.
    ///
    /// ```
    /// use customer_sink::Customer;
    ///
    /// let error = Customer::from_json(br#"{"emial":"mia@example.com","birthday":"14.2.1990"}"#).unwrap_err();
    /// let paths: Vec<_> = error.field_errors().iter().map(|problem| problem.field()).collect();
    /// assert_eq!(paths, ["emial", "birthday"]);
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let mut tree: Tree = serde_json::from_slice(json).map_err(|error| {
            Error::invalid_record(vec![FieldError::new(
                String::new(),
                format!("is not JSON, from line {} column {}", error.line(), error.column()),
            )])
        })?;
        if has_float(&tree) {
            restore_digits(&mut tree, &mut numbers(json));
        }
        let mut problems = Problems::default();
        let customer = customer(tree, &mut problems);
        if problems.0.is_empty() { Ok(customer) } else { Err(Error::invalid_record(problems.0)) }
    }
}

impl<'de> Deserialize<'de> for Customer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut problems = Problems::default();
        let customer = customer(Tree::deserialize(deserializer)?, &mut problems);
        if problems.0.is_empty() {
            return Ok(customer);
        }
        let text: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        Err(de::Error::custom(text.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(json: &str) -> Vec<String> {
        match Customer::from_json(json.as_bytes()) {
            Ok(_) => Vec::new(),
            Err(error) => error.field_errors().iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_problem_is_named_by_its_path_and_without_its_value() {
        let json = r#"{"email":7,"birthday":"1990-2-3","custom":{"a b":null},"addresses":[{},{"default":"yes","town":"x"}],
            "total_spent":"12,50","email_marketing":{"state":"maybe"},"clear":["note","clear"],"note":"a","note":"b"}"#;
        assert_eq!(
            problems(json),
            [
                "note: stands twice",
                "email: expected a string",
                "birthday: expected a date as YYYY-MM-DD",
                "custom[\"a b\"]: expected a string, a number, true or false",
                "addresses[1].default: expected true or false",
                "addresses[1].town: is no field of an address",
                "total_spent: expected a decimal number (as a string where it has more than 15 digits)",
                "email_marketing.state: expected one of the documented words",
                "clear[1]: expected the name of a field",
            ]
        );
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let read = |json: &str| Customer::from_json(json.as_bytes()).ok().and_then(|c| c.total_spent);
        assert_eq!(read(r#"{"total_spent":12840.1}"#), "12840.1".parse().ok());
        assert_eq!(read(r#"{"total_spent":"12840.10"}"#), "12840.10".parse().ok());
        assert_eq!(read(r#"{"total_spent":"1e3"}"#), "1000".parse().ok());
        assert_eq!(read(r#"{"total_spent":12345678901234567.890}"#), "12345678901234567.890".parse().ok());
        assert_eq!(problems(r#"{"total_spent":12345678901234567890123456789.89}"#).len(), 1);
        assert!(serde_json::from_str::<Customer>(r#"{"total_spent":12345678901234567.89}"#).is_err());
    }

    #[test]
    fn numbers_keep_their_own_digits_wherever_they_stand() {
        let json = r#"{"orders_count":3,"note":"a \"1.25\" -7 \\","custom":{"9.5":1.50,"b":-2,"c":-0.10,"d":1e2,"e":2.000},
            "addresses":[{"latitude":45.523062200000003,"longitude":-122.5}],"tags":["4.75"],"total_spent":8.10}"#;
        let c = Customer::from_json(json.as_bytes()).unwrap();
        let custom: Vec<_> = c.custom.values().map(|value| value.to_text().into_owned()).collect();
        assert_eq!(custom, ["1.50", "-2", "-0.10", "100", "2.000"]);
        let place = c.addresses[0].latitude.zip(c.addresses[0].longitude).unwrap();
        assert_eq!((place.0.to_string(), place.1.to_string()), ("45.523062200000003".into(), "-122.5".into()));
        assert_eq!((c.total_spent.unwrap().to_string(), c.orders_count), ("8.10".into(), Some(3)));
    }

    #[test]
    fn null_and_blank_are_unset() {
        let c = Customer::from_json(br#"{"email":null,"birthday":"","gender":" ","tags":null,"sms_marketing":null}"#);
        assert_eq!(c.unwrap(), Customer::default());
    }
}
