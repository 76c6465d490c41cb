//! The trait that every provider implements.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::customer::{Customer, Email, Phone};
use crate::error::Error;
use crate::plan::Plan;
use crate::plan::matrix::FieldMatrix;
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// A destination of customer records.
///
/// It is object-safe: a program keeps its sinks as `Vec<Arc<dyn CustomerSink>>`. Every method is required, so that a
/// wrapper cannot forget to forward one. What a vendor cannot do is an
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) error that names it, never an empty success.
/// [`CustomerSinkExt`] adds conveniences.
#[async_trait]
pub trait CustomerSink: Debug + Send + Sync + 'static {
    /// The provider's name.
    fn provider(&self) -> ProviderId;

    /// What the provider can do.
    fn capabilities(&self) -> Capabilities;

    /// What [`upsert_with`](Self::upsert_with) would send for this record, with no I/O.
    ///
    /// The same record gives the same plan, byte by byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with every problem of the record at once.
    fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error>;

    /// Creates the customer at the vendor, or updates the existing one.
    ///
    /// Dropping the future stops the upsert; the vendor may still carry out a request that was under way.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind). [`Error::effect`] is what may have changed at the vendor, and
    /// [`Error::operation`] names the step that failed.
    async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error>;

    /// Reads a customer back. [`unsupported_find`](crate::toolkit::unsupported_find) is the body for a vendor that
    /// cannot be read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where the vendor cannot be read.
    async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error>;

    /// Asks the vendor to erase a person. [`unsupported_erase`](crate::toolkit::unsupported_erase) is the body for a
    /// vendor that has no way to do that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where the vendor has no way to do that.
    async fn erase(&self, identity: &Identity) -> Result<ErasureStatus, Error>;

    /// Checks the credentials without changing anything. [`unsupported_check`](crate::toolkit::unsupported_check) is the
    /// body for a vendor that has no such call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) or
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) where they are refused, and
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where the vendor has no way to check them.
    async fn check(&self) -> Result<(), Error>;

    /// Estimates how long a request of this sink would wait now for the client-side rate limiter; zero if unknown.
    fn quota_wait(&self) -> Duration;
}

macro_rules! forward {
    ($($type:ty),+) => {
        $(#[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: CustomerSink + ?Sized> CustomerSink for $type {
            fn provider(&self) -> ProviderId {
                (**self).provider()
            }

            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            fn plan(&self, customer: &Customer, options: &UpsertOptions) -> Result<Plan, Error> {
                (**self).plan(customer, options)
            }

            async fn upsert_with(&self, customer: &Customer, options: &UpsertOptions) -> Result<Upserted, Error> {
                (**self).upsert_with(customer, options).await
            }

            async fn find(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
                (**self).find(identity).await
            }

            async fn erase(&self, identity: &Identity) -> Result<ErasureStatus, Error> {
                (**self).erase(identity).await
            }

            async fn check(&self) -> Result<(), Error> {
                (**self).check().await
            }

            fn quota_wait(&self) -> Duration {
                (**self).quota_wait()
            }
        })+
    };
}

forward!(Arc<T>, Box<T>);

const _: Option<&dyn CustomerSink> = None;

/// Conveniences over every [`CustomerSink`].
pub trait CustomerSinkExt: CustomerSink {
    /// [`upsert_with`](CustomerSink::upsert_with) the default options.
    ///
    /// # Errors
    ///
    /// As there.
    fn upsert(&self, customer: &Customer) -> impl Future<Output = Result<Upserted, Error>> + Send {
        async { self.upsert_with(customer, &UpsertOptions::default()).await }
    }
}

impl<T: CustomerSink + ?Sized> CustomerSinkExt for T {}

/// How one upsert is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpsertOptions {
    /// What the client does where a field cannot be sent as it is.
    pub on_loss: OnLoss,
    /// Whether the upsert begins with a look-up, at vendors that can be read. Set it for a record that was sent before
    /// with an unknown effect, so that no second create is sent for an existing customer. Delivery sets it for
    /// each further try of such a record. Default: false.
    pub look_up_first: bool,
}

impl UpsertOptions {
    /// Sets [`on_loss`](Self#structfield.on_loss).
    #[must_use]
    pub const fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.on_loss = on_loss;
        self
    }

    /// Sets [`look_up_first`](Self#structfield.look_up_first).
    #[must_use]
    pub const fn look_up_first(mut self, on: bool) -> Self {
        self.look_up_first = on;
        self
    }
}

/// What the client does where a field cannot be sent as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLoss {
    /// Send the rest, and note it.
    #[default]
    Note,
    /// Send nothing, and fail with one field error for each.
    Fail,
}

/// What a provider can do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// The treatment of each normalized field.
    pub fields: &'static FieldMatrix,
    /// Whether an upsert distinguishes created from updated; otherwise a success is [`Accepted`](crate::Outcome::Accepted).
    pub tells_created: bool,
    /// Whether [`CustomerSink::find`] works.
    pub can_find: bool,
    /// Whether [`CustomerSink::erase`] works.
    pub can_erase: bool,
    /// Whether [`CustomerSink::check`] works.
    pub can_check: bool,
}

impl Capabilities {
    /// A provider that can only upsert.
    #[must_use]
    pub const fn new(fields: &'static FieldMatrix) -> Self {
        Self { fields, tells_created: false, can_find: false, can_erase: false, can_check: false }
    }

    /// Sets [`tells_created`](Self#structfield.tells_created).
    #[must_use]
    pub const fn tells_created(mut self) -> Self {
        self.tells_created = true;
        self
    }

    /// Sets [`can_find`](Self#structfield.can_find).
    #[must_use]
    pub const fn can_find(mut self) -> Self {
        self.can_find = true;
        self
    }

    /// Sets [`can_erase`](Self#structfield.can_erase).
    #[must_use]
    pub const fn can_erase(mut self) -> Self {
        self.can_erase = true;
        self
    }

    /// Sets [`can_check`](Self#structfield.can_check).
    #[must_use]
    pub const fn can_check(mut self) -> Self {
        self.can_check = true;
        self
    }
}

/// What a customer is identified by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The vendor's own id.
    RemoteId(RemoteId),
    /// The id in the caller's system.
    ExternalId(String),
    /// An e-mail address.
    Email(Email),
    /// A phone number.
    Phone(Phone),
}

/// A vendor's id of a customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RemoteId(String);

impl RemoteId {
    /// The id as the vendor writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for RemoteId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for RemoteId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl std::fmt::Display for RemoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for RemoteId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for RemoteId {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for RemoteId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// A customer as the vendor holds them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FoundCustomer {
    /// The vendor's id; none where the vendor has no ids.
    pub remote_id: Option<RemoteId>,
    /// The record, in normalized form.
    pub customer: Customer,
}

impl FoundCustomer {
    /// A customer as the vendor holds them.
    #[must_use]
    pub const fn new(remote_id: Option<RemoteId>, customer: Customer) -> Self {
        Self { remote_id, customer }
    }
}

/// What a vendor did with a request to erase a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErasureStatus {
    /// The vendor has erased the person.
    Completed,
    /// The vendor accepted the request and carries it out later.
    Accepted {
        /// How long the vendor says that takes at most; none where it does not say.
        within: Option<Duration>,
    },
    /// The vendor knows no customer by that identity.
    NotFound,
}
