//! The parameters that the queries of several lists share.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

use crate::client::pages::Cursor;

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

/// What the lists without filters are asked for: notes and segments. Both parameters are inferred from sibling lists.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PageQuery {
    /// Rows on a page, 1 to 100.
    pub limit: Option<u8>,
    /// Where to start: the [`next`](crate::client::Page::next) of a page read before.
    pub start: Option<Cursor>,
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
    pub fn start(mut self, start: Cursor) -> Self {
        self.start = Some(start);
        self
    }
}

/// A number of rows that the vendor takes.
pub(super) fn limited(limit: Option<u8>) -> Option<u8> {
    limit.map(|limit| limit.clamp(1, 100))
}
