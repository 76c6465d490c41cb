//! Once a try may have been carried out, each further try of the record begins with a look-up.

use super::*;
use customer_sink::delivery::{Checkpoint, EarlierRun, FileCheckpoint, Fingerprint};

/// Answers the tries of a record with these errors in turn, and then takes it.
fn failing(errors: impl IntoIterator<Item = Error>) -> Arc<Scripted> {
    let errors = Mutex::new(errors.into_iter().collect::<std::collections::VecDeque<_>>());
    scripted(move |_| errors.lock().unwrap().pop_front().map_or(Reply::Good, Reply::Fail))
}

fn retryable(kind: ErrorKind, effect: Effect) -> Error {
    error(kind, effect).with_retryable(true)
}

/// Whether each try of the one record began with a look-up, and what came of it.
async fn tries(sink: Arc<Scripted>, item: Item) -> (Vec<bool>, RecordStatus) {
    let lane = Lane::new(Arc::clone(&sink) as _).tries(5);
    let (updates, _) = deliver(delivery([lane]), vec![item]).await;
    let tries = sink.look_ups.lock().unwrap().iter().map(|(_, look_up)| *look_up).collect();
    (tries, of(&updates, "sim")[0].status.clone())
}

#[test]
fn a_further_try_begins_with_a_look_up_once_the_effect_is_unknown() {
    paused(async {
        use Effect::{Applied, NotSent, Rejected, Unknown};
        for (effects, expected) in [
            (&[][..], &[false][..]),
            (&[Unknown], &[false, true]),
            (&[Applied], &[false, true]),
            (&[Rejected], &[false, false]),
            (&[NotSent], &[false, false]),
            (&[NotSent, Rejected, NotSent], &[false, false, false, false]),
            (&[Rejected, Unknown, NotSent], &[false, false, true, true]),
            // It stays so: a later try that was refused settles nothing of an earlier one.
            (&[Unknown, Rejected, Rejected], &[false, true, true, true]),
        ] {
            let errors = effects.iter().map(|effect| retryable(ErrorKind::Other, *effect));
            let (tries, status) = tries(failing(errors), record(0, 0)).await;
            assert_eq!(tries, expected, "{effects:?}");
            assert!(status.is_delivered(), "{effects:?}");
        }
    });
}

#[test]
fn the_effect_of_a_failed_record_covers_all_its_tries() {
    paused(async {
        use Effect::{Applied, NotSent, Rejected, Unknown};
        for (effects, expected) in [
            ([Rejected, NotSent], NotSent),
            ([NotSent, Rejected], Rejected),
            ([Unknown, NotSent], Unknown),
            ([Unknown, Rejected], Unknown),
            ([Applied, Rejected], Unknown),
            ([Unknown, Applied], Applied),
        ] {
            let [first, last] = effects;
            let errors = [retryable(ErrorKind::Other, first), error(ErrorKind::Rejected, last)];
            let (_, status) = tries(failing(errors), record(0, 0)).await;
            assert_eq!(status.effect(), Some(expected), "{effects:?}");
        }
    });
}

#[test]
fn a_replayed_record_of_unknown_effect_begins_with_a_look_up() {
    paused(async {
        let refused = || failing([error(ErrorKind::Rejected, Effect::Rejected)]);
        let (looks, status) = tries(refused(), record(0, 0).may_be_applied(true)).await;
        assert_eq!((looks, status.effect()), (vec![true], Some(Effect::Unknown)), "the earlier try is still unsettled");
        let (looks, status) = tries(refused(), record(0, 0)).await;
        assert_eq!((looks, status.effect()), (vec![false], Some(Effect::Rejected)));
    });
}

#[test]
fn a_resumed_run_begins_with_a_look_up_where_the_earlier_one_may_have_sent() {
    paused(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.checkpoint");
        let open = || Arc::new(FileCheckpoint::open(&path, &Fingerprint::from_text("certainty")).unwrap());
        // The first run never gets an answer for record 3, and is dropped while that and later ones are under way.
        let checkpoint = open();
        assert_eq!(checkpoint.earlier_run("sim"), EarlierRun::None);
        let sink = scripted(|customer| if position(customer) == 3 { Reply::Never } else { Reply::Good });
        let lane = |sink: &Arc<Scripted>| Lane::new(Arc::clone(sink) as _).concurrency(4).window(4);
        let mut run =
            delivery([lane(&sink)]).checkpoint(Arc::clone(&checkpoint) as _).start(source(people(20))).unwrap();
        while run.next().await.is_some_and(|update| matches!(update, Update::Record(ended) if ended.position < 6)) {}
        drop(run);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(
            sink.look_ups.lock().unwrap().iter().all(|(_, look_up)| !look_up),
            "a first run has nothing to look up"
        );
        let sent = sink.calls.lock().unwrap().clone();
        drop(checkpoint);

        let checkpoint = open();
        let EarlierRun::Ran { last_done: Some(last) } = checkpoint.earlier_run("sim") else { panic!("it was used") };
        let sink = scripted(|_| Reply::Good);
        let (_, summary) = deliver(delivery([lane(&sink)]).checkpoint(Arc::clone(&checkpoint) as _), people(20)).await;
        assert!(summary.is_complete(), "{summary:?}");
        let looks = sink.look_ups.lock().unwrap().clone();
        for (position, looked) in &looks {
            let in_window = (last + 1..=last + 4).contains(position);
            assert_eq!(*looked, *position < last || in_window, "{position} of {looks:?}, {last} was the last one done");
            assert!(*looked || !sent.contains(position), "{position} may have been sent before");
        }
        assert!(looks.contains(&(3, true)) && looks.contains(&(19, false)), "{looks:?}");
    });
}

#[test]
fn a_run_that_ended_before_anything_was_done_is_known_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    let input = Fingerprint::from_text("certainty");
    drop(FileCheckpoint::open(&path, &input).unwrap());
    let checkpoint = FileCheckpoint::open(&path, &input).unwrap();
    assert_eq!(checkpoint.earlier_run("sim"), EarlierRun::Ran { last_done: None });
}
