//! The table of providers: opens a sink from named variables, for programs that read their settings from an environment.
//!
//! A provider is one entry of [`entries`]. The library reads no environment variable: it asks the function that the caller
//! passes. A value that is blank counts as not set.
//!
//! ```
//! use customer_sink::CustomerSink;
//! use customer_sink::providers::registry::{self, Configuration, OpenOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In a program: `let variables = |name: &str| std::env::var(name).ok();`
//! let variables = |name: &str| match name {
//!     "YOTPO_STORE_ID" => Some("fake-store".to_owned()),
//!     "YOTPO_SECRET" => Some("fake-secret".to_owned()),
//!     "SHOPLINE_HANDLE" => Some("open001".to_owned()),
//!     _ => None,
//! };
//!
//! let sink = registry::find("yotpo")?.open(&variables, &OpenOptions::default())?;
//! assert_eq!(sink.provider().as_str(), "yotpo");
//!
//! let missing = vec!["SHOPLINE_ACCESS_TOKEN"];
//! assert_eq!(registry::find("shopline")?.configuration(&variables), Configuration::Partial { missing });
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::sync::Arc;

use crate::client::Limit;
use crate::plan::matrix::FieldMatrix;
use crate::{Connector, CustomerSink, Effect, Error, ErrorKind, ProviderId, RetryPolicy};

/// One entry a provider: `module::Client(account, secret, base URL; further variables)`. A further variable names the
/// builder's method that takes it, and its role.
macro_rules! registry {
    ($($module:ident::$client:ident(
        $account:literal, $secret:literal, $base:literal $(; $role:ident $method:ident = $option:literal)*
    ),)+) => {
        static ENTRIES: &[Entry] = &[$(Entry {
            matrix: &super::$module::MATRIX,
            quota: super::$module::DEFAULT_LIMIT,
            variables: &[
                Variable { name: $account, role: VariableRole::Account, is_required: true },
                Variable { name: $secret, role: VariableRole::Secret, is_required: true },
                $(Variable { name: $option, role: VariableRole::$role, is_required: false },)*
                Variable { name: $base, role: VariableRole::BaseUrl, is_required: false },
            ],
            base_url_variable: $base,
            open: |given, options| {
                let [account, secret] = [$account, $secret].map(|name| given(name).unwrap_or_default());
                let mut builder = super::$module::$client::builder(account, secret);
                $(if let Some(value) = given($option) {
                    builder = builder.$method(value);
                })*
                if let Some(url) = given($base) {
                    builder = builder.base_url(url);
                }
                if let Some(connector) = &options.connector {
                    builder = builder.connector(connector);
                }
                if let Some(limit) = options.rate_limit {
                    builder = builder.rate_limit(limit);
                }
                if let Some(policy) = options.retry_policy {
                    builder = builder.retry_policy(policy);
                }
                Ok(Arc::new(builder.build()?))
            },
            #[cfg(feature = "sandbox")]
            stand_in: |time| Arc::new(crate::sandbox::$module::$client::new(time)),
        }),+];

        /// The field matrix of every provider, in the order of [`entries`]: the treatment of each normalized field, as data.
        pub static MATRICES: &[&FieldMatrix] = &[$(&super::$module::MATRIX),+];
    };
}

registry! {
    triple_whale::TripleWhale("TRIPLE_WHALE_SHOP", "TRIPLE_WHALE_API_KEY", "TRIPLE_WHALE_BASE_URL";
        Account platform = "TRIPLE_WHALE_PLATFORM"; Account platform_account_id = "TRIPLE_WHALE_PLATFORM_ACCOUNT_ID"),
    shopline::Shopline("SHOPLINE_HANDLE", "SHOPLINE_ACCESS_TOKEN", "SHOPLINE_BASE_URL"; Option api_version = "SHOPLINE_API_VERSION"),
    shoplazza::Shoplazza("SHOPLAZZA_SHOP", "SHOPLAZZA_ACCESS_TOKEN", "SHOPLAZZA_BASE_URL"; Option api_version = "SHOPLAZZA_API_VERSION"),
    yotpo::Yotpo("YOTPO_STORE_ID", "YOTPO_SECRET", "YOTPO_BASE_URL"),
    whale::Whale("WHALE_STORE_ID", "WHALE_API_KEY", "WHALE_BASE_URL"),
}

/// Looks a variable up.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

type Open = fn(Variables<'_>, &OpenOptions) -> Result<Arc<dyn CustomerSink>, Error>;

/// One provider: its field matrix, its documented quota, and how to open a sink of it.
pub struct Entry {
    matrix: &'static FieldMatrix,
    quota: Limit,
    variables: &'static [Variable],
    base_url_variable: &'static str,
    open: Open,
    #[cfg(feature = "sandbox")]
    stand_in: fn(crate::sandbox::Time) -> Arc<dyn crate::sandbox::StandIn>,
}

/// A variable that a provider's entry reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Its name, as in `YOTPO_STORE_ID`.
    pub name: &'static str,
    /// What it sets.
    pub role: VariableRole,
    /// Whether a sink cannot be opened without it.
    pub is_required: bool,
}

/// What a variable sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableRole {
    /// A part of the account that records are sent to. Not a secret.
    Account,
    /// A credential.
    Secret,
    /// An option of the client.
    Option,
    /// The place that requests are sent to, instead of the vendor's.
    BaseUrl,
}

/// How many of a provider's variables are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// None of them.
    Absent,
    /// Some of them, but not all that are required.
    Partial {
        /// The required ones that are not set.
        missing: Vec<&'static str>,
    },
    /// All that are required.
    Complete,
}

/// Settings of a sink that the variables do not hold.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct OpenOptions {
    connector: Option<Connector>,
    rate_limit: Option<Limit>,
    retry_policy: Option<RetryPolicy>,
}

impl OpenOptions {
    /// Shares a transport, a clock and the accounts' quotas with other clients. Default: a connector of its own.
    pub fn connector(mut self, connector: &Connector) -> Self {
        self.connector = Some(connector.clone());
        self
    }

    /// Replaces the vendor's documented limit.
    pub const fn rate_limit(mut self, limit: Limit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Replaces the default attempts, time-outs and pauses.
    pub const fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = Some(policy);
        self
    }
}

/// Why the registry did not open a sink.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no provider of this name.
    #[error("{name} is none of {}", joined(entries().iter().map(|entry| entry.provider().as_str()), ", "))]
    UnknownProvider {
        /// The name.
        name: String,
    },
    /// Required variables are not set.
    #[error("{provider}: {} must be set", joined(.missing.iter().copied(), " and "))]
    MissingVariables {
        /// The provider.
        provider: ProviderId,
        /// The variables.
        missing: Vec<&'static str>,
    },
    /// The client refused a value: a base URL, an id or an option.
    #[error(transparent)]
    Client(#[from] Error),
}

fn joined<'a>(words: impl Iterator<Item = &'a str>, separator: &str) -> String {
    words.collect::<Vec<_>>().join(separator)
}

/// [`ErrorKind::Config`], with the registry's error as the cause.
impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Client(error) => error,
            RegistryError::MissingVariables { provider, .. } => {
                Self::new(ErrorKind::Config, Effect::NotSent).with_provider(provider).with_source(error)
            }
            RegistryError::UnknownProvider { .. } => Self::new(ErrorKind::Config, Effect::NotSent).with_source(error),
        }
    }
}

/// All providers of this crate, in the order of the documentation.
#[must_use]
pub fn entries() -> &'static [Entry] {
    ENTRIES
}

/// The entry of a provider, by its name.
///
/// # Errors
///
/// [`RegistryError::UnknownProvider`].
pub fn find(name: &str) -> Result<&'static Entry, RegistryError> {
    let entry = ENTRIES.iter().find(|entry| entry.provider().as_str() == name);
    entry.ok_or_else(|| RegistryError::UnknownProvider { name: name.to_owned() })
}

impl Entry {
    /// The provider.
    #[must_use]
    pub const fn provider(&self) -> ProviderId {
        self.matrix.provider()
    }

    /// The treatment of each normalized field, as data.
    #[must_use]
    pub const fn matrix(&self) -> &'static FieldMatrix {
        self.matrix
    }

    /// The vendor's documented limit, which a sink applies by default.
    #[must_use]
    pub const fn quota(&self) -> Limit {
        self.quota
    }

    /// The variables that it reads: the required ones first.
    #[must_use]
    pub const fn variables(&self) -> &'static [Variable] {
        self.variables
    }

    /// The variable that replaces the vendor's base URL.
    #[must_use]
    pub const fn base_url_variable(&self) -> &'static str {
        self.base_url_variable
    }

    /// How many of its variables are set.
    #[must_use]
    pub fn configuration(&self, variables: &dyn Fn(&str) -> Option<String>) -> Configuration {
        let missing = self.missing(variables);
        if missing.is_empty() {
            Configuration::Complete
        } else if self.variables.iter().any(|variable| set(variables, variable.name).is_some()) {
            Configuration::Partial { missing }
        } else {
            Configuration::Absent
        }
    }

    /// Opens a sink from its variables.
    ///
    /// # Errors
    ///
    /// [`RegistryError::MissingVariables`] where a required one is not set, and [`RegistryError::Client`] where the
    /// client refuses a value.
    pub fn open(
        &self,
        variables: &dyn Fn(&str) -> Option<String>,
        options: &OpenOptions,
    ) -> Result<Arc<dyn CustomerSink>, RegistryError> {
        let missing = self.missing(variables);
        if !missing.is_empty() {
            return Err(RegistryError::MissingVariables { provider: self.provider(), missing });
        }
        Ok((self.open)(&|name| set(variables, name), options)?)
    }

    fn missing(&self, variables: Variables<'_>) -> Vec<&'static str> {
        let required = self.variables.iter().filter(|variable| variable.is_required).map(|variable| variable.name);
        required.filter(|name| set(variables, name).is_none()).collect()
    }

    #[cfg(feature = "sandbox")]
    pub(crate) fn stand_in(&self, time: crate::sandbox::Time) -> Arc<dyn crate::sandbox::StandIn> {
        (self.stand_in)(time)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("provider", &self.provider())
            .field("quota", &self.quota)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

/// The value of a variable, where it is not blank.
fn set(variables: Variables<'_>, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str) -> Option<String> {
        let value = match name {
            _ if name.ends_with("_BASE_URL") => "https://vendor.example.com/",
            "SHOPLINE_API_VERSION" => "v20250601",
            "SHOPLAZZA_API_VERSION" => "2022-01",
            _ if name.ends_with("_SHOP") || name.ends_with("_HANDLE") => "acme",
            "WHALE_STORE_ID" => "00000000-0000-4000-8000-000000000000",
            _ => "fake-value",
        };
        Some(value.to_owned())
    }

    #[test]
    fn every_entry_opens_with_all_its_variables_and_with_the_required_ones() {
        for entry in entries() {
            let required = |name: &str| {
                let is_required = entry.variables().iter().any(|v| v.name == name && v.is_required);
                all(name).filter(|_| is_required)
            };
            let options = OpenOptions::default();
            for sink in [entry.open(&all, &options), entry.open(&required, &options)] {
                assert_eq!(sink.unwrap().provider(), entry.provider());
            }
            assert_eq!(entry.configuration(&required), Configuration::Complete);
            assert_eq!(entry.configuration(&|_| None), Configuration::Absent);
        }
        let names: Vec<_> = entries().iter().map(|entry| entry.provider()).collect();
        assert_eq!(MATRICES.iter().map(|matrix| matrix.provider()).collect::<Vec<_>>(), names);
    }

    #[test]
    fn errors_name_the_provider_and_what_is_missing() {
        let blank_key = |name: &str| if name == "WHALE_API_KEY" { Some(" ".to_owned()) } else { all(name) };
        let whale = find("whale").unwrap();
        let error = whale.open(&blank_key, &OpenOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "whale: WHALE_API_KEY must be set");
        assert!(matches!(&error, RegistryError::MissingVariables { missing, .. } if missing == &["WHALE_API_KEY"]));
        let error = Error::from(error);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotSent));

        let error = find("other").unwrap_err();
        assert_eq!(error.to_string(), "other is none of triple_whale, shopline, shoplazza, yotpo, whale");

        let bad_url = |name: &str| if name == "WHALE_BASE_URL" { Some("no url".to_owned()) } else { all(name) };
        let error = whale.open(&bad_url, &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, RegistryError::Client(error) if error.kind() == ErrorKind::Config));
    }
}
