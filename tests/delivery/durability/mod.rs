//! The files of a delivery: what survives a cut, a kill, a full disk and somebody else's file.

mod accepted;
mod checkpoint;
mod letters;

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
use customer_sink::plan::{Step, StepCondition};
use customer_sink::providers::yotpo::Yotpo;
use customer_sink::{Customer, CustomerSink, Effect, Error, ErrorKind, FieldError, Plan, ProviderId, UpsertOptions};
use proptest::prelude::*;

fn input() -> Fingerprint {
    Fingerprint::of_bytes("id,email\n1,mia@example.com\n")
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
