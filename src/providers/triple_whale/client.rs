//! The client: options, the native calls, and the sink.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};

use super::answer::judge;
use super::map::map;
use super::wire::CustomerRecord;
use super::{MATRIX, PROVIDER};
use crate::customer::Customer;
use crate::error::{Effect, Error, ErrorKind};
use crate::http::{Account, Limit, Operation, Outgoing};
use crate::mapper::Mapper;
use crate::outcome::{Outcome, Upserted};
use crate::plan::{Plan, Step, Url, When};
use crate::provider::ProviderId;
use crate::providers::options::{ClientOptions, bare_headers, client_options, fixed_url, json_headers};
use crate::sink::{Capabilities, CustomerSink, UpsertOptions};
use crate::trace::upsert_span;

/// Where the vendor's API stands (documented).
pub const DEFAULT_BASE_URL: &str = "https://api.triplewhale.com/api/v2/";

/// What the vendor takes across all Data-In calls (documented): 25,000 a minute. Whether it counts by key, user or shop
/// is unknown; we count by key, which exceeds none of them.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 25_000, per: Duration::from_secs(60) };

/// The platform and platform account of records that come from outside the integrated platforms (documented default,
/// which has changed once; so it is always sent).
pub const DEFAULT_PLATFORM: &str = "custom-msp";

/// How long the vendor says processing takes at most (documented: about 5 minutes for records of the last two days, up
/// to 20 for older ones).
const VISIBLE_AFTER: Duration = Duration::from_secs(20 * 60);

static REPLACE: Operation = Operation::idempotent_write("create_customer_record");
static CHECK: Operation = Operation::read("validate_api_key");

/// Options of a [`TripleWhale`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    shop: String,
    api_key: SecretString,
    platform: String,
    platform_account_id: String,
    native_platforms: bool,
    refuse_sms_opt_out: bool,
    options: ClientOptions,
}

impl Builder {
    client_options!();

    /// The source platform, a part of each customer's key. Default [`DEFAULT_PLATFORM`].
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = platform.into();
        self
    }

    /// The account on that platform, a part of each customer's key. Default [`DEFAULT_PLATFORM`].
    pub fn platform_account_id(mut self, id: impl Into<String>) -> Self {
        self.platform_account_id = id.into();
        self
    }

    /// Allows the platforms `shopify`, `bigcommerce` and `woocommerce`. The vendor integrates these itself and refuses,
    /// or ignores, customers that are pushed for them (documented), so that they are refused here by default.
    pub fn allow_native_platforms(mut self, allow: bool) -> Self {
        self.native_platforms = allow;
        self
    }

    /// Refuses a record whose SMS consent is anything but a yes, instead of sending the rest with a note: this vendor
    /// cannot hold an SMS opt-out.
    pub fn refuse_sms_opt_out(mut self, refuse: bool) -> Self {
        self.refuse_sms_opt_out = refuse;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the option: a shop that is no bare host, a native platform, an empty key, a base
    /// URL that would send in clear.
    pub fn build(self) -> Result<TripleWhale, Error> {
        let refuse = |option, message: &'static str| Err(Error::config(PROVIDER, option, message));
        let shop = self.shop.trim();
        if shop.is_empty() || shop.contains(['/', ':', '?', '#', '@']) || shop.chars().any(char::is_whitespace) {
            return refuse("shop", "needs a bare host as in Settings, Store: no scheme, slash, port or blank");
        }
        for (option, value) in [("platform", &self.platform), ("platform_account_id", &self.platform_account_id)] {
            if value.trim().is_empty() {
                return refuse(option, "must not be empty: it is a part of each customer's key");
            }
        }
        let native =
            ["shopify", "bigcommerce", "woocommerce"].iter().any(|p| p.eq_ignore_ascii_case(self.platform.trim()));
        if native && !self.native_platforms {
            return refuse("platform", "is integrated by the vendor, which takes no pushed customers for it");
        }
        let headers = json_headers(PROVIDER, "application/json", Some(("x-api-key", &self.api_key)))?;
        let bare = bare_headers(PROVIDER, Some(("x-api-key", &self.api_key)))?;
        let account_parts = [self.api_key.expose_secret()];
        let (base, account) = self.options.open(PROVIDER, DEFAULT_BASE_URL, &account_parts, DEFAULT_LIMIT)?;
        Ok(TripleWhale(Arc::new(Inner {
            customers: fixed_url(PROVIDER, &base, "data-in/customers")?,
            key: fixed_url(PROVIDER, &base, "users/api-keys/me")?,
            shop: shop.to_owned(),
            platform: self.platform.trim().to_owned(),
            platform_account_id: self.platform_account_id.trim().to_owned(),
            refuse_sms_opt_out: self.refuse_sms_opt_out,
            headers: Arc::new(headers),
            bare: Arc::new(bare),
            account,
        })))
    }
}

struct Inner {
    shop: String,
    platform: String,
    platform_account_id: String,
    refuse_sms_opt_out: bool,
    customers: Arc<url::Url>,
    key: Arc<url::Url>,
    headers: Arc<HeaderMap>,
    bare: Arc<HeaderMap>,
    account: Account,
}

/// A client of Triple Whale's Data-In API for one shop. Cheap to clone.
#[derive(Clone)]
pub struct TripleWhale(Arc<Inner>);

impl fmt::Debug for TripleWhale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleWhale")
            .field("shop", &self.0.shop)
            .field("platform", &self.0.platform)
            .finish_non_exhaustive()
    }
}

impl TripleWhale {
    /// A client for this shop (its URL as in Settings, Store: a bare host) and API key.
    pub fn builder(shop: impl Into<String>, api_key: impl Into<SecretString>) -> Builder {
        Builder {
            shop: shop.into(),
            api_key: api_key.into(),
            platform: DEFAULT_PLATFORM.to_owned(),
            platform_account_id: DEFAULT_PLATFORM.to_owned(),
            native_platforms: false,
            refuse_sms_opt_out: false,
            options: ClientOptions::default(),
        }
    }

    /// A record with this client's shop and platform, for [`replace_customer`](Self::replace_customer).
    #[must_use]
    pub fn record(&self) -> CustomerRecord<'_> {
        CustomerRecord {
            shop: Cow::Borrowed(&self.0.shop),
            platform: Cow::Borrowed(&self.0.platform),
            platform_account_id: Cow::Borrowed(&self.0.platform_account_id),
            ..CustomerRecord::default()
        }
    }

    /// Creates a customer record, or replaces the whole of the one with the same key. A success means that the vendor
    /// has received it; it is processed later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] before sending where `shop` or `customer_id` is empty; else as [`CustomerSink::upsert_with`].
    pub async fn replace_customer(&self, record: &CustomerRecord<'_>) -> Result<Upserted, Error> {
        let mut problems = Vec::new();
        for (field, value) in [("shop", &record.shop), ("customer_id", &record.customer_id)] {
            if value.trim().is_empty() {
                problems.push(crate::FieldError::new(field, "is required"));
            }
        }
        if !problems.is_empty() {
            return Err(Error::invalid_record(problems).with_provider(PROVIDER).with_operation(REPLACE.name));
        }
        self.send(&self.step(record)?).await
    }

    fn step(&self, record: &CustomerRecord<'_>) -> Result<Step, Error> {
        Ok(Step {
            when: When::Always,
            operation: REPLACE.name,
            method: Method::POST,
            url: Url::from(&self.0.customers),
            headers: Arc::clone(&self.0.headers),
            body: Some(body(record)?),
        })
    }

    async fn send(&self, step: &Step) -> Result<Upserted, Error> {
        let mut call = self.0.account.call();
        call.send(Outgoing::of(&REPLACE, step), judge).await?;
        let mut done = Upserted::new(PROVIDER, Outcome::Accepted);
        done.attempts = call.attempts;
        done.request_id = call.request_id;
        done.visible_after = Some(VISIBLE_AFTER);
        Ok(done)
    }
}

/// The body of a request, in one buffer.
fn body(record: &CustomerRecord<'_>) -> Result<Bytes, Error> {
    let mut buffer = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut buffer, record) {
        Ok(()) => Ok(Bytes::from(buffer)),
        Err(error) => Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER).with_source(error)),
    }
}

#[async_trait]
impl CustomerSink for TripleWhale {
    fn provider(&self) -> ProviderId {
        PROVIDER
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&MATRIX).can_check()
    }

    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
        let mut mapper = Mapper::new(customer, &MATRIX);
        let mut record = self.record();
        map(&mut record, &mut mapper, self.0.refuse_sms_opt_out);
        let (sent, notes) = mapper.finish(options)?;
        Ok(Plan { provider: PROVIDER, steps: vec![self.step(&record)?], sent, notes })
    }

    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
        upsert_span(PROVIDER, async {
            let plan = self.plan(customer, options)?;
            let mut done = match plan.steps.first() {
                Some(step) => self.send(step).await?,
                None => return Err(Error::new(ErrorKind::Other, Effect::NotSent).with_provider(PROVIDER)),
            };
            done.notes = plan.notes;
            Ok(done)
        })
        .await
    }

    async fn check(&self) -> Result<(), Error> {
        let out = Outgoing {
            operation: &CHECK,
            method: &Method::GET,
            url: &Url::from(&self.0.key),
            headers: &self.0.bare,
            body: None,
        };
        // The body's form is unknown: the status alone decides.
        self.0.account.call().send(out, judge).await.map(drop)
    }
}
