//! The services by which a store's customers may sign in: a setting of the store, not of a customer.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::super::client::Shopline;
use super::super::error::check;
use super::super::operations::{DELETE_SOCIAL_LOGIN, LIST_SOCIAL_LOGINS, SET_SOCIAL_LOGIN};
use super::super::response::one;
use crate::client::api::ApiClient;
use crate::client::json::raw::record;
use crate::client::json::value::lenient;
use crate::client::json::words::open_enum;
use crate::client::pages::Page;
use crate::client::query::Query;
use crate::client::response::decode;
use crate::client::{Response, Secret};
use crate::error::Error;

const ROUTE: &str = "customers_social_login.json";

open_enum! {
    /// A service by which customers sign in.
    LoginChannel {
        /// Apple.
        Apple = "apple",
        /// Facebook.
        Facebook = "facebook",
        /// Google.
        Google = "google",
        /// LINE.
        Line = "line",
        /// TikTok.
        TikTok = "tiktok",
    }
}

open_enum! {
    /// Where customers sign in.
    LoginPlatform {
        /// The web.
        Web = "web",
        /// The app.
        App = "app",
    }
}

/// A service to create or update.
#[derive(Clone, Serialize)]
pub struct SocialLoginInput<'a> {
    /// The service; required.
    pub login_channel: LoginChannel,
    /// Where customers sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_platform_type: Option<LoginPlatform>,
    /// The store's id at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_app_id: Option<&'a str>,
    /// The store's key at the service, a secret.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub third_key: Option<&'a Secret>,
    /// The store's RSA key at the service, a secret.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub third_rsa_key: Option<&'a Secret>,
}

impl SocialLoginInput<'_> {
    /// This service, with nothing else.
    #[must_use]
    pub fn new(login_channel: LoginChannel) -> Self {
        Self { login_channel, login_platform_type: None, third_app_id: None, third_key: None, third_rsa_key: None }
    }
}

record! {
    /// A service as the vendor shows it.
    SocialLoginRecord {
        /// The service.
        login_channel: Option<LoginChannel>,
        /// Where customers sign in.
        login_platform_type: Option<LoginPlatform>,
        /// The store's id at the service.
        third_app_id: Option<String>,
        /// The store's key at the service.
        third_key: Option<Secret>,
        /// The store's RSA key at the service.
        third_rsa_key: Option<Secret>,
    }
}

/// Shows service and platform.
impl fmt::Debug for SocialLoginInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SocialLoginInput");
        out.field("login_channel", &self.login_channel).field("login_platform_type", &self.login_platform_type);
        out.finish_non_exhaustive()
    }
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn secret<S: Serializer>(secret: &Option<&Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.map(Secret::expose).serialize(serializer)
}

#[derive(Default, Deserialize)]
struct SocialData {
    #[serde(default, deserialize_with = "lenient")]
    third_party_login_configurations: Vec<SocialLoginRecord>,
}

#[derive(Serialize)]
struct DeleteBody<'a> {
    login_channel: &'a LoginChannel,
    login_platform_type: &'a LoginPlatform,
}

impl Shopline {
    /// Lists the store's services, all or of one kind: `GET customers_social_login.json`. Which scope it needs is unknown.
    ///
    /// # Errors
    ///
    /// The vendor's refusal, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_social_logins(
        &self,
        channel: Option<&LoginChannel>,
        platform: Option<&LoginPlatform>,
    ) -> Result<Response<Page<SocialLoginRecord>>, Error> {
        let mut query = Query::new();
        query.push_some("login_channel", channel.map(LoginChannel::as_str));
        query.push_some("login_platform_type", platform.map(LoginPlatform::as_str));
        let request = self.to(&LIST_SOCIAL_LOGINS, &query.on(ROUTE), &[])?;
        let answer = self.fetch(request, decode(check, one::<SocialData>("data"))).await?;
        Ok(answer.map(|data| Page::new(data.unwrap_or_default().third_party_login_configurations, None)))
    }

    /// Creates or updates a service: `POST customers_social_login.json`.
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn set_social_login(&self, login: &SocialLoginInput<'_>) -> Result<Response<()>, Error> {
        self.write_only(self.to_with(&SET_SOCIAL_LOGIN, ROUTE, &[], login)?).await
    }

    /// Removes a service: `DELETE customers_social_login.json`, with a JSON body (documented).
    ///
    /// # Errors
    ///
    /// The vendor's refusal.
    pub async fn delete_social_login(
        &self,
        channel: &LoginChannel,
        platform: &LoginPlatform,
    ) -> Result<Response<()>, Error> {
        let body = DeleteBody { login_channel: channel, login_platform_type: platform };
        self.write_only(self.to_with(&DELETE_SOCIAL_LOGIN, ROUTE, &[], &body)?).await
    }
}
