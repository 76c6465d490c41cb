//! Following the cursor: pages and rows as streams, which end where the vendor goes round in circles.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use futures::stream::{self, Stream, StreamExt};

use super::PROVIDER;
use super::client::{LIST, Yotpo};
use super::query::CustomerQuery;
use super::read::{CustomerPage, CustomerRow};
use crate::error::{Effect, Error, ErrorKind};

/// Pages in a row that hold nobody new, after which nobody waits for more. A filter that leaves few people may leave some
/// pages empty (inferred).
const FRUITLESS_PAGES: u32 = 20;

/// Where a stream of pages stands.
struct Reading {
    client: Yotpo,
    /// The next page to ask for; none at the end.
    query: Option<CustomerQuery<'static>>,
    seen: Seen,
}

/// What the pages so far held, as hashes: no personal data is kept.
#[derive(Default)]
struct Seen {
    cursors: HashSet<u64>,
    first: Option<u64>,
    last: Option<u64>,
    fruitless: u32,
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Seen {
    /// Takes in a page; what shows that reading on would never end.
    fn page(&mut self, page: &CustomerPage) -> Result<(), &'static str> {
        if page.next_page_info.as_ref().is_some_and(|cursor| !self.cursors.insert(hash(cursor.as_str()))) {
            return Err("the vendor returns a cursor that it has returned before");
        }
        let rows = (!page.customers.is_empty())
            .then(|| hash(&page.customers.iter().map(CustomerRow::raw).collect::<Vec<_>>()));
        let again = rows.is_some() && (self.first == rows || self.last == rows);
        // One row may stand twice, word for word, where it names nobody: such people cannot be told apart.
        if again && !matches!(page.customers.as_slice(), [only] if is_nameless(only)) {
            return Err("the vendor ignores the cursor: a page holds what an earlier one held");
        }
        if again || rows.is_none() {
            self.fruitless += 1;
            if self.fruitless > FRUITLESS_PAGES && page.next_page_info.is_some() {
                return Err("the vendor returns pages without end that hold nobody new");
            }
        } else {
            self.first = self.first.or(rows);
            self.last = rows;
            self.fruitless = 0;
        }
        Ok(())
    }
}

/// Whether a row names nobody.
fn is_nameless(row: &CustomerRow) -> bool {
    row.external_id.is_none() && row.email.is_none() && row.phone_number.is_none()
}

impl Yotpo {
    /// Reads page after page, each when it is asked for. Of the answers only the cursor is used; host and path stay the
    /// configured ones.
    ///
    /// An error ends the stream. Beside those of [`customers`](Self::customers), [`ErrorKind::Decode`] where the vendor
    /// returns a cursor again, ignores it, or returns pages without end that hold nobody new. Each page is a call of its
    /// own, with its own attempts and time.
    pub fn customer_pages(
        &self,
        query: CustomerQuery<'_>,
    ) -> impl Stream<Item = Result<CustomerPage, Error>> + Send + use<> {
        let mut seen = Seen::default();
        seen.cursors.extend(query.cursor_text().map(hash));
        let start = Reading { client: self.clone(), query: Some(query.into_owned()), seen };
        stream::unfold(start, |mut reading| async move {
            let query = reading.query.take()?;
            let page = match reading.client.customers(&query).await {
                Ok(page) => page,
                Err(error) => return Some((Err(error), reading)),
            };
            if let Err(circle) = reading.seen.page(&page) {
                return Some((Err(unreadable(circle)), reading));
            }
            reading.query = page.next_page_info.clone().map(|cursor| query.after(cursor));
            Some((Ok(page), reading))
        })
    }

    /// Reads every customer that the query leaves, page after page.
    ///
    /// A row that is no customer is one [`ErrorKind::Decode`], after which the stream goes on; every other error ends it,
    /// as with [`customer_pages`](Self::customer_pages).
    pub fn customer_stream(
        &self,
        query: CustomerQuery<'_>,
    ) -> impl Stream<Item = Result<CustomerRow, Error>> + Send + use<> {
        self.customer_pages(query).flat_map(|page| {
            let rows = match page {
                Ok(page) => {
                    let unreadable = (0..page.unreadable).map(|_| Err(unreadable("a row is no customer")));
                    page.customers.into_iter().map(Ok).chain(unreadable).collect()
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(rows)
        })
    }
}

fn unreadable(hint: &'static str) -> Error {
    let error = Error::new(ErrorKind::Decode, Effect::NotSent).with_provider(PROVIDER).with_operation(LIST.name);
    error.with_hint(hint)
}
