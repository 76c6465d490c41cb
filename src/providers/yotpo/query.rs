//! Which customers to read, and the URL that asks for them.

use std::borrow::Cow;
use std::fmt;

use super::PROVIDER;
use crate::client::query_value;
use crate::error::{Error, FieldError};

/// How several values of one parameter are written. **All of them are inferred**: one id and one part to expand were
/// seen in clients, and never two; the name `external_ids` is a plural.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayStyle {
    /// `external_ids=1,2`. An id with a comma in it would read as two, and is refused.
    #[default]
    Commas,
    /// `external_ids=1&external_ids=2`
    Repeated,
    /// `external_ids[]=1&external_ids[]=2`, for a single id too.
    Brackets,
}

impl ArrayStyle {
    /// The parameters of a list, each value escaped once.
    fn write(self, name: &'static str, list: &[Cow<'_, str>], mut push: impl FnMut(&str, &str)) {
        match self {
            Self::Commas if list.is_empty() => {}
            Self::Commas => push(name, &list.iter().map(|item| query_value(item)).collect::<Vec<_>>().join(",")),
            Self::Repeated => list.iter().for_each(|item| push(name, &query_value(item))),
            Self::Brackets => {
                let name = format!("{name}[]");
                list.iter().for_each(|item| push(&name, &query_value(item)));
            }
        }
    }

    /// Whether a value would not read as the one that it is.
    pub(super) fn splits(self, value: &str) -> bool {
        self == Self::Commas && value.contains(',')
    }
}

/// Which customers to read. The vendor takes no filter beside a cursor, since the filters live in it (documented), so
/// that neither does this.
#[derive(Clone, PartialEq, Eq)]
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
    Cursor(Cow<'a, str>),
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl<'a> CustomerQuery<'a> {
    const fn of(filter: Filter<'a>) -> Self {
        Self { filter, limit: None, expand: Vec::new() }
    }

    /// Every customer.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(Filter::All)
    }

    /// Those with this external id (the filter is seen in clients).
    pub fn external_id(id: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Filter::ExternalIds(vec![id.into()]))
    }

    /// Those with any of these external ids. That the vendor takes several is inferred from the plural of the parameter;
    /// how they are written says [`Builder::array_style`](super::Builder::array_style).
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

    /// The page of this cursor, as [`CustomerPage::next_page_info`](super::CustomerPage::next_page_info) has it.
    pub fn cursor(cursor: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Filter::Cursor(cursor.into()))
    }

    /// How many customers a page holds: 1 to 100 (documented). The vendor's default is unknown.
    #[must_use]
    pub fn limit(mut self, limit: u8) -> Self {
        self.limit = Some(limit.clamp(1, 100));
        self
    }

    /// Asks for the figures of reviews too (`expand=reviews`, seen): [`CustomerRow::yotpo_ugc`](super::CustomerRow).
    #[must_use]
    pub fn with_reviews(self) -> Self {
        self.expand("reviews")
    }

    /// Asks for one more part of the answer. `reviews` is seen; the keys of an answer suggest others, such as `loyalty`
    /// (unknown). They stand in [`CustomerRow::raw`](super::CustomerRow::raw). Several are written as
    /// [`Builder::array_style`](super::Builder::array_style) says.
    #[must_use]
    pub fn expand(mut self, part: impl Into<Cow<'a, str>>) -> Self {
        self.expand.push(part.into());
        self
    }

    /// The same query, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> CustomerQuery<'static> {
        CustomerQuery {
            filter: match self.filter {
                Filter::All => Filter::All,
                Filter::ExternalIds(ids) => Filter::ExternalIds(ids.into_iter().map(owned).collect()),
                Filter::Email(email) => Filter::Email(owned(email)),
                Filter::PhoneNumber(number) => Filter::PhoneNumber(owned(number)),
                Filter::Cursor(cursor) => Filter::Cursor(owned(cursor)),
            },
            limit: self.limit,
            expand: self.expand.into_iter().map(owned).collect(),
        }
    }

    /// The query of the page that this cursor leads to: of this one, only the page size stays.
    pub(super) fn after(&self, cursor: String) -> CustomerQuery<'static> {
        CustomerQuery { limit: self.limit, ..CustomerQuery::cursor(cursor) }
    }

    /// The cursor, where this asks for the page of one.
    pub(super) fn cursor_text(&self) -> Option<&str> {
        match &self.filter {
            Filter::Cursor(cursor) => Some(cursor),
            _ => None,
        }
    }

    /// What is wrong with the query, before anything is sent.
    fn check(&self, style: ArrayStyle) -> Result<(), FieldError> {
        let refuse = |field: &'static str, rule: &'static str| Err(FieldError::new(field, rule));
        match &self.filter {
            // An empty filter may be no filter at the vendor (unknown), which would return everybody.
            Filter::ExternalIds(ids) if ids.is_empty() || ids.iter().any(|id| id.trim().is_empty()) => {
                refuse("external_ids", "needs at least one id, and no empty one")
            }
            Filter::ExternalIds(ids) if ids.iter().any(|id| style.splits(id)) => {
                refuse("external_ids", "has an id with a comma, which would part it in two")
            }
            Filter::Email(text) if text.trim().is_empty() => refuse("email", "is empty"),
            Filter::PhoneNumber(text) if text.trim().is_empty() => refuse("phone_number", "is empty"),
            Filter::Cursor(text) if text.trim().is_empty() => refuse("page_info", "is empty"),
            Filter::Cursor(_) if !self.expand.is_empty() => {
                refuse("expand", "cannot stand beside a cursor, which carries the query that it continues")
            }
            _ if self.expand.iter().any(|part| part.trim().is_empty() || style.splits(part)) => {
                refuse("expand", "has a part that is empty or has a comma")
            }
            _ => Ok(()),
        }
    }

    /// The whole URL, each value escaped once.
    pub(super) fn url(&self, customers: &str, style: ArrayStyle) -> Result<String, Error> {
        self.check(style).map_err(|problem| Error::invalid_record(vec![problem]).with_provider(PROVIDER))?;
        let mut url = customers.to_owned();
        let mut mark = '?';
        let mut push = |name: &str, value: &str| {
            url.push(mark);
            url.push_str(name);
            url.push('=');
            url.push_str(value);
            mark = '&';
        };
        match &self.filter {
            Filter::All => {}
            Filter::ExternalIds(ids) => style.write("external_ids", ids, &mut push),
            Filter::Email(email) => push("email", &query_value(email)),
            Filter::PhoneNumber(number) => push("phone_number", &query_value(number)),
            Filter::Cursor(cursor) => push("page_info", &query_value(cursor)),
        }
        style.write("expand", &self.expand, &mut push);
        if let Some(limit) = self.limit {
            push("limit", &limit.to_string());
        }
        Ok(url)
    }
}

/// Shows no value: they say who is looked for.
impl fmt::Debug for CustomerQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerQuery").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_once_and_impossible_queries_are_refused() {
        let url = |query: CustomerQuery<'_>| query.url("u", ArrayStyle::Commas).unwrap();
        assert_eq!(url(CustomerQuery::all()), "u");
        assert_eq!(url(CustomerQuery::external_ids(["a b", "c&d"]).limit(7)), "u?external_ids=a%20b,c%26d&limit=7");
        assert_eq!(url(CustomerQuery::phone_number("+1202").with_reviews()), "u?phone_number=%2B1202&expand=reviews");
        assert_eq!(url(CustomerQuery::all().with_reviews().expand("loyalty")), "u?expand=reviews,loyalty");
        let next = CustomerQuery::email("a@example.com").with_reviews().limit(200).after("a=+%".to_owned());
        assert_eq!(url(next), "u?page_info=a%3D%2B%25&limit=100");
        for (bad, field) in [
            (CustomerQuery::external_ids(Vec::<&str>::new()), "external_ids"),
            (CustomerQuery::external_id(" "), "external_ids"),
            (CustomerQuery::external_id("a,b"), "external_ids"),
            (CustomerQuery::email(""), "email"),
            (CustomerQuery::phone_number(" "), "phone_number"),
            (CustomerQuery::cursor(""), "page_info"),
            (CustomerQuery::cursor("x").with_reviews(), "expand"),
            (CustomerQuery::all().expand("a,b"), "expand"),
        ] {
            assert_eq!(bad.url("u", ArrayStyle::Commas).unwrap_err().field_errors()[0].field(), field);
        }
    }

    #[test]
    fn lists_are_written_in_each_style() {
        let url = |style, ids: &[&str]| {
            CustomerQuery::external_ids(ids.iter().copied()).with_reviews().expand("x").limit(7).url("u", style)
        };
        let two = ["a b", "c&d"];
        let commas = url(ArrayStyle::Commas, &two).unwrap();
        assert_eq!(commas, "u?external_ids=a%20b,c%26d&expand=reviews,x&limit=7");
        let repeated = url(ArrayStyle::Repeated, &two).unwrap();
        assert_eq!(repeated, "u?external_ids=a%20b&external_ids=c%26d&expand=reviews&expand=x&limit=7");
        let brackets = url(ArrayStyle::Brackets, &two).unwrap();
        assert_eq!(brackets, "u?external_ids[]=a%20b&external_ids[]=c%26d&expand[]=reviews&expand[]=x&limit=7");
        // Only where a comma parts it is such an id none.
        assert!(url(ArrayStyle::Commas, &["a,b"]).is_err());
        assert!(url(ArrayStyle::Repeated, &["a,b"]).unwrap().starts_with("u?external_ids=a%2Cb&"));
        for style in [ArrayStyle::Commas, ArrayStyle::Repeated, ArrayStyle::Brackets] {
            assert!(url(style, &[]).is_err() && url(style, &["a", " "]).is_err());
            assert_eq!(CustomerQuery::all().url("u", style).unwrap(), "u");
        }
    }
}
