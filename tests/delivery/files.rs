//! The engine with its files on disk, and what it counts beforehand.

use std::sync::Arc;

use customer_sink::delivery::{
    AcceptedMemory, CheckpointError, DeadLetterFile, Delivery, FileCheckpoint, Fingerprint, Guards, Item, Lane,
    RecordStatus, SkipReason, SourceError, StopReason, Tripped, Update, read_dead_letters,
};
use customer_sink::memory::{MemorySink, ScriptedCall};
use customer_sink::{Consent, ConsentState, Customer, Effect, Error, ErrorKind};
use futures::StreamExt;

use crate::sim::{paused, source};
use crate::support::paused::PausedClock;

fn person(number: u64) -> Customer {
    Customer::new().external_id(number.to_string()).email(format!("p{number}@example.com")).first_name("Mara")
}

fn people(count: u64) -> Vec<Item> {
    (0..count).map(|number| Item::new(number, person(number))).collect()
}

fn delivery(sink: &MemorySink) -> Delivery {
    Delivery::new().clock(PausedClock::new()).seed(1).lane(Lane::new(Arc::new(sink.clone())).concurrency(4))
}

#[test]
fn a_run_that_is_cut_off_goes_on_where_it_was_and_letters_are_replayed() {
    paused(async {
        let folder = tempfile::tempdir().unwrap();
        let (path, letters) = (folder.path().join("checkpoint"), folder.path().join("letters"));
        let input = Fingerprint::from_text("forty people");
        let sink = MemorySink::new();
        let open = || {
            let checkpoint = FileCheckpoint::open(&path, &input).unwrap();
            let letters = DeadLetterFile::append(&letters).unwrap();
            delivery(&sink)
                .checkpoint(Arc::new(checkpoint))
                .dead_letters(Arc::new(letters))
                .checkpoint_dead_letters(true)
        };
        let refusal = Error::new(ErrorKind::Rejected, Effect::Rejected).with_status(422).with_attempts(1);
        sink.script([ScriptedCall::PassThrough, ScriptedCall::Fail(refusal)]);
        let mut run = open().start(source(people(40))).unwrap();
        let mut ended = 0;
        while ended < 17 {
            run.next().await.unwrap();
            ended += 1;
        }
        drop(run);
        // The tasks let go of the files, and a thread that syncs one of them too.
        while let Err(error) = FileCheckpoint::open(&path, &input) {
            assert!(matches!(error, CheckpointError::InUse), "{error}");
            tokio::task::yield_now().await;
        }
        let calls = sink.calls().len();

        let mut skipped = 0;
        let mut run = open().start(source(people(40))).unwrap();
        while let Some(update) = run.next().await {
            if let Update::Record(ended) = update {
                skipped += usize::from(matches!(ended.status, RecordStatus::Skipped(SkipReason::EarlierRun)));
            }
        }
        let summary = run.finish().await;
        assert!(summary.is_complete(), "{summary:?}");
        assert!(skipped >= 17, "{skipped}");
        assert!(sink.calls().len() - calls <= 40 - skipped);
        assert_eq!(sink.people().len(), 39, "one was refused");

        let file = std::io::BufReader::new(std::fs::File::open(&letters).unwrap());
        let stored: Vec<_> = read_dead_letters(file).map(Result::unwrap).collect();
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].kind.as_str(), stored[0].status), ("rejected", Some(422)));
        let replay = stored.into_iter().map(|letter| Item::new(letter.position, letter.customer).only(letter.lane));
        assert!(delivery(&sink).start(source(replay.collect())).unwrap().finish().await.is_complete());
        assert_eq!(sink.people().len(), 40);
    });
}

#[test]
fn only_what_has_changed_is_sent() {
    paused(async {
        let accepted = Arc::new(AcceptedMemory::new());
        let sink = MemorySink::new();
        let run = async |items: Vec<Item>| {
            let calls = sink.calls().len();
            let delivery = delivery(&sink).skip_unchanged(Arc::clone(&accepted) as _);
            let summary = delivery.start(source(items)).unwrap().finish().await;
            let sent = sink.calls()[calls..].len() as u64;
            (summary.lanes[0].counts.skipped, summary.lanes[0].counts.failed, sent)
        };
        assert_eq!(run(people(20)).await, (0, 0, 20));
        assert_eq!(run(people(20)).await, (20, 0, 0));
        let mut changed = people(20);
        changed[3].customer.first_name = Some("Mio".into());
        assert_eq!(run(changed.clone()).await, (19, 0, 1));
        // What was there before is not what the vendor holds now, nor after a try that nobody knows the end of.
        assert_eq!(run(people(20)).await, (19, 0, 1));
        sink.script([ScriptedCall::Fail(Error::new(ErrorKind::Other, Effect::Applied).with_attempts(1))]);
        assert_eq!(run(changed).await, (19, 1, 1));
        assert_eq!(run(people(20)).await, (19, 0, 1));
    });
}

#[test]
fn a_forecast_counts_what_a_run_would_do_and_sends_nothing() {
    paused(async {
        let sink = MemorySink::new();
        let opted_out = person(1).email_marketing(Consent::new(ConsentState::Unsubscribed));
        sink.seed(&person(0)).unwrap();
        sink.seed(&opted_out).unwrap();
        let mut items = people(6);
        items[1].customer.email_marketing = Some(Consent::new(ConsentState::Subscribed));
        items[2].customer.email_marketing = Some(Consent::new(ConsentState::Subscribed));
        items[3].customer.phone = Some("12".into());
        items[4].customer = Customer::new().first_name("Nobody");
        let records = || {
            let unreadable = futures::stream::iter([Err(SourceError::unreadable(9, "no JSON"))]);
            source(items.clone()).chain(unreadable)
        };
        let told = delivery(&sink).forecast(records(), true).await;
        assert_eq!((told.read, told.unreadable, told.source_broke), (7, 1, false));
        let lane = &told.lanes[0];
        assert_eq!((lane.creates, lane.updates, lane.unchanged, lane.unverified), (3, 1, 1, 0), "{lane:?}");
        assert_eq!((lane.refused, lane.consents, lane.to_send()), (1, 2, 4), "{lane:?}");
        assert_eq!(lane.notes.get("phone dropped (invalid)"), Some(&1), "{lane:?}");
        assert_eq!(lane.refusals.values().sum::<u64>(), 1);

        let untold = delivery(&sink).forecast(records(), false).await;
        assert_eq!((untold.lanes[0].unverified, untold.lanes[0].consents), (5, 2));
        assert_eq!(sink.people().len(), 2, "nothing was sent");

        assert!(told.check(&Guards::new().consents(2).failed_share(0.2, 1)).is_ok());
        assert_eq!(told.check(&Guards::new().consents(1)), Err(Tripped::Consents { most: 1 }));
        assert!(matches!(told.check(&Guards::new().failed_share(0.1, 1)), Err(Tripped::FailedShare { failed: 1, .. })));
    });
}

#[test]
fn a_full_disk_under_the_checkpoint_stops_the_run() {
    // A device that is always full stands for the disk, where there is one.
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    paused(async {
        let letters = DeadLetterFile::append(full);
        let Ok(letters) = letters else { return };
        let sink = MemorySink::new();
        let refusal = || ScriptedCall::Fail(Error::new(ErrorKind::Rejected, Effect::Rejected));
        sink.script((0..500).map(|_| refusal()));
        let summary =
            delivery(&sink).dead_letters(Arc::new(letters)).start(source(people(500))).unwrap().finish().await;
        assert!(matches!(summary.stopped, Some(StopReason::DeadLetters(_))), "{summary:?}");
        assert!(summary.lanes[0].counts.failed < 20, "{summary:?}");
    });
}
