//! Reads the errors that a body reports, in every shape that vendors write.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::FieldError;

/// The key under which numbers arrive where another crate of the build switches on serde_json's `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// Keys whose value is the text of the error that they stand in.
const MESSAGES: &[&str] = &["message", "messages", "error", "errors", "errorMsg", "detail", "details", "title"];

/// Keys whose value names the field that the error beside them is about.
const FIELDS: &[&str] = &["field", "attribute", "param", "pointer"];

/// Keys whose value is neither: facts about the error that are read by name.
const FACTS: &[&str] =
    &["code", "Code", "status", "Status", "type", "isError", "request_id", "success", "source", "id"];

/// A JSON value of any shape.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Node {
    #[default]
    Null,
    Bool(bool),
    /// A number, as its digits.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Whether the value of a key is `true`, also as a text or 1.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        match self.get(key) {
            Some(Self::Bool(value)) => *value,
            Some(Self::Text(text) | Self::Number(text)) => {
                matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1")
            }
            _ => false,
        }
    }

    /// The text of a scalar: a string as it is, a number as its digits.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it reports an error: not null, `false`, 0 or empty, nor a map of nothing but these. An item of a
    /// list of errors is one, even if it says nothing.
    fn reports(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Text(text) | Self::Number(text) => {
                !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "null" | "[]" | "{}")
            }
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => map.iter().any(|(_, node)| node.reports()),
        }
    }

    /// Whether it says no: `false`, as a boolean or a text, or 0.
    fn says_no(&self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::Text(text) | Self::Number(text) => matches!(text.trim().to_ascii_lowercase().as_str(), "false" | "0"),
            _ => false,
        }
    }

    fn collect(&self, field: Option<&str>, into: &mut Messages) {
        match self {
            Self::List(list) => list.iter().for_each(|node| node.collect(field, into)),
            Self::Map(map) => {
                let named = self.named_field();
                let field = named.or(field);
                let is_message = |key: &str| MESSAGES.contains(&key);
                // Beside a message, an id is a fact of the error; every other text is an error of the field that its key
                // names.
                let has_message = map.iter().any(|(key, _)| is_message(key));
                for (key, node) in map {
                    match key.as_str() {
                        key if is_message(key) => node.collect(field, into),
                        "source" if node.names_field() => {}
                        // A list or an object under such a name is of a field that is called so.
                        key if node.is_scalar() && (FIELDS.contains(&key) || FACTS.contains(&key)) => {}
                        key if has_message && node.text().is_some() && key.ends_with("id") => {}
                        key => node.collect(Some(key), into),
                    }
                }
            }
            Self::Text(text) | Self::Number(text) if !text.trim().is_empty() => match field {
                Some(field) => into.fields.push(FieldError::from_vendor(field, text)),
                None => into.plain.push(text.clone()),
            },
            _ => {}
        }
    }

    fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_))
    }

    fn names_field(&self) -> bool {
        FIELDS.iter().any(|key| self.get(key).is_some())
    }

    /// The field that an error names, itself or in its `source`.
    fn named_field(&self) -> Option<&str> {
        let here = if self.names_field() { Some(self) } else { self.get("source") }?;
        FIELDS.iter().find_map(|key| here.get(key)?.text()).filter(|name| !name.trim().is_empty())
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.is_empty() && key == NUMBER {
                return access.next_value().map(Node::Number);
            }
            map.push((key, access.next_value()?));
        }
        Ok(Node::Map(map))
    }
}

/// An object whose members are read one by one: what cannot be read, as half of a surrogate pair or too deep a nesting, is
/// a list without a text, and hides none of the others.
struct Root(Node);

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RootVisitor)
    }
}

struct RootVisitor;

impl<'de> Visitor<'de> for RootVisitor {
    type Value = Root;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Root, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        while let Some((key, raw)) = access.next_entry::<String, Box<RawValue>>()? {
            let node = serde_json::from_str(raw.get()).unwrap_or_else(|_| Node::List(vec![Node::Null]));
            map.push((key, node));
        }
        Ok(Root(Node::Map(map)))
    }
}

/// The texts of an error: those about a field, and the others.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) plain: Vec<String>,
    pub(crate) fields: Vec<FieldError>,
}

impl Messages {
    /// The texts about no field as one; none where there is none.
    pub(crate) fn joined(&self) -> Option<String> {
        (!self.plain.is_empty()).then(|| self.plain.join("; "))
    }
}

/// The body of an answer, as far as it reports errors. Of a body that is no JSON object nothing is known: a list is never
/// read as the object, item by item.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody(Node);

impl ErrorBody {
    /// Reads a body. A byte order mark, bytes that are no UTF-8, and what follows the object hide no error.
    pub(crate) fn read(body: &[u8]) -> Self {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
        if !body.starts_with(b"{") {
            return Self::default();
        }
        let read = |body: &[u8]| Root::deserialize(&mut serde_json::Deserializer::from_slice(body));
        let root = read(body).or_else(|_| read(String::from_utf8_lossy(body).as_bytes()));
        Self(root.map(|Root(root)| root).unwrap_or_default())
    }

    /// Every value of a key, where it is repeated.
    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Node> {
        let map = if let Node::Map(map) = &self.0 { map.as_slice() } else { &[] };
        map.iter().filter(move |(name, _)| name == key).map(|(_, node)| node)
    }

    /// Whether the body reports a failure, also beside a status that says success: `success` is false, or `error` or
    /// `errors` hold something. One rule for every vendor.
    pub(crate) fn reports_failure(&self) -> bool {
        self.all("success").any(Node::says_no) || self.all("error").chain(self.all("errors")).any(Node::reports)
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(&self.0, |node, key| node.get(key))
    }

    /// The text at a path of keys; none where it is blank.
    pub(crate) fn text(&self, path: &[&str]) -> Option<String> {
        self.at(path)?.text().filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    /// Whether the value of a key is `true`, also as a text or 1.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.0.is_true(key)
    }

    /// The texts under these keys, in this order.
    pub(crate) fn messages(&self, keys: &[&str]) -> Messages {
        let mut messages = Messages::default();
        for key in keys {
            self.all(key).filter(|node| node.reports()).for_each(|node| node.collect(None, &mut messages));
        }
        messages
    }

    /// The whole body as a map of field names to texts, for vendors that write errors like that.
    pub(crate) fn as_fields(&self) -> Vec<FieldError> {
        let Node::Map(map) = &self.0 else { return Vec::new() };
        let texts = map.iter().filter_map(|(key, node)| match node {
            Node::Text(text) if !FACTS.contains(&key.as_str()) => Some(FieldError::from_vendor(key, text)),
            _ => None,
        });
        texts.collect()
    }
}

/// Bodies of a success status that report a failure all the same, and some that do not: one table for every vendor's tests.
#[cfg(test)]
pub(crate) mod shapes {
    /// Each is a failure, with 200 and with 207.
    pub(crate) const FAILURES: &[&str] = &[
        r#"{"success":false}"#,
        r#"{"success":"false"}"#,
        r#"{"success":false,"message":"no"}"#,
        r#"{"error":"no"}"#,
        r#"{"error":["no"]}"#,
        r#"{"error":{"message":"no"}}"#,
        r#"{"error":[{"message":"no"}]}"#,
        r#"{"error":{"email":["no"]}}"#,
        r#"{"error":true}"#,
        r#"{"error":17}"#,
        r#"{"errors":"no"}"#,
        r#"{"errors":["no"]}"#,
        r#"{"errors":{"email":"no"}}"#,
        r#"{"errors":{"email":["no"]}}"#,
        r#"{"errors":[{"message":"no"}]}"#,
        r#"{"errors":[{"field":"email","message":"no"}]}"#,
        r#"{"errors":[{}]}"#,
        r#"{"customer":{"id":"1"},"errors":["no"]}"#,
        r#"{"customer":{"id":"1"},"success":false}"#,
        r#"{"customer":{"id":"1"},"error":"no"}"#,
        r#"{"success":true,"errors":[{"message":"no"}]}"#,
    ];

    /// None is a failure.
    pub(crate) const SUCCESSES: &[&str] = &[
        "",
        "{}",
        "[]",
        "null",
        "\u{0}",
        r#"["no"]"#,
        r#"[false,"no"]"#,
        r#"{"success":true}"#,
        r#"{"success":"true","message":"received"}"#,
        r#"{"success":null}"#,
        r#"{"error":null,"errors":[]}"#,
        r#"{"error":"","errors":{}}"#,
        r#"{"error":false}"#,
        r#"{"error":0,"errors":"0"}"#,
        r#"{"error":"false","errors":{"email":null,"tags":""}}"#,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> (Option<String>, Vec<(String, String)>) {
        let messages = ErrorBody::read(body.as_bytes()).messages(&["errors", "error", "message"]);
        let fields = messages.fields.iter().map(|f| (f.field().to_owned(), f.message().to_owned())).collect();
        (messages.joined(), fields)
    }

    #[test]
    fn every_shape_of_a_failure_is_one_and_nothing_else_is() {
        for body in shapes::FAILURES {
            assert!(ErrorBody::read(body.as_bytes()).reports_failure(), "{body}");
        }
        for body in shapes::SUCCESSES {
            assert!(!ErrorBody::read(body.as_bytes()).reports_failure(), "{body}");
        }
    }

    #[test]
    fn texts_are_found_in_every_shape() {
        let plain = |text: &str| (Some(text.to_owned()), Vec::new());
        for body in [
            r#"{"message":"no"}"#,
            r#"{"error":"no"}"#,
            r#"{"error":{"type":"bad_request","message":"no","code":"x"}}"#,
            r#"{"errors":"no"}"#,
            r#"{"errors":["no"]}"#,
            r#"{"errors":[{"message":"no"}]}"#,
            r#"{"errors":[{"message":{"message":["no"]}}]}"#,
            r#"{"error":0,"errors":[null,{"errorMsg":"no"}]}"#,
        ] {
            assert_eq!(texts(body), plain("no"), "{body}");
        }
        assert_eq!(texts(r#"{"errors":[{"message":"a"},"b"],"message":"c"}"#), plain("a; b; c"));
        for body in [
            r#"{"errors":[{"field":"email","message":"odd"}]}"#,
            r#"{"errors":[{"attribute":"email","error":"odd"}]}"#,
            r#"{"errors":[{"detail":"odd","source":{"pointer":"email"}}]}"#,
            r#"{"error":{"param":"email","message":"odd"}}"#,
            r#"{"errors":{"email":["odd"]}}"#,
            r#"{"errors":[{"message":{"email":"odd"}}]}"#,
        ] {
            assert_eq!(texts(body), (None, vec![("email".to_owned(), "odd".to_owned())]), "{body}");
        }
        assert_eq!(texts(r#"{"errors":[{"order_id":"1","error":"no"}]}"#), plain("no"), "a fact beside the message");
        let both = texts(r#"{"error":{"message":"no","email":["odd"]}}"#);
        assert_eq!(both, (Some("no".to_owned()), vec![("email".to_owned(), "odd".to_owned())]));
        let many = texts(r#"{"errors":{"email":["odd","long"],"phone":"short"}}"#);
        assert_eq!(many.1.len(), 3);
    }

    #[test]
    fn facts_are_read_by_name() {
        let body =
            ErrorBody::read(br#"{"error":{"code":17,"type":"t"},"status":{"code":"404"},"isError":"1","blank":" "}"#);
        assert_eq!(body.text(&["error", "code"]).as_deref(), Some("17"));
        assert_eq!(body.text(&["status", "code"]).as_deref(), Some("404"));
        assert!(body.is_true("isError") && !body.is_true("status"));
        assert_eq!((body.text(&["blank"]), body.text(&["error"]), body.text(&["no", "where"])), (None, None, None));
        let fields = ErrorBody::read(br#"{"cust-1":"odd","status":"x","n":1}"#).as_fields();
        assert_eq!(fields.iter().map(FieldError::field).collect::<Vec<_>>(), ["cust-1"]);
    }

    #[test]
    fn what_cannot_be_read_and_what_is_repeated_hides_no_error() {
        let deep = format!(r#"{{"success":false,"data":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
        for body in [
            r#"{"success":false,"message":"\ud800"}"#,
            r#"{"error":"\ud800"}"#,
            r#"{"errors":["no"],"data":{"note":"\ud800"}}"#,
            r#"{"success":true,"success":false}"#,
            r#"{"error":null,"error":"no"}"#,
            &deep,
        ] {
            assert!(ErrorBody::read(body.as_bytes()).reports_failure(), "{body}");
        }
        for body in [
            &b"\xef\xbb\xbf {\"success\":false}"[..],
            b"{\"message\":\"\xe9\",\"error\":\"no\"}",
            b"{\"errors\":[7]}\0--",
        ] {
            assert!(ErrorBody::read(body).reports_failure(), "{body:?}");
        }
        assert_eq!(texts(r#"{"errors":{"id":["no"]}}"#).1, [("id".to_owned(), "no".to_owned())]);
        assert_eq!(texts(r#"{"errors":{"type":["a"],"source":["b"]}}"#).1.len(), 2);
        assert_eq!(
            texts(r#"{"errors":[{"source":{"pointer":"/email"},"detail":"no"}]}"#).1,
            [("/email".into(), "no".into())]
        );
    }
}
