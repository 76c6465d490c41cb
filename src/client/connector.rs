//! The connector: a transport, a clock, random numbers, and the quotas of accounts, shared by clients.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

#[cfg(feature = "reqwest")]
use super::ReqwestTransport;
use super::shared_credentials::{Registry, Shared};
use super::{Clock, Limit, Quota, SystemClock, Transport};
use crate::error::Error;
use crate::provider::ProviderId;

/// Shared by any number of clients: one transport with its pool of connections, one clock, one quota for each account,
/// and the tokens that clients of one account mint.
///
/// It is cheap to clone. A service with 10,000 shops makes one connector and 10,000 clients.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    rng: Mutex<fastrand::Rng>,
    /// None: the quotas that all connectors of the process share.
    quotas: Option<Quotas>,
    /// The tokens of clients with the same credential, and the like.
    shared: Arc<Registry>,
}

/// Quotas by provider and account, as long as a client uses them.
type Quotas = Mutex<HashMap<(ProviderId, u64), Weak<Quota>>>;

/// The quotas of the process: an account has one quota, however many connectors there are.
fn process_quotas() -> &'static Quotas {
    static QUOTAS: OnceLock<Quotas> = OnceLock::new();
    QUOTAS.get_or_init(Mutex::default)
}

/// The tokens of the process: all connectors with the default transport share them.
#[cfg(feature = "reqwest")]
fn process_shared() -> Arc<Registry> {
    static SHARED: OnceLock<Arc<Registry>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(Arc::default))
}

/// Identifies an account. Only the hash is kept, so that it holds no credential.
pub(crate) fn account_key(parts: &[&str]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

impl Connector {
    /// A connector over the default transport and the system's clock (feature `reqwest`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where TLS cannot be set up.
    #[cfg(feature = "reqwest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
    pub fn new() -> Result<Self, Error> {
        Ok(Self::over(ReqwestTransport::new()?, process_shared()))
    }

    /// This connector, or the default one for a builder that is given none.
    #[cfg(feature = "reqwest")]
    pub(crate) fn or_default(connector: Option<Self>, _: ProviderId) -> Result<Self, Error> {
        connector.map_or_else(Self::new, Ok)
    }

    /// This connector. Without the feature `reqwest` there is no default one for a builder that is given none.
    #[cfg(not(feature = "reqwest"))]
    pub(crate) fn or_default(connector: Option<Self>, provider: ProviderId) -> Result<Self, Error> {
        connector.ok_or_else(|| Error::config(provider, "connector", "is required where the feature `reqwest` is off"))
    }

    /// A connector over the caller's transport and the system's clock. Minted tokens stay within this connector and its
    /// clones, since another transport may reach another server.
    pub fn with_transport(transport: impl Transport) -> Self {
        Self::over(transport, Arc::default())
    }

    fn over(transport: impl Transport, shared: Arc<Registry>) -> Self {
        Self(Arc::new(Inner {
            transport: Arc::new(transport),
            clock: Arc::new(SystemClock),
            rng: Mutex::new(fastrand::Rng::new()),
            quotas: None,
            shared,
        }))
    }

    /// A connector over the caller's transport and clock, for tests. Its random numbers are the same in every run, and it
    /// shares no quotas and no minted tokens.
    #[must_use]
    pub fn for_tests(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let rng = Mutex::new(fastrand::Rng::with_seed(7));
        Self(Arc::new(Inner { transport, clock, rng, quotas: Some(Mutex::default()), shared: Arc::default() }))
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.0.transport
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// A number in `[0, 1)`.
    pub(crate) fn random(&self) -> f64 {
        self.0.rng.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// The quota of an account. An explicit limit replaces the one in force; without one, the vendor's documented limit
    /// holds where no client of the account has set another.
    pub(crate) fn quota(
        &self,
        provider: ProviderId,
        account: u64,
        explicit: Option<Limit>,
        documented: Limit,
    ) -> Arc<Quota> {
        let quotas = self.0.quotas.as_ref().unwrap_or_else(|| process_quotas());
        let mut quotas = quotas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(quota) = quotas.get(&(provider, account)).and_then(Weak::upgrade) {
            if let Some(limit) = explicit {
                quota.set_limit(limit);
            }
            return quota;
        }
        quotas.retain(|_, quota| quota.strong_count() > 0);
        let quota = Arc::new(Quota::new(explicit.unwrap_or(documented)));
        quotas.insert((provider, account), Arc::downgrade(&quota));
        quota
    }

    /// The value that all clients with the same credential share while one of them lives: `parts` identify the credential,
    /// and only a hash of them is kept.
    pub(crate) fn shared<T: Send + Sync + 'static>(&self, parts: &[&str], make: impl FnOnce() -> T) -> Arc<Shared<T>> {
        self.0.shared.get(parts, make)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("transport", &self.0.transport)
            .field("clock", &self.0.clock)
            .finish_non_exhaustive()
    }
}
