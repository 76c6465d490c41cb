//! Customers: the write, the list with its query, and the check of the credentials.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use futures::stream::Stream;

use super::super::client::Yotpo;
use super::super::error::check;
use super::super::operations::{LIST, UPSERT};
use super::super::request::CustomerInput;
use super::super::response::{CustomerRecord, page};
use crate::client::api::ApiClient;
use crate::client::pages::{self, PageGuard};
use crate::client::query::Query;
use crate::client::response::{Reading, decode};
use crate::client::validate::Validation;
use crate::client::{ArrayStyle, Call, Cursor, HttpResponse, Page, Request, Response};
use crate::customer::is_blank;
use crate::error::Error;

/// Which customers to read. The vendor takes no filter beside a cursor, since the filters are part of it (documented), so
/// that neither does this.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct CustomerQuery<'a> {
    filter: Filter<'a>,
    limit: Option<u8>,
    expand: Vec<Cow<'a, str>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Filter<'a> {
    All,
    ExternalIds(Vec<Cow<'a, str>>),
    Email(Cow<'a, str>),
    PhoneNumber(Cow<'a, str>),
    Cursor(Cursor),
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl<'a> CustomerQuery<'a> {
    const fn of(filter: Filter<'a>) -> Self {
        Self { filter, limit: None, expand: Vec::new() }
    }

    /// Every customer.
    pub const fn all() -> Self {
        Self::of(Filter::All)
    }

    /// Those with this external id (the filter is seen in clients).
    pub fn external_id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Filter::ExternalIds(vec![id.into()]))
    }

    /// Those with any of these external ids. That the vendor takes several is inferred from the plural of the parameter;
    /// [`Builder::array_style`](super::super::Builder::array_style) decides how they are written.
    pub fn external_ids<T: Into<Cow<'a, str>>>(ids: impl IntoIterator<Item = T>) -> Self {
        Self::of(Filter::ExternalIds(ids.into_iter().map(Into::into).collect()))
    }

    /// Those with this e-mail address (seen). More than one is possible.
    pub fn email(email: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Filter::Email(email.into()))
    }

    /// Those with this phone number (seen).
    pub fn phone_number(number: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Filter::PhoneNumber(number.into()))
    }

    /// Starts at this cursor, as [`Page::next`] has it. Of this query only the page size stays: the cursor carries the
    /// rest.
    pub fn start(self, start: Cursor) -> Self {
        Self { limit: self.limit, ..Self::of(Filter::Cursor(start)) }
    }

    /// How many customers a page holds: 1 to 100 (documented). The vendor's default is unknown.
    pub fn limit(mut self, limit: u8) -> Self {
        self.limit = Some(limit.clamp(1, 100));
        self
    }

    /// Asks for the figures of reviews as well (`expand=reviews`, seen): [`CustomerRecord::yotpo_ugc`].
    pub fn with_reviews(self) -> Self {
        self.expand("reviews")
    }

    /// Asks for one more part of the answer. `reviews` is seen; the keys of an answer suggest others, such as `loyalty`
    /// (unknown), which are in `CustomerRecord::raw`.
    pub fn expand(mut self, part: impl Into<Cow<'a, str>>) -> Self {
        self.expand.push(part.into());
        self
    }

    /// The same query, borrowing nothing.
    pub fn into_owned(self) -> CustomerQuery<'static> {
        CustomerQuery {
            filter: match self.filter {
                Filter::All => Filter::All,
                Filter::ExternalIds(ids) => Filter::ExternalIds(ids.into_iter().map(owned).collect()),
                Filter::Email(email) => Filter::Email(owned(email)),
                Filter::PhoneNumber(number) => Filter::PhoneNumber(owned(number)),
                Filter::Cursor(cursor) => Filter::Cursor(cursor),
            },
            limit: self.limit,
            expand: self.expand.into_iter().map(owned).collect(),
        }
    }

    fn cursor(&self) -> Option<&Cursor> {
        match &self.filter {
            Filter::Cursor(cursor) => Some(cursor),
            _ => None,
        }
    }

    /// The query of the page at a cursor; this one where there is none, or where it asks for that page already.
    pub(in super::super) fn at(&self, cursor: Option<&Cursor>) -> Self {
        match cursor {
            Some(cursor) if self.cursor() != Some(cursor) => self.clone().start(cursor.clone()),
            _ => self.clone(),
        }
    }

    /// The query string, each value escaped once.
    fn write(&self, style: ArrayStyle) -> Result<Query, Error> {
        let mut v = Validation::new(&LIST);
        let mut query = Query::with_arrays(style);
        match &self.filter {
            Filter::All => {}
            Filter::ExternalIds(ids) => {
                // An empty filter may be no filter at the vendor (unknown), which would return every customer.
                let complete = !ids.is_empty() && !ids.iter().any(|id| is_blank(id));
                v.check(complete, "external_ids", "needs at least one id, and no empty one");
                let split = ids.iter().any(|id| style.splits(id));
                v.check(!split, "external_ids", "has an id with a comma, which would split it in two");
                query.list("external_ids", ids);
            }
            Filter::Email(email) => {
                v.not_blank("email", Some(email));
                query.push("email", email);
            }
            Filter::PhoneNumber(number) => {
                v.not_blank("phone_number", Some(number));
                query.push("phone_number", number);
            }
            Filter::Cursor(cursor) => {
                let alone = self.expand.is_empty();
                v.check(alone, "expand", "cannot be beside a cursor, which carries the query that it continues");
                query.push("page_info", cursor.as_str());
            }
        }
        let usable = !self.expand.iter().any(|part| is_blank(part) || style.splits(part));
        v.check(usable, "expand", "has a part that is empty or has a comma");
        query.list("expand", &self.expand);
        query.push_some("limit", self.limit);
        v.finish().map(|()| query)
    }
}

/// Shows no value: they identify a person.
impl fmt::Debug for CustomerQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerQuery").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Reads a page, and parses it once: only an answer that holds more than rows and a cursor is searched for errors.
fn read_page(response: &HttpResponse) -> Reading<Page<CustomerRecord>> {
    let read = page(&response.body);
    let is_plain = response.status.is_success() && read.as_ref().is_some_and(|(_, is_plain)| *is_plain);
    let read = Cell::new(read);
    let check = |response: &HttpResponse| if is_plain { Ok(()) } else { check(response) };
    decode(check, |_| read.take().map(|(page, _)| page))(response)
}

impl Yotpo {
    /// Creates a customer, or changes what the input holds of the existing one. A success means that the vendor has
    /// accepted the record; it is processed later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before sending, with everything that the vendor's
    /// documentation does not allow: an identifier that is empty, a number that is not E.164, a word of no known
    /// vocabulary, a code of another form, a custom property whose name has a blank; else as
    /// [`CustomerSink::upsert_with`](crate::CustomerSink::upsert_with).
    pub async fn upsert_customer(&self, input: &CustomerInput<'_>) -> Result<Response<()>, Error> {
        input.validate(&UPSERT)?;
        self.fetch(self.upsert_request(input)?, check).await
    }

    /// Reads a page of the store's customers, filtered or all.
    ///
    /// What was sent within the last minutes may not be there yet (documented).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the answer is no page of customers; else what the vendor or
    /// the network reports.
    pub async fn list_customers(&self, query: &CustomerQuery<'_>) -> Result<Response<Page<CustomerRecord>>, Error> {
        self.customers_page(&mut self.0.account.call(), query).await
    }

    /// Reads every customer that the query leaves, page after page, each when its first row is asked for. Of the answers
    /// only the cursor is used; host and path stay the configured ones.
    ///
    /// A row that is no customer is one [`ErrorKind::Decode`](crate::ErrorKind::Decode), after which the stream goes on;
    /// every other error ends it, and so does a list that never ends: a cursor or a page that repeats, or 20 pages
    /// without a new row. Each page is a call of its own, with its own attempts and time.
    pub fn customers_stream(
        &self,
        query: &CustomerQuery<'_>,
    ) -> impl Stream<Item = Result<CustomerRecord, Error>> + Send + use<> {
        let (client, query) = (self.clone(), query.clone().into_owned());
        let start = query.cursor().cloned();
        pages::stream(&LIST, start, PageGuard::new(), CustomerRecord::row_key, move |at| {
            let (client, query) = (client.clone(), query.at(at.as_ref()));
            async move { client.list_customers(&query).await }
        })
    }

    pub(in super::super) async fn customers_page(
        &self,
        call: &mut Call<'_>,
        query: &CustomerQuery<'_>,
    ) -> Result<Response<Page<CustomerRecord>>, Error> {
        self.send(call, &self.list_request(query)?, read_page).await
    }

    fn list_request(&self, query: &CustomerQuery<'_>) -> Result<Request, Error> {
        let url = query.write(self.0.arrays)?.on(self.0.customers.as_str());
        Ok(self.bare(&LIST, url))
    }

    /// Shows that the credentials are valid: by a new token where there is a secret, else by a look at one customer.
    pub(in super::super) async fn check_credentials(&self) -> Result<(), Error> {
        let mut call = self.0.account.call();
        if self.0.tokens.renewal().is_some() {
            return self.0.tokens.renew(&mut call).await.map(drop);
        }
        // Whether the page can be read is another question.
        self.send(&mut call, &self.list_request(&CustomerQuery::all().limit(1))?, check).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(query: &CustomerQuery<'_>, style: ArrayStyle) -> Result<String, Error> {
        query.write(style).map(|query| query.on("u"))
    }

    #[test]
    fn values_are_escaped_once_and_impossible_queries_are_refused() {
        let cursor = |text: &str| CustomerQuery::all().start(Cursor::new(text).unwrap());
        let url = |query: CustomerQuery<'_>| url(&query, ArrayStyle::Commas);
        for (query, expected) in [
            (CustomerQuery::all(), "u"),
            (CustomerQuery::external_ids(["a b", "c&d"]).limit(7), "u?external_ids=a%20b,c%26d&limit=7"),
            (CustomerQuery::phone_number("+1202").with_reviews(), "u?phone_number=%2B1202&expand=reviews"),
            (CustomerQuery::all().with_reviews().expand("loyalty"), "u?expand=reviews,loyalty"),
            (
                CustomerQuery::email("a@example.com").with_reviews().limit(200).start(Cursor::new("a=+%").unwrap()),
                "u?page_info=a%3D%2B%25&limit=100",
            ),
        ] {
            assert_eq!(url(query).unwrap(), expected);
        }
        for (bad, field) in [
            (CustomerQuery::external_ids(Vec::<&str>::new()), "external_ids"),
            (CustomerQuery::external_id(" "), "external_ids"),
            (CustomerQuery::external_id("a,b"), "external_ids"),
            (CustomerQuery::email(""), "email"),
            (CustomerQuery::phone_number(" "), "phone_number"),
            (cursor("x").with_reviews(), "expand"),
            (CustomerQuery::all().expand("a,b"), "expand"),
        ] {
            assert_eq!(url(bad).unwrap_err().field_errors()[0].field(), field);
        }
    }

    #[test]
    fn lists_are_written_in_each_style() {
        let url = |style, ids: &[&str]| {
            let query = CustomerQuery::external_ids(ids.iter().copied()).with_reviews().expand("x").limit(7);
            url(&query, style)
        };
        for (style, expected) in [
            (ArrayStyle::Commas, "u?external_ids=a%20b,c%26d&expand=reviews,x&limit=7"),
            (ArrayStyle::Repeated, "u?external_ids=a%20b&external_ids=c%26d&expand=reviews&expand=x&limit=7"),
            (ArrayStyle::Brackets, "u?external_ids[]=a%20b&external_ids[]=c%26d&expand[]=reviews&expand[]=x&limit=7"),
        ] {
            assert_eq!(url(style, &["a b", "c&d"]).unwrap(), expected);
            assert!(url(style, &[]).is_err() && url(style, &["a", " "]).is_err());
        }
        // Only where a comma separates ids is such an id refused.
        assert!(url(ArrayStyle::Commas, &["a,b"]).is_err());
        assert!(url(ArrayStyle::Repeated, &["a,b"]).unwrap().starts_with("u?external_ids=a%2Cb&"));
    }
}
