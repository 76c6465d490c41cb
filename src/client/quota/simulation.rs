//! Tests the quota against a simulated vendor that counts what arrives, on a clock that advances only between events.

use std::cell::RefCell;
use std::collections::VecDeque;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// The time of a runtime whose clock is paused.
#[derive(Debug)]
pub(super) struct PausedClock;

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn utc(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How the vendor counts what arrives.
#[derive(Clone, Copy, Debug)]
enum Counting {
    Sliding(u32, Duration),
    Fixed(u32, Duration),
    Leaky(f64, u32),
}

struct Vendor {
    counting: Counting,
    /// What it took, in a window; for a leaky bucket its level and when.
    window: VecDeque<Duration>,
    level: (f64, Duration),
    took: [Vec<Duration>; 2],
    refused: [Vec<Duration>; 2],
}

#[derive(Clone, Copy, PartialEq)]
enum From {
    Us = 0,
    Other = 1,
}

impl Vendor {
    fn new(counting: Counting) -> Self {
        let (took, refused) = Default::default();
        Self { counting, window: VecDeque::new(), level: (0.0, Duration::ZERO), took, refused }
    }

    /// A request arrives: whether it is taken, and what the headers say.
    fn hit(&mut self, from: From, now: Duration) -> (bool, RateLimitHeaders) {
        let (free, reset) = match self.counting {
            Counting::Sliding(max, per) => {
                while self.window.front().is_some_and(|at| now - *at >= per) {
                    self.window.pop_front();
                }
                (max - self.window.len() as u32, per)
            }
            Counting::Fixed(max, per) => {
                let start = per * (now.as_nanos() / per.as_nanos()) as u32;
                while self.window.front().is_some_and(|at| *at < start) {
                    self.window.pop_front();
                }
                (max - self.window.len() as u32, start + per - now)
            }
            Counting::Leaky(rate, burst) => {
                let level = (self.level.0 - (now - self.level.1).as_secs_f64() * rate).max(0.0);
                self.level = (level, now);
                ((f64::from(burst) - level + 1e-9) as u32, Duration::from_secs(1))
            }
        };
        let taken = free > 0;
        if taken {
            self.took[from as usize].push(now);
            self.window.push_back(now);
            self.level.0 += 1.0;
        } else {
            self.refused[from as usize].push(now);
        }
        let reset = Duration::from_secs(reset.as_secs_f64().ceil() as u64);
        (taken, RateLimitHeaders { remaining: free.saturating_sub(1), reset: Some(reset) })
    }
}

/// One run: clients that always have something to send, and possibly another program.
struct Run {
    limit: Limit,
    counting: Counting,
    workers: usize,
    /// The way there and the way back, by the time and a random number each.
    way: Box<dyn Fn(Duration, f64, f64) -> (Duration, Duration)>,
    headers: bool,
    /// The requests a second of another program, and when they end.
    other: Option<(f64, u64)>,
    seconds: u64,
    seed: u64,
}

struct Done {
    vendor: Vendor,
    /// When each request of ours was sent.
    sent: Vec<Duration>,
}

impl Done {
    fn of(list: &[Duration], from: u64, to: u64) -> f64 {
        list.iter().filter(|at| (from..to).contains(&at.as_secs())).count() as f64
    }

    /// What the vendor took of us in a second.
    fn rate(&self, from: u64, to: u64) -> f64 {
        Self::of(&self.vendor.took[0], from, to) / (to - from) as f64
    }

    /// What part of our requests was refused.
    fn refused(&self, from: u64, to: u64) -> f64 {
        let refused = Self::of(&self.vendor.refused[0], from, to);
        refused / (refused + Self::of(&self.vendor.took[0], from, to)).max(1.0)
    }
}

impl Run {
    fn go(&self) -> Done {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(self.run())
    }

    async fn run(&self) -> Done {
        let (clock, quota) = (PausedClock, Quota::new(self.limit));
        let vendor = RefCell::new(Vendor::new(self.counting));
        let rng = RefCell::new(fastrand::Rng::with_seed(self.seed));
        let all_sent = RefCell::new(Vec::new());
        let start = clock.now();
        let end = Duration::from_secs(self.seconds);
        let since = || clock.now() - start;
        let worker = || async {
            while since() < end {
                let permit = quota.acquire(&clock, Duration::MAX, Duration::MAX).await.unwrap();
                let sent = clock.now();
                all_sent.borrow_mut().push(since());
                let (there, back) = {
                    let mut rng = rng.borrow_mut();
                    (self.way)(since(), rng.f64(), rng.f64())
                };
                clock.sleep(there).await;
                let (taken, told) = vendor.borrow_mut().hit(From::Us, since());
                clock.sleep(back).await;
                let now = clock.now();
                answered(vec![permit], 0, sent, now, self.headers.then_some(told));
                if taken {
                    quota.taken();
                } else {
                    let pause = Duration::from_millis(500).mul_f64(rng.borrow_mut().f64());
                    quota.pause_until(now + pause);
                    quota.refused(sent, now);
                }
            }
        };
        let other = async {
            let Some((rate, until)) = self.other else { return };
            let mut at = Duration::from_millis(130);
            while at.as_secs() < until {
                clock.sleep(at.saturating_sub(since())).await;
                vendor.borrow_mut().hit(From::Other, since());
                at += Duration::from_secs_f64((0.9 + 0.2 * rng.borrow_mut().f64()) / rate);
            }
        };
        let workers = join_all((0..self.workers).map(|_| worker()));
        futures::future::join(workers, other).await;
        Done { vendor: vendor.into_inner(), sent: all_sent.into_inner() }
    }
}

/// A steady way of this many milliseconds, the answer included, that varies by up to `jitter` each way.
fn steady(millis: u64, jitter: u64) -> Box<dyn Fn(Duration, f64, f64) -> (Duration, Duration)> {
    let half = Duration::from_millis(millis / 2);
    let jitter = Duration::from_millis(jitter);
    Box::new(move |_, there, back| (half + jitter.mul_f64(there), half + jitter.mul_f64(back)))
}

fn window(max: u32, seconds: u64) -> (Limit, Vec<Counting>) {
    let per = Duration::from_secs(seconds);
    (Limit::Window { max, per }, vec![Counting::Sliding(max, per), Counting::Fixed(max, per)])
}

fn bucket(per_second: f64, burst: u32) -> (Limit, Vec<Counting>) {
    (Limit::Bucket { per_second, burst }, vec![Counting::Leaky(per_second, burst)])
}

/// Alone, with the vendor counting in each way that it may: what part of the limit is used after the first third of the time.
fn alone((limit, countings): &(Limit, Vec<Counting>), workers: usize, ways: &[(u64, u64)], seconds: u64) {
    for counting in countings {
        for (millis, jitter) in ways {
            for headers in [false, true] {
                let way = steady(*millis, *jitter);
                let run =
                    Run { limit: *limit, counting: *counting, workers, way, headers, other: None, seconds, seed: 11 };
                let done = run.go();
                let used = done.rate(seconds / 3, seconds) / limit.rate().unwrap();
                let what = format!("{counting:?}, {millis} ms and up to {jitter}, headers {headers}");
                assert_eq!(done.vendor.refused[0].len(), 0, "{what}");
                assert!(used >= 0.98, "{what}: {used}");
            }
        }
    }
}

const WAYS: &[(u64, u64)] = &[(20, 0), (100, 0), (300, 0), (20, 3), (100, 4), (300, 4)];

#[test]
fn alone_windows_are_used_to_the_full() {
    alone(&window(5, 1), 8, WAYS, 180); // Yotpo
    alone(&window(60, 60), 8, WAYS, 360); // Whale
    alone(&window(100, 10), 12, &[(20, 3), (300, 4)], 180); // Triple Whale's SQL
}

#[test]
fn alone_a_large_window_is_used_to_the_full() {
    let triple_whale = window(25_000, 60);
    alone(&(triple_whale.0, vec![triple_whale.1[0]]), 256, &[(300, 4)], 180);
}

#[test]
fn alone_buckets_are_used_to_the_full() {
    alone(&bucket(4.0, 40), 8, WAYS, 180); // SHOPLINE
    alone(&bucket(2.0, 40), 8, WAYS, 180); // Shoplazza, an app
    alone(&bucket(20.0, 80), 24, &[(20, 3), (300, 4)], 120); // Shoplazza, a shop
}

/// Another program takes half for some windows, and pauses for as many.
fn shared((limit, countings): &(Limit, Vec<Counting>), workers: usize, seconds: u64) {
    for counting in countings {
        for headers in [false, true] {
            let (limit, rate) = (*limit, limit.rate().unwrap());
            let other = Some((rate / 2.0, seconds));
            let way = steady(100, 5);
            let run = Run { limit, counting: *counting, workers, way, headers, other, seconds: seconds * 3, seed: 12 };
            let done = run.go();
            let what = format!("{counting:?}, headers {headers}");
            let refused = done.refused(seconds / 3, seconds);
            assert!(refused < 0.01, "{what}: {refused} were refused");
            let left = done.rate(seconds / 3, seconds) / (rate / 2.0);
            assert!(left > 0.7, "{what}: {left} of what was left");
            let others = Done::of(&done.vendor.took[1], seconds / 3, seconds) / (rate / 2.0 * (seconds as f64) / 1.5);
            assert!(others > 0.92, "{what}: the other got {others} of what it asked for");
            let after = done.rate(seconds * 5 / 2, seconds * 3) / rate;
            assert!(after >= 0.98, "{what}: {after} after the other had gone");
            println!("{what}: refused {refused:.4}, {left:.3} of what was left, other {others:.3}, {after:.4} after");
        }
    }
}

#[test]
fn a_window_is_shared_with_somebody_else() {
    shared(&window(5, 1), 6, 600); // Yotpo
    shared(&window(60, 60), 6, 1200); // Whale
    shared(&window(100, 10), 10, 600); // Triple Whale's SQL
}

#[test]
fn a_large_window_is_shared_with_somebody_else() {
    // A hundredth of Triple Whale's number: what is learned goes by windows.
    shared(&window(250, 60), 12, 600);
}

#[test]
#[ignore = "Triple Whale's whole number takes a minute of processor time"]
fn a_window_of_thousands_is_shared_with_somebody_else() {
    shared(&window(25_000, 60), 64, 600);
}

#[test]
fn a_bucket_is_shared_with_somebody_else() {
    shared(&bucket(4.0, 40), 6, 900); // SHOPLINE
    shared(&bucket(2.0, 40), 6, 900); // Shoplazza
}

/// No window of this length holds more than this number.
fn fits(times: &[Duration], max: u32, per: Duration) -> bool {
    times.windows(max as usize + 1).all(|window| window[max as usize] - window[0] >= per)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_window_holds_more_however_wild_the_way(
        (max, per) in (1u32..9, 300u64..3000),
        (there, back, jitter) in (0u64..400, 0u64..400, 0u64..1500),
        (spikes, seed) in (0.0..0.3, any::<u64>()),
    ) {
        let per = Duration::from_millis(per);
        let millis = move |floor: u64, rng: f64| {
            // Some are far slower than the others.
            let slow = if (rng * 1000.0).fract() < spikes { 5.0 } else { 1.0 };
            Duration::from_millis(floor) + Duration::from_millis(jitter).mul_f64(rng * slow)
        };
        let run = Run {
            limit: Limit::Window { max, per },
            counting: Counting::Sliding(max, per),
            workers: 12,
            way: Box::new(move |_, a, b| (millis(there, a), millis(back, b))),
            headers: seed % 2 == 0,
            other: None,
            seconds: 120,
            seed,
        };
        let done = run.go();
        prop_assert!(fits(&done.sent, max, per));
        prop_assert!(fits(&done.vendor.took[0], max, per));
        prop_assert_eq!(done.vendor.refused[0].len(), 0);
    }

    #[test]
    fn no_bucket_overflows_however_wild_the_way(
        (rate, burst) in (0.5..20.0, 1u32..50),
        (there, back, jitter) in (0u64..400, 0u64..400, 0u64..1500),
        seed in any::<u64>(),
    ) {
        let millis = move |floor: u64, rng: f64| Duration::from_millis(floor) + Duration::from_millis(jitter).mul_f64(rng);
        let run = Run {
            limit: Limit::Bucket { per_second: rate, burst },
            counting: Counting::Leaky(rate, burst),
            workers: 12,
            way: Box::new(move |_, a, b| (millis(there, a), millis(back, b))),
            headers: seed % 2 == 0,
            other: None,
            seconds: 120,
            seed,
        };
        prop_assert_eq!(run.go().vendor.refused[0].len(), 0);
    }

    /// Whatever latencies do: what is *sent* in a window is never more than its number.
    #[test]
    fn no_window_is_sent_more_whatever_the_way(
        (max, per) in (1u32..9, 300u64..3000),
        ways in proptest::collection::vec((0u64..2000, 0u64..2000), 1..40),
        each in 1u64..40,
    ) {
        let per = Duration::from_millis(per);
        let run = Run {
            limit: Limit::Window { max, per },
            counting: Counting::Sliding(max, per),
            workers: 12,
            // A way that stays for some seconds and then is another one at once.
            way: Box::new(move |at, _, _| {
                let (there, back) = ways[usize::try_from(at.as_secs() / each).unwrap() % ways.len()];
                (Duration::from_millis(there), Duration::from_millis(back))
            }),
            headers: false,
            other: None,
            seconds: 120,
            seed: 1,
        };
        prop_assert!(fits(&run.go().sent, max, per));
    }
}

#[test]
fn a_way_that_becomes_faster_at_once_costs_a_few_refusals_once() {
    let (limit, countings) = window(5, 1);
    let way = |at: Duration, _, _| {
        let half = Duration::from_millis(if at.as_secs() < 60 { 150 } else { 10 });
        (half, half)
    };
    let (way, counting) = (Box::new(way), countings[0]);
    let done = Run { limit, counting, workers: 8, way, headers: false, other: None, seconds: 900, seed: 11 }.go();
    let refused = &done.vendor.refused[0];
    assert!((1..=5).contains(&refused.len()), "{refused:?}");
    assert!(refused.iter().all(|at| (60..62).contains(&at.as_secs())), "{refused:?}");
    assert!(done.rate(600, 900) >= 4.9, "{}", done.rate(600, 900));
}
