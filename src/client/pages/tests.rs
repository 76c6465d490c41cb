use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;

use super::*;
use crate::provider::ProviderId;

const LIST: (ProviderId, &str) = (ProviderId::new("example"), "list_customers");

/// Rows by id; one without is its content.
type Row = (Option<&'static str>, &'static str);

fn key(row: &Row) -> RowKey<'_> {
    RowKey::of(row.0, row.1.as_bytes())
}

fn ids(list: &[&'static str]) -> Vec<Row> {
    list.iter().map(|id| (Some(*id), "")).collect()
}

fn page(rows: Vec<Row>, next: Option<&str>) -> Page<Row> {
    Page::new(rows, next.map(|next| Cursor::new(next).unwrap()))
}

fn cursor(text: &str) -> Cursor {
    Cursor::new(text).unwrap()
}

fn again(fault: PageLoop) -> Step {
    Step::Loop { fault, rows_are_new: false }
}

#[test]
fn cursors_are_opaque_and_checked() {
    assert_eq!(cursor("a=+%").as_str(), "a=+%");
    assert_eq!(format!("{:?}", cursor("mia@example.com")), "Cursor(..)");
    for bad in ["", " ", "a\nb", &"x".repeat(CURSOR_MAX + 1)] {
        let error = Cursor::new(bad).unwrap_err();
        assert_eq!((error.kind(), error.field_errors()[0].field()), (ErrorKind::InvalidInput, "cursor"));
    }
    assert_eq!(Cursor::of_vendor(Some("")), None);
    assert_eq!(Cursor::of_vendor(None::<String>), None);
    assert_eq!(Cursor::of_vendor(Some("x")), Some(cursor("x")));
    assert_eq!(Cursor::page(7).page_number(), Ok(7));
    for bad in ["0", "x", "-1", "4294967296"] {
        assert_eq!(cursor(bad).page_number().unwrap_err().field(), "cursor", "{bad}");
    }
}

#[test]
fn a_page_shows_neither_rows_nor_cursor() {
    let mut page = Page::of_rows([Some("mia@example.com"), None], Some(cursor("mia")));
    assert_eq!((page.items.len(), page.unreadable), (1, 1));
    assert_eq!(format!("{page:?}"), "Page { items: 1, next: Some(Cursor(..)), unreadable: 1 }");
    page = Page::default();
    assert!(page.items.is_empty() && page.next.is_none());
}

#[test]
fn a_cursor_that_repeats_is_a_loop_behind_its_new_rows() {
    let mut guard = PageGuard::new();
    assert_eq!(guard.page(&page(ids(&["1", "2"]), Some("a")), key), Step::More(cursor("a")));
    assert_eq!(guard.page(&page(ids(&["3"]), Some("b")), key), Step::More(cursor("b")));
    let fault = PageLoop::RepeatedCursor;
    assert_eq!(guard.page(&page(ids(&["4"]), Some("a")), key), Step::Loop { fault, rows_are_new: true });
    // The cursor that the list began with counts.
    let mut guard = PageGuard::new().starting_at(Some(&cursor("a")));
    assert_eq!(guard.page(&page(ids(&["1"]), Some("a")), key), Step::Loop { fault, rows_are_new: true });
    // Of a page that repeats as well, the rows have been given out.
    let mut guard = PageGuard::new();
    guard.page(&page(ids(&["1"]), Some("a")), key);
    assert_eq!(guard.page(&page(ids(&["1"]), Some("a")), key), again(fault));
}

#[test]
fn a_page_that_repeats_is_a_loop() {
    let two = || ids(&["1", "2"]);
    // At once, as the first one, or one further on; also as the last page.
    for between in [&[][..], &["3"], &["3", "4"]] {
        let mut guard = PageGuard::new();
        guard.page(&page(ids(&["0", "00"]), Some("start")), key);
        guard.page(&page(two(), Some("a")), key);
        for id in between {
            assert_eq!(guard.page(&page(ids(&[id]), Some(id)), key), Step::More(cursor(id)));
        }
        assert_eq!(guard.page(&page(two(), Some("z")), key), again(PageLoop::RepeatedPage));
        assert_eq!(guard.page(&page(two(), None), key), again(PageLoop::RepeatedPage));
    }
    // Other content of the same rows is the same page; another order, or one more row, is another page.
    let mut guard = PageGuard::new();
    guard.page(&page(vec![(Some("1"), "x"), (Some("2"), "x")], Some("a")), key);
    assert_eq!(guard.page(&page(vec![(Some("1"), "y"), (Some("2"), "y")], None), key), again(PageLoop::RepeatedPage));
    assert_eq!(guard.page(&page(ids(&["1", "2", "3"]), None), key), Step::Last);
}

#[test]
fn a_single_row_may_come_again_later_and_one_without_an_id_at_once() {
    let mut guard = PageGuard::new();
    for (id, next) in [("1", "a"), ("2", "b"), ("3", "c"), ("2", "d")] {
        assert_eq!(guard.page(&page(ids(&[id]), Some(next)), key), Step::More(cursor(next)));
    }
    assert_eq!(guard.page(&page(ids(&["2"]), Some("e")), key), again(PageLoop::RepeatedPage));
    assert_eq!(guard.page(&page(ids(&["1"]), Some("f")), key), again(PageLoop::RepeatedPage));

    let nameless = |content| page(vec![(None, content)], None);
    let mut guard = PageGuard::new();
    assert_eq!([0; 3].map(|_| guard.page(&nameless("Tess"), key)), [Step::Last, Step::Last, Step::Last]);
    // Two of them in the same order are a page that repeats; two others are not.
    let pair = |a, b| page(vec![(None, a), (None, b)], Some(a));
    assert_eq!(guard.page(&pair("Tess", "Ann"), key), Step::More(cursor("Tess")));
    assert_eq!(guard.page(&pair("Ann", "Tess"), key), Step::More(cursor("Ann")));
    let Step::Loop { rows_are_new: false, .. } = guard.page(&pair("Tess", "Ann"), key) else { panic!("is a loop") };
}

#[test]
fn twenty_pages_without_a_new_row_are_a_loop_where_another_follows() {
    let lost = Step::Loop { fault: PageLoop::NoNewRows, rows_are_new: true };
    // Empty pages, with the last of them at the end of the list.
    for (pages, next, end) in [(20, Some("end"), lost.clone()), (20, None, Step::Last)] {
        let mut guard = PageGuard::new();
        for n in 1..pages {
            let at = n.to_string();
            assert_eq!(guard.page(&page(vec![], Some(&at)), key), Step::More(cursor(&at)));
        }
        assert_eq!(guard.page(&page(vec![], next), key), end);
    }
    // Rows of the first page and the one before, in ever another order; a new row starts the count once more.
    let mut guard = PageGuard::new();
    guard.page(&page(ids(&["1", "2", "3"]), Some("start")), key);
    let orders = [["1", "3"], ["2", "1"], ["2", "3"], ["3", "1"], ["3", "2"], ["1", "2"]];
    for (n, order) in orders.iter().enumerate() {
        assert_eq!(guard.page(&page(ids(order), Some(&format!("o{n}"))), key), Step::More(cursor(&format!("o{n}"))));
    }
    assert_eq!(guard.fruitless, 6);
    assert_eq!(guard.page(&page(ids(&["4"]), Some("new")), key), Step::More(cursor("new")));
    assert_eq!(guard.fruitless, 0);
    // Rows without an identity count as new.
    let mut guard = PageGuard::new();
    for n in 0..50 {
        let at = format!("u{n}");
        assert_eq!(guard.page(&page(vec![(None, "")], Some(&at)), key), Step::More(cursor(&at)));
    }
}

#[test]
fn a_short_page_that_repeats_ends_a_numbered_list_and_no_other() {
    let turn = |guard: PageGuard, rows: &[&'static str], between: Option<&'static str>| {
        let mut guard = guard;
        guard.page(&page(ids(rows), Some("2")), key);
        if let Some(id) = between {
            guard.page(&page(ids(&[id]), Some("3")), key);
        }
        guard.page(&page(ids(rows), Some("4")), key)
    };
    assert_eq!(turn(PageGuard::new().numbered(3), &["1", "2"], None), Step::WholeListAgain);
    assert_eq!(turn(PageGuard::new().numbered(3), &["1"], None), Step::WholeListAgain);
    // A full page may hide others, and so may a list by cursor.
    assert_eq!(turn(PageGuard::new().numbered(2), &["1", "2"], None), again(PageLoop::RepeatedPage));
    assert_eq!(turn(PageGuard::new(), &["1", "2"], None), again(PageLoop::RepeatedPage));
    // With another page between, the vendor does not ignore the number.
    assert_eq!(turn(PageGuard::new().numbered(3), &["1", "2"], Some("9")), again(PageLoop::RepeatedPage));
    // A row that cannot be read may be another one each time.
    let mut guard = PageGuard::new().numbered(5);
    let half = || Page { unreadable: 1, ..page(ids(&["1", "2"]), Some("2")) };
    guard.page(&half(), key);
    assert!(matches!(guard.page(&half(), key), Step::Loop { rows_are_new: false, .. }));
}

#[test]
fn a_shifted_page_is_a_loop_where_that_is_refused() {
    for (rows, next, refused) in [
        (&["0", "1", "2"][..], Some("b"), true),
        (&["0", "1", "2"], None, false),
        (&["3", "4", "5"], Some("b"), false),
        (&["4", "5", "6", "2", "3"], Some("b"), false),
    ] {
        for on in [true, false] {
            let mut guard = if on { PageGuard::new().refuse_shifted() } else { PageGuard::new() };
            guard.page(&page(ids(&["1", "2", "3"]), Some("a")), key);
            let step = guard.page(&page(ids(rows), next), key);
            assert_eq!(step == again(PageLoop::RepeatedPage), on && refused, "{rows:?}");
        }
    }
}

#[test]
fn a_walk_reads_a_bounded_number_of_pages() {
    let mut walk = PageWalk::new(2, PageGuard::new());
    assert_eq!(walk.cursor(), None);
    assert_eq!(walk.page(&page(ids(&["1"]), Some("a")), key), Walk::More);
    assert_eq!(walk.cursor(), Some(&cursor("a")));
    assert_eq!(walk.page(&page(ids(&["2"]), Some("b")), key), Walk::TooManyPages);
    let mut walk = PageWalk::new(0, PageGuard::new());
    assert_eq!(walk.page(&page(ids(&["1"]), None), key), Walk::End);
    let mut walk = PageWalk::new(9, PageGuard::new().numbered(9));
    walk.page(&page(ids(&["1"]), Some("2")), key);
    assert_eq!(walk.page(&page(ids(&["1"]), Some("3")), key), Walk::End);
    let mut walk = PageWalk::new(9, PageGuard::new());
    walk.page(&page(ids(&["1"]), Some("a")), key);
    assert_eq!(walk.page(&page(ids(&["2"]), Some("a")), key), Walk::Loop(PageLoop::RepeatedCursor));
}

/// What a stream gives: ids, or the hint of an error; and how many pages it asked for.
async fn streamed(start: Option<&str>, most: usize, pages: Vec<Page<Row>>) -> (Vec<String>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let fetch = move |_: Option<Cursor>| {
        let page = pages.get(count.fetch_add(1, Ordering::Relaxed)).cloned();
        async move {
            let page = page.ok_or_else(|| Error::new(ErrorKind::Unavailable, Effect::NotSent).with_hint("no page"))?;
            Ok::<_, Error>(Fetched { page, request_id: Some("r-1".to_owned()), attempts: 2 })
        }
    };
    let rows = stream(LIST, start.map(cursor), PageGuard::new(), key, fetch);
    let rows = rows.take(most).map(|row| match row {
        Ok((id, _)) => id.unwrap_or_default().to_owned(),
        Err(error) if error.kind() == ErrorKind::Unavailable => "unavailable".to_owned(),
        Err(error) => {
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Decode, Effect::NotSent));
            assert_eq!((error.provider(), error.operation()), (Some(LIST.0), Some(LIST.1)));
            assert_eq!((error.request_id(), error.attempts()), (Some("r-1"), 2));
            error.hint().unwrap().to_owned()
        }
    });
    let rows = rows.collect().await;
    (rows, asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_stream_gives_every_row_and_asks_for_a_page_when_it_is_needed() {
    let pages = || {
        let half = Page { unreadable: 1, ..page(ids(&["3"]), Some("b")) };
        vec![page(ids(&["1", "2"]), Some("a")), half, page(vec![], Some("c")), page(ids(&["4"]), None)]
    };
    let lost = "a row of the list cannot be read";
    assert_eq!(streamed(None, 99, pages()).await, (["1", "2", "3", lost, "4"].map(str::to_owned).to_vec(), 4));
    assert_eq!(streamed(None, 2, pages()).await.1, 1);
    assert_eq!(streamed(None, 3, pages()).await.1, 2);
    assert_eq!(streamed(None, 99, vec![]).await, (vec!["unavailable".to_owned()], 1));
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error_behind_what_was_read() {
    let cases = [
        (
            None,
            vec![page(ids(&["1", "2"]), Some("a")), page(ids(&["3"]), Some("a"))],
            "1 2 3",
            PageLoop::RepeatedCursor,
        ),
        (Some("a"), vec![page(ids(&["1"]), Some("a"))], "1", PageLoop::RepeatedCursor),
        (None, vec![page(ids(&["1"]), Some("a")), page(ids(&["1"]), Some("b"))], "1", PageLoop::RepeatedPage),
        (None, (0..30).map(|n| page(vec![], Some(&n.to_string()))).collect(), "", PageLoop::NoNewRows),
    ];
    for (start, pages, rows, fault) in cases {
        let (mut given, asked) = streamed(start, 99, pages).await;
        assert_eq!(given.pop().as_deref(), Some(fault.hint()));
        assert_eq!(given.join(" "), rows);
        assert!(asked <= 20);
    }
}

#[tokio::test]
async fn a_stream_begins_at_its_cursor_and_a_numbered_list_may_end_by_repeating() {
    let numbered = |at: Option<Cursor>| async move {
        let number = at.map_or(1, |at| at.page_number().unwrap());
        assert!((3..=4).contains(&number), "{number}");
        Ok::<_, Error>(Page::new(ids(&["1", "2"]), Some(Cursor::page(number + 1))))
    };
    let rows = stream(LIST, Some(Cursor::page(3)), PageGuard::new().numbered(5), key, numbered);
    assert!(rows.map(|row| row.unwrap().0.unwrap()).collect::<Vec<_>>().await.eq(&["1", "2"]));
}

#[test]
fn a_stream_can_go_to_another_thread_and_outlive_its_caller() {
    fn check<S: Send + 'static>(_: S) {}
    check(stream(LIST, None, PageGuard::new(), key, |_| async { Ok::<_, Error>(page(ids(&["1"]), None)) }));
}
