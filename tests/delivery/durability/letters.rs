//! Dead letters: what they hold, and every line that cannot be read.

use super::*;

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
