//! Prints plans and outcomes for people.

use customer_sink::{Plan, Result, Upserted};

/// Prints the requests, the fields that are sent, and the notes.
pub fn plan(plan: &Result<Plan>) {
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => return println!("plan: {error}"),
    };
    println!("plan:");
    for step in plan.steps() {
        println!("  [{}] {} {}", step.when().as_str(), step.method(), step.url());
        if let Some(body) = step.body() {
            println!("      {}", String::from_utf8_lossy(body));
        }
    }
    let sent: Vec<_> = plan.sent().iter().map(ToString::to_string).collect();
    println!("sent: {}", sent.join(", "));
    println!("notes:");
    for note in plan.notes() {
        println!("  {note}");
    }
}

/// Prints what became of an upsert.
pub fn outcome(outcome: &Result<Upserted>) {
    match outcome {
        Ok(done) => {
            let id = done.remote_id.as_ref().map(|id| format!(", id {id}")).unwrap_or_default();
            let later = done.visible_after.map(|d| format!(", visible after up to {} s", d.as_secs()));
            let later = later.unwrap_or_default();
            println!("outcome: {}{id}{later}, {} request(s)\n", done.outcome, done.attempts);
        }
        Err(error) => println!("outcome: {error}\n"),
    }
}
