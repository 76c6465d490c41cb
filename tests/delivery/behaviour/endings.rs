//! What ends a run, and what does not.

use super::*;

#[test]
fn what_a_source_cannot_read_is_told_and_the_rest_goes_on() {
    paused(async {
        let items = vec![
            Ok(record(0, 0)),
            Err(SourceError::unreadable(1, "line 2: no JSON")),
            Ok(record(2, 2)),
            Ok(record(3, 3).only("nobody")),
            Ok(record(4, 4).only("b")),
        ];
        let lanes = ["a", "b"].map(|name| Lane::new(SimSink::calm() as _).name(name));
        let (updates, summary) = read(delivery(lanes).start(futures::stream::iter(items)).unwrap()).await;
        let unreadable: Vec<_> = updates
            .iter()
            .filter_map(|update| match update {
                Update::Unreadable(unreadable) => Some((unreadable.position, unreadable.message.to_string())),
                _ => None,
            })
            .collect();
        assert_eq!(unreadable[0], (1, "line 2: no JSON".to_owned()));
        assert_eq!(unreadable[1].0, 3);
        assert_eq!((summary.read, summary.unreadable), (5, 2));
        assert_eq!((summary.lanes[0].counts.created, summary.lanes[1].counts.created), (2, 3));
        assert!(!summary.is_complete());
    });
}

#[test]
fn a_source_that_breaks_goes_back_or_panics_ends_the_run_after_what_was_read() {
    paused(async {
        let broken = || SourceError::broken("the connection is gone");
        let lane = || Lane::new(SimSink::calm() as _);
        let run = delivery([lane()]).start(futures::stream::iter([Ok(record(0, 0)), Err(broken()), Ok(record(1, 1))]));
        let summary = run.unwrap().finish().await;
        assert_eq!((summary.read, summary.lanes[0].counts.created), (1, 1));
        assert!(matches!(summary.stopped, Some(StopReason::Source(SourceError::Broken(_)))), "{summary:?}");

        let summary = deliver(delivery([lane()]), vec![record(5, 0), record(5, 1)]).await.1;
        assert_eq!(summary.lanes[0].counts.created, 1);
        assert!(summary.stopped.unwrap().to_string().contains("does not come after"));

        let panics = futures::stream::iter(0..9u64).map(|number| {
            if number == 3 {
                std::panic::resume_unwind(Box::new("asked for"));
            }
            Ok(record(number, number))
        });
        let summary = delivery([lane()]).start(panics).unwrap().finish().await;
        assert_eq!(summary.lanes[0].counts.created, 3);
        assert!(matches!(summary.stopped, Some(StopReason::Panicked(_))), "{summary:?}");
    });
}

#[test]
fn a_sink_or_an_observer_that_panics_stops_nobody() {
    paused(async {
        let sink = scripted(|customer| {
            if position(customer) == 3 {
                std::panic::resume_unwind(Box::new("asked for"));
            }
            Reply::Good
        });
        let dead: Arc<Letters> = Arc::default();
        let delivery = delivery([Lane::new(sink as _)])
            .dead_letters(Arc::clone(&dead) as _)
            .observer(|_: &Event<'_>| std::panic::resume_unwind(Box::new("asked for")));
        let (updates, summary) = deliver(delivery, people(10)).await;
        assert_eq!((summary.lanes[0].counts.updated, summary.lanes[0].counts.failed), (9, 1));
        let failed = of(&updates, "sim")[3];
        assert_eq!(failed.status.effect(), Some(Effect::Unknown));
        assert_eq!(dead.all.lock().unwrap().len(), 1);
    });
}

#[test]
fn a_file_that_cannot_be_written_stops_the_run_with_a_reason() {
    paused(async {
        let checkpoint: Arc<Memory> = Arc::default();
        checkpoint.full.store(true, Relaxed);
        let lane = Lane::new(SimSink::calm() as _).concurrency(2);
        let (updates, summary) = deliver(delivery([lane]).checkpoint(checkpoint as _), people(500)).await;
        assert!(matches!(summary.stopped, Some(StopReason::Checkpoint(_))), "{:?}", summary.stopped);
        assert_eq!(ended(&updates).len() as u64, summary.read, "what was read has an outcome");
        assert!(summary.lanes[0].counts.created < 20, "the run went on: {:?}", summary.lanes[0].counts);

        let letters: Arc<Letters> = Arc::default();
        letters.full.store(true, Relaxed);
        let checkpoint: Arc<Memory> = Arc::default();
        let sink = scripted(|_| Reply::Fail(error(ErrorKind::Rejected, Effect::Rejected)));
        let delivery = delivery([Lane::new(sink as _)]).checkpoint(Arc::clone(&checkpoint) as _);
        let (_, summary) =
            deliver(delivery.dead_letters(letters as _).checkpoint_dead_letters(true), people(500)).await;
        assert!(matches!(summary.stopped, Some(StopReason::DeadLetters(_))), "{:?}", summary.stopped);
        assert!(checkpoint.done.lock().unwrap().is_empty(), "without its letter a record is not done");
    });
}

#[test]
fn cancelling_finishes_what_is_under_way_and_leaves_the_rest() {
    paused(async {
        let sink = scripted(|_| Reply::Good);
        let checkpoint: Arc<Memory> = Arc::default();
        let lane = Lane::new(Arc::clone(&sink) as _).concurrency(4);
        let run = delivery([lane]).checkpoint(Arc::clone(&checkpoint) as _).start(source(people(300))).unwrap();
        let handle = run.handle();
        tokio::time::sleep(Duration::from_millis(25)).await;
        handle.cancel();
        let (updates, summary) = read(run).await;
        assert!(matches!(summary.stopped, Some(StopReason::Cancelled)));
        let counts = &summary.lanes[0].counts;
        assert_eq!((counts.updated, counts.failed), (12, 0), "three rounds of four");
        assert_eq!(counts.unprocessed + 12, summary.read);
        assert_eq!(sink.calls.lock().unwrap().len(), 12);
        assert_eq!(sink.aborted.load(Relaxed), 0);
        let delivered: Vec<_> =
            ended(&updates).iter().filter(|e| e.status.is_delivered()).map(|e| e.position).collect();
        let done: std::collections::BTreeSet<_> = checkpoint.done.lock().unwrap().iter().map(|(_, at)| *at).collect();
        assert_eq!(done, delivered.into_iter().collect());
        assert!(
            ended(&updates).iter().all(|e| e.status.is_delivered()
                || matches!(e.status, RecordStatus::Unprocessed(UnprocessedReason::Stopped)))
        );

        // The next run does only what is left.
        let (_, summary) =
            deliver(delivery([Lane::new(Arc::clone(&sink) as _)]).checkpoint(checkpoint as _), people(300)).await;
        assert!(summary.is_complete());
        assert_eq!((summary.lanes[0].counts.skipped, summary.lanes[0].counts.updated), (12, 288));
    });
}

#[test]
fn dropping_a_run_aborts_it() {
    paused(async {
        let sink = scripted(|_| Reply::Never);
        let run = delivery([Lane::new(Arc::clone(&sink) as _).concurrency(4)]).start(source(people(9))).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(run);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(sink.aborted.load(Relaxed), 4);
        assert_eq!(sink.calls.lock().unwrap().len(), 4);
    });
}

#[test]
fn a_run_stops_above_the_limits_of_its_caller() {
    paused(async {
        let sink = scripted(|customer| match position(customer) % 2 {
            0 => Reply::Good,
            _ => Reply::Fail(error(ErrorKind::Rejected, Effect::Rejected)),
        });
        let guards = Guards::new().failed_share(0.3, 20);
        let (_, summary) = deliver(delivery([Lane::new(sink as _).concurrency(1)]).guards(guards), people(1000)).await;
        let Some(StopReason::Guard(Tripped::FailedShare { failed, tried, .. })) = summary.stopped else {
            panic!("{:?}", summary.stopped)
        };
        assert_eq!((failed, tried), (10, 20));

        let items: Vec<_> = people(100)
            .into_iter()
            .map(|mut item| {
                item.customer.email_marketing = Some(Consent::new(ConsentState::Unsubscribed));
                item
            })
            .collect();
        for (reply, sent) in [(true, 7), (false, 100)] {
            let sink = scripted(move |_| if reply { Reply::Good } else { Reply::Unchanged });
            let delivery =
                delivery([Lane::new(Arc::clone(&sink) as _).concurrency(3)]).guards(Guards::new().consents(7));
            let (_, summary) = deliver(delivery, items.clone()).await;
            assert_eq!(
                sink.calls.lock().unwrap().len(),
                sent,
                "never more than the limit, and unchanged ones are free"
            );
            assert_eq!(matches!(summary.stopped, Some(StopReason::Guard(Tripped::Consents { most: 7 }))), reply);
        }
    });
}

#[test]
fn dead_letters_go_by_the_callers_choice() {
    paused(async {
        for (settle, for_left) in [(false, false), (true, false), (false, true)] {
            let sink = scripted(|_| Reply::Fail(error(ErrorKind::Unauthenticated, Effect::Rejected)));
            let (letters, checkpoint): (Arc<Letters>, Arc<Memory>) = Default::default();
            let delivery = delivery([Lane::new(sink as _).concurrency(1)])
                .dead_letters(Arc::clone(&letters) as _)
                .checkpoint(Arc::clone(&checkpoint) as _)
                .checkpoint_dead_letters(settle)
                .dead_letter_unprocessed(for_left)
                .drain_source(true);
            let (_, summary) = deliver(delivery, people(40)).await;
            let counts = &summary.lanes[0].counts;
            assert_eq!(counts.failed + counts.unprocessed, 40, "read to its end");
            let written = letters.all.lock().unwrap().len() as u64;
            assert_eq!(written, if for_left { 40 } else { counts.failed });
            assert_eq!(checkpoint.done.lock().unwrap().len() as u64, if settle { counts.failed } else { 0 });
        }
    });
}

#[test]
fn a_lane_finds_out_how_many_to_have_under_way() {
    paused(async {
        let strained = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&strained);
        let sink = scripted(move |_| match state.load(Relaxed) {
            true => Reply::Fail(error(ErrorKind::Unavailable, Effect::Rejected).with_retryable(true)),
            false => Reply::Good,
        });
        let lane = Lane::new(sink as _).concurrency(64).outage(1000, PausePolicy::up_to(Duration::from_secs(600)));
        let run = delivery([lane]).expected(5000).start(source(people(5000))).unwrap();
        let handle = run.handle();
        let now = || handle.progress().lanes.remove(0);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(now().concurrency, 8);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(now().concurrency, 64);
        strained.store(true, Relaxed);
        tokio::time::sleep(Duration::from_millis(45)).await;
        assert!(now().concurrency <= 16, "{}", now().concurrency);
        strained.store(false, Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let lane = now();
        assert!(lane.per_second > 100.0 && lane.time_left.unwrap() < Duration::from_secs(60), "{lane:?}");
        assert_eq!(handle.progress().lanes[0].counts.failed, 0);
        assert_eq!(run.finish().await.lanes[0].counts.updated, 5000);
    });
}

#[test]
fn a_delivery_without_lanes_or_with_two_of_one_name_does_not_start() {
    paused(async {
        assert!(matches!(delivery([]).start(source(vec![])), Err(SetupError::NoLane)));
        let lanes = [Lane::new(SimSink::calm() as _), Lane::new(SimSink::calm() as _)];
        let error = delivery(lanes).start(source(vec![])).unwrap_err();
        assert_eq!(error.to_string(), "two lanes have the name sim");
    });
}
