//! The differences between 2022-01 and the later versions of the API: envelope, errors, and the form of tags.

use serde_json::{Map, Value, json};

use crate::sandbox::reply::{self, Reply};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 2022-01: bare bodies, pages, tags in one string.
    First,
    /// 2025-06 and later: an envelope, cursors, tags as an array.
    Later,
}

/// A refused request, before it is put in the form of its version.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    Unauthorized,
    /// A body that is not JSON, lacks a required field or has one of a wrong type.
    BadRequest,
    /// Every breach of the values, in the order of the fields.
    Invalid(Vec<String>),
    Taken(Vec<String>),
    NoRecord,
    NoRoute,
}

pub(super) const TAKEN: &str = "Email or Phone is already taken";

impl Fault {
    pub(super) fn invalid(message: &str) -> Self {
        Self::Invalid(vec![message.to_owned()])
    }
}

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "2022-01" => Some(Self::First),
            "2025-06" | "2026-01" | "2026-07" => Some(Self::Later),
            _ => None,
        }
    }

    /// Every success is 200, also for a create (*documented*). The envelope's `Success` is the spelling that was seen; the
    /// pages print `success`.
    pub(super) fn success(self, data: Value) -> Reply {
        match self {
            Self::First => reply::json(200, data),
            Self::Later => reply::json(200, json!({ "code": "Success", "message": "", "data": data })),
        }
    }

    /// The forms and messages of 2022-01 are *documented*. For the later versions 400 with `code` and `message` is; that
    /// a taken identity is 422 and an unknown record 404 there, and all codes but `InvalidParameter`, are *inferred*.
    pub(super) fn refusal(self, fault: Fault) -> Reply {
        let errors = |status, messages: Vec<String>| reply::json(status, json!({ "errors": messages }));
        let coded =
            |status, code: &str, message: &str| reply::json(status, json!({ "code": code, "message": message }));
        match (self, fault) {
            (Self::First, Fault::Unauthorized) => reply::text(401, "Unauthorized"),
            (Self::First, Fault::BadRequest) => reply::text(400, "Bad Request"),
            (Self::First, Fault::Invalid(messages) | Fault::Taken(messages)) => errors(422, messages),
            (Self::First, Fault::NoRecord) => errors(404, vec!["record not found".into()]),
            (Self::First, Fault::NoRoute) => errors(404, vec!["Not found".into()]),
            (Self::Later, Fault::Unauthorized) => coded(401, "Unauthorized", "Unauthorized"),
            (Self::Later, Fault::BadRequest) => coded(400, "InvalidParameter", "Bad Request"),
            (Self::Later, Fault::Invalid(messages)) => coded(400, "InvalidParameter", &messages.join(", ")),
            (Self::Later, Fault::Taken(messages)) => coded(422, "InvalidParameter", &messages.join(", ")),
            (Self::Later, Fault::NoRecord) => coded(404, "NotFound", "record not found"),
            (Self::Later, Fault::NoRoute) => coded(404, "NotFound", "Not found"),
        }
    }

    /// Tags as this version takes them; the form of the other version is a wrong type.
    pub(super) fn read_tags(self, value: &Value) -> Result<Vec<String>, Fault> {
        let tags: Option<Vec<&str>> = match (self, value) {
            (Self::First, Value::String(text)) => Some(text.split(',').collect()),
            (Self::Later, Value::Array(items)) => items.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let tags = tags.ok_or(Fault::BadRequest)?;
        Ok(tags.into_iter().map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
    }

    pub(super) fn show_tags(self, tags: &[String]) -> Value {
        match self {
            // With a space behind the comma, as some of the vendor's examples have it.
            Self::First => tags.join(", ").into(),
            Self::Later => json!(tags),
        }
    }

    /// The fields of an address in a body of its own: flat in 2022-01, wrapped later.
    pub(super) fn address_body(self, body: Value) -> Result<Map<String, Value>, Fault> {
        match (self, body) {
            (Self::First, Value::Object(fields)) => Ok(fields),
            (Self::Later, Value::Object(mut body)) => match body.remove("address") {
                Some(Value::Object(fields)) => Ok(fields),
                None | Some(Value::Null) => Err(Fault::invalid("param is missing or the value is empty: address")),
                Some(_) => Err(Fault::BadRequest),
            },
            _ => Err(Fault::BadRequest),
        }
    }
}
