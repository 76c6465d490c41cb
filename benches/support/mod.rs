//! Ratios out of one run: both sides in turns, so that whatever else the machine does falls on both.

use std::time::{Duration, Instant};

/// Rounds that each side runs in turn.
const ROUNDS: usize = 41;
/// How long one round lasts, about.
const ROUND: Duration = Duration::from_millis(10);

/// Prints how long `ours` takes beside `bare`: the median of the rounds' ratios.
pub fn ratio(name: &str, mut ours: impl FnMut(), mut bare: impl FnMut()) {
    // A profiler wants the one benchmark that it was started for.
    if std::env::args().any(|argument| argument == "--profile-time") {
        return;
    }
    let count = calibrate(&mut bare);
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (time(count, &mut ours), time(count, &mut bare))).collect();
    rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (ours, bare) = rounds[ROUNDS / 2];
    println!("{name}: {:.2} times the bare one ({:.2} µs beside {:.2} µs)", ours / bare, ours, bare);
}

/// How many calls make one round.
fn calibrate(call: &mut impl FnMut()) -> u32 {
    let mut count = 1u32;
    loop {
        let start = Instant::now();
        (0..count).for_each(|_| call());
        if start.elapsed() >= ROUND {
            return count;
        }
        count = count.saturating_mul(2);
    }
}

/// Microseconds for one call.
fn time(count: u32, call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| call());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}
