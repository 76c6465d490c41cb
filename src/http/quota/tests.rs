//! The quota on a clock that never waits.

use super::super::ManualClock;
use super::*;

fn clock() -> ManualClock {
    ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap())
}

const MINUTE: Duration = Duration::from_secs(60);

/// Ends a request that was not answered.
fn lost(permit: Permit<'_>) {
    drop(permit);
}

/// Sends `count` requests that take `each`, one after the other; when each was sent.
async fn sent(quota: &Quota, clock: &ManualClock, count: usize, each: Duration) -> Vec<Duration> {
    let start = clock.now();
    let mut at = Vec::new();
    for _ in 0..count {
        let permit = quota.acquire(clock, Duration::from_secs(60)).await.unwrap();
        at.push(clock.now() - start);
        clock.advance(each);
        lost(permit);
    }
    at
}

#[tokio::test]
async fn no_window_ever_holds_more_than_its_number() {
    let (max, per) = (5usize, Duration::from_secs(1));
    for each in [0u64, 7, 150, 1300] {
        let quota = Quota::new(Limit::Window { max: 5, per });
        let at = sent(&quota, &clock(), 60, Duration::from_millis(each)).await;
        for window in at.windows(max + 1) {
            assert!(window[max] - window[0] >= per, "{each} ms: {window:?}");
        }
    }
}

#[tokio::test]
async fn a_window_is_used_to_the_full() {
    let quota = Quota::new(Limit::Window { max: 60, per: Duration::from_secs(60) });
    let at = sent(&quota, &clock(), 600, Duration::from_millis(1)).await;
    let minutes = at.last().unwrap().as_secs_f64() / 60.0;
    assert!(minutes < 9.01, "600 requests at 60 a minute took {minutes} minutes after the first window");
}

#[tokio::test]
async fn a_bucket_gives_its_burst_and_then_its_rate() {
    let quota = Quota::new(Limit::Bucket { per_second: 4.0, burst: 40 });
    let at = sent(&quota, &clock(), 79, Duration::ZERO).await;
    assert_eq!(at[38], Duration::ZERO);
    let last = at.last().unwrap().as_secs_f64();
    assert!((10.0..10.1).contains(&last), "{last}");
}

#[tokio::test]
async fn a_pause_holds_everybody() {
    let (quota, clock) = (Quota::new(Limit::Unlimited), clock());
    quota.pause_until(clock.now() + Duration::from_secs(9));
    let at = sent(&quota, &clock, 2, Duration::ZERO).await;
    assert_eq!(at, [Duration::from_secs(9); 2]);
    quota.pause_until(clock.now() + Duration::from_secs(61));
    assert_eq!(quota.acquire(&clock, Duration::from_secs(60)).await.err(), Some(Duration::from_secs(61)));
}
