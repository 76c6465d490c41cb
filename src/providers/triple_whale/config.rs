//! The options of a client, and what they default to.

use std::sync::Arc;
use std::time::Duration;

use super::PROVIDER;
use super::client::{Inner, ShopGuard, TripleWhale};
use super::request::{BARE_HOST, MissingCreatedAt, PhoneForm, ReadBack, is_bare_host};
use super::to_vendor::MapOptions;
use crate::client::options::{ClientOptions, client_options, fixed_url, request_headers};
use crate::client::{Connector, Limit, Secret};
use crate::error::Error;

/// Where the vendor's API stands (documented).
pub const DEFAULT_BASE_URL: &str = "https://api.triplewhale.com/api/v2/";

/// What the vendor takes across all Data-In calls (documented): 25,000 a minute. Whether it counts by key, user or shop
/// is unknown; we count by key, which exceeds none of them.
pub const DEFAULT_LIMIT: Limit = Limit::Window { max: 25_000, per: Duration::from_secs(60) };

/// What the vendor takes of SQL queries (documented): 100 a second and 600 a minute, of which it counts apart from
/// Data-In. 100 in any ten seconds keep to both.
pub const DEFAULT_SQL_LIMIT: Limit = Limit::Window { max: 100, per: Duration::from_secs(10) };

/// The platform and platform account of records that come from outside the integrated platforms (documented default,
/// which has changed once; so it is always sent).
pub const DEFAULT_PLATFORM: &str = "custom-msp";

/// How long the vendor says processing takes at most (documented: about 5 minutes for records of the last two days, up
/// to 20 for older ones).
pub(super) const VISIBLE_AFTER: Duration = Duration::from_secs(20 * 60);

/// How many upserts in a row have to end in a 500 before a client stops.
pub const DEFAULT_STOP_AFTER: u32 = 5;

/// How long a client that has stopped sends nothing.
pub const DEFAULT_STOP_FOR: Duration = Duration::from_secs(60);

/// Options of a [`TripleWhale`] client.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    shop: String,
    api_key: Secret,
    platform: String,
    platform_account_id: String,
    native_platforms: bool,
    map: MapOptions,
    stop_after: u32,
    stop_for: Duration,
    sql_read_back: bool,
    read_back: ReadBack,
    sql_limit: Option<Limit>,
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
        self.map.refuse_sms_opt_out = refuse;
        self
    }

    /// Sends the number of orders as `orders` too, beside the documented `number_of_orders`. Off by default.
    ///
    /// The vendor's documentation contradicts itself: the call names the count `number_of_orders`, and the table that it
    /// ends in `orders`. Which of the two is filled from where is unknown. Switch this on only where counts that were
    /// sent do not show up there; whether the vendor refuses a key that it does not document is unknown too.
    pub fn also_send_orders(mut self, also: bool) -> Self {
        self.map.also_send_orders = also;
        self
    }

    /// How phone numbers are written, in records and in requests to erase. Default [`PhoneForm::AsGiven`]: the vendor
    /// documents no form, and its examples differ.
    pub fn phone_form(mut self, form: PhoneForm) -> Self {
        self.map.phone_form = form;
        self
    }

    /// What is sent as `created_at` of a record that does not know it. Default [`MissingCreatedAt::VendorDecides`]. That
    /// the vendor moves the time with each update then is inferred from its documented default.
    pub fn missing_created_at(mut self, what: MissingCreatedAt) -> Self {
        self.map.missing_created_at = what;
        self
    }

    /// Stops after so many upserts in a row that ended in a 500, which is what the vendor also answers for a shop that
    /// it does not know or that is not connected (seen in its error guide, as restated). Then upserts fail at once, with
    /// nothing sent, until `pause` has passed; after it one upsert is let through at a time, and the first success opens
    /// the way for all. Counted per client and its clones; a success restarts the count.
    ///
    /// Default [`DEFAULT_STOP_AFTER`] and [`DEFAULT_STOP_FOR`]. 0 upserts: never stops.
    pub fn stop_after(mut self, upserts: u32, pause: Duration) -> Self {
        self.stop_after = upserts;
        self.stop_for = pause;
        self
    }

    /// Lets [`CustomerSink::find`](crate::CustomerSink::find) read a customer back by external id, by a query over the
    /// vendor's tables. Off by default: it needs a key with another scope (`Data Out`), and parts of the query are
    /// inferred; see [`ReadBack`].
    pub fn sql_read_back(mut self, on: bool) -> Self {
        self.sql_read_back = on;
        self
    }

    /// How `find` reads, once [`sql_read_back`](Self::sql_read_back) is on.
    pub fn read_back(mut self, how: ReadBack) -> Self {
        self.read_back = how;
        self
    }

    /// Replaces [`DEFAULT_SQL_LIMIT`] for this account, for every client of it.
    pub fn sql_rate_limit(mut self, limit: Limit) -> Self {
        self.sql_limit = Some(limit);
        self
    }

    /// Makes the client.
    ///
    /// A shop under `myshopify.com` is warned of in the log (`tracing`), once each time: the vendor may integrate it
    /// itself, and may then ignore what is pushed for it (documented; the vendor's own example is such a shop, so that it
    /// is not refused).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the option: a shop that is no bare host, a native platform, an empty key, a base
    /// URL that would send in clear.
    pub fn build(self) -> Result<TripleWhale, Error> {
        let refuse = |option, message: &'static str| Err(Error::config(PROVIDER, option, message));
        let shop = self.shop.trim();
        if !is_bare_host(shop) {
            return refuse("shop", BARE_HOST);
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
        if !self.native_platforms && shop.to_ascii_lowercase().ends_with(".myshopify.com") {
            tracing::warn!(
                provider = PROVIDER.as_str(),
                shop,
                "a shop that the vendor may integrate itself: customers that are pushed for it may be ignored"
            );
        }
        let headers = request_headers(PROVIDER, "application/json", Some(("x-api-key", &self.api_key)))?;
        let connector = Connector::or_default(self.options.connector.clone(), PROVIDER)?;
        let options = ClientOptions { connector: Some(connector), ..self.options };
        let sql_options = ClientOptions { limit: self.sql_limit, ..options.clone() };
        let key = self.api_key.expose();
        let (base, mut account) = options.open(PROVIDER, DEFAULT_BASE_URL, &[key], DEFAULT_LIMIT)?;
        let (_, mut sql_account) = sql_options.open(PROVIDER, DEFAULT_BASE_URL, &[key, "sql"], DEFAULT_SQL_LIMIT)?;
        for account in [&mut account, &mut sql_account] {
            // The vendor's own was seen on another of its hosts only.
            account.request_id_headers = &["x-tw-trace-id", "x-request-id", "request-id"];
        }
        Ok(TripleWhale(Arc::new(Inner {
            customers: fixed_url(PROVIDER, &base, "data-in/customers")?,
            key: fixed_url(PROVIDER, &base, "users/api-keys/me")?,
            erasures: fixed_url(PROVIDER, &base, "compliance/requests/create-request")?,
            sql: fixed_url(PROVIDER, &base, "orcabase/api/sql")?,
            shop: shop.to_owned(),
            platform: self.platform.trim().to_owned(),
            platform_account_id: self.platform_account_id.trim().to_owned(),
            map: self.map,
            guard: ShopGuard::new(self.stop_after, self.stop_for),
            read_back: self.sql_read_back.then_some(self.read_back),
            headers,
            account,
            sql_account,
        })))
    }
}

impl TripleWhale {
    /// A client for this shop (its URL as in Settings, Store: a bare host) and API key.
    pub fn builder(shop: impl Into<String>, api_key: impl Into<Secret>) -> Builder {
        Builder {
            shop: shop.into(),
            api_key: api_key.into(),
            platform: DEFAULT_PLATFORM.to_owned(),
            platform_account_id: DEFAULT_PLATFORM.to_owned(),
            native_platforms: false,
            map: MapOptions::default(),
            stop_after: DEFAULT_STOP_AFTER,
            stop_for: DEFAULT_STOP_FOR,
            sql_read_back: false,
            read_back: ReadBack::default(),
            sql_limit: None,
            options: ClientOptions::default(),
        }
    }
}
