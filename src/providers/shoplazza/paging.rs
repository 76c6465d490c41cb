//! Lists, in both of the vendor's schemes: numbered pages before 2025-06, cursors from then on.
//!
//! A list is read page by page, or as a stream that goes on from page to page. What the vendor may do on the way is
//! watched for: a cursor that comes twice, a page number that is passed over, a `has_more` that is null.

use std::collections::HashSet;
use std::fmt::{self, Write};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::PROVIDER;
use super::check::refuse;
use super::ids::CustomerId;
use super::version::ApiVersion;
use super::wire::Utcs;
use crate::client::{Operation, query_value};
use crate::customer::is_blank;
use crate::error::{Effect, Error, ErrorKind, FieldError};

/// The longest page that the vendor gives (documented).
pub const MAX_PAGE_SIZE: u16 = 250;

/// The vendor's own page length where none is asked for (documented).
pub(super) const DEFAULT_PAGE_SIZE: u16 = 10;

/// Where a page starts: a page number before 2025-06, a cursor of the vendor's from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Counted from 1.
    Page(u32),
    /// Opaque.
    Cursor(String),
}

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// What stands on it.
    pub rows: Vec<T>,
    /// Where the next one starts; none at the end. Before 2025-06 the vendor does not tell the end: a page that is not
    /// short may be followed by an empty one. It is what the vendor says, and may lead in circles: the streams see that.
    pub next: Option<Position>,
}

/// Which customers to list. The vendor passes over a filter that it does not know (seen): check what comes back. A blank
/// filter is refused, since it may be passed over, too.
#[derive(Clone, Default)]
pub struct ListQuery {
    /// How many on a page: 1 to [`MAX_PAGE_SIZE`] (documented). Default: the vendor's 10.
    pub size: Option<u16>,
    /// Where the page starts. Default: at the beginning.
    pub from: Option<Position>,
    /// These ids only.
    pub ids: Vec<CustomerId>,
    /// This e-mail address only. Whether case counts is unknown.
    pub email: Option<String>,
    /// This e-mail address or phone number only.
    pub contact: Option<String>,
    /// Made at this time or later.
    pub created_at_min: Option<DateTime<Utc>>,
    /// Made at this time or earlier.
    pub created_at_max: Option<DateTime<Utc>>,
    /// Changed at this time or later.
    pub updated_at_min: Option<DateTime<Utc>>,
    /// Changed at this time or earlier.
    pub updated_at_max: Option<DateTime<Utc>>,
}

/// Shows size and position: the rest may hold a person's data.
impl fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListQuery").field("size", &self.size).field("from", &self.from).finish_non_exhaustive()
    }
}

impl ListQuery {
    /// What would not be taken as the filter that it is.
    pub(super) fn problems(&self, version: ApiVersion) -> Vec<FieldError> {
        let mut problems = Vec::new();
        for (index, id) in self.ids.iter().enumerate() {
            if is_blank(id.as_str()) || (!version.is_later() && id.as_str().contains(',')) {
                problems.push(FieldError::new(format!("ids[{index}]"), "is no id"));
            }
        }
        for (name, text) in [("email", &self.email), ("contact", &self.contact)] {
            if text.as_deref().is_some_and(is_blank) {
                problems.push(FieldError::new(name, "is blank"));
            }
        }
        problems
    }

    /// The query of the URL, from the question mark on.
    pub(super) fn text(&self, version: ApiVersion) -> String {
        let mut text = format!("?{}={}", version.page_size_key(), self.size.unwrap_or(DEFAULT_PAGE_SIZE));
        let mut add = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(text, "&{key}={}", query_value(value));
            }
        };
        if version.is_later() {
            self.ids.iter().for_each(|id| add("ids", Some(id.as_str())));
        } else if !self.ids.is_empty() {
            let ids: Vec<_> = self.ids.iter().map(CustomerId::as_str).collect();
            add("ids", Some(&ids.join(",")));
        }
        add("email", self.email.as_deref());
        add("contact", self.contact.as_deref());
        for (key, at) in [
            ("created_at_min", self.created_at_min),
            ("created_at_max", self.created_at_max),
            ("updated_at_min", self.updated_at_min),
            ("updated_at_max", self.updated_at_max),
        ] {
            add(key, at.map(|at| Utcs(at).to_string()).as_deref());
        }
        from_position(&text, self.from.as_ref())
    }
}

/// What the vendor would not take as length and position, or would pass over.
pub(super) fn checked(
    version: ApiVersion,
    operation: &Operation,
    size: u16,
    from: Option<&Position>,
) -> Result<(), Error> {
    let mut problems = Vec::new();
    if !(1..=MAX_PAGE_SIZE).contains(&size) {
        problems.push(FieldError::new("size", "is not from 1 to 250"));
    }
    match (version.is_later(), from) {
        (true, Some(Position::Page(_))) => {
            problems.push(FieldError::new("from", "is a page number, and from 2025-06 on lists go by cursors"));
        }
        (false, Some(Position::Cursor(_))) => {
            problems.push(FieldError::new("from", "is a cursor, and before 2025-06 lists go by page numbers"));
        }
        (false, Some(Position::Page(0))) => problems.push(FieldError::new("from", "is page 0, and pages count from 1")),
        _ => {}
    }
    refuse(operation, problems)
}

/// A URL that has a query already, at a position of its list.
pub(super) fn from_position(url: &str, from: Option<&Position>) -> String {
    match from {
        None => url.to_owned(),
        Some(Position::Page(page)) => format!("{url}&page={page}"),
        Some(Position::Cursor(cursor)) => format!("{url}&cursor={}", query_value(cursor)),
    }
}

/// Where the page after one of `rows` rows starts, when `size` were asked for.
pub(super) fn next_position(
    version: ApiVersion,
    size: u16,
    rows: usize,
    from: Option<&Position>,
    cursor: Option<String>,
    has_more: Option<bool>,
) -> Option<Position> {
    if version.is_later() {
        // At the end `has_more` is false or null (seen).
        let cursor = cursor.filter(|cursor| has_more == Some(true) && !cursor.is_empty())?;
        return Some(Position::Cursor(cursor));
    }
    let page = match from {
        Some(Position::Page(page)) => *page,
        _ => 1,
    };
    // The vendor may pass over a length and give its own: a page shorter than both is the last.
    let short = usize::from(size.min(DEFAULT_PAGE_SIZE));
    (rows >= short).then(|| Position::Page(page.saturating_add(1)))
}

/// What a walk through a list makes of the next page.
pub(super) enum Turn {
    /// The page is new. Where the next one starts, if there is one.
    New(Option<Position>),
    /// The page is new, and the next one would be one that was read already.
    NewThenCircle,
    /// The vendor gave the last page once more, which was the whole list.
    AllAgain,
    /// The vendor gave the last page once more, and there may be others that nobody sees.
    Circle,
}

/// A walk through a list, which sees where it leads in circles.
#[derive(Default)]
pub(super) struct Walk {
    cursors: HashSet<String>,
    last: Option<Vec<String>>,
}

impl Walk {
    /// Takes in the page at `from`: the ids of its rows, and where the vendor says that the next one starts.
    pub(super) fn turn<'i>(
        &mut self,
        size: u16,
        from: Option<&Position>,
        ids: impl Iterator<Item = Option<&'i str>>,
        next: Option<Position>,
    ) -> Turn {
        let ids: Vec<String> = ids.map(|id| id.unwrap_or_default().to_owned()).collect();
        if !ids.is_empty() && self.last.as_ref() == Some(&ids) {
            // Before 2025-06 a vendor who passes over page numbers gives a list that is shorter than was asked for whole.
            let by_number = matches!(from, Some(Position::Page(_)));
            return if by_number && ids.len() < usize::from(size) { Turn::AllAgain } else { Turn::Circle };
        }
        self.last = Some(ids);
        if let Some(Position::Cursor(cursor)) = from {
            self.cursors.insert(cursor.clone());
        }
        match &next {
            Some(Position::Cursor(cursor)) if self.cursors.contains(cursor) => Turn::NewThenCircle,
            _ => Turn::New(next),
        }
    }
}

/// A list that leads in circles, so that the rest of it cannot be seen.
pub(super) fn circle(operation: &'static Operation) -> Error {
    let error = Error::new(ErrorKind::Decode, Effect::NotSent).with_provider(PROVIDER).with_operation(operation.name);
    error.with_hint("the vendor's list leads in circles: it gave a page, or a cursor, a second time")
}

/// How a stream reads a page.
type Read<T> = Box<dyn FnMut(Option<Position>) -> BoxFuture<'static, Result<Page<T>, Error>> + Send>;

/// Where a stream stands.
enum Place {
    At(Option<Position>),
    Circle,
    End,
}

/// The rows of a list, page after page. It ends with the first error.
pub(super) fn rows<T: Send + 'static>(
    operation: &'static Operation,
    size: u16,
    from: Option<Position>,
    read: Read<T>,
    id: fn(&T) -> Option<&str>,
) -> BoxStream<'static, Result<T, Error>> {
    let start = (Place::At(from), Walk::default(), read);
    let pages = stream::try_unfold(start, move |(place, mut walk, mut read)| async move {
        let from = match place {
            Place::At(from) => from,
            Place::Circle => return Err(circle(operation)),
            Place::End => return Ok(None),
        };
        let page = read(from.clone()).await?;
        let place = match walk.turn(size, from.as_ref(), page.rows.iter().map(id), page.next) {
            Turn::New(Some(next)) => Place::At(Some(next)),
            Turn::New(None) => Place::End,
            Turn::NewThenCircle => Place::Circle,
            Turn::AllAgain => return Ok(None),
            Turn::Circle => return Err(circle(operation)),
        };
        Ok(Some((stream::iter(page.rows.into_iter().map(Ok)), (place, walk, read))))
    });
    pages.try_flatten().boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ApiVersion = ApiVersion::V2022_01;
    const LATER: ApiVersion = ApiVersion::V2026_07;

    #[test]
    fn the_end_is_known_in_both_schemes() {
        let page = |number| Some(Position::Page(number));
        for (size, rows, from, next) in [
            (10, 10, None, page(2)),
            (10, 9, None, None),
            (10, 0, page(3), None),
            (3, 3, page(2), page(3)),
            (3, 2, None, None),
            // The vendor may have passed over the length.
            (250, 10, None, page(2)),
            (250, 9, None, None),
        ] {
            assert_eq!(next_position(FIRST, size, rows, from.as_ref(), Some("x".into()), Some(true)), next, "{size}");
        }
        let cursor = |cursor: &str, more| next_position(LATER, 10, 2, None, Some(cursor.into()), more);
        assert_eq!(cursor("x", Some(true)), Some(Position::Cursor("x".into())));
        for (text, more) in [("x", Some(false)), ("x", None), ("", Some(true))] {
            assert_eq!(cursor(text, more), None);
        }
        assert_eq!(next_position(LATER, 10, 10, None, None, Some(true)), None);
    }

    #[test]
    fn queries_have_the_form_of_their_version() {
        let query = ListQuery {
            size: Some(50),
            from: Some(Position::Cursor("a/b+c==".into())),
            ids: vec!["1".into(), "2&3".into()],
            email: Some("a+b@example.com".into()),
            created_at_min: Some("2026-01-02T03:04:05.678Z".parse().unwrap()),
            ..ListQuery::default()
        };
        let rest = "&email=a%2Bb%40example.com&created_at_min=2026-01-02T03%3A04%3A05Z&cursor=a%2Fb%2Bc%3D%3D";
        assert_eq!(query.text(LATER), format!("?page_size=50&ids=1&ids=2%263{rest}"));
        assert_eq!(query.text(FIRST), format!("?limit=50&ids=1%2C2%263{rest}"));
        assert!(!format!("{query:?}").contains("example"));
    }

    #[test]
    fn positions_and_lengths_are_checked() {
        static LIST: Operation = Operation::bare_read("list");
        let fields = |version, size, from: Option<Position>| match checked(version, &LIST, size, from.as_ref()) {
            Ok(()) => Vec::new(),
            Err(error) => error.field_errors().iter().map(|field| field.field().to_owned()).collect(),
        };
        assert!(fields(FIRST, 1, Some(Position::Page(2))).is_empty());
        assert!(fields(LATER, 250, Some(Position::Cursor("x".into()))).is_empty());
        assert_eq!(fields(FIRST, 0, Some(Position::Cursor("x".into()))), ["size", "from"]);
        assert_eq!(fields(LATER, 251, Some(Position::Page(2))), ["size", "from"]);
    }
}
