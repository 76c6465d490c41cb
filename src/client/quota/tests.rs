//! The quota on a clock that never waits.

use futures::FutureExt;
use futures::future::join_all;

use super::super::ManualClock;
use super::simulation::PausedClock;
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
        let permit = quota.acquire(clock, Duration::from_secs(60), Duration::MAX).await.unwrap();
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
    assert_eq!(
        quota.acquire(&clock, Duration::from_secs(60), Duration::MAX).await.err(),
        Some(Duration::from_secs(61))
    );
}

const SECOND: Duration = Duration::from_secs(1);

fn window(max: u32, seconds: u64) -> Limit {
    Limit::Window { max, per: SECOND * u32::try_from(seconds).unwrap() }
}

/// Answers that all took this long, as many as it takes to know the way.
async fn know_the_way(quota: &Quota, clock: &ManualClock, took: Duration) {
    for _ in 0..32 {
        send(quota, clock, took, None).await;
    }
    clock.advance(MINUTE * 60);
}

/// Sends one that is answered after this time; when it was sent.
async fn send(quota: &Quota, clock: &ManualClock, took: Duration, told: Option<RateLimitHeaders>) -> Instant {
    let permit = quota.acquire(clock, MINUTE, Duration::MAX).await.unwrap();
    let sent = clock.now();
    clock.advance(took);
    answered(vec![permit], 0, sent, clock.now(), told);
    sent
}

#[tokio::test]
async fn a_window_runs_from_when_a_request_arrived_once_the_way_is_known() {
    let took = Duration::from_millis(300);
    for (known, after) in [(false, 1_300), (true, 1_005)] {
        let (quota, clock) = (Quota::new(window(1, 1)), clock());
        if known {
            // Within the last two minutes.
            know_the_way(&quota, &clock, took).await;
            for _ in 0..32 {
                send(&quota, &clock, took, None).await;
            }
        }
        let first = send(&quota, &clock, took, None).await;
        let second = send(&quota, &clock, took, None).await;
        assert_eq!((second - first).as_millis(), after);
        // One that takes longer counts from as much later: it may have been on its way there.
        let slow = send(&quota, &clock, took * 2, None).await;
        let next = send(&quota, &clock, took, None).await;
        assert!(next - slow >= SECOND + took, "{:?}", next - slow);
    }
}

#[tokio::test]
async fn a_caller_that_went_away_may_have_sent() {
    let (quota, clock) = (Quota::new(window(1, 10)), clock());
    let start = clock.now();
    let permit = quota.acquire(&clock, MINUTE, Duration::MAX).await.unwrap();
    clock.advance(SECOND * 3);
    drop(permit);
    assert_eq!(send(&quota, &clock, SECOND, None).await - start, SECOND * 13);
}

#[tokio::test]
async fn callers_are_served_in_the_order_in_which_they_came() {
    for limit in [window(1, 1), window(3, 1), Limit::Bucket { per_second: 2.0, burst: 2 }] {
        let (quota, clock) = (Quota::new(limit), clock());
        let order = Mutex::new(Vec::new());
        let (quota, clock, list) = (&quota, &clock, &order);
        join_all((0..20).map(|index| async move {
            let permit = quota.acquire(clock, MINUTE, Duration::MAX).await.unwrap();
            list.lock().unwrap().push(index);
            tokio::task::yield_now().await;
            answered(vec![permit], 0, clock.now(), clock.now(), None);
        }))
        .await;
        assert_eq!(order.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
        assert_eq!(quota.waiting.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_takes_no_place_along() {
    let (quota, clock) = (Quota::new(window(1, 10)), clock());
    let permit = quota.acquire(&clock, MINUTE, Duration::MAX).await.unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(quota.acquire(&clock, MINUTE, Duration::MAX))).collect();
    for one in &mut waiting {
        assert!(one.now_or_never().is_none());
    }
    // The head of the queue goes, and one in the middle; then the next head after it was notified of the end.
    drop(waiting.remove(2));
    drop(waiting.remove(0));
    drop(permit);
    drop(waiting.remove(0));
    let last = waiting.remove(0).await.unwrap();
    assert_eq!(quota.waiting.load(Ordering::Relaxed), 0);
    assert_eq!(quota.lock().ledger.used(window(1, 10), clock.now()), 1);
    drop(last);
}

#[tokio::test(start_paused = true)]
async fn another_limit_holds_at_once_also_for_those_who_wait() {
    let quota = Quota::new(window(1, 3_600));
    let start = PausedClock.now();
    drop(quota.acquire(&PausedClock, MINUTE, Duration::MAX).await.unwrap());
    let change = async {
        tokio::time::sleep(SECOND).await;
        quota.set_limit(window(2, 3_600));
    };
    let (permit, ()) = futures::future::join(quota.acquire(&PausedClock, MINUTE, Duration::MAX), change).await;
    assert_eq!(PausedClock.now() - start, SECOND);
    // What was sent before counts: the window of two is full.
    assert!(quota.acquire(&PausedClock, MINUTE, Duration::MAX).now_or_never().is_none());
    drop(permit);
    quota.set_limit(Limit::Unlimited);
    assert!(quota.acquire(&PausedClock, MINUTE, Duration::MAX).now_or_never().is_some());
}

#[tokio::test]
async fn what_was_sent_counts_towards_a_limit_of_another_kind() {
    let bucket = Limit::Bucket { per_second: 1.0, burst: 8 };
    for (old, new, free) in [(window(5, 60), bucket, 2), (bucket, window(7, 60), 2), (window(9, 60), window(6, 30), 1)]
    {
        let (quota, clock) = (Quota::new(old), clock());
        for _ in 0..5 {
            send(&quota, &clock, Duration::ZERO, None).await;
        }
        quota.set_limit(new);
        for index in 0..free {
            assert_eq!(quota.wait(clock.now()), Duration::ZERO, "{old:?} {new:?} {index}");
            send(&quota, &clock, Duration::ZERO, None).await;
        }
        assert!(!quota.wait(clock.now()).is_zero(), "{old:?} {new:?}");
    }
}

#[tokio::test]
async fn a_refusal_lowers_the_part_once_a_round_and_successes_raise_it() {
    let (quota, clock) = (Quota::new(window(10, 1)), clock());
    let part = || quota.lock().share.part();
    let sent = clock.now();
    clock.advance(SECOND);
    // Three of one round, refused one after the other.
    for _ in 0..3 {
        clock.advance(Duration::from_millis(10));
        quota.refused(sent, clock.now());
    }
    assert!((part() - 0.7).abs() < 1e-9, "{}", part());
    quota.refused(clock.now() + SECOND, clock.now() + SECOND);
    assert!((part() - 0.49).abs() < 1e-9, "{}", part());
    let sent = join_all((0..20).map(|_| async {
        let permit = quota.acquire(&clock, MINUTE, Duration::MAX).await.unwrap();
        drop(permit);
        clock.now()
    }))
    .await;
    assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(200)), "paced: {sent:?}");
    // A rate was learned, not a part: twice the limit is half the part.
    quota.set_limit(window(20, 1));
    assert!((part() - 0.245).abs() < 1e-9, "{}", part());
    let taken = (0..).take_while(|_| part() < 1.0).inspect(|_| quota.taken()).count();
    assert!((1_000..20_000).contains(&taken), "{taken}");
    for _ in 0..100 {
        clock.advance(SECOND);
        quota.refused(clock.now(), clock.now());
    }
    assert!(part() >= 0.05 && quota.wait(clock.now() + SECOND * 2).is_zero(), "something is always left");
    quota.set_limit(Limit::Unlimited);
    quota.refused(clock.now() + MINUTE, clock.now() + MINUTE);
    assert!((part() - 1.0).abs() < 1e-9, "an account without a limit learns no part");
}

fn told(remaining: u32, reset: u64) -> Option<RateLimitHeaders> {
    Some(RateLimitHeaders { remaining, reset: Some(SECOND * u32::try_from(reset).unwrap()) })
}

#[tokio::test]
async fn no_more_is_sent_than_the_vendor_says_until_its_reset() {
    let (quota, clock) = (Quota::new(window(10, 5)), clock());
    let start = clock.now();
    // One of ours and six of another program: three are left.
    send(&quota, &clock, Duration::ZERO, told(3, 5)).await;
    let mut at = Vec::new();
    for _ in 0..5 {
        at.push(send(&quota, &clock, Duration::ZERO, None).await - start);
    }
    let reset = SECOND * 5;
    assert_eq!(at, [Duration::ZERO, Duration::ZERO, Duration::ZERO, reset, reset]);
    // Our own count rules again.
    assert_eq!(quota.wait(clock.now()), Duration::ZERO);
    // Nothing left is no end either, also where the reset is absurd: then it is the length of the window.
    let last = send(&quota, &clock, Duration::ZERO, told(0, 1_767_225_600)).await;
    assert_eq!(quota.wait(clock.now()), SECOND * 5);
    assert_eq!(send(&quota, &clock, Duration::ZERO, None).await - last, SECOND * 5);
    quota.set_limit(Limit::Unlimited);
    send(&quota, &clock, Duration::ZERO, told(0, 60)).await;
    assert_eq!(quota.wait(clock.now()), Duration::ZERO, "no limit, nothing to keep");
}

#[tokio::test]
async fn requests_that_the_vendor_may_not_have_counted_are_subtracted() {
    let (quota, clock) = (Quota::new(window(10, 5)), clock());
    let sent = clock.now();
    let mut permits = Vec::new();
    for _ in 0..3 {
        permits.push(quota.acquire(&clock, MINUTE, Duration::MAX).await.unwrap());
    }
    // Another program has five; the second of ours is answered first.
    answered(vec![permits.remove(1)], 0, sent, sent, told(4, 5));
    assert_eq!(quota.lock().cap.as_ref().map(|cap| cap.left), Some(2));
    // The answer to the first reports more, which the vendor may have counted before: the stricter number stays.
    answered(vec![permits.remove(0)], 0, sent, sent, told(9, 5));
    assert_eq!(quota.lock().cap.as_ref().map(|cap| cap.left), Some(2));
    // A later answer shows that no other program is there.
    answered(vec![permits.remove(0)], 0, sent, sent, told(7, 5));
    assert!(quota.lock().cap.is_none());
}

#[tokio::test]
async fn alone_the_vendors_count_holds_nobody_back() {
    let (quota, clock) = (Quota::new(window(5, 1)), clock());
    let sent = clock.now();
    let mut permits = Vec::new();
    for _ in 0..5 {
        permits.push(quota.acquire(&clock, MINUTE, Duration::MAX).await.unwrap());
    }
    // Counted in the order 3, 0, 4, 1, 2, and answered in another one.
    for remaining in [2, 0, 4, 1, 3] {
        answered(vec![permits.remove(0)], 0, sent, clock.now(), told(remaining, 60));
        assert!(quota.lock().cap.is_none(), "{remaining}");
    }
}

#[tokio::test]
async fn the_wait_is_told_before() {
    let clock = clock();
    let now = clock.now();
    let full = |limit, requests| {
        let quota = Quota::new(limit);
        let permits: Vec<_> = (0..requests)
            .map(|_| quota.acquire(&clock, MINUTE, Duration::MAX).now_or_never().unwrap().unwrap())
            .collect();
        drop(permits);
        quota
    };
    assert_eq!(full(Limit::Unlimited, 9).wait(now), Duration::ZERO);
    assert_eq!(full(window(5, 2), 4).wait(now), Duration::ZERO);
    let quota = full(window(5, 2), 5);
    assert_eq!(quota.wait(now), SECOND * 2);
    assert_eq!(quota.wait(now + SECOND), SECOND);
    quota.waiting.store(12, Ordering::Relaxed);
    assert_eq!(quota.wait(now), SECOND * 6, "twelve wait in front: two whole windows, and some of a third");
    let bucket = full(Limit::Bucket { per_second: 2.0, burst: 40 }, 39);
    assert_eq!(bucket.wait(now), Duration::from_millis(500));
    bucket.waiting.store(10, Ordering::Relaxed);
    assert_eq!(bucket.wait(now), Duration::from_millis(5_500));
    let paused = Quota::new(Limit::Unlimited);
    paused.pause_until(now + SECOND * 9);
    assert_eq!(paused.wait(now), SECOND * 9);
}

#[tokio::test(start_paused = true)]
async fn a_window_without_an_end_is_no_panic() {
    let (quota, clock) = (Quota::new(Limit::Window { max: 1, per: Duration::MAX }), clock());
    send(&quota, &clock, SECOND, told(0, 1)).await;
    quota.refused(clock.now(), clock.now());
    quota.waiting.store(usize::MAX / 2, Ordering::Relaxed);
    assert!(quota.wait(clock.now()) > MINUTE);
    assert!(quota.acquire(&PausedClock, MINUTE, Duration::MAX).now_or_never().is_none());
}

#[tokio::test]
async fn a_place_that_is_far_off_is_told_and_one_that_is_given_back_is_free() {
    let (quota, clock) = (Quota::new(Limit::Window { max: 2, per: Duration::from_secs(100) }), clock());
    for _ in 0..9 {
        quota.acquire(&clock, MINUTE, MINUTE).await.unwrap().give_back();
    }
    sent(&quota, &clock, 2, Duration::from_secs(10)).await;
    assert_eq!(quota.acquire(&clock, MINUTE, MINUTE).await.err(), Some(Duration::from_secs(90)));
    clock.advance(Duration::from_secs(30));
    assert!(quota.acquire(&clock, MINUTE, MINUTE).await.is_ok(), "a minute is waited");
    let bucket = Quota::new(Limit::Bucket { per_second: 1.0, burst: 2 });
    for _ in 0..9 {
        bucket.acquire(&clock, MINUTE, Duration::ZERO).await.unwrap().give_back();
    }
}
