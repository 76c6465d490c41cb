//! Ratios out of one run: both sides in turns, so that whatever else the machine does falls on both.

use std::time::{Duration, Instant};

/// Rounds that each side runs in turn.
const ROUNDS: usize = 21;
/// How long one round lasts, about.
const ROUND: Duration = Duration::from_millis(60);

/// Microseconds for one call: by the clock, and of this thread's processor time where the system tells it.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Prints how long `ours` takes beside `bare`: the median of the rounds' ratios, by the clock and by processor time.
pub fn ratio(name: &str, mut ours: impl FnMut(), mut bare: impl FnMut()) {
    // A profiler wants the one benchmark that it was started for.
    if std::env::args().any(|argument| argument == "--profile-time") {
        return;
    }
    let count = calibrate(&mut bare);
    let rounds: Vec<(Cost, Cost)> = (0..ROUNDS).map(|_| (time(count, &mut ours), time(count, &mut bare))).collect();
    let (our_wall, bare_wall) = median(&rounds, |cost| cost.wall);
    let (our_cpu, bare_cpu) = median(&rounds, |cost| cost.cpu);
    println!(
        "{name}: {:.2} times the bare one ({our_wall:.2} µs beside {bare_wall:.2} µs); \
         of this thread's processor {:.2} times ({our_cpu:.2} µs beside {bare_cpu:.2} µs)",
        our_wall / bare_wall,
        our_cpu / bare_cpu,
    );
}

fn median(rounds: &[(Cost, Cost)], part: impl Fn(Cost) -> f64) -> (f64, f64) {
    let mut pairs: Vec<(f64, f64)> = rounds.iter().map(|(ours, bare)| (part(*ours), part(*bare))).collect();
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    pairs[pairs.len() / 2]
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

fn time(count: u32, call: &mut impl FnMut()) -> Cost {
    let (start, cpu) = (Instant::now(), processor_time());
    (0..count).for_each(|_| call());
    let each = |nanoseconds: f64| nanoseconds / 1e3 / f64::from(count);
    Cost { wall: each(start.elapsed().as_secs_f64() * 1e9), cpu: each(processor_time() - cpu) }
}

/// Nanoseconds that this thread has run; on Linux only, else not a number.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(f64::NAN)
}
