//! What `sync` refuses, what it skips, and what it says.

use std::path::Path;

use crate::process::{Folder, NO_LIMITS, outcomes, people, run, run_with};
use crate::vendors::{NAMES, Vendors};

const PEOPLE: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_does_not_fit_is_refused_and_left_alone() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let (people, others) = (folder.people("people.jsonl", PEOPLE), folder.people("others.jsonl", PEOPLE + 1));
    let (checkpoint, report) = (folder.name("checkpoint"), folder.name("report"));
    let ended = run(&vendors, &[&people, NO_LIMITS, "--checkpoint", &checkpoint]).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let (good, requests) = (folder.text("checkpoint"), vendors.requests());

    let damaged = good.replacen("[\"", "[", 1);
    let newer = good.replacen("\"version\":1", "\"version\":2", 1);
    let cases = [
        (&others, good.clone(), "another input"),
        (&people, damaged, "damaged"),
        (&people, newer, "version 2"),
        (&people, "something else\n".to_owned(), "no checkpoint"),
    ];
    for (input, text, reason) in cases {
        folder.write("checkpoint", &text);
        let ended = run(&vendors, &[input, NO_LIMITS, "--checkpoint", &checkpoint, "--report", &report]).await;
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.err.starts_with("error: ") && ended.err.contains(reason), "{reason}: {}", ended.err);
        assert_eq!(folder.text("checkpoint"), text, "{reason}");
        assert!(!folder.path("report").exists(), "{reason}: nothing was begun");
    }
    assert_eq!(vendors.requests(), requests, "nothing was sent");

    folder.write("checkpoint", &good);
    let ended = run(&vendors, &[&people, NO_LIMITS, "--checkpoint", &checkpoint, "--report", &report]).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(outcomes(&folder.report("report")), [("skipped", PEOPLE * NAMES.len())].into());
    assert_eq!(vendors.requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let (people, report, store) = (folder.people("people.jsonl", PEOPLE), folder.name("report"), folder.name("store"));
    let arguments = [people.as_str(), NO_LIMITS, "--unchanged", &store, "--report", &report];
    assert_eq!(run(&vendors, &arguments).await.status, Some(0));
    assert!(!outcomes(&folder.report("report")).contains_key("skipped"));
    let requests = vendors.requests();

    let ended = run(&vendors, &arguments).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(outcomes(&folder.report("report")), [("skipped", PEOPLE * NAMES.len())].into());
    assert_eq!(vendors.requests(), requests, "nothing was sent");

    // One person has another name: one is sent.
    folder.write("people.jsonl", &folder.text("people.jsonl").replacen("\"Sample0\"", "\"Renamed\"", 1));
    assert_eq!(run(&vendors, &arguments).await.status, Some(0));
    let lines = folder.report("report");
    let sent: Vec<_> = lines.iter().filter(|(_, line)| line["outcome"] != "skipped").map(|(key, _)| key.0).collect();
    assert_eq!(sent, [0; NAMES.len()]);
    let ended = run(&vendors, &[&people, NO_LIMITS, "--unchanged", &people]).await;
    assert_eq!(ended.status, Some(2), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_end_the_run_soon_with_a_line_for_everybody() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    // More than are read before the first vendor is given up.
    const MANY: usize = 3000;
    let (people, report) = (folder.people("people.jsonl", MANY), folder.name("report"));
    let wrong = [
        ("TRIPLE_WHALE_API_KEY", "wrong"),
        ("SHOPLINE_ACCESS_TOKEN", "wrong"),
        ("SHOPLAZZA_ACCESS_TOKEN", "wrong"),
        ("YOTPO_SECRET", "wrong"),
        ("WHALE_API_KEY", "wk_test_wrong"),
    ];
    let ended = run_with(&vendors, &[&people, NO_LIMITS, "--patience=0", "--report", &report], &wrong).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let lines = folder.report("report");
    assert_eq!(lines.len(), MANY * NAMES.len());
    let mut tried = 0;
    for ((index, provider), line) in &lines {
        assert_eq!((&line["outcome"], &line["error"]["kind"]), (&"failed".into(), &"unauthenticated".into()));
        // A refused token call is none of the attempts, and a refused look-up has sent nothing that could write.
        let attempted = line["attempts"] != 0;
        let is_look_up = line["error"]["operation"].as_str().is_some_and(|operation| operation.starts_with("find_"));
        let expected = if attempted && !is_look_up { "rejected" } else { "not_sent" };
        assert_eq!(line["effect"], expected, "{index} {provider}: {line}");
        tried += usize::from(attempted);
    }
    assert!(tried < MANY, "{tried} of {} were tried", lines.len());
    assert!(vendors.requests() < 700, "{} requests with a wrong key", vendors.requests());
    assert!(ended.out.contains("unauthenticated (HTTP 401)"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_import_dropped_stands_in_the_line_of_each_provider() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    // So many that most of them wait on the disk.
    const ROWS: usize = 900;
    let rows: String =
        (0..ROWS).map(|row| format!("r{row},row{row}@example.com,\"Ann\n\"\"A\"\"\",\"1,50\",perhaps\n")).collect();
    let table = format!("Customer ID,Email,First Name,Total Spent,Tax Exempt\n\n{rows}r-last,\"cut\nshort\n");
    let (table, report) = (folder.write("people.csv", &table), folder.name("report"));
    let ended = run(&vendors, &[&table, NO_LIMITS, "--to=triple_whale,whale", "--report", &report]).await;
    assert_eq!(ended.status, Some(1), "the last one has no address that whale can take: {ended:?}");
    let lines = folder.report("report");
    assert_eq!(lines.len(), 2 * (ROWS + 1));
    for ((index, provider), line) in lines.iter().filter(|((index, _), _)| (*index as usize) < ROWS) {
        let fields: Vec<_> =
            line["notes"].as_array().unwrap().iter().map(|note| note["field"].as_str().unwrap()).collect();
        assert_eq!(fields[..2], ["total_spent", "tax_exempt"], "{index} {provider}");
        assert_eq!(line["notes"][0]["action"], "dropped");
        assert_eq!(line["notes"][0]["reason"], "invalid");
        assert!(line["notes"][0]["detail"].as_str().unwrap().contains("Total Spent"));
    }
    let counted = ended.out.matches(&format!("{ROWS}  total_spent dropped (invalid)")).count();
    assert_eq!(counted, 2, "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_writes_its_report_alone() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let text = format!("{}not JSON\n{{\"first_name\":\"Nobody\"}}\n", people(PEOPLE));
    let (input, report) = (folder.write("people.jsonl", &text), folder.name("report"));
    let (checkpoint, letters, store) = (folder.name("checkpoint"), folder.name("letters"), folder.name("store"));
    let arguments = [input.as_str(), NO_LIMITS, "--dry-run", "--report", &report];
    let files = ["--checkpoint", &checkpoint, "--dead-letters", &letters, "--unchanged", &store];
    let ended = run(&vendors, &[&arguments[..], &files[..]].concat()).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains(&format!("line {} cannot be read", PEOPLE + 1)), "{}", ended.err);
    let lines = folder.report("report");
    let (planned, refused) = (("planned", PEOPLE * NAMES.len()), ("failed", NAMES.len()));
    assert_eq!(outcomes(&lines), [planned, refused].into());
    assert_eq!(vendors.requests(), 0);
    for file in [&checkpoint, &letters, &store] {
        assert!(!Path::new(file).exists(), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_told_before_anything_is_written() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let text = people(2);
    let (people, letters) = (folder.write("people.jsonl", &text), folder.write("letters", "{\"index\":0}\n"));
    let link = folder.name("link");
    std::os::unix::fs::symlink(&letters, &link).unwrap();
    let (missing, other) = (folder.name("missing"), folder.name("other"));
    let cases: [&[&str]; 13] = [
        &[],
        &["--replay"],
        &[&people, "--replay", &letters],
        &["--replay", &letters, "--dead-letters", &letters],
        &["--replay", &letters, "--dead-letters", &link],
        &[&people, "--report", &people],
        &[&people, "--checkpoint", &other, "--report", &other],
        &[&missing],
        &[&folder.name(".")],
        &[&people, "--patience=soon"],
        &[&people, "--concurrency=0"],
        &[&people, "--to=nobody"],
        &[&people, "--report", &folder.name("no/such/folder")],
    ];
    for arguments in cases {
        let ended = run(&vendors, arguments).await;
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains("error: "), "{arguments:?}: {}", ended.err);
    }
    assert_eq!((folder.text("people.jsonl"), folder.text("letters")), (text, "{\"index\":0}\n".to_owned()));
    assert!(!Path::new(&other).exists());
    assert_eq!(vendors.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_tells_accounts_apart() {
    let vendors = Vendors::open().await;
    let folder = Folder::new();
    let (people, report) = (folder.people("people.jsonl", PEOPLE), folder.name("report"));
    let checkpoint = folder.name("checkpoint");
    let arguments =
        ["--to", "yotpo,whale", people.as_str(), NO_LIMITS, "--checkpoint", &checkpoint, "--report", &report];
    assert_eq!(run(&vendors, &arguments).await.status, Some(0));
    // The same input for another store of Whale's, which refuses the key: nothing counts as delivered there.
    let other = [("WHALE_STORE_ID", "00000000-0000-4000-8000-000000000099")];
    let ended = run_with(&vendors, &arguments, &other).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(outcomes(&folder.report("report")), [("skipped", PEOPLE), ("failed", PEOPLE)].into());
}
