//! The README's field table is made from the field matrices, so that the two cannot drift.
//!
//! `UPDATE_README=1 cargo test --test crate readme` writes it anew.

use std::collections::BTreeSet;
use std::path::Path;

use customer_sink::plan::{FieldKey, FieldMatrix, Treatment};
use customer_sink::providers::{MATRICES, registry};

const START: &str = "<!-- fields: made from the field matrices, and checked by a test -->\n";
const END: &str = "<!-- end of fields -->";

fn cell(matrix: &FieldMatrix, field: FieldKey) -> String {
    let rule = matrix.rule(field).or_else(|| match field {
        FieldKey::Consent(channel, _) => matrix.rule(FieldKey::Top(channel.field())),
        _ => None,
    });
    let Some(rule) = rule else { return "–".to_owned() };
    let key = if rule.vendor_key.is_empty() { rule.format.to_owned() } else { format!("`{}`", rule.vendor_key) };
    let limit = if rule.max > 0 { format!(" ≤{}", rule.max) } else { String::new() };
    match rule.treatment {
        Treatment::Sent => format!("{key}{limit}"),
        Treatment::Narrowed => format!("~ {key}{limit}"),
        _ => "–".to_owned(),
    }
}

fn table() -> String {
    let mut out = String::from("\n| field |");
    MATRICES.iter().for_each(|matrix| out.push_str(&format!(" {} |", matrix.provider())));
    out.push_str("\n|---|");
    MATRICES.iter().for_each(|_| out.push_str("---|"));
    out.push('\n');
    for field in FieldMatrix::all_fields() {
        out.push_str(&format!("| `{field}` |"));
        MATRICES.iter().for_each(|matrix| out.push_str(&format!(" {} |", cell(matrix, field))));
        out.push('\n');
    }
    out.push('\n');
    out
}

#[test]
fn the_field_table_is_that_of_the_matrices() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(START).expect("the table's start");
    let (_, tail) = rest.split_once(END).expect("the table's end");
    let wanted = format!("{head}{START}{}{END}{tail}", table());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let same = std::fs::read_to_string(&path).unwrap() == wanted;
    assert!(same, "the table is out of date: UPDATE_README=1 cargo test --test crate readme");
}

#[test]
fn every_variable_and_command_of_the_examples_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let variables: BTreeSet<&str> =
        registry::entries().iter().flat_map(|entry| entry.variables()).map(|variable| variable.name).collect();
    assert!(variables.len() >= 15);
    for variable in variables {
        assert!(readme.contains(variable), "the README does not tell of {variable}");
    }
    for example in ["quickstart", "plan", "sandbox", "sync", "forget"] {
        assert!(readme.contains(&format!("cargo run --example {example}")), "{example}");
    }
}
