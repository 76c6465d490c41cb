//! JSON that keeps the order of its keys and the spelling of its values, so that a rewritten file differs only where it
//! was changed. Printed with two spaces of indent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Clone, Debug)]
pub enum Node {
    /// A text, a number, a truth value or null, as it is spelled.
    Leaf(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The entries of an object in their order.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Node {
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        let text = text.trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Entries(entries) = serde_json::from_str(text)?;
                let nodes = entries.into_iter().map(|(key, raw)| Ok((key, Self::parse(raw.get())?)));
                Self::Map(nodes.collect::<serde_json::Result<_>>()?)
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
                Self::List(items.iter().map(|raw| Self::parse(raw.get())).collect::<serde_json::Result<_>>()?)
            }
            _ => Self::Leaf(serde_json::from_str::<Box<RawValue>>(text)?.get().to_owned()),
        })
    }

    /// The same in the order of `serde_json`.
    pub fn of(value: &Value) -> Self {
        Self::parse(&value.to_string()).expect("JSON")
    }

    pub fn value(&self) -> Value {
        match self {
            Self::Leaf(text) => serde_json::from_str(text).expect("a leaf"),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Map(entries) => entries.iter().map(|(key, node)| (key.clone(), node.value())).collect(),
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The items of a list; none of anything else.
    pub fn items_mut(&mut self) -> &mut [Self] {
        match self {
            Self::List(items) => items,
            _ => &mut [],
        }
    }

    pub fn remove(&mut self, key: &str) {
        if let Self::Map(entries) = self {
            entries.retain(|(name, _)| name != key);
        }
    }

    /// Sets a key of an object where it is; a new one goes to the end.
    pub fn set(&mut self, key: &str, new: Self) {
        if let Some(old) = self.get_mut(key) {
            old.become_like(new);
        } else if let Self::Map(entries) = self {
            entries.push((key.to_owned(), new));
        }
    }

    /// Takes the values of `new`, and keeps order and spelling where it can.
    fn become_like(&mut self, new: Self) {
        if self.value() == new.value() {
            return;
        }
        match (self, new) {
            (Self::Map(old), Self::Map(mut new)) => {
                old.retain(|(key, _)| new.iter().any(|(name, _)| name == key));
                for (key, node) in old.iter_mut() {
                    if let Some(at) = new.iter().position(|(name, _)| name == key) {
                        node.become_like(new.remove(at).1);
                    }
                }
                old.extend(new);
            }
            (Self::List(old), Self::List(mut new)) => {
                old.truncate(new.len());
                let rest = new.split_off(old.len());
                old.iter_mut().zip(new).for_each(|(node, new)| node.become_like(new));
                old.extend(rest);
            }
            (old, new) => *old = new,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        }
    }

    pub fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        match self {
            Self::Leaf(text) => out.push_str(text),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "[" } else { "," });
                    line(out, depth + 1);
                    item.write(out, depth + 1);
                }
                line(out, depth);
                out.push(']');
            }
            Self::Map(entries) => {
                for (at, (key, node)) in entries.iter().enumerate() {
                    out.push_str(if at == 0 { "{" } else { "," });
                    line(out, depth + 1);
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push_str(": ");
                    node.write(out, depth + 1);
                }
                line(out, depth);
                out.push('}');
            }
        }
    }
}
