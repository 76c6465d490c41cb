//! SHOPLINE, Admin REST API: `POST customers.json` and the Customer group.
//!
//! There is no upsert and no idempotency key. An upsert creates first; where the vendor refuses that with a 422, which
//! is all that it tells of a duplicate (seen), the customer is looked up by e-mail, exactly, and by phone, by a fuzzy
//! search whose results are compared digit by digit; then it is updated, and its addresses by their own routes.
//!
//! What the vendor leaves open is an option of the [`Builder`]: [`look_up_first`](Builder::look_up_first), since nobody
//! knows whether a phone number is refused for the second time; [`blanking`](Builder::blanking);
//! [`tag_policy`](Builder::tag_policy); [`check_token_expiry`](Builder::check_token_expiry).
//!
//! A create whose answer got lost is looked for. Where the exact look-up by e-mail finds nobody it is sent once more; that
//! of a phone alone is not, since the search may lag behind: its effect stays unknown.
//!
//! A plan shows the first page of that search; further pages are the same step with the vendor's cursor. An update leaves
//! the vendor's other addresses alone, and a repeat adds none that is there already.
//!
//! What this vendor cannot hold: an id of the caller's, a display name, a company beside the address, locale, currency,
//! orders and values of one's own. The plan's notes say so for each record.
//!
//! Beside the sink, [`Shopline`] has a method for each route of the group: customers, addresses, orders, subscriptions,
//! groups (saved searches), metafields, social logins, the blacklist, and handing in a file in bulk. Lists come page by
//! page, or as a stream that takes nothing but the cursor from an answer. A token is given, or renewed by the client
//! itself: see [`Shopline::oauth`] and [`OAuthApp`]. What the vendor sends by itself is checked and read by [`webhook`].
//!
//! This is the API of `{handle}.myshopline.com`. The Open API of `open.shopline.io` is another product with other tokens.

mod addresses;
mod answer;
mod calls;
mod client;
mod credential;
mod limits;
mod lookup;
mod map;
mod matrix;
mod native;
mod normal;
mod oauth;
mod options;
mod paging;
mod query;
mod record;
mod sink;
pub mod webhook;
mod wire;

pub use calls::{
    ActivationUrl, AddressesOf, BulkSubmitted, DeletedCustomer, FailedMetafield, GroupMembers, Invitation,
    LoginChannel, LoginPlatform, Metafield, MetafieldInput, MetafieldList, MetafieldsSet, OrderList, OrderRecord,
    OrderStatus, OwnedMetafield, SavedSearch, SavedSearchFields, SocialLogin, SocialLoginRecord, SubscribeAccount,
    SubscribeChannel, Subscription,
};
pub use client::{ApiVersion, Builder, DEFAULT_API_VERSION, DEFAULT_LIMIT, Shopline};
pub use matrix::MATRIX;
pub use native::Answered;
pub use oauth::{AccessToken, OAuthApp, OAuthBuilder, OAuthClient, SignedRequest};
pub use options::{Blanking, TagPolicy};
pub use paging::{Page, PageInfo};
pub use query::{Criterion, CustomerList, CustomerSearch, SearchOrder};
pub use record::{AddressRecord, ConsentRecord, CustomerRecord, Gender};
pub use wire::{
    AddressId, CustomerAddress, CustomerFields, CustomerId, EmbeddedAddress, GroupId, InternationalPhone,
    MarketingConsent, MetafieldId, OrderId, TagId,
};

use crate::provider::ProviderId;

/// `shopline`
pub const PROVIDER: ProviderId = ProviderId::new("shopline");
