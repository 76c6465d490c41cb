//! A customer as the stand-in stores it, and the forms in which the vendor shows it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::check::Fault;
use crate::sandbox::reply;

/// The keys of an embedded address that are kept as they were sent.
const EMBEDDED: [&str; 12] = [
    "address1",
    "address2",
    "city",
    "company",
    "country",
    "country_code",
    "first_name",
    "last_name",
    "phone",
    "province",
    "province_code",
    "zip",
];

/// Those that only address 2.0 has.
const ONLY_ADDRESS_2: [&str; 5] = ["address_type", "city_code", "district", "district_code", "town"];

/// Each answer shows another part of the customer (*documented*, but for the nulls of a create, which are the vendor's
/// own example).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Created,
    Updated,
    Read,
    Listed,
    ByEmail,
}

#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) id: String,
    pub(super) given: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) addresses: Vec<Address>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// The moment of the request that is under way.
    pub(super) now: DateTime<Utc>,
    pub(super) given: Map<String, Value>,
    pub(super) default_address: Option<String>,
    pub(super) blacklisted: bool,
    pub(super) registered: bool,
    haystack: String,
    /// What a record was put here with that no request writes.
    pub(super) fixed: Map<String, Value>,
}

impl Customer {
    pub(super) fn new(id: u64, now: DateTime<Utc>) -> Self {
        Self {
            id,
            addresses: Vec::new(),
            created: now,
            updated: now,
            now,
            given: Map::new(),
            default_address: None,
            blacklisted: false,
            registered: false,
            haystack: String::new(),
            fixed: Map::new(),
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.given.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The key under which the e-mail is unique. That case does not count is *inferred*.
    pub(super) fn email_key(&self) -> Option<String> {
        self.text("email").map(str::to_lowercase)
    }

    /// The key under which the phone is unique. That phones are unique at all is *inferred*.
    pub(super) fn phone_key(&self) -> Option<String> {
        self.text("phone").map(reply::digits)
    }

    /// Whether a fuzzy search finds the customer; `needle` is in lower case.
    pub(super) fn contains(&self, needle: &str) -> bool {
        self.haystack.contains(needle)
    }

    /// Takes over checked fields, as a create and an update do. Absent keys stay as they are; an empty string blanks
    /// (*unknown*, a choice).
    pub(super) fn apply(&mut self, mut given: Map<String, Value>, addresses: &mut u64) -> Result<(), Fault> {
        let (password, repeated) = (given.remove("password"), given.remove("password_confirmation"));
        if repeated.is_some() && repeated != password {
            return Err(Fault::value("body.customer.password_confirmation", "is not the password"));
        }
        self.registered |= password.is_some_and(|value| value.as_str() != Some(""));
        // The deprecated flag still counts where no consent object comes with it (*unknown*).
        if let Some(accepts) = given.remove("accepts_marketing").and_then(|value| value.as_bool()) {
            given.entry("email_marketing_consent").or_insert_with(|| json!({ "state": i32::from(accepts) }));
        }
        if let Some(Value::Array(items)) = given.remove("addresses") {
            for (index, item) in items.into_iter().enumerate() {
                self.merge_address(item, index, addresses)?;
            }
        }
        let mut asks_email_consent = false;
        for (key, value) in given {
            match (key.as_str(), value) {
                ("email_marketing_consent" | "sms_marketing_consent", Value::Object(consent)) => {
                    if consent.is_empty() {
                        continue;
                    }
                    asks_email_consent |= key == "email_marketing_consent";
                    self.consent(key, consent);
                }
                (_, value) => {
                    self.given.insert(key, value);
                }
            }
        }
        if self.text("email").is_none() && self.text("phone").is_none() {
            return Err(Fault::value("body.customer", "an email or a phone is needed"));
        }
        if asks_email_consent && self.text("email").is_none() {
            return Err(Fault::value("body.customer.email_marketing_consent", "needs the customer's email"));
        }
        self.touch();
        Ok(())
    }

    fn consent(&mut self, key: String, consent: Map<String, Value>) {
        let (is_email, now) = (key == "email_marketing_consent", stamp(self.now));
        let kept = self.given.entry(key).or_insert_with(|| {
            // The default of the level is *documented* for e-mail (1 while the store's marketing setting is off), and
            // *unknown* for SMS.
            json!({"consent_collected_from": null, "opt_in_level": if is_email { json!(1) } else { Value::Null }})
        });
        if let Value::Object(kept) = kept {
            kept.insert("consent_updated_at".into(), now.into());
            kept.extend(consent);
        }
    }

    /// Whether addresses in an update replace, merge or append is *unknown*: here one with an id changes that address
    /// and one without is added.
    fn merge_address(&mut self, item: Value, index: usize, addresses: &mut u64) -> Result<(), Fault> {
        let Value::Object(mut given) = item else { return Ok(()) };
        let path = format!("body.customer.addresses[{index}]");
        let default = given.remove("default") == Some(Value::Bool(true));
        for deprecated in ["country_name", "name", "customer_id"] {
            given.remove(deprecated);
        }
        match given.remove("id") {
            Some(Value::String(id)) => {
                if !self.change_address(&id, given, default) {
                    return Err(Fault::value(&format!("{path}.id"), "is not an address of this customer"));
                }
            }
            _ => {
                self.add_address(given, default, addresses).map_err(|_| Fault::value(&path, "has too many items"))?;
            }
        }
        Ok(())
    }

    /// Adds an address. The first one is the default whatever was asked for (seen for address 2.0, *inferred* for the
    /// embedded form); the limit of 50 is *documented* for one request and *inferred* for the customer.
    pub(super) fn add_address(
        &mut self,
        given: Map<String, Value>,
        default: bool,
        addresses: &mut u64,
    ) -> Result<&Address, Fault> {
        if self.addresses.len() >= 50 {
            return Err(Fault::value("body.customer_address", "the customer has 50 addresses"));
        }
        *addresses += 1;
        let id = format!("SL201UA{}", 5_483_719_394_486_000_000 + *addresses);
        if default || self.addresses.is_empty() {
            self.default_address = Some(id.clone());
        }
        self.touch();
        self.addresses.push(Address { id, given });
        self.index();
        self.addresses.last().ok_or_else(|| Fault::new(500, "the address was not kept"))
    }

    /// Changes the named keys of an address; `false` if there is none with this id.
    pub(super) fn change_address(&mut self, id: &str, given: Map<String, Value>, default: bool) -> bool {
        let Some(address) = self.addresses.iter_mut().find(|address| address.id == id) else { return false };
        address.given.extend(given);
        if default {
            self.default_address = Some(id.to_owned());
        }
        self.touch();
        true
    }

    /// Removes an address. That another one then becomes the default is *inferred*.
    pub(super) fn remove_address(&mut self, id: &str) -> bool {
        let Some(index) = self.addresses.iter().position(|address| address.id == id) else { return false };
        self.addresses.remove(index);
        if self.default_address.as_deref() == Some(id) {
            self.default_address = self.addresses.first().map(|address| address.id.clone());
        }
        self.touch();
        true
    }

    fn touch(&mut self) {
        self.updated = self.now;
        self.fixed.remove("updated_at");
        self.index();
    }

    pub(super) fn index(&mut self) {
        // A separator that no field holds keeps a search from matching across two fields.
        let own = ["phone", "email", "first_name", "last_name"].into_iter().filter_map(|key| self.text(key));
        let lines = self.addresses.iter().flat_map(|address| {
            ["address1", "address2"].into_iter().filter_map(|key| address.given.get(key).and_then(Value::as_str))
        });
        self.haystack = own.chain(lines).collect::<Vec<_>>().join("\u{1f}").to_lowercase();
    }

    pub(super) fn show(&self, view: View) -> Value {
        let text = |key: &str| self.given.get(key).cloned().unwrap_or(Value::Null);
        let known = |value: Value| if view == View::Created { Value::Null } else { value };
        let (email, sms) = (self.consent_view("email_marketing_consent"), self.consent_view("sms_marketing_consent"));
        // Seen in lists: the word `N/A` where there was no order.
        let no_order = if view == View::Listed { json!("N/A") } else { Value::Null };
        let addresses: Vec<Value> = self.addresses.iter().map(|address| self.embedded(address)).collect();
        let default = self.addresses.iter().find(|address| self.is_default(address)).map(|a| self.embedded(a));
        let gender = match self.given.get("gender").and_then(Value::as_i64) {
            Some(1) => "male",
            Some(2) => "female",
            Some(3) => "secret",
            _ => "others",
        };
        let mut shown = json!({
            "accepts_marketing": email.flag == 1,
            "accepts_marketing_updated_at": email.at,
            "accepts_mobile_marketing": sms.flag == 1,
            "accepts_mobile_marketing_updated_at": sms.at,
            "addresses": addresses,
            "asid": null,
            "birthday": text("birthday"),
            "created_at": stamp(self.created),
            "currency": "USD",
            "default_address": default,
            "email": self.text("email"),
            "email_marketing_consent": text("email_marketing_consent"),
            "email_subscribe_flag": email.flag,
            "first_name": text("first_name"),
            "gender": gender,
            "id": self.id.to_string(),
            "language": null,
            "last_name": text("last_name"),
            "last_order_id": no_order,
            "last_order_name": no_order,
            "mobile_subscribe_flag": sms.flag,
            "multipass_identifier": text("multipass_identifier"),
            "note": text("note"),
            "orders_count": known(json!(0)),
            "phone": self.text("phone"),
            "sms_marketing_consent": text("sms_marketing_consent"),
            "social_customer": null,
            "state": known(json!(self.state())),
            "tags": text("tags"),
            "total_spent": "0",
            "updated_at": stamp(self.updated),
            "verified_email": known(json!(self.given.get("verified_email") == Some(&Value::Bool(true)))),
        });
        if let Value::Object(map) = &mut shown {
            let absent: &[&str] = match view {
                View::Created | View::Read | View::Listed => &[],
                View::Updated => &["accepts_mobile_marketing", "birthday", "gender", "language", "social_customer"],
                View::ByEmail => &["email_marketing_consent", "sms_marketing_consent", "multipass_identifier"],
            };
            map.extend(self.fixed.clone());
            map.retain(|key, _| !absent.contains(&key.as_str()));
            match view {
                View::Created => {}
                // The vendor's stray key: no other answer spells it so.
                View::Updated => drop(map.insert("accepts_phone_marketing".into(), json!(sms.flag == 1))),
                View::Read | View::Listed | View::ByEmail => drop(map.insert("nick_name".into(), self.nick_name())),
            }
        }
        shown
    }

    fn state(&self) -> i32 {
        match (self.blacklisted, self.registered) {
            (true, _) => 0,
            (false, true) => 3,
            (false, false) => 1,
        }
    }

    fn nick_name(&self) -> Value {
        let names: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(|key| self.text(key)).collect();
        if names.is_empty() { Value::Null } else { names.join(" ").into() }
    }

    fn consent_view(&self, key: &str) -> Consent {
        let consent = self.given.get(key);
        let flag = match consent.and_then(|consent| consent.get("state")).and_then(Value::as_i64) {
            Some(0) => 0,
            Some(1) => 1,
            _ => 2,
        };
        Consent { flag, at: consent.and_then(|consent| consent.get("consent_updated_at")).cloned() }
    }

    fn is_default(&self, address: &Address) -> bool {
        self.default_address.as_ref() == Some(&address.id)
    }

    fn embedded(&self, address: &Address) -> Value {
        let mut shown = self.address_head(address);
        shown.insert("default".into(), self.is_default(address).into());
        shown.insert("province_code_v2".into(), address.value("province_code"));
        shown.into()
    }

    /// An address in the form of the address routes; only reading one shows `province_code_v2`.
    pub(super) fn address(&self, id: &str, read: bool) -> Option<Value> {
        let address = self.addresses.iter().find(|address| address.id == id)?;
        let mut shown = self.address_head(address);
        shown.extend(ONLY_ADDRESS_2.map(|key| (key.to_owned(), address.value(key))));
        shown.insert("def".into(), self.is_default(address).into());
        if read {
            shown.insert("province_code_v2".into(), address.value("province_code"));
        }
        Some(shown.into())
    }

    fn address_head(&self, address: &Address) -> Map<String, Value> {
        let mut shown: Map<String, Value> =
            EMBEDDED.into_iter().map(|key| (key.to_owned(), address.value(key))).collect();
        shown.insert("id".into(), address.id.as_str().into());
        shown.insert("customer_id".into(), self.id.to_string().into());
        shown
    }

    /// The rows of the subscription route: one row for the e-mail and one for the phone, where there is one.
    pub(super) fn subscriptions(&self) -> Vec<Value> {
        [(0, "email", "email_marketing_consent"), (1, "phone", "sms_marketing_consent")]
            .into_iter()
            .filter_map(|(kind, key, consent)| {
                let (account, consent) = (self.text(key)?, self.consent_view(consent));
                Some(json!({
                    "customer_id": self.id.to_string(),
                    "status": i32::from(consent.flag == 1),
                    "subscribe_account": account,
                    "subscribe_account_type": kind,
                    // 3 is OPEN_API.
                    "subscribe_channel": 3,
                    "subscribe_time": consent.at,
                }))
            })
            .collect()
    }
}

struct Consent {
    /// 0 unsubscribed, 1 subscribed, 2 neither; an unconfirmed customer is not subscribed.
    flag: i32,
    at: Option<Value>,
}

impl Address {
    fn value(&self, key: &str) -> Value {
        self.given.get(key).cloned().unwrap_or(Value::Null)
    }
}

/// A time as a store in UTC+8 writes it: the zone is the store's.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    (time + TimeDelta::hours(8)).format("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}
