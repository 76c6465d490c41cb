//! What lists are asked for. Pure.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use super::PageStart;
use super::words::{ActivityKind, CustomerSort, SegmentId};
use crate::client::query_value;

/// How several values of one parameter are written. **All of them are inferred**: the vendor's samples show arrays in
/// JavaScript, and no URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayStyle {
    /// `tags=vip,wholesale`. A value with a comma in it reads as two.
    #[default]
    Commas,
    /// `tags=vip&tags=wholesale`
    Repeated,
    /// `tags[]=vip&tags[]=wholesale`
    Brackets,
}

/// A bound of a list: a day as the vendor's samples write it, or a moment (documented for sibling lists).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateBound {
    /// A day; in which time zone it begins is unknown.
    Day(NaiveDate),
    /// A moment, written in UTC.
    Moment(DateTime<FixedOffset>),
}

impl From<NaiveDate> for DateBound {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime<FixedOffset>> for DateBound {
    fn from(moment: DateTime<FixedOffset>) -> Self {
        Self::Moment(moment)
    }
}

impl fmt::Display for DateBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{}", day.format("%Y-%m-%d")),
            Self::Moment(at) => write!(f, "{}", at.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%S%.3fZ")),
        }
    }
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest or earliest first (inferred).
    Ascending,
    /// Largest or latest first (documented).
    Descending,
}

/// What [`Whale::list`](super::Whale::list) asks for. All parts are optional. The vendor may ignore a filter that it
/// does not know, and answer with everybody.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ListQuery {
    /// Full-text search over name, e-mail and phone (documented). It is no filter: hits need not be equal.
    pub search: Option<String>,
    /// Customers with these tags (documented); whether one is enough or all are needed is unknown.
    pub tags: Vec<String>,
    /// Made at this time or later (documented).
    pub created_after: Option<DateBound>,
    /// Made before this time (inferred).
    pub created_before: Option<DateBound>,
    /// Members of this segment. The filter is documented, its name is not: see
    /// [`Builder::segment_key`](super::Builder::segment_key).
    pub segment: Option<SegmentId>,
    /// What to sort by.
    pub sort: Option<CustomerSort>,
    /// In which direction.
    pub order: Option<SortOrder>,
    /// Rows on a page, 1 to 100; the vendor's default is 25 (both documented for sibling lists).
    pub limit: Option<u8>,
    /// Further parameters, by name and value, for what is promised without a syntax: filters by custom fields.
    pub further: Vec<(String, String)>,
    /// Where to start: the [`next`](super::Page::next) of a page read before.
    pub start: Option<PageStart>,
}

impl ListQuery {
    /// A search.
    #[must_use]
    pub fn search(text: impl Into<String>) -> Self {
        Self { search: Some(text.into()), ..Self::default() }
    }

    /// Customers with these tags, beside those that are asked for already.
    #[must_use]
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Made at this time or later.
    #[must_use]
    pub fn created_after(mut self, bound: impl Into<DateBound>) -> Self {
        self.created_after = Some(bound.into());
        self
    }

    /// Made before this time.
    #[must_use]
    pub fn created_before(mut self, bound: impl Into<DateBound>) -> Self {
        self.created_before = Some(bound.into());
        self
    }

    /// Members of this segment.
    #[must_use]
    pub fn segment(mut self, id: SegmentId) -> Self {
        self.segment = Some(id);
        self
    }

    /// Sorted by this.
    #[must_use]
    pub fn sort(mut self, by: CustomerSort, order: SortOrder) -> Self {
        self.sort = Some(by);
        self.order = Some(order);
        self
    }

    /// Rows on a page, 1 to 100.
    #[must_use]
    pub fn limit(mut self, rows: u8) -> Self {
        self.limit = Some(rows);
        self
    }

    /// A further parameter.
    #[must_use]
    pub fn further(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.further.push((name.into(), value.into()));
        self
    }

    /// Where to start.
    #[must_use]
    pub fn start(mut self, start: PageStart) -> Self {
        self.start = Some(start);
        self
    }

    pub(super) fn write(&self, url: &mut Pairs<'_>, search_key: &str, segment_key: &str) {
        url.one(search_key, self.search.as_deref());
        url.many("tags", self.tags.iter().map(String::as_str));
        url.shown("created_after", self.created_after);
        url.shown("created_before", self.created_before);
        url.one(segment_key, self.segment.as_ref().map(SegmentId::as_str));
        url.one("sort", self.sort.as_ref().map(CustomerSort::as_str));
        let order = self.order.map(|order| match order {
            SortOrder::Ascending => "asc",
            SortOrder::Descending => "desc",
        });
        url.one("order", order);
        for (name, value) in &self.further {
            url.one(name, Some(value));
        }
        url.limit(self.limit);
    }
}

/// Shows no search and no value of a filter: they may hold a person's data.
impl fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListQuery")
            .field("segment", &self.segment)
            .field("sort", &self.sort)
            .field("order", &self.order)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// What [`Whale::activity`](super::Whale::activity) asks for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ActivityQuery {
    /// Events of these kinds (documented). The vendor's own sample shows another kind too: look at
    /// [`ActivityEvent::kind`](super::ActivityEvent::kind).
    pub kinds: Vec<ActivityKind>,
    /// At this time or later (documented). It is a filter here, and no cursor.
    pub after: Option<DateBound>,
    /// Before this time (inferred).
    pub before: Option<DateBound>,
    /// Rows on a page, 1 to 100 (documented for sibling lists; the sample asks for 10).
    pub limit: Option<u8>,
    /// Where to start: the [`next`](super::Page::next) of a page read before.
    pub start: Option<PageStart>,
}

impl ActivityQuery {
    /// Events of these kinds, beside those that are asked for already.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = ActivityKind>) -> Self {
        self.kinds.extend(kinds);
        self
    }

    /// At this time or later.
    #[must_use]
    pub fn after(mut self, bound: impl Into<DateBound>) -> Self {
        self.after = Some(bound.into());
        self
    }

    /// Before this time.
    #[must_use]
    pub fn before(mut self, bound: impl Into<DateBound>) -> Self {
        self.before = Some(bound.into());
        self
    }

    /// Rows on a page, 1 to 100.
    #[must_use]
    pub fn limit(mut self, rows: u8) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Where to start.
    #[must_use]
    pub fn start(mut self, start: PageStart) -> Self {
        self.start = Some(start);
        self
    }

    pub(super) fn write(&self, url: &mut Pairs<'_>) {
        url.many("types", self.kinds.iter().map(ActivityKind::as_str));
        url.shown("after", self.after);
        url.shown("before", self.before);
        url.limit(self.limit);
    }
}

/// What the lists without filters are asked for: notes and segments. Both parameters are inferred from sibling lists.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PageQuery {
    /// Rows on a page, 1 to 100.
    pub limit: Option<u8>,
    /// Where to start: the [`next`](super::Page::next) of a page read before.
    pub start: Option<PageStart>,
}

impl PageQuery {
    /// Rows on a page, 1 to 100.
    #[must_use]
    pub fn limit(mut self, rows: u8) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Where to start.
    #[must_use]
    pub fn start(mut self, start: PageStart) -> Self {
        self.start = Some(start);
        self
    }
}

/// Writes the query of a URL, each name and value escaped once.
pub(super) struct Pairs<'a> {
    url: &'a mut String,
    arrays: ArrayStyle,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(url: &'a mut String, arrays: ArrayStyle) -> Self {
        Self { url, arrays }
    }

    fn pair(&mut self, name: &str, value: &str) {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(name);
        self.url.push('=');
        self.url.push_str(value);
    }

    pub(super) fn one(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.pair(&query_value(name), &query_value(value));
        }
    }

    fn shown(&mut self, name: &str, value: Option<DateBound>) {
        self.one(name, value.map(|value| value.to_string()).as_deref());
    }

    pub(super) fn limit(&mut self, limit: Option<u8>) {
        self.one("limit", limit.map(|limit| limit.clamp(1, 100).to_string()).as_deref());
    }

    fn many<'v>(&mut self, name: &str, values: impl Iterator<Item = &'v str>) {
        let values: Vec<String> = values.map(query_value).collect();
        match self.arrays {
            _ if values.is_empty() => {}
            // The commas between the values stay as they are; one within a value is escaped.
            ArrayStyle::Commas => self.pair(name, &values.join(",")),
            ArrayStyle::Repeated => values.iter().for_each(|value| self.pair(name, value)),
            ArrayStyle::Brackets => values.iter().for_each(|value| self.pair(&format!("{name}[]"), value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(query: &ListQuery, arrays: ArrayStyle) -> String {
        let mut url = String::new();
        query.write(&mut Pairs::of(&mut url, arrays), "search", "segment_id");
        url
    }

    #[test]
    fn a_query_is_written_in_the_vendors_words() {
        let query = ListQuery::search("nora+1@")
            .tags(["vip", "a,b & c"])
            .created_after("2026-01-01".parse::<NaiveDate>().unwrap())
            .created_before("2026-02-01T01:00:00.5+01:00".parse::<DateTime<FixedOffset>>().unwrap())
            .segment("seg_1".into())
            .sort(CustomerSort::LastOrderAt, SortOrder::Descending)
            .further("metadata[rep]", "mike_d")
            .limit(200);
        let rest = "&created_after=2026-01-01&created_before=2026-02-01T00%3A00%3A00.500Z&segment_id=seg_1\
                    &sort=last_order_at&order=desc&metadata%5Brep%5D=mike_d&limit=100";
        for (arrays, tags) in [
            (ArrayStyle::Commas, "tags=vip,a%2Cb%20%26%20c"),
            (ArrayStyle::Repeated, "tags=vip&tags=a%2Cb%20%26%20c"),
            (ArrayStyle::Brackets, "tags[]=vip&tags[]=a%2Cb%20%26%20c"),
        ] {
            assert_eq!(written(&query, arrays), format!("?search=nora%2B1%40&{tags}{rest}"));
        }
        assert_eq!(written(&ListQuery::default(), ArrayStyle::Commas), "");
        assert!(!format!("{query:?}").contains("nora"));
    }
}
