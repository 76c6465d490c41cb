//! The files of a delivery: what survives a cut, a kill, a full disk and somebody else's file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use customer_sink::delivery::{
    Accepted, AcceptedError, AcceptedFile, AcceptedMemory, Checkpoint, CheckpointError, DeadLetter, DeadLetterFile,
    DeadLetters, Digest, FileCheckpoint, Fingerprint, LetterError, Person, PersonKey, StoredLetter, digest_of_plan,
    read_dead_letters,
};
use customer_sink::providers::yotpo::Yotpo;
use customer_sink::{
    Customer, CustomerSink, Effect, Error, ErrorKind, FieldError, Plan, ProviderId, Step, StepCondition, UpsertOptions,
};
use proptest::prelude::*;

fn input() -> Fingerprint {
    Fingerprint::of_bytes("id,email\n1,mia@example.com\n")
}

type Done = BTreeMap<&'static str, BTreeSet<u64>>;

fn assert_done(checkpoint: &FileCheckpoint, model: &Done, up_to: u64) {
    for lane in ["whale", "odd \"lane\"\né", "nobody"] {
        for position in 0..up_to {
            let expected = model.get(lane).is_some_and(|done| done.contains(&position));
            assert_eq!(checkpoint.is_done(lane, position), expected, "{lane} {position}");
        }
    }
}

/// A file with a header, a snapshot and a journal, and what each of its lines says.
fn written(path: &Path) -> (Vec<u8>, Vec<(usize, Done)>) {
    drop(FileCheckpoint::open(path, &input()).unwrap());
    let mut bytes = fs::read(path).unwrap();
    assert!(bytes.ends_with(b"\n") && bytes.iter().filter(|b| **b == b'\n').count() == 1, "a header");
    let mut done = Done::new();
    let mut ends = vec![(bytes.len(), done.clone())];
    let odd = "odd \"lane\"\né";
    let quoted = serde_json::to_string(odd).unwrap();
    let lines: Vec<(String, &'static str, Vec<u64>)> = vec![
        (r#"{"lane":"whale","done":[[0,3],[5,5]]}"#.into(), "whale", vec![0, 1, 2, 3, 5]),
        (format!(r#"{{"lane":{quoted},"done":[[7,9]]}}"#), odd, vec![7, 8, 9]),
        (r#"["whale",12]"#.into(), "whale", vec![12]),
        (format!("[{quoted},0]"), odd, vec![0]),
        (r#"["whale",4]"#.into(), "whale", vec![4]),
    ];
    for (line, lane, positions) in lines {
        bytes.extend(line.as_bytes());
        bytes.push(b'\n');
        done.entry(lane).or_default().extend(positions);
        ends.push((bytes.len(), done.clone()));
    }
    (bytes, ends)
}

#[tokio::test]
async fn a_checkpoint_cut_at_any_byte_is_an_error_or_what_was_done_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.checkpoint");
    let (bytes, ends) = written(&path);
    let header = ends[0].0;
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let opened = FileCheckpoint::open(&path, &input());
        if cut > 0 && cut < header {
            assert!(matches!(opened, Err(CheckpointError::Damaged { line: 1 })), "cut at {cut}: {opened:?}");
            assert_eq!(fs::read(&path).unwrap(), &bytes[..cut], "a refused file stays as it is");
            continue;
        }
        // Whole lines count, and what is left of one does not.
        let mut model = ends.iter().rfind(|(end, _)| *end <= cut).map(|(_, done)| done.clone()).unwrap_or_default();
        let checkpoint = opened.unwrap();
        assert_done(&checkpoint, &model, 15);
        // The next line is written where the cut one began, so that the one after a second crash is well too.
        checkpoint.done("whale", 14).await.unwrap();
        drop(checkpoint);
        model.entry("whale").or_default().insert(14);
        assert_done(&FileCheckpoint::open(&path, &input()).unwrap(), &model, 15);
    }
}

#[test]
fn a_damaged_line_is_named_and_the_file_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.checkpoint");
    let (bytes, _) = written(&path);
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let bad = [
        "",
        " ",
        "x",
        r#"["whale",-1]"#,
        r#"["whale"]"#,
        r#"["whale",1,2]"#,
        r#"["whale",1"#,
        r#"{"lane":"whale","done":[[5,3]]}"#,
        r#"{"lane":"whale","done":[[5]]}"#,
        r#"{"lane":"whale"}"#,
        r#"{"lane":"whale","done":[],"more":1}"#,
        "\u{0}\u{0}\u{0}",
    ];
    for number in 0..lines.len() {
        for bad in bad {
            let mut lines = lines.clone();
            lines[number] = bad;
            let text = lines.join("\n") + "\n";
            fs::write(&path, &text).unwrap();
            let error = FileCheckpoint::open(&path, &input()).unwrap_err();
            let named = matches!(error, CheckpointError::Damaged { line } if line == number as u64 + 1);
            assert!(named, "line {} as {bad:?}: {error}", number + 1);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
    // A snapshot comes before the journal.
    fs::write(&path, text.clone() + lines[1] + "\n").unwrap();
    assert!(matches!(FileCheckpoint::open(&path, &input()), Err(CheckpointError::Damaged { line: 7 })));
}

#[test]
fn a_checkpoint_of_something_else_is_refused_in_clear_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.checkpoint");
    let (bytes, _) = written(&path);
    let other = Fingerprint::of_bytes("another");
    let error = FileCheckpoint::open(&path, &other);
    fs::write(&path, &bytes).unwrap();
    let error = error.err().or_else(|| FileCheckpoint::open(&path, &other).err()).unwrap();
    assert!(matches!(error, CheckpointError::OtherInput { .. }));
    let words = format!("the checkpoint belongs to another input (fingerprint {}; this input has {other})", input());
    assert_eq!(error.to_string(), words);

    for (header, version) in [
        (r#"{"format":"customer-sink checkpoint","version":2,"input":{"sha512":"x"}}"#, None),
        (r#"{"format":"customer-sink checkpoint","version":2}"#, Some(2)),
        (r#"{"format":"customer-sink checkpoint","version":7,"input":"x","more":[1]}"#, Some(7)),
        (r#"{"format":"customer-sink checkpoint","version":0,"input":"x"}"#, None),
        (r#"{"format":"customer-sink checkpoint","version":1}"#, None),
        (r#"{"format":"another","version":1,"input":"x"}"#, None),
        ("id,email", None),
    ] {
        let text = format!("{header}\n[\"whale\",1]\n");
        fs::write(&path, &text).unwrap();
        match (FileCheckpoint::open(&path, &input()).unwrap_err(), version) {
            (CheckpointError::Version { found, known: 1 }, Some(version)) => assert_eq!(found, version),
            (CheckpointError::Damaged { line: 1 }, None) => {}
            (error, _) => panic!("{header}: {error}"),
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(matches!(FileCheckpoint::open(dir.path(), &input()), Err(CheckpointError::Io(_))), "a folder");
    let nowhere = dir.path().join("no/such/folder/run.checkpoint");
    assert!(matches!(FileCheckpoint::open(nowhere, &input()), Err(CheckpointError::Io(_))));
}

#[test]
fn a_checkpoint_is_its_owners_alone_and_used_once_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.checkpoint");
    let first = FileCheckpoint::open(&path, &input()).unwrap();
    assert!(matches!(FileCheckpoint::open(&path, &input()), Err(CheckpointError::InUse)));
    drop(first);
    FileCheckpoint::open(&path, &input()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A link stays one, and a device is never replaced.
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        fs::write(&path, "").unwrap();
        FileCheckpoint::open(&link, &input()).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink() && fs::read(&path).unwrap().len() > 50);
        assert!(matches!(FileCheckpoint::open("/dev/null", &input()), Err(CheckpointError::Io(_))));
    }
}

#[tokio::test]
async fn the_resume_point_is_the_first_position_that_some_lane_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = FileCheckpoint::open(dir.path().join("c"), &input()).unwrap();
    assert_eq!((checkpoint.resume_point(&["a", "b"]), checkpoint.resume_point(&[])), (0, 0));
    for (lane, position) in [("a", 0), ("a", 1), ("a", 2), ("b", 1), ("b", 0), ("b", 3)] {
        checkpoint.done(lane, position).await.unwrap();
    }
    assert_eq!([checkpoint.resume_point(&["a"]), checkpoint.resume_point(&["b"])], [3, 2]);
    assert_eq!([checkpoint.resume_point(&["a", "b"]), checkpoint.resume_point(&["a", "new"])], [2, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_long_journal_becomes_a_snapshot_while_records_are_done() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.checkpoint");
    let checkpoint = Arc::new(FileCheckpoint::open(&path, &input()).unwrap());
    let lanes = ["whale", "yotpo", "shopline"];
    let workers = lanes.map(|lane| {
        let checkpoint = Arc::clone(&checkpoint);
        tokio::spawn(async move {
            for turn in 0..10_000u64 {
                // In pairs that swap places, and the last of each hundred is never done.
                let position = turn ^ 1;
                if position % 100 != 99 {
                    checkpoint.done(lane, position).await.unwrap();
                    assert!(checkpoint.is_done(lane, position));
                }
                if turn % 500 == 0 {
                    checkpoint.sync().await.unwrap();
                }
            }
        })
    });
    for worker in workers {
        worker.await.unwrap();
    }
    checkpoint.sync().await.unwrap();
    drop(checkpoint);
    let len = fs::metadata(&path).unwrap().len();
    assert!(len < 80 * 1024, "30,000 records in {len} bytes");
    let checkpoint = FileCheckpoint::open(&path, &input()).unwrap();
    for lane in lanes {
        for position in 0..10_000 {
            assert_eq!(checkpoint.is_done(lane, position), position % 100 != 99, "{lane} {position}");
        }
    }
    assert_eq!(checkpoint.resume_point(&lanes), 99);
}

fn refused(vendor: &str) -> Error {
    Error::new(ErrorKind::Rejected, Effect::Rejected)
        .with_provider(ProviderId::new("shopline"))
        .with_operation("create_customer")
        .with_status(422)
        .with_code(Some(vendor.to_owned()))
        .with_attempts(3)
        .with_request_id(Some(vendor.to_owned()))
        .with_vendor_message(Some(vendor.to_owned()))
        .with_fields(vec![
            FieldError::new("note", "is too long"),
            FieldError::from_vendor("email", vendor),
            FieldError::from_vendor(vendor, vendor),
        ])
}

fn mia() -> Customer {
    Customer::new().external_id("1042").email("mia@example.com").first_name("Mia")
}

fn letter<'a>(position: u64, lane: &'a str, customer: &'a Customer, error: &'a Error) -> DeadLetter<'a> {
    DeadLetter::new(position, lane, ProviderId::new("shopline"), customer, error)
}

#[tokio::test]
async fn a_dead_letter_holds_the_record_and_nothing_that_a_vendor_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dead.jsonl");
    let letters = DeadLetterFile::create(&path).unwrap();
    let (mia, error) = (mia(), refused("mia@example.com is taken"));
    let one = letter(7, "shopline", &mia, &error);
    let shown = format!("{one:?} {letters:?}");
    assert!(shown.contains("create_customer") && !shown.to_lowercase().contains("mia"), "{shown}");
    letters.put(&one).await.unwrap();
    let expected = concat!(
        r#"{"index":7,"provider":"shopline","customer":{"external_id":"1042","email":"mia@example.com","first_name":"Mia"},"#,
        r#""error":{"kind":"rejected","effect":"rejected","status":422,"code":null,"operation":"create_customer","#,
        r#""attempts":3,"request_id":null,"fields":[{"field":"note","message":"is too long"},"#,
        r#"{"field":"email","message":"refused by the vendor"},{"field":"","message":"refused by the vendor"}]}}"#,
        "\n"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), expected, "it is there before any sync");
    letters.put(&letter(8, "shopline-eu", &mia, &refused("EMAIL_REPEAT"))).await.unwrap();
    letters.sync().await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""provider":"shopline","lane":"shopline-eu","customer""#));
    assert!(text.contains(r#""code":"EMAIL_REPEAT""#) && text.contains(r#""request_id":"EMAIL_REPEAT""#));
    let read: Vec<StoredLetter> = read_dead_letters(text.as_bytes()).collect::<Result<_, _>>().unwrap();
    let facts = |n: usize| (read[n].position, read[n].lane.as_str(), read[n].kind.as_str(), read[n].customer == mia);
    assert_eq!([facts(0), facts(1)], [(7, "shopline", "rejected", true), (8, "shopline-eu", "rejected", true)]);
    assert!(!format!("{read:?}").to_lowercase().contains("mia"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn dead_letters_go_on_behind_a_line_that_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dead.jsonl");
    let (mia, error) = (mia(), refused("x"));
    let letters = DeadLetterFile::append(&path).unwrap();
    letters.put(&letter(1, "shopline", &mia, &error)).await.unwrap();
    assert_eq!(DeadLetterFile::append(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(DeadLetterFile::create(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(letters);
    let whole = fs::read(&path).unwrap();
    for cut in [1, 30, whole.len() - 1] {
        fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
        let letters = DeadLetterFile::append(&path).unwrap();
        letters.put(&letter(2, "shopline", &mia, &error)).await.unwrap();
        drop(letters);
        let read: Vec<_> = read_dead_letters(fs::read(&path).unwrap().as_slice()).collect();
        let positions: Vec<_> = read.iter().map(|r| r.as_ref().ok().map(|letter| letter.position)).collect();
        // A letter that lacks nothing but its end is a letter.
        let middle = (cut == whole.len() - 1).then_some(1);
        assert_eq!(positions, [Some(1), middle, Some(2)], "cut at {cut}");
    }
    drop(DeadLetterFile::create(&path).unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_an_error_of_the_put() {
    let letters = DeadLetterFile::append("/dev/full").unwrap();
    let error = letters.put(&letter(1, "shopline", &mia(), &refused("x"))).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

/// A file that breaks off with an error.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn every_bad_line_is_an_error_in_its_place_that_shows_nobody() {
    let good = r#"{"index":3,"provider":"yotpo","customer":{"email":"mia@example.com"},"error":{"kind":"timeout"}}"#;
    let lines = [
        "{\"index\":1,",
        good,
        "",
        r#"{"index":"mia@example.com","provider":"yotpo","customer":{},"error":{"kind":"x"}}"#,
        r#"{"index":1,"provider":"yotpo","customer":{"emails":"mia@example.com"},"error":{"kind":"x"}}"#,
        r#"{"index":1,"provider":"yotpo","customer":{},"error":{"kind":"x"},"mia@example.com":1}"#,
        r#"{"index":1,"provider":"yotpo","error":{"kind":"x"}}"#,
        r#"{"index":1,"provider":"yotpo","customer":{}}"#,
        r#"{"line":7,"error":{"kind":"invalid_input","fields":[]}}"#,
        "mia@example.com",
        good,
    ];
    let file = lines.join("\r\n");
    let read: Vec<_> = read_dead_letters(BufReader::new(file.as_bytes().chain(Broken))).collect();
    let numbers: Vec<_> = read
        .iter()
        .map(|letter| match letter {
            Ok(letter) => format!("{}", letter.position),
            Err(LetterError::Malformed { line, .. }) => format!("malformed {line}"),
            Err(LetterError::Customer { line, .. }) => format!("customer {line}"),
            Err(LetterError::Io { line, .. }) => format!("io {line}"),
            Err(error) => error.to_string(),
        })
        .collect();
    let expected = [
        "malformed 1",
        "3",
        "malformed 4",
        "customer 5",
        "malformed 6",
        "malformed 7",
        "malformed 8",
        "malformed 9",
        "malformed 10",
        // The last line is not known to be whole.
        "io 11",
    ];
    assert_eq!(numbers, expected);
    for error in read.iter().filter_map(|letter| letter.as_ref().err()) {
        assert!(!format!("{error} {error:?}").contains("mia"), "{error:?}");
    }
    assert!(read[3].as_ref().unwrap_err().to_string().contains("emails"), "the key is named");
    // Without the break the last line counts, though it has no end.
    assert_eq!(read_dead_letters(file.as_bytes()).last().unwrap().unwrap().position, 3);
}

#[test]
fn a_line_without_an_end_does_not_take_all_memory() {
    let endless = BufReader::new(io::repeat(b'x').take(80 << 20).chain(&b"\nnot json\n"[..]));
    let read: Vec<_> = read_dead_letters(endless).collect();
    assert!(matches!(
        read.as_slice(),
        [Err(LetterError::TooLong { line: 1 }), Err(LetterError::Malformed { line: 2, .. })]
    ));
}

fn digest(n: u8) -> Digest {
    Digest::from_bytes([n; 16])
}

/// People of whom some share an identity with others.
fn people() -> Vec<Customer> {
    vec![
        Customer::new().external_id("1").email("mia@example.com").phone("+15550100123"),
        Customer::new().external_id("2").email("MIA@example.com"),
        Customer::new().external_id("1").email("ina@example.com"),
        Customer::new().phone("001 555 010 0123"),
        Customer::new().email("sole@example.com"),
        Customer::new().external_id("3"),
    ]
}

#[test]
fn a_person_is_every_identity_of_the_record() {
    let key = PersonKey::from_bytes([7; 32]);
    let person = |customer: &Customer| Person::of(customer, &key);
    let digests = |n: usize| person(&people()[n]).unwrap().digests().copied().collect::<Vec<_>>();
    let share = |a: usize, b: usize| digests(a).iter().any(|digest| digests(b).contains(digest));
    assert_eq!(digests(0).len(), 3);
    assert!(share(0, 1) && share(0, 2) && share(0, 3) && !share(1, 2) && !share(4, 0) && !share(5, 0));
    for nobody in [Customer::new(), Customer::new().external_id(" ").email("").phone(" ").first_name("Mia")] {
        assert!(person(&nobody).is_none());
    }
    // The same text as an id and as an address are two things, and so is everything under another key.
    let (id, email) = (Customer::new().external_id("a@b.example"), Customer::new().email("a@b.example"));
    assert_ne!(person(&id), person(&email));
    assert_ne!(person(&id), Person::of(&id, &PersonKey::random().unwrap()));
}

#[tokio::test]
async fn a_store_gives_what_was_last_accepted_and_only_where_all_identities_agree() {
    let dir = tempfile::tempdir().unwrap();
    let file = AcceptedFile::open(dir.path().join("accepted")).unwrap();
    let memory = AcceptedMemory::new();
    for store in [&file as &dyn Accepted, &memory] {
        let people = people();
        let person = |n: usize| store.person(&people[n]).unwrap();
        assert_eq!(store.last("whale", &person(0)).await.unwrap(), None);
        store.put("whale", &person(0), &digest(1)).await.unwrap();
        assert_eq!(store.last("whale", &person(0)).await.unwrap(), Some(digest(1)));
        assert_eq!(store.last("yotpo", &person(0)).await.unwrap(), None, "another lane");
        assert_eq!(store.last("whale", &person(3)).await.unwrap(), Some(digest(1)), "the same phone");
        assert_eq!(store.last("whale", &person(1)).await.unwrap(), None, "an id that is new");
        // Another record of one of the identities was accepted since: the first is no longer what the vendor holds.
        store.put("whale", &person(1), &digest(2)).await.unwrap();
        assert_eq!(store.last("whale", &person(1)).await.unwrap(), Some(digest(2)));
        assert_eq!(store.last("whale", &person(0)).await.unwrap(), None);
        store.sync().await.unwrap();
        store.forget("whale", &person(1)).await.unwrap();
        for n in [0, 1] {
            assert_eq!(store.last("whale", &person(n)).await.unwrap(), None);
        }
        store.put("whale", &person(1), &digest(3)).await.unwrap();
        store.put("whale", &person(1), &digest(4)).await.unwrap();
        store.sync().await.unwrap();
        assert_eq!(store.last("whale", &person(1)).await.unwrap(), Some(digest(4)), "the last one wins");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// With an end of the process at any place: what is lost is lost, and nothing old comes back.
    #[test]
    fn an_entry_is_never_older_than_what_was_last_said(
        steps in proptest::collection::vec((0u8..12, 0usize..6, any::<u8>()), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("accepted");
            let mut store = AcceptedFile::open(&path).unwrap();
            // What is known to be there, and what may have been lost.
            let mut model: HashMap<Digest, (Digest, bool)> = HashMap::new();
            for (step, n, what) in steps {
                let person = store.person(&people()[n]).unwrap();
                match step {
                    0..=4 => {
                        // As the engine does it: gone before anything is sent, and there once it was accepted.
                        store.forget("whale", &person).await.unwrap();
                        model.retain(|digest, _| !person.digests().any(|one| one == digest));
                        if step > 0 {
                            store.put("whale", &person, &digest(what)).await.unwrap();
                            model.extend(person.digests().map(|one| (*one, (digest(what), false))));
                        }
                    }
                    5 | 6 => {
                        store.sync().await.unwrap();
                        model.values_mut().for_each(|(_, kept)| *kept = true);
                    }
                    7 => {
                        drop(store);
                        store = AcceptedFile::open(&path).unwrap();
                        for n in 0..people().len() {
                            let person = store.person(&people()[n]).unwrap();
                            let entries: Vec<_> = person.digests().map(|digest| model.get(digest)).collect();
                            let last = store.last("whale", &person).await.unwrap();
                            let whole = entries.iter().map(|e| e.map(|e| e.0)).reduce(|a, b| if a == b { a } else { None });
                            let is_kept = entries.iter().all(|e| e.is_some_and(|e| e.1));
                            assert!(last == whole.flatten() || (last.is_none() && !is_kept), "{last:?} {entries:?}");
                        }
                        // A lost entry stays lost, one that came through is in the file.
                        let mut there = HashMap::new();
                        for customer in people() {
                            let person = store.person(&customer).unwrap();
                            if store.last("whale", &person).await.unwrap().is_some() {
                                there.extend(person.digests().filter_map(|d| model.get(d).map(|e| (*d, (e.0, true)))));
                            }
                        }
                        model.retain(|digest, entry| entry.1 || there.contains_key(digest));
                    }
                    _ => {
                        let entries: Vec<_> = person.digests().map(|digest| model.get(digest).map(|e| e.0)).collect();
                        let whole = entries.iter().copied().reduce(|a, b| if a == b { a } else { None }).flatten();
                        assert_eq!(store.last("whale", &person).await.unwrap(), whole);
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn a_batch_is_written_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("accepted");
    let store = AcceptedFile::open(&path).unwrap();
    let person = |n: u32| store.person(&Customer::new().external_id(n.to_string())).unwrap();
    let people: Vec<_> = (0..17_000u32).map(person).collect();
    for person in &people {
        store.put("whale", person, &digest(1)).await.unwrap();
    }
    drop(store);
    let store = AcceptedFile::open(&path).unwrap();
    let mut kept = 0;
    for person in &people {
        kept += u32::from(store.last("whale", person).await.unwrap().is_some());
    }
    // A batch of 16,384 is there with no sync, and the rest was never promised.
    assert_eq!(kept, 16_384);
}

#[tokio::test]
async fn a_store_that_is_no_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("accepted");
    let open = || AcceptedFile::open(&path);
    let first = open().unwrap();
    assert!(matches!(open(), Err(AcceptedError::InUse)));
    let person = first.person(&mia()).unwrap();
    first.put("whale", &person, &digest(9)).await.unwrap();
    first.sync().await.unwrap();
    drop(first);
    let whole = fs::read(&path).unwrap();
    assert!(!whole.windows(3).any(|bytes| bytes.eq_ignore_ascii_case(b"mia")), "no address stands in the file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for text in ["id,email\n".repeat(10), "x".into(), "redb".repeat(2000)] {
        fs::write(&path, &text).unwrap();
        let error = open().unwrap_err();
        assert!(matches!(error, AcceptedError::Damaged), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "a refused file stays as it is");
    }
    for cut in [1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let opened = open();
        assert!(matches!(opened, Err(AcceptedError::Damaged)), "cut at {cut}: {opened:?}");
    }
    // One wrong byte is found, or stands where nothing is kept.
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut found = 0;
    for at in used.iter().copied().step_by(used.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        fs::write(&path, &bytes).unwrap();
        match open() {
            Err(AcceptedError::Damaged) => {
                found += 1;
                assert!(open().is_err(), "byte {at}: damage is not forgotten");
            }
            Err(AcceptedError::Version { .. }) => found += 1,
            Err(error) => panic!("byte {at}: {error:?}"),
            Ok(store) => assert_eq!(store.last("whale", &person).await.unwrap(), Some(digest(9)), "byte {at}"),
        }
    }
    assert!(found >= 5, "{found} of 40");
    fs::write(&path, "").unwrap();
    assert_eq!(open().unwrap().last("whale", &person).await.unwrap(), None);
}

#[test]
fn a_digest_is_of_what_is_sent() {
    let plan = |when, url: &str, body: Option<&'static str>| {
        let body = body.map(|text| bytes::Bytes::from_static(text.as_bytes()));
        let step = Step::new(when, "create", http::Method::POST, url, Arc::default(), body);
        digest_of_plan(&Plan::new(ProviderId::new("sixth"), vec![step], Vec::new(), Vec::new()))
    };
    let one = plan(StepCondition::Always, "https://a.example.com/", Some("{}"));
    assert_eq!(one, plan(StepCondition::Always, "https://a.example.com/", Some("{}")));
    let others = [
        plan(StepCondition::IfFound, "https://a.example.com/", Some("{}")),
        plan(StepCondition::Always, "https://b.example.com/", Some("{}")),
        plan(StepCondition::Always, "https://a.example.com/", Some("[]")),
        plan(StepCondition::Always, "https://a.example.com/", Some("")),
        plan(StepCondition::Always, "https://a.example.com/", None),
        plan(StepCondition::Always, "https://a.example.com/{}", Some("")),
    ];
    let all: BTreeSet<_> = others.iter().chain([&one]).collect();
    assert_eq!(all.len(), others.len() + 1);
    // A new secret is no new record, though the plan shows the token's request.
    let yotpo = |secret: &str, who: &Customer| {
        let sink = Yotpo::builder("store", secret).build().unwrap();
        digest_of_plan(&sink.plan(who, &UpsertOptions::default()).unwrap())
    };
    assert_eq!(yotpo("fake-1", &mia()), yotpo("fake-2", &mia()));
    assert_ne!(yotpo("fake-1", &mia()), yotpo("fake-1", &mia().last_name("Moe")));
}

/// The other process of the next test: it keeps records until it is killed, and prints each once it is kept.
#[tokio::test]
async fn keeps_records_in_a_process_of_its_own() {
    let Some(dir) = std::env::var_os("DELIVERY_FILES_CHILD") else { return };
    let dir = Path::new(&dir);
    let checkpoint = FileCheckpoint::open(dir.join("c"), &input()).unwrap();
    let letters = DeadLetterFile::append(dir.join("d")).unwrap();
    let accepted = AcceptedFile::open(dir.join("a")).unwrap();
    let (mia, error) = (mia(), refused("x"));
    let start = checkpoint.resume_point(&["whale"]);
    let mut out = io::stdout();
    for position in start..start + 100_000 {
        let person = accepted.person(&people()[position as usize % 6]).unwrap();
        if position % 10 == 0 {
            accepted.forget("whale", &person).await.unwrap();
            writeln!(out, "forgot {}", position % 6).unwrap();
            accepted.put("whale", &person, &digest((position / 10) as u8)).await.unwrap();
            writeln!(out, "accepted {} {}", position % 6, (position / 10) as u8).unwrap();
        }
        letters.put(&letter(position, "shopline", &mia, &error)).await.unwrap();
        writeln!(out, "letter {position}").unwrap();
        checkpoint.done("whale", position).await.unwrap();
        writeln!(out, "done {position}").unwrap();
        if position % 1000 == 0 {
            checkpoint.sync().await.unwrap();
            accepted.sync().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    // The name of a test begins with its module in this binary.
    let module = module_path!().split_once("::").expect("a module").1;
    let test = format!("{module}::keeps_records_in_a_process_of_its_own");
    let mut done = 0;
    for round in 0..4u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test.as_str(), "--exact", "--nocapture"])
            .env("DELIVERY_FILES_CHILD", dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said: Vec<Vec<String>> = Vec::new();
        // At another place in each round.
        while let Some(line) = lines.next().map(Result::unwrap) {
            said.push(line.split_whitespace().map(str::to_owned).collect());
            if said.len() as u64 > 1500 * round + 50 + round * 17 {
                child.kill().unwrap();
                break;
            }
        }
        // What was printed before the kill counts too; the last line may be cut.
        let mut rest: Vec<_> = lines.map_while(Result::ok).collect();
        rest.pop();
        said.extend(rest.iter().map(|line| line.split_whitespace().map(str::to_owned).collect()));
        child.wait().unwrap();

        let checkpoint = FileCheckpoint::open(dir.path().join("c"), &input()).unwrap();
        let file = fs::read(dir.path().join("d")).unwrap();
        let letters: BTreeSet<u64> =
            read_dead_letters(file.as_slice()).filter_map(Result::ok).map(|letter| letter.position).collect();
        let accepted = AcceptedFile::open(dir.path().join("a")).unwrap();
        let mut last: HashMap<Digest, Option<Digest>> = HashMap::new();
        for words in &said {
            let number = |n: usize| words[n].parse::<u64>().unwrap();
            let person = |n: usize| accepted.person(&people()[n]).unwrap();
            match words.first().map(String::as_str) {
                Some("done") => {
                    assert!(checkpoint.is_done("whale", number(1)), "{words:?}");
                    done += 1;
                }
                Some("letter") => assert!(letters.contains(&number(1)), "{words:?}"),
                Some("forgot") => last.extend(person(number(1) as usize).digests().map(|d| (*d, None))),
                Some("accepted") => {
                    let what = Some(digest(number(2) as u8));
                    last.extend(person(number(1) as usize).digests().map(|d| (*d, what)));
                }
                _ => {}
            }
        }
        // An entry that is there is the newest that was accepted, or one that came just before the kill.
        let newest = said.iter().rev().find(|words| words.first().is_some_and(|word| word == "done"));
        let next = newest.map_or(0, |words| words[1].parse::<u64>().unwrap()) / 10 + 1;
        for customer in people() {
            let person = accepted.person(&customer).unwrap();
            if let Some(entry) = accepted.last("whale", &person).await.unwrap() {
                let known = person.digests().all(|digest| last.get(digest).is_none_or(|last| *last == Some(entry)));
                assert!(known || entry == digest(next as u8), "round {round}: {entry:?}");
            }
        }
    }
    assert!(done > 2000, "{done} records");
}
