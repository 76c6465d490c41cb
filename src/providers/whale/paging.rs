//! Going from page to page. How the vendor wants to be asked for the next one is not documented, so that the way is an
//! option, and every answer is checked for progress. Pure.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::json::lenient::{lenient_bool, lenient_text};

/// How the next page of a list is asked for. **All of them are inferred**: the vendor documents `next_cursor` in its
/// answers, and no request with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Continuation {
    /// `cursor=<next_cursor>`, as comparable vendors take it.
    #[default]
    Cursor,
    /// `starting_after=<next_cursor>`.
    StartingAfterCursor,
    /// `starting_after=<id of the last row>`, which the vendor's own kit sends for sibling lists (seen). Rows without
    /// ids, as those of an activity, go on with the cursor in its place.
    StartingAfterId,
    /// The `next_cursor` in a parameter of this name.
    Custom(String),
    /// [`Cursor`](Self::Cursor) first; where the vendor refuses it (400, 422) or answers the same page once more,
    /// [`StartingAfterId`](Self::StartingAfterId), then [`StartingAfterCursor`](Self::StartingAfterCursor). What has
    /// worked once is kept for the rest of the list.
    Auto,
}

/// Where a page starts: the parameter and its value. Keep it to go on with the list later.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageStart {
    name: String,
    value: String,
}

impl PageStart {
    /// A start with this parameter and value, as they were kept.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameter's value: a cursor, or an id.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Shows the parameter alone: a cursor may hold the words of a search.
impl fmt::Debug for PageStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageStart({})", self.name)
    }
}

/// One page of a list.
#[derive(Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// How many rows could not be read as what the list holds; they are left out.
    pub unreadable: usize,
    /// Whether the vendor says that there are more. None: it does not say.
    pub has_more: Option<bool>,
    /// The vendor's own mark of the next page; opaque.
    pub next_cursor: Option<String>,
    /// Where the next page starts, by the client's [`Continuation`]. None: this is the last one.
    pub next: Option<PageStart>,
}

/// Shows how many rows there are, and no cursor.
impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("data", &self.data.len())
            .field("unreadable", &self.unreadable)
            .field("has_more", &self.has_more)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// A page as it came.
pub(super) struct RawPage {
    rows: Vec<Box<RawValue>>,
    has_more: Option<bool>,
    next_cursor: Option<String>,
}

/// The documented envelope of a list, and the `cursors` of the vendor's own kit (seen).
#[derive(serde::Deserialize)]
struct Envelope {
    data: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "lenient_bool")]
    has_more: Option<bool>,
    #[serde(default, deserialize_with = "lenient_text")]
    next_cursor: Option<String>,
    #[serde(default, deserialize_with = "crate::client::json::lenient::lenient_value")]
    cursors: Option<Cursors>,
}

#[derive(serde::Deserialize)]
struct Cursors {
    #[serde(default, deserialize_with = "lenient_text")]
    after: Option<String>,
}

impl RawPage {
    /// Reads the documented envelope, and the bare array that the vendor's own kit takes too.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        match body.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'[') => Some(Self { rows: serde_json::from_slice(body).ok()?, has_more: None, next_cursor: None }),
            Some(b'{') => {
                let page: Envelope = serde_json::from_slice(body).ok()?;
                let after = page.cursors.and_then(|cursors| cursors.after);
                let next_cursor = page.next_cursor.or(after).filter(|cursor| !cursor.is_empty());
                Some(Self { rows: page.data?, has_more: page.has_more, next_cursor })
            }
            _ => None,
        }
    }

    pub(super) fn into_page<T: DeserializeOwned>(self, next: Option<PageStart>) -> Page<T> {
        let data: Vec<T> = self.rows.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
        let unreadable = self.rows.len() - data.len();
        Page { data, unreadable, has_more: self.has_more, next_cursor: self.next_cursor, next }
    }

    fn ids(&self) -> Vec<Option<String>> {
        #[derive(serde::Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "lenient_text")]
            id: Option<String>,
        }
        let id = |row: &RawValue| serde_json::from_str::<Row>(row.get()).ok()?.id.filter(|id| !id.trim().is_empty());
        self.rows.iter().map(|row| id(row)).collect()
    }

    /// What tells two pages apart: their ids, or their rows where those have none. A page of one row without an id may
    /// well come twice.
    fn mark(&self, ids: &[Option<String>]) -> Option<u64> {
        let mut hasher = std::hash::DefaultHasher::new();
        if !ids.is_empty() && ids.iter().all(Option::is_some) {
            ids.hash(&mut hasher);
        } else if self.rows.len() > 1 {
            self.rows.iter().for_each(|row| row.get().hash(&mut hasher));
        } else {
            return None;
        }
        Some(hasher.finish())
    }
}

/// The vendor says that there is more, and the list does not go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stalled;

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The page is the next one; the one after it starts there, if there is one.
    Take(Option<PageStart>),
    /// The page came before: ask again, from the same place in another way.
    AskAgain(PageStart),
}

/// A way to name the place where a page ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Cursor,
    AfterId,
    AfterCursor,
}

const AFTER: &str = "starting_after";

/// Pages without a row in a row that are still believed to lead somewhere.
const MOST_EMPTY: u32 = 100;

/// What is known of a list while it is read.
pub(super) struct Pager {
    style: Continuation,
    starts: HashSet<PageStart>,
    marks: HashSet<u64>,
    /// The ids of the page before.
    before: HashSet<String>,
    is_first: bool,
    empty: u32,
    /// The ways that `Auto` has left for the place where it stands, the one in use first.
    ways: Vec<Way>,
    proven: bool,
    /// The end of the page before: its cursor and its last id.
    place: (Option<String>, Option<String>),
}

impl Pager {
    pub(super) fn new(style: Continuation, start: Option<&PageStart>) -> Self {
        // A list that is gone on with has shown its way already.
        let shown = start.is_some_and(|start| start.name == AFTER);
        let ways = if shown { vec![] } else { vec![Way::Cursor] };
        Self {
            style,
            starts: start.into_iter().cloned().collect(),
            marks: HashSet::new(),
            before: HashSet::new(),
            is_first: true,
            empty: 0,
            ways: [ways, vec![Way::AfterId, Way::AfterCursor]].concat(),
            proven: false,
            place: (None, None),
        }
    }

    /// Judges an answer.
    pub(super) fn turn(&mut self, page: &RawPage) -> Result<Turn, Stalled> {
        let ids = page.ids();
        let is_first = std::mem::replace(&mut self.is_first, false);
        let goes_on = match (page.has_more, &page.next_cursor) {
            (Some(has_more), _) => has_more,
            (None, cursor) => cursor.is_some(),
        };
        if let Some(mark) = page.mark(&ids) {
            if !self.marks.insert(mark) || (goes_on && self.is_shifted(&ids)) {
                return self.other_way().map(Turn::AskAgain).ok_or(Stalled);
            }
            self.proven |= !is_first;
        }
        self.before = ids.iter().flatten().cloned().collect();
        self.empty = if page.rows.is_empty() { self.empty + 1 } else { 0 };
        if !goes_on {
            return Ok(Turn::Take(None));
        }
        if self.empty > MOST_EMPTY {
            return Err(Stalled);
        }
        self.place = (page.next_cursor.clone(), ids.into_iter().rev().flatten().next());
        let next = self.next_start().ok_or(Stalled)?;
        if self.starts.insert(next.clone()) {
            return Ok(Turn::Take(Some(next)));
        }
        // The vendor sends the same cursor again.
        self.other_way().map(Turn::AskAgain).ok_or(Stalled)
    }

    /// Whether a page is the one before once more, with some new rows at its head: so a vendor that ignores how the next
    /// page is asked for answers while customers are being added. One row may well come twice.
    fn is_shifted(&self, ids: &[Option<String>]) -> bool {
        let again = ids.iter().flatten().filter(|id| self.before.contains(*id)).count();
        again > 1 && again * 2 > ids.len()
    }

    /// Another way to ask for the page that was just asked for, where `Auto` has one left.
    pub(super) fn other_way(&mut self) -> Option<PageStart> {
        if self.style != Continuation::Auto || self.proven || self.place == (None, None) {
            return None;
        }
        while self.ways.len() > 1 {
            self.ways.remove(0);
            if let Some(next) = self.next_start().filter(|next| !self.starts.contains(next)) {
                self.starts.insert(next.clone());
                return Some(next);
            }
        }
        None
    }

    fn next_start(&self) -> Option<PageStart> {
        let (cursor, id) = (self.place.0.as_deref(), self.place.1.as_deref());
        let after = |value: &str| PageStart::new(AFTER, value);
        let way = match &self.style {
            Continuation::Custom(name) => {
                return cursor.map(|cursor| PageStart::new(name, cursor)).or_else(|| id.map(after));
            }
            Continuation::Cursor => Way::Cursor,
            Continuation::StartingAfterCursor => Way::AfterCursor,
            Continuation::StartingAfterId => Way::AfterId,
            Continuation::Auto => *self.ways.first()?,
        };
        match way {
            // Without a cursor the last row is all that there is to name the place.
            Way::Cursor => cursor.map(|cursor| PageStart::new("cursor", cursor)).or_else(|| id.map(after)),
            Way::AfterCursor => cursor.or(id).map(after),
            Way::AfterId => id.or(cursor).map(after),
        }
    }
}

#[cfg(test)]
mod tests;
