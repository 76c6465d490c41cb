//! Ready sinks for the stand-ins, and customers put there through them.

use std::sync::Arc;

use chrono::Utc;
use serde_json::Value;

use super::Sandbox;
use crate::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use crate::{
    Connector, Customer, CustomerSink, CustomerSinkExt, Effect, Error, ErrorKind, Limit, ManualClock, ReqwestTransport,
    RetryPolicy,
};

impl Sandbox {
    /// A sink for a vendor's stand-in, with the credentials that it accepts. It keeps to the vendor's documented limit
    /// where the sandbox [enforces](super::SandboxBuilder::enforce_limits) it, and to none otherwise.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served.
    pub fn sink(&self, provider: &str, connector: &Connector) -> Result<Arc<dyn CustomerSink>, Error> {
        self.sink_with(provider, connector, RetryPolicy::default())
    }

    /// As [`sink`](Self::sink), with a retry policy of your own.
    ///
    /// # Errors
    ///
    /// As [`sink`](Self::sink).
    pub fn sink_with(
        &self,
        provider: &str,
        connector: &Connector,
        policy: RetryPolicy,
    ) -> Result<Arc<dyn CustomerSink>, Error> {
        let running = self.serving(provider)?;
        open(provider, &format!("http://{}", running.address), connector, policy, !self.keeps_limits)
    }

    /// Puts customers to a vendor's stand-in, as the provider's own mapping writes them, past all faults, limits and
    /// logs. What the vendor cannot hold is left out; see the notes of a [`plan`](CustomerSink::plan).
    ///
    /// # Errors
    ///
    /// Those of an upsert, at the first customer that has one, and [`ErrorKind::Config`] where
    /// the provider is not served.
    pub async fn seed(&self, provider: &str, customers: &[Customer]) -> Result<(), Error> {
        let behind = format!("http://{}", self.serving(provider)?.behind);
        let clock = ManualClock::new(Utc::now());
        let connector = Connector::for_tests(Arc::new(ReqwestTransport::new()?), Arc::new(clock));
        let sink = open(provider, &behind, &connector, RetryPolicy::default(), true)?;
        for customer in customers {
            sink.upsert(customer).await?;
        }
        Ok(())
    }

    /// Puts records to a vendor's stand-in as they are, in the form in which [`customers`](Self::customers) shows them:
    /// what no request can write (orders, totals, an id, keys that are not known here) is held and shown too. Keys that a
    /// record lacks are filled up as in a new customer; nothing is checked. A record with the id of one that is held takes
    /// its place: for Triple Whale the four keys are the id, for Yotpo `external_id`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the provider is not served, or a record is no JSON object;
    /// then none is kept.
    pub fn seed_records(&self, provider: &str, records: &[Value]) -> Result<(), Error> {
        let vendor = &self.serving(provider)?.vendor;
        let objects: Option<Vec<_>> = records.iter().map(|record| record.as_object().cloned()).collect();
        let objects = objects.ok_or_else(|| {
            Error::new(ErrorKind::Config, Effect::NotSent).with_hint("a stored record must be a JSON object")
        })?;
        objects.into_iter().for_each(|record| vendor.put(record));
        Ok(())
    }
}

fn open(
    provider: &str,
    url: &str,
    connector: &Connector,
    policy: RetryPolicy,
    unlimited: bool,
) -> Result<Arc<dyn CustomerSink>, Error> {
    macro_rules! open {
        ($client:ty, $account:expr, $key:expr) => {{
            let builder = <$client>::builder($account, $key).base_url(url).connector(connector).retry_policy(policy);
            let builder = if unlimited { builder.rate_limit(Limit::Unlimited) } else { builder };
            Arc::new(builder.build()?) as Arc<dyn CustomerSink>
        }};
    }
    Ok(match provider {
        "triple_whale" => {
            open!(triple_whale::TripleWhale, Sandbox::TRIPLE_WHALE_SHOP, Sandbox::TRIPLE_WHALE_API_KEY)
        }
        "shopline" => open!(shopline::Shopline, Sandbox::SHOPLINE_HANDLE, Sandbox::SHOPLINE_ACCESS_TOKEN),
        "shoplazza" => open!(shoplazza::Shoplazza, Sandbox::SHOPLAZZA_SHOP, Sandbox::SHOPLAZZA_ACCESS_TOKEN),
        "yotpo" => open!(yotpo::Yotpo, Sandbox::YOTPO_STORE_ID, Sandbox::YOTPO_SECRET),
        _ => open!(whale::Whale, Sandbox::WHALE_STORE_ID, Sandbox::WHALE_API_KEY),
    })
}
