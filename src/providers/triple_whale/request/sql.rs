//! A query over the vendor's tables (`POST orcabase/api/sql`), and the one by which a customer is read back.

use std::borrow::Cow;
use std::fmt;

use crate::error::FieldError;
use chrono::NaiveDate;

/// A query over the vendor's tables.
///
/// Its text is sent as it is: never put values from outside into it. The vendor replaces `@startDate` and `@endDate` in
/// it by the period (documented), and advises against `SELECT *`.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct SqlQuery<'a> {
    query: Cow<'a, str>,
    start: NaiveDate,
    end: NaiveDate,
    currency: Option<Cow<'a, str>>,
}

impl<'a> SqlQuery<'a> {
    /// A query over a period, of which both days are part.
    pub fn new(query: impl Into<Cow<'a, str>>, start: NaiveDate, end: NaiveDate) -> Self {
        Self { query: query.into(), start, end, currency: None }
    }

    /// The currency of amounts: an ISO 4217 code. Left out, it is presumably the shop's (unknown).
    pub fn currency(mut self, code: impl Into<Cow<'a, str>>) -> Self {
        self.currency = Some(code.into());
        self
    }

    pub(in super::super) fn body<'b>(&'b self, shop: &'b str) -> Result<SqlBody<'b>, Vec<FieldError>> {
        let mut problems = Vec::new();
        if self.query.trim().is_empty() {
            problems.push(FieldError::new("query", "is empty"));
        }
        if self.end < self.start {
            problems.push(FieldError::new("period", "ends before it starts"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let day = |date: NaiveDate| date.format("%Y-%m-%d").to_string();
        let period = Period { start_date: day(self.start), end_date: day(self.end) };
        Ok(SqlBody { shop_id: shop, query: &self.query, period, currency: self.currency.as_deref() })
    }
}

/// Shows the period: the text may name a person.
impl fmt::Debug for SqlQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlQuery").field("start", &self.start).field("end", &self.end).finish_non_exhaustive()
    }
}

/// The body. The shop is called `shopId` here (documented); without it the vendor answers that a token is missing.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct SqlBody<'a> {
    shop_id: &'a str,
    query: &'a str,
    period: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    start_date: String,
    end_date: String,
}

/// The columns that are read back. That the table's columns bear the names of the keys, but for `orders`, is documented
/// in general and for some of them by name; for the others it is inferred.
const COLUMNS: [&str; 35] = [
    "customer_id",
    "platform",
    "platform_account_id",
    "address1",
    "address2",
    "amount_spent",
    "city",
    "country",
    "country_code",
    "created_at",
    "customer_tags",
    "display_name",
    "email_address",
    "email_marketing_consent_collected_from",
    "email_marketing_consent_opt_in_level",
    "email_marketing_consent_status",
    "email_marketing_consent_updated_at",
    "first_name",
    "last_name",
    "last_order_id",
    "latitude",
    "locale",
    "longitude",
    "note",
    "orders",
    "phone",
    "product_subscriber_status",
    "sms_marketing_consent_collected_from",
    "sms_marketing_consent_opt_in_level",
    "sms_marketing_consent_updated_at",
    "state",
    "state_code",
    "status",
    "tax_exempt",
    "zip",
];

/// More rows than one customer has: one for each platform (documented).
const MOST_ROWS: u32 = 100;

/// How a customer is read back from the vendor's table of customers: a fixed query, of which what is not documented can
/// be changed here.
///
/// A record can be read once it is processed: the vendor tells of up to 20 minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ReadBack {
    columns: Vec<Cow<'static, str>>,
    event_date: bool,
    since: Option<NaiveDate>,
}

impl Default for ReadBack {
    fn default() -> Self {
        Self { columns: COLUMNS.iter().map(|name| Cow::Borrowed(*name)).collect(), event_date: false, since: None }
    }
}

impl ReadBack {
    /// Every column of a customer record, over the whole time, without a filter by event date.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads these columns in place of all, for where the vendor refuses the query because its table lacks one.
    /// `customer_id` is always read.
    pub fn columns<C: Into<Cow<'static, str>>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns = vec![Cow::Borrowed("customer_id")];
        self.columns.extend(columns.into_iter().map(Into::into).filter(|name| name != "customer_id"));
        self
    }

    /// Adds a filter by `event_date` over the period, which an older version of the table asked for (documented). Off by
    /// default, as the newer documentation has it.
    pub fn filter_by_event_date(mut self, filter: bool) -> Self {
        self.event_date = filter;
        self
    }

    /// The first day of the period, which ends today in UTC. Default 2000-01-01: whether the period narrows a query
    /// that does not name it is unknown.
    pub fn since(mut self, day: NaiveDate) -> Self {
        self.since = Some(day);
        self
    }

    /// The query for one customer. The id is quoted as it is, and refused where it has a character that could mean
    /// something in a query: the vendor's dialect and its way to escape are unknown.
    pub(in super::super) fn query(
        &self,
        customer_id: &str,
        today: NaiveDate,
    ) -> Result<SqlQuery<'static>, Vec<FieldError>> {
        if customer_id.trim().is_empty() {
            return Err(vec![FieldError::new("customer_id", "is empty")]);
        }
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+' | '=' | ' ');
        if customer_id.len() > 512 || !customer_id.chars().all(fits) {
            let rule = "cannot be put into a query safely: letters, digits and -_.:/+= only, at most 512 bytes";
            return Err(vec![FieldError::new("customer_id", rule)]);
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !self.columns.iter().all(|name| is_name(name)) {
            return Err(vec![FieldError::new("columns", "a column has a name of a-z, 0-9 and _")]);
        }
        let columns = self.columns.join(", ");
        let filter = if self.event_date { " AND event_date BETWEEN @startDate AND @endDate" } else { "" };
        let text = format!(
            "SELECT {columns} FROM customers_table WHERE customer_id = '{customer_id}'{filter} LIMIT {MOST_ROWS}"
        );
        let since = self.since.or_else(|| NaiveDate::from_ymd_opt(2000, 1, 1)).unwrap_or(today);
        Ok(SqlQuery::new(text, since, today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn text(id: &str) -> Result<String, Vec<FieldError>> {
        ReadBack::new().columns(["orders"]).query(id, day("2026-03-01")).map(|q| q.query.into_owned())
    }

    #[test]
    fn the_query_is_a_fixed_text_with_one_quoted_id() {
        assert_eq!(
            text("gid://shop/Customer/1042").unwrap(),
            "SELECT customer_id, orders FROM customers_table WHERE customer_id = 'gid://shop/Customer/1042' LIMIT 100"
        );
        let dated = ReadBack::new().columns(["orders"]).filter_by_event_date(true).since(day("2026-01-01"));
        let query = dated.query("7", day("2026-03-01")).unwrap();
        assert!(query.query.contains("'7' AND event_date BETWEEN @startDate AND @endDate"));
        assert_eq!(query.start, day("2026-01-01"));
    }

    #[test]
    fn no_id_leaves_its_quotes() {
        for bad in
            ["", " ", "a'b", "a\\", "a\"b", "a`b", "@startDate", "a;b", "a\nb", "a\u{0}", "{x:String}", "a%", "’"]
        {
            assert_eq!(text(bad).unwrap_err()[0].field(), "customer_id", "{bad:?}");
        }
        assert!(text(&"1".repeat(513)).is_err());
        let columns = ReadBack::new().columns(["orders FROM secrets --"]);
        assert_eq!(columns.query("1", day("2026-03-01")).unwrap_err()[0].field(), "columns");
    }

    #[test]
    fn the_body_is_as_documented() {
        let query = SqlQuery::new("SELECT 1", day("2026-01-01"), day("2026-03-01")).currency("USD");
        let body = serde_json::to_string(&query.body("shop.example.com").ok().unwrap()).unwrap();
        assert_eq!(
            body,
            r#"{"shopId":"shop.example.com","query":"SELECT 1","period":{"startDate":"2026-01-01","endDate":"2026-03-01"},"currency":"USD"}"#
        );
        let wrong = SqlQuery::new(" ", day("2026-03-02"), day("2026-03-01"));
        let problems = wrong.body("shop.example.com").err().unwrap();
        assert_eq!(problems.iter().map(FieldError::field).collect::<Vec<_>>(), ["query", "period"]);
    }
}
