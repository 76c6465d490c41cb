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
}

/// Declares the table of a provider's operations: a line `NAME = kind METHOD "name";` is one. The kinds are those of
/// [`Operation`]: `get` and `read` change nothing, an `idempotent_write` may be repeated, a `write` must not be repeated
/// blindly. The provider's tests hold the table as a whole.
macro_rules! operations {
    (@one get, GET, $name:literal) => { Operation::get(PROVIDER, $name) };
    (@one $kind:ident, $method:ident, $name:literal) => { Operation::$kind(PROVIDER, http::Method::$method, $name) };
    ($($(#[$meta:meta])* $id:ident = $kind:ident $method:ident $name:literal;)+) => {
        $($(#[$meta])* pub(super) static $id: Operation = $crate::client::operations!(@one $kind, $method, $name);)+

        #[cfg(test)]
        #[test]
        fn the_table_of_operations_is_sound() {
            $crate::client::check_operations(PROVIDER, &[$(&$id),+]);
        }
    };
}

pub(crate) use operations;

/// What holds for the operations of every provider.
#[cfg(test)]
pub(crate) fn check_operations(provider: ProviderId, operations: &[&Operation]) {
    let names: std::collections::HashSet<_> = operations.iter().map(|operation| operation.name()).collect();
    assert_eq!(names.len(), operations.len(), "a name occurs twice");
    for operation in operations {
        let name = operation.name();
        assert_eq!(operation.provider(), provider, "{name}");
        assert!(*operation.method() != Method::GET || !operation.writes, "{name} writes by a GET");
        assert!(operation.writes || operation.idempotent, "{name} is a read that must not be repeated");
        let replaces = matches!(*operation.method(), Method::PUT | Method::DELETE);
        assert!(!replaces || (operation.writes && operation.idempotent), "{name}: a PUT or DELETE may be repeated");
    }
}
