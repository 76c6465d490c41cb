//! The client of one shop: its URLs, its headers, and how it sends.

mod guard;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::PROVIDER;
use super::error::check_customer;
use super::request::{CustomerInput, CustomerKey, ReadBack};
use super::to_vendor::MapOptions;
use crate::client::api::{ApiClient, api_client};
use crate::client::auth::token::RequestHeaders;
use crate::client::{AccountContext, Request, Response};
use crate::error::{Effect, Error, ErrorKind};

use guard::Ended;
pub(super) use guard::ShopGuard;

pub(super) struct Inner {
    pub(super) shop: String,
    pub(super) platform: String,
    pub(super) platform_account_id: String,
    pub(super) map: MapOptions,
    pub(super) guard: ShopGuard,
    /// How `find` reads; none where it may not.
    pub(super) read_back: Option<ReadBack>,
    pub(super) customers: Arc<url::Url>,
    pub(super) key: Arc<url::Url>,
    pub(super) erasures: Arc<url::Url>,
    pub(super) sql: Arc<url::Url>,
    pub(super) headers: RequestHeaders,
    pub(super) account: AccountContext,
    /// The vendor counts queries apart.
    pub(super) sql_account: AccountContext,
}

/// A client of Triple Whale's Data-In API for one shop. Cheap to clone.
#[derive(Clone)]
pub struct TripleWhale(pub(super) Arc<Inner>);

impl fmt::Debug for TripleWhale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripleWhale")
            .field("shop", &self.0.shop)
            .field("platform", &self.0.platform)
            .finish_non_exhaustive()
    }
}

impl TripleWhale {
    /// The key under which this client keeps a customer: its shop and platform, and this id.
    pub fn key<'a>(&'a self, customer_id: impl Into<Cow<'a, str>>) -> CustomerKey<'a> {
        CustomerKey {
            shop: Cow::Borrowed(&self.0.shop),
            customer_id: customer_id.into(),
            platform: Cow::Borrowed(&self.0.platform),
            platform_account_id: Cow::Borrowed(&self.0.platform_account_id),
        }
    }

    /// A record under this client's [`key`](Self::key) for this id, with nothing else in it, for
    /// [`replace_customer`](Self::replace_customer).
    pub fn customer_input<'a>(&'a self, customer_id: impl Into<Cow<'a, str>>) -> CustomerInput<'a> {
        CustomerInput { key: self.key(customer_id), ..CustomerInput::default() }
    }
}

impl TripleWhale {
    /// Sends the write of a customer, unless the vendor keeps failing for this shop.
    pub(super) async fn send_guarded(&self, request: &Request) -> Result<Response<()>, Error> {
        let clock = self.0.account.connector.clock();
        let pass = self.0.guard.enter(clock.now()).map_err(|left| {
            Error::new(ErrorKind::Unavailable, Effect::NotSent)
                .with_provider(PROVIDER)
                .with_operation(request.operation().name())
                .with_retryable(true)
                .with_retry_after((!left.is_zero()).then_some(left))
                .with_hint("several upserts in a row ended in a 500: the shop is probably unknown or not connected")
        })?;
        let result = self.send_customer(request).await;
        let how = match &result {
            Ok(_) => Ended::Success,
            Err(error) if error.status() == Some(500) => Ended::ServerError,
            Err(_) => Ended::Other,
        };
        pass.end(how, clock.now());
        result
    }

    /// Sends the write of a customer.
    pub(super) async fn send_customer(&self, request: &Request) -> Result<Response<()>, Error> {
        self.send(&mut self.0.account.call(), request, check_customer).await
    }
}

api_client!(TripleWhale);
