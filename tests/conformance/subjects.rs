//! The five vendors and Yotpo Loyalty as subjects of the conformance suite, over the sandbox.
#![allow(dead_code)] // Each test binary uses its part.

use std::sync::Arc;

use async_trait::async_trait;
use customer_sink::conformance::{BoxError, Credentials, Setup, StandIn, StoredCustomer, Subject};
use customer_sink::customer::Channel;
use customer_sink::memory::MemorySink;
use customer_sink::plan::{Step, StepCondition};
use customer_sink::providers::yotpo::loyalty::{Loyalty, ProgramConsent};
use customer_sink::providers::{shoplazza, shopline, triple_whale, whale, yotpo};
use customer_sink::sandbox::Sandbox;
use customer_sink::{Consent, ConsentState, Customer, CustomerSink, Error, HttpResponse};
use http::StatusCode;
use serde_json::Value;

/// One vendor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Vendor {
    TripleWhale,
    Shopline,
    Shoplazza,
    Yotpo,
    Loyalty,
    Whale,
    /// With the option that sends consent.
    WhaleWithConsent,
}

const OTHER: &str = "fake-other-credential";
const WRONG: &str = "fake-wrong-credential";

impl Vendor {
    fn key(self, credentials: Credentials) -> &'static str {
        match (credentials, self) {
            (Credentials::Second, _) => OTHER,
            (Credentials::Refused, _) => WRONG,
            (_, Self::TripleWhale) => Sandbox::TRIPLE_WHALE_API_KEY,
            (_, Self::Shopline) => Sandbox::SHOPLINE_ACCESS_TOKEN,
            (_, Self::Shoplazza) => Sandbox::SHOPLAZZA_ACCESS_TOKEN,
            (_, Self::Yotpo) => Sandbox::YOTPO_SECRET,
            (_, Self::Loyalty) => Sandbox::YOTPO_LOYALTY_API_KEY,
            (_, Self::Whale | Self::WhaleWithConsent) => Sandbox::WHALE_API_KEY,
        }
    }

    /// The stand-in's name.
    fn name(self) -> &'static str {
        match self {
            Self::TripleWhale => "triple_whale",
            Self::Shopline => "shopline",
            Self::Shoplazza => "shoplazza",
            Self::Yotpo | Self::Loyalty => "yotpo",
            Self::Whale | Self::WhaleWithConsent => "whale",
        }
    }
}

pub struct Running {
    vendor: Vendor,
    sandbox: Sandbox,
}

#[async_trait]
impl Subject for Vendor {
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError> {
        Ok(Box::new(Running { vendor: *self, sandbox: Sandbox::start().await? }))
    }

    fn secrets(&self, credentials: Credentials) -> Vec<String> {
        let mut secrets = vec![self.key(credentials).to_owned()];
        if *self == Self::Loyalty {
            secrets.push(Sandbox::YOTPO_LOYALTY_GUID.to_owned());
        }
        secrets
    }

    /// Documented or declared by each provider's own operations.
    fn is_idempotent(&self, operation: &str) -> bool {
        matches!(
            (self, operation),
            (Self::TripleWhale, "create_customer_record")
                // A look-up, by POST.
                | (Self::Shopline, "find_customer_by_email")
                | (Self::Yotpo, "upsert_customer")
                | (Self::Loyalty, "upsert_loyalty_customer")
                | (Self::Whale | Self::WhaleWithConsent, "create_customer" | "update_customer")
        )
    }

    fn says_yes(&self, step: &Step, channel: Channel) -> Option<bool> {
        let body: Value = serde_json::from_slice(step.body()?).ok()?;
        let customer = &body["customer"];
        Some(match (self, channel) {
            (Self::TripleWhale, Channel::Email) => {
                let part = |name: &str| &body[format!("email_marketing_consent_{name}")];
                // A level or source beside no status reads as a yes too.
                part("status") == "SUBSCRIBED"
                    || (part("status").is_null()
                        && !(part("opt_in_level").is_null() && part("collected_from").is_null()))
            }
            (Self::TripleWhale, Channel::Sms) => sms_of_triple_whale(&body),
            (Self::Shopline, Channel::Email) => {
                customer["email_marketing_consent"]["state"] == 1 || customer["accepts_marketing"] == true
            }
            (Self::Shopline, Channel::Sms) => customer["sms_marketing_consent"]["state"] == 1,
            (Self::Shoplazza, channel) => {
                // The address routes carry no consent.
                customer.as_object()?;
                let key = if channel == Channel::Email { "accepts_marketing" } else { "accepts_sms_marketing" };
                // Left out of a create, the vendor subscribes the person.
                customer[key] == true || (step.when() == StepCondition::IfNotFound && customer[key] != false)
            }
            (Self::Yotpo, Channel::Email) => customer["accepts_email_marketing"] == true,
            (Self::Yotpo, Channel::Sms) => customer["accepts_sms_marketing"] == true,
            // The programme's consent is taken from e-mail marketing here; left out for somebody new, it may be a yes.
            (Self::Loyalty, Channel::Email) => {
                body["opted_in"] == true || (step.when() != StepCondition::IfFound && body["opted_in"] != false)
            }
            (Self::Loyalty, Channel::Sms) | (Self::Whale, _) => return None,
            (Self::WhaleWithConsent, Channel::Email) => body["email_consent"] == true,
            (Self::WhaleWithConsent, Channel::Sms) => body["sms_consent"] == true,
            _ => return None,
        })
    }

    fn refusals_with_success_status(&self) -> Vec<HttpResponse> {
        let bodies: &[&'static str] = match self {
            Self::TripleWhale => &[r#"{"success":false,"message":"Invalid customer data."}"#],
            Self::Shopline | Self::Yotpo => &[r#"{"errors":[{"message":"no"}]}"#],
            Self::Shoplazza => &[r#"{"code":"InvalidParameter","message":"no"}"#],
            Self::Whale | Self::WhaleWithConsent => &[r#"{"success":false,"error":{"code":"BAD","message":"no"}}"#],
            // None is known.
            Self::Loyalty => &[],
        };
        bodies.iter().map(|body| HttpResponse::new(StatusCode::OK, *body)).collect()
    }
}

fn sms_of_triple_whale(record: &Value) -> bool {
    ["opt_in_level", "collected_from", "updated_at"]
        .iter()
        .any(|part| !record[format!("sms_marketing_consent_{part}")].is_null())
}

impl StandIn for Running {
    fn sink(&self, setup: &Setup) -> Result<Arc<dyn CustomerSink>, Error> {
        let url = self.sandbox.url(self.vendor.name()).unwrap_or_default();
        let key = self.vendor.key(setup.credentials);
        macro_rules! open {
            ($client:ty, $account:expr) => {
                <$client>::builder($account, key).base_url(url).connector(&setup.connector)
            };
        }
        Ok(match self.vendor {
            Vendor::TripleWhale => Arc::new(open!(triple_whale::TripleWhale, Sandbox::TRIPLE_WHALE_SHOP).build()?) as _,
            Vendor::Shopline => Arc::new(open!(shopline::Shopline, Sandbox::SHOPLINE_HANDLE).build()?),
            Vendor::Shoplazza => Arc::new(open!(shoplazza::Shoplazza, Sandbox::SHOPLAZZA_SHOP).build()?),
            Vendor::Yotpo => Arc::new(open!(yotpo::Yotpo, Sandbox::YOTPO_STORE_ID).build()?),
            Vendor::Whale => Arc::new(open!(whale::Whale, Sandbox::WHALE_STORE_ID).build()?),
            Vendor::WhaleWithConsent => {
                Arc::new(open!(whale::Whale, Sandbox::WHALE_STORE_ID).send_consent(true).build()?)
            }
            Vendor::Loyalty => Arc::new(
                Loyalty::builder(Sandbox::YOTPO_LOYALTY_GUID, key)
                    .program_consent(ProgramConsent::Marketing(Channel::Email))
                    .base_url(format!("{url}/api/v2"))
                    .connector(&setup.connector)
                    .build()?,
            ),
        })
    }

    fn people(&self) -> Vec<StoredCustomer> {
        let rows = match self.vendor {
            Vendor::Loyalty => self.sandbox.yotpo_loyalty_customers(),
            vendor => self.sandbox.customers(vendor.name()),
        };
        // Whom the vendor has erased, it may keep as a shell.
        rows.into_iter().filter(|row| row["email_address"] != "[masked]").map(|row| held(self.vendor, row)).collect()
    }
}

fn held(vendor: Vendor, mut row: Value) -> StoredCustomer {
    let (email, sms) = match vendor {
        Vendor::TripleWhale => {
            (Some(row["email_marketing_consent_status"] == "SUBSCRIBED"), Some(sms_of_triple_whale(&row)))
        }
        Vendor::Shopline => (
            Some(row["email_marketing_consent"]["state"] == 1 || row["accepts_marketing"] == true),
            Some(row["sms_marketing_consent"]["state"] == 1),
        ),
        Vendor::Shoplazza => (Some(row["accepts_marketing"] == true), Some(row["accepts_sms_marketing"] == true)),
        Vendor::Yotpo => (Some(row["accepts_email_marketing"] == true), Some(row["accepts_sms_marketing"] == true)),
        Vendor::Loyalty => (Some(row["opt_in"] == true), None),
        Vendor::Whale => (None, None),
        Vendor::WhaleWithConsent => (Some(row["email_consent"] == true), Some(row["sms_consent"] == true)),
    };
    plain(&mut row);
    let mut held = StoredCustomer::new(row);
    (held.email_yes, held.sms_yes) = (email, sms);
    held
}

/// Without what every write makes anew, and what two stand-ins number differently.
pub fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !matches!(key.as_str(), "id" | "customer_id" | "timestamp") && !key.ends_with("_at"));
            map.values_mut().for_each(plain);
        }
        Value::Array(list) => {
            list.iter_mut().for_each(plain);
            list.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}

/// The in-memory sink.
pub struct Memory;

struct Store(MemorySink);

#[async_trait]
impl Subject for Memory {
    async fn stand_in(&self) -> Result<Box<dyn StandIn>, BoxError> {
        Ok(Box::new(Store(MemorySink::new())))
    }

    fn sends_requests(&self) -> bool {
        false
    }

    fn says_yes(&self, step: &Step, channel: Channel) -> Option<bool> {
        let body: Value = serde_json::from_slice(step.body()?).ok()?;
        Some(body[channel.field().as_str()]["state"] == "subscribed")
    }
}

impl StandIn for Store {
    fn sink(&self, _: &Setup) -> Result<Arc<dyn CustomerSink>, Error> {
        Ok(Arc::new(self.0.clone()))
    }

    fn people(&self) -> Vec<StoredCustomer> {
        let yes = |consent: &Option<Consent>| {
            consent.as_ref().is_some_and(|consent| consent.state == Some(ConsentState::Subscribed))
        };
        let held = |customer: &Customer| {
            StoredCustomer::new(serde_json::to_value(customer).unwrap())
                .email_yes(yes(&customer.email_marketing))
                .sms_yes(yes(&customer.sms_marketing))
        };
        self.0.people().iter().map(|found| held(&found.customer)).collect()
    }
}
