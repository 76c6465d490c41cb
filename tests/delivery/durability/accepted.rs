//! What each vendor last accepted, and the digest of a plan.

use customer_sink::toolkit::{Operation, Request};

use super::*;

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
    static CREATE: Operation = Operation::write(ProviderId::new("sixth"), http::Method::POST, "create");
    let plan = |when, url: &str, body: Option<&'static str>| {
        let body = body.map(|text| bytes::Bytes::from_static(text.as_bytes()));
        let step = Step::new(when, Request::new(&CREATE, url, Arc::default(), body));
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
