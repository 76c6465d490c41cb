//! The static description of an API operation.

use http::Method;

use crate::provider::ProviderId;

/// One operation of a vendor's API. `idempotent` decides whether a request whose outcome is unknown may be sent again.
#[derive(Debug)]
pub struct Operation {
    pub(crate) provider: ProviderId,
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Sending it twice has the effect of sending it once.
    pub(crate) idempotent: bool,
    /// It changes something at the vendor.
    pub(crate) writes: bool,
}

impl Operation {
    /// A `GET`, which changes nothing.
    #[must_use]
    pub const fn get(provider: ProviderId, name: &'static str) -> Self {
        Self::read(provider, Method::GET, name)
    }

    /// A read by another method, such as a search by `POST`.
    #[must_use]
    pub const fn read(provider: ProviderId, method: Method, name: &'static str) -> Self {
        Self { provider, name, method, idempotent: true, writes: false }
    }

    /// A write that may be repeated: a repeat changes nothing more.
    #[must_use]
    pub const fn idempotent_write(provider: ProviderId, method: Method, name: &'static str) -> Self {
        Self { provider, name, method, idempotent: true, writes: true }
    }

    /// A write that must not be repeated blindly: each repeat may write once more.
    #[must_use]
    pub const fn write(provider: ProviderId, method: Method, name: &'static str) -> Self {
        Self { provider, name, method, idempotent: false, writes: true }
    }

    /// The name, such as `create_customer`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The provider.
    #[must_use]
    pub const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Transitional: without provider and method.
    #[must_use]
    pub const fn bare_read(name: &'static str) -> Self {
        Self::get(ProviderId::new(""), name)
    }

    /// Transitional: without provider and method.
    #[must_use]
    pub const fn bare_idempotent_write(name: &'static str) -> Self {
        Self::idempotent_write(ProviderId::new(""), Method::PUT, name)
    }

    /// Transitional: without provider and method.
    #[must_use]
    pub const fn bare_write(name: &'static str) -> Self {
        Self::write(ProviderId::new(""), Method::POST, name)
    }
}
