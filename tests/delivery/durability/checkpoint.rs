//! The checkpoint: what is done stays done, and a file that does not fit is left alone.

use super::*;

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
