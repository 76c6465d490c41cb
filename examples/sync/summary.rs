//! Prints the result of the run as a table, with reasons.

use std::collections::BTreeMap;

use super::ledger::Ledger;

const COLUMNS: [&str; 8] = ["created", "updated", "unchanged", "accepted", "planned", "skipped", "failed", "left"];

/// Prints the summary; `stopped` says why the run ended before its input did.
pub fn print(ledger: &Ledger, stopped: Option<&str>) {
    print!("{:>14}", "");
    COLUMNS.iter().for_each(|column| print!("{column:>11}"));
    println!();
    for (name, tally) in &ledger.lanes {
        print!("{name:>14}");
        COLUMNS.iter().for_each(|column| print!("{:>11}", tally.outcomes.get(column).unwrap_or(&0)));
        println!();
    }
    if ledger.unreadable > 0 {
        println!("\n{} line(s) could not be read", ledger.unreadable);
    }
    for (name, tally) in &ledger.lanes {
        list(name, "not delivered", &tally.failures);
    }
    for (name, tally) in &ledger.lanes {
        list(name, "notes", &tally.notes);
    }
    if let Some(reason) = stopped {
        println!("\nthe run stopped before its end: {reason}");
    }
}

fn list(name: &str, what: &str, counts: &BTreeMap<String, u64>) {
    if !counts.is_empty() {
        println!("\n{name}: {what}");
        counts.iter().for_each(|(reason, count)| println!("{count:>8}  {reason}"));
    }
}
