//! Dead letters and their replay.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::process::{Folder, NO_LIMITS, email, outcomes, run, run_with};
use crate::vendors::{NAMES, Vendors};

const PEOPLE: usize = 40;

/// The index and provider of each letter, in the order of the file.
fn addressees(letters: &[Value]) -> Vec<(u64, &str)> {
    letters.iter().map(|letter| (letter["index"].as_u64().unwrap(), letter["provider"].as_str().unwrap())).collect()
}

fn everybody() -> Vec<String> {
    (0..PEOPLE).map(email).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_vendor_does_not_take_goes_to_the_letters_and_arrives_by_their_replay() {
    for is_down in [false, true] {
        let vendors = Vendors::open().await;
        let folder = Folder::new();
        let (people, letters) = (folder.people("people.jsonl", PEOPLE), folder.name("letters"));
        let report = folder.name("report");
        let key = if is_down { vec![] } else { vec![("WHALE_API_KEY", "wk_test_wrong")] };
        vendors.shut("whale", is_down);
        let arguments = [&people, NO_LIMITS, "--patience=1", "--dead-letters", &letters, "--report", &report];
        let ended = run_with(&vendors, &arguments, &key).await;
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert_eq!(vendors.people("whale"), Vec::<String>::new());
        let lines = folder.report("report");
        assert_eq!(lines.len(), PEOPLE * NAMES.len());
        for ((index, provider), line) in &lines {
            assert_eq!(line["outcome"] == "failed", provider == "whale", "{index} {provider}");
        }
        let written = folder.lines("letters");
        let mut addressed = addressees(&written);
        addressed.sort_unstable();
        assert_eq!(addressed, (0..PEOPLE as u64).map(|index| (index, "whale")).collect::<Vec<_>>());
        let mode = std::fs::metadata(&letters).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        // The vendor is well again.
        vendors.shut("whale", false);
        let ended = run(&vendors, &["--replay", &letters, NO_LIMITS, "--report", &report]).await;
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let lines = folder.report("report");
        let expected: Vec<_> = (0..PEOPLE as u64).map(|line| (line, "whale".to_owned())).collect();
        assert_eq!(lines.keys().cloned().collect::<Vec<_>>(), expected);
        assert_eq!(outcomes(&lines), [("created", PEOPLE)].into());
        for vendor in NAMES {
            assert_eq!(vendors.people(vendor), everybody(), "{vendor}");
        }
        assert_eq!(addressees(&folder.lines("letters")).len(), PEOPLE, "a replay leaves its letters alone");

        // The other way to say it, and a run that has nothing to do.
        let ended = run(&vendors, &[&letters, "--replay", "--to=yotpo", NO_LIMITS, "--report", &report]).await;
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.err.contains(&format!("{PEOPLE} dead letter(s) are for other providers")), "{}", ended.err);
        assert_eq!(folder.text("report"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_begins_its_letters_anew_and_leaves_those_of_others() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let letters = folder.name("letters");
    // Another run's letters: of other people, of one at the same position, and for a vendor that is not asked for.
    let others = folder.people("others.jsonl", 3);
    let wrong = [("WHALE_API_KEY", "wk_test_wrong"), ("YOTPO_SECRET", "wrong")];
    let ended = run_with(&vendors, &[&others, NO_LIMITS, "--patience=1", "--dead-letters", &letters], &wrong).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(folder.lines("letters").len(), 6);

    let people: String = (0..5)
        .map(|number| {
            format!("{}\n", json!({"email": format!("other{number}@example.com"), "external_id": format!("o{number}")}))
        })
        .collect();
    let (people, checkpoint) = (folder.write("people.jsonl", &people), folder.name("checkpoint"));
    let arguments = [
        &people,
        NO_LIMITS,
        "--patience=1",
        "--dead-letters",
        &letters,
        "--checkpoint",
        &checkpoint,
        "--to=shopline,whale",
    ];
    for _ in 0..2 {
        let ended = run_with(&vendors, &arguments, &wrong).await;
        assert_eq!(ended.status, Some(1), "{ended:?}");
        // Behind the others' letters, and there once, however often it is tried.
        let all = folder.lines("letters");
        assert_eq!(all.len(), 6 + 5, "{all:?}");
        assert!(all[..6].iter().all(|letter| letter["customer"]["email"].as_str().unwrap().starts_with("person")));
        assert!(all[6..].iter().all(|letter| letter["provider"] == "whale"));
    }
    let ended = run(&vendors, &arguments).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(folder.lines("letters").len(), 6, "what has arrived has no letter any more");
    let mode = std::fs::metadata(&letters).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_read_ends_no_replay() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let letter = |index: u64, provider: &str, customer: Value| {
        let error = json!({"kind": "rejected", "effect": "rejected", "status": 422});
        format!("{}\n", json!({"index": index, "provider": provider, "customer": customer, "error": error}))
    };
    let text = [
        letter(70, "whale", json!({"email": email(1)})),
        "{\"index\":71,\"provider\":\"whale\",\"cust\n".to_owned(),
        "\n".to_owned(),
        letter(72, "whale", json!({"email": email(2), "birthday": "soon"})),
        letter(73, "nobody", json!({"email": email(3)})),
        letter(70, "shopline", json!({"email": email(1)})),
    ];
    let (letters, report, again) =
        (folder.write("letters", &text.concat()), folder.name("report"), folder.name("again"));
    let ended = run(&vendors, &["--replay", &letters, NO_LIMITS, "--report", &report, "--dead-letters", &again]).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for problem in ["line 2 cannot be read", "line 4 cannot be read", "line 5 cannot be read"] {
        assert!(ended.err.contains(problem), "{}", ended.err);
    }
    assert!(ended.err.contains("birthday") && !ended.err.contains("soon"), "{}", ended.err);
    assert!(ended.out.contains("3 line(s) could not be read"), "{}", ended.out);
    let lines = folder.report("report");
    let keys: Vec<_> = lines.keys().map(|(index, provider)| (*index, provider.as_str())).collect();
    assert_eq!(keys, [(0, "whale"), (5, "shopline")]);
    assert_eq!(folder.text("again"), "");
}
