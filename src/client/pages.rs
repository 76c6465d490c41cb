//! Lists: pages, cursors, a guard against lists that do not end, and a stream of rows.
//!
//! One rule for every list, in [`PageGuard`]: a cursor that repeats, a page that repeats, or 20 pages in a row without a
//! new row, is an error, which is reported after every row that was read has been given out.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures::stream::{self, Stream};

use super::Response;
use super::validate::Origin;
use crate::customer::is_blank;
use crate::error::{Effect, Error, ErrorKind, FieldError};

/// The longest cursor that is taken, in bytes: more than any URL holds.
const CURSOR_MAX: usize = 8 * 1024;

/// Where a page of a list starts: opaque text of the vendor's. Keep it to continue the list later. How long a vendor
/// accepts a cursor is unknown unless its client says so.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor that was kept, to continue the list from there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] where the text is blank, holds a control character, or is longer than 8 KiB: no vendor
    /// can have written it.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        if is_blank(&text) || text.len() > CURSOR_MAX || text.chars().any(char::is_control) {
            let rule = "is no cursor: it is blank, has a control character, or is longer than 8 KiB";
            return Err(Error::invalid_record(vec![FieldError::new("cursor", rule)]));
        }
        Ok(Self(text))
    }

    /// The cursor of an answer: none where the vendor wrote none, or a text that cannot be one.
    pub(crate) fn of_vendor(text: Option<impl Into<String>>) -> Option<Self> {
        Self::new(text?).ok()
    }

    /// The position of a numbered page.
    pub(crate) fn page(number: u32) -> Self {
        Self(number.to_string())
    }

    /// The number of a numbered page, counted from 1.
    ///
    /// # Errors
    ///
    /// The problem, where the cursor is no page number.
    pub(crate) fn page_number(&self) -> Result<u32, FieldError> {
        let number = self.0.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| FieldError::new("cursor", "is no page number, counted from 1"))
    }

    /// The cursor as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows no part of it: a cursor may hold the words of a search.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(..)")
    }
}

/// One page of a list.
#[derive(Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last one. It is what the vendor says, and may never end: the streams
    /// detect that.
    pub next: Option<Cursor>,
    /// How many rows could not be read as what the list holds; they are not among the items.
    pub unreadable: usize,
}

impl<T> Page<T> {
    /// A page of these rows.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next, unreadable: 0 }
    }

    /// A page of rows of which each was readable or not.
    pub(crate) fn of_rows(rows: impl IntoIterator<Item = Option<T>>, next: Option<Cursor>) -> Self {
        let mut page = Self::new(Vec::new(), next);
        for row in rows {
            match row {
                Some(row) => page.items.push(row),
                None => page.unreadable += 1,
            }
        }
        page
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::new(Vec::new(), None)
    }
}

/// Shows how many rows there are, and no cursor.
impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items.len())
            .field("next", &self.next)
            .field("unreadable", &self.unreadable)
            .finish()
    }
}

/// The identity of a row in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RowKey<'a> {
    /// Its id: the same row, also where its content has changed.
    Id(&'a str),
    /// Its content, where it has no id: such rows are the same word for word.
    Content(&'a [u8]),
    /// Nothing: such a row counts as new, so that only cursors distinguish its page from another one.
    Unknown,
}

impl<'a> RowKey<'a> {
    /// The id where there is one, otherwise the content as the vendor wrote it.
    pub(crate) fn of(id: Option<&'a str>, content: &'a [u8]) -> Self {
        match id.filter(|id| !is_blank(id)) {
            Some(id) => Self::Id(id),
            None if content.is_empty() => Self::Unknown,
            None => Self::Content(content),
        }
    }

    fn digest(self) -> Option<u64> {
        (self != Self::Unknown).then(|| hash(&self))
    }
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Why a list does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageLoop {
    RepeatedCursor,
    RepeatedPage,
    NoNewRows,
}

impl PageLoop {
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::RepeatedCursor => "the vendor returns a cursor that it has returned before",
            Self::RepeatedPage => "the vendor ignores the cursor: a page holds what an earlier one held",
            Self::NoNewRows => "the vendor returns page after page without a new row",
        }
    }

    /// The error: the rest of the list cannot be seen. Within a call, `Call::finish` completes it.
    pub(crate) fn error(self, origin: impl Into<Origin>) -> Error {
        unreadable(origin.into(), self.hint())
    }
}

fn unreadable(origin: Origin, hint: &'static str) -> Error {
    origin.of(Error::new(ErrorKind::Decode, Effect::NotSent)).with_hint(hint)
}

/// What the guard makes of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Use the rows; the next page starts there.
    More(Cursor),
    /// Use the rows; it was the last page.
    Last,
    /// The page before once more, shorter than the vendor was asked for, in a list of numbered pages: the vendor ignores
    /// the number and returns the whole list each time. Every row has been read, and the list has ended. Not for lists by
    /// cursor, nor for a full page: other rows may be hidden there, which is a [`Loop`](Self::Loop).
    WholeListAgain,
    /// The list does not end, so that rows may stay hidden: nothing may be concluded from what was not seen. Use the rows
    /// first, where they are new.
    Loop { fault: PageLoop, rows_are_new: bool },
}

/// Pages in a row without a new row after which a list is given up. A filter that leaves few rows may leave some pages
/// empty (inferred).
pub(crate) const FRUITLESS_PAGES: u32 = 20;

/// Watches over the pages of one list. Its rule:
///
/// - A cursor that was returned before, or that the list began with, is a loop.
/// - A page whose rows are those of an earlier page, in the same order, is a loop. A page of a single row is compared
///   only with the first page and the one before: a row that changes while the list is read may come again. A single row
///   without an id is never a loop, since two such rows may be equal, but counts as no new row.
/// - [`FRUITLESS_PAGES`] pages in a row whose rows all stood on the first page or the one before, or that had none, are a
///   loop where the vendor names yet another page.
///
/// It keeps hashes alone, no personal data: two for each page, and those of the rows of two pages. A list of a million
/// customers on pages of 100 takes about 300 KiB.
#[derive(Debug, Default)]
pub(crate) struct PageGuard {
    cursors: HashSet<u64>,
    pages: HashSet<u64>,
    first: Option<SeenPage>,
    previous: Option<SeenPage>,
    fruitless: u32,
    /// The number of rows that the vendor was asked for, where the list goes by page numbers.
    numbered: Option<usize>,
    refuses_shifted: bool,
}

/// What a page held, as hashes.
#[derive(Clone, Debug)]
struct SeenPage {
    /// Of all rows in their order; none where a row has no identity.
    mark: Option<u64>,
    rows: HashSet<u64>,
}

impl PageGuard {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// For a list that begins at a cursor.
    pub(crate) fn starting_at(mut self, start: Option<&Cursor>) -> Self {
        self.cursors.extend(start.map(hash));
        self
    }

    /// For a list of numbered pages of this size: allows [`Step::WholeListAgain`].
    pub(crate) fn numbered(mut self, size: usize) -> Self {
        self.numbered = Some(size);
        self
    }

    /// For a vendor that may ignore how the next page is asked for while rows are being added: a page of which more than
    /// one row and more than half were on the page before, with yet another page to come, is a repeated page.
    pub(crate) fn refuse_shifted(mut self) -> Self {
        self.refuses_shifted = true;
        self
    }

    /// Judges the next page of the list.
    pub(crate) fn page<T>(&mut self, page: &Page<T>, key: impl Fn(&T) -> RowKey<'_>) -> Step {
        let keys: Vec<RowKey<'_>> = page.items.iter().map(key).collect();
        let hashes: Vec<Option<u64>> = keys.iter().map(|key| key.digest()).collect();
        let mark = (!hashes.is_empty() && hashes.iter().all(Option::is_some)).then(|| hash(&hashes));
        let is_again = |other: Option<&SeenPage>| mark.is_some() && other.is_some_and(|other| other.mark == mark);
        let after_previous = is_again(self.previous.as_ref());
        let again = after_previous || is_again(self.first.as_ref());
        let cursor_repeats = page.next.as_ref().is_some_and(|next| !self.cursors.insert(hash(next)));
        let repeats = match keys.as_slice() {
            [RowKey::Content(_)] => false,
            [_] => again,
            _ => again || mark.is_some_and(|mark| self.pages.contains(&mark)),
        };
        let repeats = repeats || (page.next.is_some() && self.is_shifted(&hashes));
        if repeats {
            let is_short = self.numbered.is_some_and(|size| page.items.len() + page.unreadable < size);
            if after_previous && is_short && page.unreadable == 0 {
                return Step::WholeListAgain;
            }
            let fault = if cursor_repeats { PageLoop::RepeatedCursor } else { PageLoop::RepeatedPage };
            return Step::Loop { fault, rows_are_new: false };
        }
        let is_old = |row: &Option<u64>| {
            let held =
                |row: &u64| [&self.first, &self.previous].into_iter().flatten().any(|page| page.rows.contains(row));
            row.as_ref().is_some_and(held)
        };
        self.fruitless = if hashes.iter().all(is_old) { self.fruitless + 1 } else { 0 };
        if !hashes.is_empty() {
            self.pages.extend(mark);
            let seen = SeenPage { mark, rows: hashes.into_iter().flatten().collect() };
            self.first.get_or_insert_with(|| seen.clone());
            self.previous = Some(seen);
        }
        match &page.next {
            None => Step::Last,
            Some(_) if cursor_repeats => Step::Loop { fault: PageLoop::RepeatedCursor, rows_are_new: true },
            Some(_) if self.fruitless >= FRUITLESS_PAGES => {
                Step::Loop { fault: PageLoop::NoNewRows, rows_are_new: true }
            }
            Some(next) => Step::More(next.clone()),
        }
    }

    fn is_shifted(&self, rows: &[Option<u64>]) -> bool {
        let Some(before) = self.previous.as_ref().filter(|_| self.refuses_shifted) else { return false };
        let again = rows.iter().flatten().filter(|row| before.rows.contains(row)).count();
        again > 1 && again * 2 > rows.len()
    }
}

/// What a page means for a look-up that reads a bounded number of pages within one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// Ask for the page at [`PageWalk::cursor`].
    More,
    /// Every row has been read: at the last page, or at a whole list that came again.
    End,
    /// The rest of the list cannot be seen: a customer may be overlooked.
    Loop(PageLoop),
    /// The bound is reached, and the vendor names yet another page.
    TooManyPages,
}

/// Reads the pages of a look-up, one by one, in a loop of the caller's, which may borrow its `Call`:
///
/// ```ignore
/// let mut walk = PageWalk::new(50, PageGuard::new());
/// loop {
///     let page = self.page(call, walk.cursor()).await?;
///     let step = walk.page(&page, CustomerRecord::row_key);
///     found.extend(page.items.into_iter().filter(|row| wanted.is_of(row)));
///     match step {
///         Walk::More => {}
///         Walk::End => break,
///         Walk::Loop(fault) => return Err(call.finish(fault.error(&LIST))),
///         Walk::TooManyPages => return Err(call.fail(&LIST, ErrorKind::Unsupported, TOO_MANY)),
///     }
/// }
/// ```
///
/// The rows of the page count before the step: a match on a page after which the list loops is a match. Rows that could
/// not be read ([`Page::unreadable`]) may be the one that is looked for, which the caller takes into account.
#[derive(Debug)]
pub(crate) struct PageWalk {
    guard: PageGuard,
    at: Option<Cursor>,
    left: u32,
}

impl PageWalk {
    /// Reads `most` pages at most, at least one.
    pub(crate) fn new(most: u32, guard: PageGuard) -> Self {
        Self { guard, at: None, left: most.max(1) }
    }

    /// Where the next page starts; none for the first one.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.at.as_ref()
    }

    /// Takes in the page at [`cursor`](Self::cursor).
    pub(crate) fn page<T>(&mut self, page: &Page<T>, key: impl Fn(&T) -> RowKey<'_>) -> Walk {
        self.left = self.left.saturating_sub(1);
        match self.guard.page(page, key) {
            Step::Last | Step::WholeListAgain => Walk::End,
            Step::Loop { fault, .. } => Walk::Loop(fault),
            Step::More(_) if self.left == 0 => Walk::TooManyPages,
            Step::More(next) => {
                self.at = Some(next);
                Walk::More
            }
        }
    }
}

/// A page as a stream fetched it, with what its errors report.
pub(crate) struct Fetched<T> {
    pub(crate) page: Page<T>,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
}

impl<T> From<Page<T>> for Fetched<T> {
    fn from(page: Page<T>) -> Self {
        Self { page, request_id: None, attempts: 0 }
    }
}

impl<T> From<Response<Page<T>>> for Fetched<T> {
    fn from(response: Response<Page<T>>) -> Self {
        Self { page: response.value, request_id: response.request_id, attempts: response.attempts }
    }
}

/// Where a stream is.
struct Reading<T, F> {
    fetch: F,
    /// The page to ask for; none where no further one is read.
    at: Option<Option<Cursor>>,
    ready: VecDeque<Result<T, Error>>,
    guard: PageGuard,
}

/// Streams the rows of a list from `start` on, one page at a time, each when its first row is asked for.
///
/// A row that cannot be read is one [`ErrorKind::Decode`] item behind the rows of its page, and the stream continues. An
/// error of a page ends the stream, and so does a list that never ends, after the rows that were read: see
/// [`PageGuard`]. Each page is a separate call, with its own attempts and time limit.
pub(crate) fn stream<O, T, F, Fut, P>(
    origin: O,
    start: Option<Cursor>,
    guard: PageGuard,
    key: fn(&T) -> RowKey<'_>,
    fetch: F,
) -> impl Stream<Item = Result<T, Error>> + Send + use<O, T, F, Fut, P>
where
    O: Into<Origin>,
    T: Send,
    F: Fn(Option<Cursor>) -> Fut + Send,
    Fut: Future<Output = Result<P, Error>> + Send,
    P: Into<Fetched<T>>,
{
    let origin = origin.into();
    let guard = guard.starting_at(start.as_ref());
    let reading = Reading { fetch, at: Some(start), ready: VecDeque::new(), guard };
    stream::unfold(reading, move |mut reading| async move {
        loop {
            if let Some(row) = reading.ready.pop_front() {
                return Some((row, reading));
            }
            let fetched: Fetched<T> = match (reading.fetch)(reading.at.take()?).await {
                Ok(page) => page.into(),
                Err(error) => return Some((Err(error), reading)),
            };
            let Fetched { page, request_id, attempts } = fetched;
            let complete = |error: Error| error.with_request_id(request_id.clone()).with_attempts(attempts);
            let fault = match reading.guard.page(&page, key) {
                Step::More(next) => {
                    reading.at = Some(Some(next));
                    None
                }
                Step::Last => None,
                Step::WholeListAgain => return None,
                Step::Loop { fault, rows_are_new: true } => Some(fault),
                Step::Loop { fault, rows_are_new: false } => {
                    return Some((Err(complete(fault.error(origin))), reading));
                }
            };
            let lost =
                (0..page.unreadable).map(|_| Err(complete(unreadable(origin, "a row of the list cannot be read"))));
            let fault = fault.map(|fault| Err(complete(fault.error(origin))));
            reading.ready = page.items.into_iter().map(Ok).chain(lost).chain(fault).collect();
        }
    })
}

#[cfg(test)]
mod tests;
