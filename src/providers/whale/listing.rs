//! Lists, page by page or as streams. The one place that reads pages.

use std::fmt;
use std::marker::PhantomData;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::Method;
use serde::de::DeserializeOwned;

use super::PROVIDER;
use super::answer::judge;
use super::client::{Whale, unreadable};
use super::paging::{Page, PageStart, Pager, RawPage, Turn};
use crate::client::{Call, Operation, Outgoing, query_value};
use crate::error::{Effect, Error, ErrorKind};
use crate::plan::Url;

/// A list that is about to be read.
///
/// Only the mark of the next page is taken from answers: host, path and filters stay as configured. The list ends where
/// the vendor says `has_more: false`, or says neither that nor a cursor; never because a page is short, and at no silent
/// number of pages. A vendor that ignores how the next page is asked for would answer the first one for ever: a page or
/// a cursor that comes again ends the list with [`ErrorKind::Decode`] and a hint to the client's
/// [`Continuation`](super::Continuation). Pages may repeat or skip rows that change while the list is read.
#[must_use = "a list is read by page(), pages() or items()"]
pub struct Listing<T> {
    client: Whale,
    operation: &'static Operation,
    /// With every filter in it.
    url: String,
    start: Option<PageStart>,
    rows: PhantomData<fn() -> T>,
}

/// Shows which list it is.
impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("operation", &self.operation.name).finish_non_exhaustive()
    }
}

impl<T> Listing<T> {
    pub(super) fn new(client: &Whale, operation: &'static Operation, url: String, start: Option<PageStart>) -> Self {
        Self { client: client.clone(), operation, url, start, rows: PhantomData }
    }

    fn pager(&self) -> Pager {
        Pager::new(self.client.0.wire.continuation.clone(), self.start.as_ref())
    }

    /// Reads one page as it comes.
    pub(super) async fn fetch(&self, call: &mut Call<'_>, start: Option<&PageStart>) -> Result<RawPage, Error> {
        let mut url = self.url.clone();
        if let Some(start) = start {
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push(mark);
            url.push_str(&format!("{}={}", query_value(start.name()), query_value(start.value())));
        }
        let url = Url::from(url);
        let (headers, method) = (&self.client.0.bare, &Method::GET);
        let out = Outgoing { operation: self.operation, method, url: &url, headers, body: None };
        let response = call.send(out, judge).await?;
        RawPage::read(&response.body).ok_or_else(|| unreadable(call, self.operation))
    }

    /// Reads pages until one is new. The page after it starts at the second part.
    async fn advance(
        &self,
        call: &mut Call<'_>,
        pager: &mut Pager,
        mut start: Option<PageStart>,
    ) -> Result<(RawPage, Option<PageStart>), Error> {
        loop {
            let page = match self.fetch(call, start.as_ref()).await {
                Ok(page) => page,
                // The vendor may not know the parameter: to read once more in another way harms nobody.
                Err(error) if start.is_some() && matches!(error.status(), Some(400 | 422)) => {
                    let Some(other) = pager.other_way() else { return Err(error) };
                    start = Some(other);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match pager.turn(&page) {
                Ok(Turn::Take(next)) => return Ok((page, next)),
                Ok(Turn::AskAgain(other)) => start = Some(other),
                Err(_) => return Err(self.stalled(call)),
            }
        }
    }

    /// The vendor's pages lead nowhere.
    fn stalled(&self, call: &Call<'_>) -> Error {
        let error = call.error(self.operation, ErrorKind::Decode, Effect::NotSent);
        let error = error.with_request_id(call.request_id.clone());
        call.finish(error.with_hint(
            "the vendor says that there is more and its pages repeat or name no next one: another Continuation may help",
        ))
    }
}

impl<T: DeserializeOwned + Send + 'static> Listing<T> {
    /// Reads one page. [`Page::next`] is where the one after it starts, for the query's `start`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] where the answer cannot be read, or names no next page though it says that there is one;
    /// [`ErrorKind::Rejected`] where the vendor does not know a parameter.
    pub async fn page(self) -> Result<Page<T>, Error> {
        let mut call = self.client.0.account.call();
        let page = self.fetch(&mut call, self.start.as_ref()).await?;
        match self.pager().turn(&page) {
            Ok(Turn::Take(next)) => Ok(page.into_page(next)),
            _ => Err(self.stalled(&call)),
        }
    }

    /// Every page from here on. After an error the stream ends; the [`Page::next`] of the page before is where to go on.
    /// Each page has a time limit of its own.
    #[must_use]
    pub fn pages(self) -> BoxStream<'static, Result<Page<T>, Error>> {
        let (pager, start) = (self.pager(), self.start.clone());
        let state = Some((self, pager, start));
        let pages = stream::try_unfold(state, |state| async move {
            let Some((list, mut pager, start)) = state else { return Ok(None) };
            let mut call = list.client.0.account.call();
            let (page, next) = list.advance(&mut call, &mut pager, start).await?;
            let page = page.into_page::<T>(next.clone());
            let state = next.map(|next| (list.clone(), pager, Some(next)));
            Ok(Some((page, state)))
        });
        pages.boxed()
    }

    /// Every row from here on, page by page as they are asked for. After an error of a request the stream ends.
    ///
    /// Rows that cannot be read as what the list holds are told by one [`ErrorKind::Decode`] behind the rows of their
    /// page, and the stream goes on; [`pages`](Self::pages) counts them instead.
    #[must_use]
    pub fn items(self) -> BoxStream<'static, Result<T, Error>> {
        let operation = self.operation.name;
        let rows = move |page: Page<T>| {
            let lost = (page.unreadable > 0).then(|| {
                let error = Error::new(ErrorKind::Decode, Effect::NotSent).with_provider(PROVIDER);
                Err(error.with_operation(operation).with_hint("rows of the page are not what the list holds"))
            });
            stream::iter(page.data.into_iter().map(Ok).chain(lost))
        };
        self.pages().map_ok(rows).try_flatten().boxed()
    }

    /// Every row, in one call with its one deadline, and `most` pages at most. One that cannot be read is an error.
    pub(super) async fn all(&self, call: &mut Call<'_>, most: usize, mut row: impl FnMut(T)) -> Result<(), Error> {
        let (mut pager, mut start) = (self.pager(), self.start.clone());
        for _ in 0..most {
            let (page, next) = self.advance(call, &mut pager, start).await?;
            let page = page.into_page::<T>(None);
            if page.unreadable > 0 {
                return Err(unreadable(call, self.operation));
            }
            page.data.into_iter().for_each(&mut row);
            if next.is_none() {
                return Ok(());
            }
            start = next;
        }
        Err(self.stalled(call))
    }
}

impl<T> Clone for Listing<T> {
    fn clone(&self) -> Self {
        Self::new(&self.client, self.operation, self.url.clone(), self.start.clone())
    }
}
