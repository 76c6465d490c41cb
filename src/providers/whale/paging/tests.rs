use super::*;

fn page(json: &str) -> RawPage {
    RawPage::read(json.as_bytes()).unwrap()
}

fn take(turn: Result<Turn, Stalled>) -> Option<(String, String)> {
    match turn.unwrap() {
        Turn::Take(next) => next.map(|next| (next.name, next.value)),
        Turn::AskAgain(next) => panic!("asks again at {}", next.value),
    }
}

fn pair(name: &str, value: &str) -> Option<(String, String)> {
    Some((name.to_owned(), value.to_owned()))
}

const CURSORED: &str = r#"{"data":[{"id":"a"},{"id":"b"}],"has_more":true,"next_cursor":"c"}"#;

#[test]
fn lists_come_in_every_published_form() {
    let read = page(r#"{"data":[{"id":"a"},7],"has_more":"true","next_cursor":"c"}"#);
    let read = read.into_page::<std::collections::BTreeMap<String, String>>(None);
    assert_eq!((read.data.len(), read.unreadable), (1, 1));
    assert_eq!((read.has_more, read.next_cursor.as_deref()), (Some(true), Some("c")));
    assert_eq!(page(r#" [{"id":"a"}]"#).rows.len(), 1);
    assert_eq!(page(r#"{"data":[],"cursors":{"after":"x"}}"#).next_cursor.as_deref(), Some("x"));
    assert_eq!(page(r#"{"data":[],"next_cursor":"","total":3,"cursors":7}"#).next_cursor, None);
    for bad in ["", "{}", "<html>", r#"{"data":7}"#, "7", "null"] {
        assert!(RawPage::read(bad.as_bytes()).is_none(), "{bad}");
    }
}

#[test]
fn a_list_ends_where_the_vendor_says_so() {
    let ends = |json: &str| take(Pager::new(Continuation::Cursor, None).turn(&page(json)));
    assert_eq!(ends(r#"{"data":[{"id":"a"}],"has_more":false,"next_cursor":"c"}"#), None);
    assert_eq!(ends(r#"{"data":[{"id":"a"}]}"#), None);
    assert_eq!(ends(r#"[{"id":"a"}]"#), None);
    assert_eq!(ends(r#"{"data":[{"id":"a"}],"next_cursor":"c"}"#), pair("cursor", "c"));
    assert_eq!(ends(r#"{"data":[],"next_cursor":"c"}"#), pair("cursor", "c"), "an empty page may have a next one");
    assert_eq!(ends(r#"{"data":[{"id":"a"},{"x":1}],"has_more":true}"#), pair("starting_after", "a"));
    let lost = page(r#"{"data":[{"x":1}],"has_more":true}"#);
    assert_eq!(Pager::new(Continuation::Cursor, None).turn(&lost), Err(Stalled));
}

#[test]
fn every_style_names_the_place_in_its_way() {
    for (style, name, value) in [
        (Continuation::Cursor, "cursor", "c"),
        (Continuation::StartingAfterCursor, "starting_after", "c"),
        (Continuation::StartingAfterId, "starting_after", "b"),
        (Continuation::Custom("page_token".into()), "page_token", "c"),
        (Continuation::Auto, "cursor", "c"),
    ] {
        assert_eq!(take(Pager::new(style, None).turn(&page(CURSORED))), pair(name, value));
    }
    let events = page(r#"{"data":[{"type":"order"}],"has_more":true,"next_cursor":"t"}"#);
    let next = take(Pager::new(Continuation::StartingAfterId, None).turn(&events));
    assert_eq!(next, pair("starting_after", "t"), "without an id the cursor goes in its place");
}

#[test]
fn a_vendor_that_ignores_the_cursor_is_noticed() {
    for style in [
        Continuation::Cursor,
        Continuation::StartingAfterCursor,
        Continuation::StartingAfterId,
        Continuation::Custom("p".into()),
    ] {
        let mut pager = Pager::new(style, None);
        assert!(take(pager.turn(&page(CURSORED))).is_some());
        assert_eq!(pager.turn(&page(CURSORED)), Err(Stalled));
    }
    // The same rows with another cursor each time, as where a cursor is sealed anew.
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&page(CURSORED))).is_some());
    assert_eq!(pager.turn(&page(&CURSORED.replace(r#""c""#, r#""d""#))), Err(Stalled));
    // Other rows with the same cursor.
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&page(CURSORED))).is_some());
    assert_eq!(pager.turn(&page(&CURSORED.replace(r#""a""#, r#""z""#))), Err(Stalled));
    // Rows without ids.
    let events = r#"{"data":[{"t":1},{"t":2}],"has_more":true,"next_cursor":"CUR"}"#;
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&page(events))).is_some());
    assert_eq!(pager.turn(&page(&events.replace("CUR", "other"))), Err(Stalled));
    let one = r#"{"data":[{"t":1}],"has_more":true,"next_cursor":"c"}"#;
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&page(one))).is_some());
    assert_eq!(pager.turn(&page(one)), Err(Stalled));
    // A start that was handed in and comes back at once.
    let mut pager = Pager::new(Continuation::Cursor, Some(&PageStart::new("cursor", "c")));
    assert_eq!(pager.turn(&page(CURSORED)), Err(Stalled));
}

#[test]
fn pages_without_rows_do_not_go_on_for_ever() {
    let mut pager = Pager::new(Continuation::Cursor, None);
    let mut taken = 0;
    for n in 0.. {
        let empty = page(&format!(r#"{{"data":[],"has_more":true,"next_cursor":"{n}"}}"#));
        if pager.turn(&empty).is_err() {
            break;
        }
        taken += 1;
    }
    assert_eq!(taken, MOST_EMPTY);
}

#[test]
fn auto_tries_each_way_once_and_keeps_what_works() {
    let again = |turn| match turn {
        Ok(Turn::AskAgain(next)) => (next.name, next.value),
        other => panic!("{other:?}"),
    };
    let mut pager = Pager::new(Continuation::Auto, None);
    assert_eq!(take(pager.turn(&page(CURSORED))), pair("cursor", "c"));
    assert_eq!(again(pager.turn(&page(CURSORED))), ("starting_after".to_owned(), "b".to_owned()));
    assert_eq!(again(pager.turn(&page(CURSORED))), ("starting_after".to_owned(), "c".to_owned()));
    assert_eq!(pager.turn(&page(CURSORED)), Err(Stalled));

    let mut pager = Pager::new(Continuation::Auto, None);
    assert!(take(pager.turn(&page(CURSORED))).is_some());
    assert_eq!(pager.other_way().unwrap().value, "b", "also where the vendor refused the first way");
    let second = page(r#"{"data":[{"id":"d"}],"has_more":true,"next_cursor":"e"}"#);
    assert_eq!(take(pager.turn(&second)), pair("starting_after", "d"));
    assert_eq!(pager.other_way(), None, "a way that has led on is kept");
    assert_eq!(pager.turn(&page(CURSORED)), Err(Stalled));

    let start = PageStart::new("starting_after", "x");
    assert_eq!(take(Pager::new(Continuation::Auto, Some(&start)).turn(&page(CURSORED))), pair("starting_after", "b"));
}

#[test]
fn a_page_that_comes_again_with_new_rows_at_its_head_is_noticed() {
    let rows = |ids: &[&str], next: &str| {
        let rows: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        page(&format!(r#"{{"data":[{}],"has_more":true,"next_cursor":"{next}"}}"#, rows.join(",")))
    };
    // Somebody is added between any two requests, so that neither rows nor cursor are ever the same.
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&rows(&["d", "c", "b", "a"], "a"))).is_some());
    assert_eq!(pager.turn(&rows(&["e", "d", "c", "b"], "b")), Err(Stalled));
    let mut pager = Pager::new(Continuation::Auto, None);
    assert!(take(pager.turn(&rows(&["d", "c", "b", "a"], "a"))).is_some());
    assert!(matches!(pager.turn(&rows(&["e", "d", "c", "b"], "b")), Ok(Turn::AskAgain(next)) if next.name == AFTER));
    // A row or two that moved are no reason to give up, and neither is a last page.
    let mut pager = Pager::new(Continuation::Cursor, None);
    assert!(take(pager.turn(&rows(&["d", "c", "b", "a"], "1"))).is_some());
    assert!(take(pager.turn(&rows(&["b", "a", "z", "y"], "2"))).is_some());
    assert!(take(pager.turn(&rows(&["y"], "3"))).is_some());
    let last = page(r#"{"data":[{"id":"y"},{"id":"x"}],"has_more":false}"#);
    assert_eq!(pager.turn(&last), Ok(Turn::Take(None)));
}
