//! By which other services a store's customers may sign in: a setting of the store, not of a customer.

use std::fmt;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::client::{Shopline, body};
use super::super::native::Answered;
use super::super::query::Query;
use super::super::record::{list, object, text};
use super::Ask;
use super::customers::Nothing;
use crate::client::Operation;
use crate::client::json::lenient::lenient_text;
use crate::error::Error;

static LIST: Operation = Operation::bare_read("list_social_logins");
/// The vendor makes or changes (documented).
static SET: Operation = Operation::bare_idempotent_write("set_social_login");
static DELETE: Operation = Operation::bare_idempotent_write("delete_social_login");

macro_rules! open_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that nobody documented.
            Unrecognised(String),
        }

        impl $name {
            /// The vendor's word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unrecognised(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.trim().to_ascii_lowercase().as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Unrecognised(word),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

open_words! {
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

open_words! {
    /// Where customers sign in.
    LoginPlatform {
        /// The web.
        Web = "web",
        /// The app.
        App = "app",
    }
}

/// A service to be made or changed.
#[derive(Clone, Serialize)]
pub struct SocialLogin<'a> {
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
    pub third_key: Option<&'a SecretString>,
    /// The store's RSA key at the service, a secret.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret")]
    pub third_rsa_key: Option<&'a SecretString>,
}

impl SocialLogin<'_> {
    /// This service, with nothing else.
    #[must_use]
    pub fn new(login_channel: LoginChannel) -> Self {
        Self { login_channel, login_platform_type: None, third_app_id: None, third_key: None, third_rsa_key: None }
    }
}

/// A service as the vendor shows it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SocialLoginRecord {
    /// The service.
    #[serde(deserialize_with = "word")]
    pub login_channel: Option<LoginChannel>,
    /// Where customers sign in.
    #[serde(deserialize_with = "word")]
    pub login_platform_type: Option<LoginPlatform>,
    /// The store's id at the service.
    #[serde(deserialize_with = "lenient_text")]
    pub third_app_id: Option<String>,
    /// The store's key at the service.
    #[serde(deserialize_with = "secret_text")]
    pub third_key: Option<SecretString>,
    /// The store's RSA key at the service.
    #[serde(deserialize_with = "secret_text")]
    pub third_rsa_key: Option<SecretString>,
}

/// Shows service and platform.
impl fmt::Debug for SocialLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SocialLogin");
        out.field("login_channel", &self.login_channel).field("login_platform_type", &self.login_platform_type);
        out.finish_non_exhaustive()
    }
}

/// Shows service and platform.
impl fmt::Debug for SocialLoginRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SocialLoginRecord");
        out.field("login_channel", &self.login_channel).field("login_platform_type", &self.login_platform_type);
        out.finish_non_exhaustive()
    }
}

#[allow(clippy::ref_option)] // The signature that serde asks for.
fn secret<S: Serializer>(secret: &Option<&SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.map(ExposeSecret::expose_secret).serialize(serializer)
}

fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(text(deserializer)?.map(SecretString::from))
}

fn word<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(text(deserializer)?.map(T::from))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SocialAnswer {
    #[serde(deserialize_with = "object")]
    data: Option<SocialData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SocialData {
    #[serde(deserialize_with = "list")]
    third_party_login_configurations: Vec<SocialLoginRecord>,
}

#[derive(Serialize)]
struct DeleteBody<'a> {
    login_channel: &'a LoginChannel,
    login_platform_type: &'a LoginPlatform,
}

impl Shopline {
    /// The store's services, all or of one kind: `GET customers_social_login.json`. Which scope it needs is unknown.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it, or [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn list_social_logins(
        &self,
        channel: Option<&LoginChannel>,
        platform: Option<&LoginPlatform>,
    ) -> Result<Answered<Vec<SocialLoginRecord>>, Error> {
        let mut query = Query::default();
        query.option("login_channel", channel.map(LoginChannel::as_str));
        query.option("login_platform_type", platform.map(LoginPlatform::as_str));
        let answered =
            self.reading::<SocialAnswer>(Ask::get(&LIST, "customers_social_login.json").query(query)).await?;
        Ok(answered.map(|answer| answer.data.unwrap_or_default().third_party_login_configurations))
    }

    /// Makes or changes a service: `POST customers_social_login.json`.
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn set_social_login(&self, login: &SocialLogin<'_>) -> Result<Answered<()>, Error> {
        let ask = Ask::new(&SET, Method::POST, "customers_social_login.json").body(body(login)?);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }

    /// Removes a service: `DELETE customers_social_login.json`, with a JSON body (documented).
    ///
    /// # Errors
    ///
    /// As the vendor refuses it.
    pub async fn delete_social_login(
        &self,
        channel: &LoginChannel,
        platform: &LoginPlatform,
    ) -> Result<Answered<()>, Error> {
        let body = body(&DeleteBody { login_channel: channel, login_platform_type: platform })?;
        let ask = Ask::new(&DELETE, Method::DELETE, "customers_social_login.json").body(body);
        Ok(self.writing::<Nothing>(ask).await?.map(|_| ()))
    }
}
