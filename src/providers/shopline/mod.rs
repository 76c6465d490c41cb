#![doc = include_str!("README.md")]

mod addresses;
mod api;
mod auth;
mod client;
mod config;
mod error;
mod from_vendor;
mod lookup;
mod matrix;
mod operations;
mod request;
mod response;
mod sink;
mod to_vendor;
mod upsert;
pub mod webhook;

pub use api::{
    ActivationUrlRecord, Criterion, CustomerAddressesRecord, CustomerQuery, CustomerSearchQuery, DeletedCustomerRecord,
    FailedMetafieldRecord, GroupInput, GroupMemberQuery, GroupRecord, InvitationRecord, LoginChannel, LoginPlatform,
    MetafieldInput, MetafieldQuery, MetafieldRecord, MetafieldsSetRecord, OrderQuery, OrderRecord, OrderStatus,
    OwnedMetafieldInput, SearchOrder, SocialLoginInput, SocialLoginRecord, SubscribeAccount, SubscribeChannel,
    SubscriptionRecord,
};
pub use auth::{AccessToken, OAuthApp, OAuthBuilder, OAuthClient, SignedRequest};
pub use client::Shopline;
pub use config::Builder;
pub use matrix::MATRIX;
pub use request::options::{ApiVersion, Blanking, DEFAULT_API_VERSION, DEFAULT_LIMIT, TagPolicy};
pub use request::{
    AddressId, AddressInput, ConsentInput, CustomerId, CustomerInput, EmbeddedAddressInput, GroupId,
    InternationalPhone, MetafieldId, OrderId, TagId,
};
pub use response::{AddressRecord, ConsentRecord, CustomerRecord, Gender};

use crate::provider::ProviderId;

/// `shopline`
pub const PROVIDER: ProviderId = ProviderId::new("shopline");
