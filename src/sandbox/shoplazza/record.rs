//! A customer as the stand-in stores it: what a request may set, and how the vendor shows it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::version::{Fault, Version};
use crate::sandbox::reply;

const CUSTOMER_ID: u32 = 1;
const ADDRESS_ID: u32 = 2;

/// The texts of an address, in both directions.
const TEXTS: [&str; 16] = [
    "address1",
    "address2",
    "area",
    "city",
    "company",
    "country",
    "country_code",
    "email",
    "first_name",
    "gender",
    "last_name",
    "phone",
    "phone_area_code",
    "province",
    "province_code",
    "zip",
];

pub(super) fn customer_id(number: u64) -> String {
    reply::uuid(CUSTOMER_ID, number)
}

pub(super) fn customer_number(id: &str) -> Option<u64> {
    reply::uuid_number(CUSTOMER_ID, id)
}

#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) id: String,
    pub(super) texts: Map<String, Value>,
    pub(super) default: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// The moment of the request that is under way.
    pub(super) now: DateTime<Utc>,
    pub(super) addresses: Vec<Address>,
    pub(super) contact_type: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) accepts_marketing: bool,
    pub(super) accepts_sms_marketing: bool,
    pub(super) registered: bool,
    pub(super) tags: Vec<String>,
    /// What a record was put here with that no request writes.
    pub(super) fixed: Map<String, Value>,
}

/// A text that may be absent or null; any other type is a bad request.
fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Fault> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::BadRequest),
    }
}

fn flag(fields: &Map<String, Value>, key: &str) -> Result<Option<bool>, Fault> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Fault::BadRequest),
    }
}

impl Customer {
    /// A customer from the fields of a create, with all that is to be said against it in one list, in the documented
    /// messages; those on names and on `registered_at` are *inferred*. A missing `contact_type`, or one whose field is
    /// missing, is a bad request. Unknown fields are passed over, as unknown parameters are (*inferred* for bodies).
    pub(super) fn create(
        version: Version,
        fields: &Map<String, Value>,
        (number, now): (u64, DateTime<Utc>),
        addresses: &mut u64,
    ) -> Result<(Self, Vec<String>), Fault> {
        let filled = |key| text(fields, key).map(|found| found.filter(|text| !text.trim().is_empty()));
        let (email, phone) = (filled("email")?, filled("phone")?);
        let contact_type = match (text(fields, "contact_type")?, email, phone) {
            (Some("email"), Some(_), _) => "email",
            (Some("phone"), _, Some(_)) => "phone",
            _ => return Err(Fault::BadRequest),
        };
        let mut breaches = Vec::new();
        if email.is_some_and(|email| !reply::looks_like_email(email)) {
            breaches.push("Email is invalid".to_owned());
        }
        if phone.is_some_and(|phone| !is_phone(phone)) {
            breaches.push("Phone is invalid".to_owned());
        }
        let (password, repeated) = (text(fields, "password")?, text(fields, "password_confirmation")?);
        if password.is_some_and(|password| password.chars().count() < 6) {
            breaches.push("Password is too short (minimum is 6 characters)".to_owned());
        }
        // That a password may come without its confirmation is *inferred*: both are optional.
        if repeated.is_some() && repeated != password {
            breaches.push("Password confirmation must be equal to password".to_owned());
        }
        let registered_at = text(fields, "registered_at")?;
        if registered_at.is_some_and(|time| reply::moment(time).is_none()) {
            breaches.push("Registered at is invalid".to_owned());
        }
        let mut customer = Self {
            number,
            id: customer_id(number),
            email: email.map(str::to_owned),
            phone: phone.map(str::to_owned),
            created: now,
            updated: now,
            now,
            addresses: Vec::new(),
            contact_type: contact_type.to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            // *Documented*: a create without consents subscribes to both.
            accepts_marketing: true,
            accepts_sms_marketing: true,
            // Without the time of registration the customer cannot sign in (*documented* in the vendor's OpenAPI file).
            registered: password.is_some() && registered_at.is_some(),
            tags: Vec::new(),
            fixed: Map::new(),
        };
        customer.update(version, fields)?;
        let items = match fields.get("addresses") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => return Err(Fault::BadRequest),
        };
        for item in items {
            let fields = item.as_object().ok_or(Fault::BadRequest)?;
            // Inside a create every address is the default unless it says not (*documented*); of several, the last one
            // stays so (*inferred*: they are saved in turn).
            for message in customer.add_address(version, fields, true, addresses)? {
                if !breaches.contains(&message) {
                    breaches.push(message);
                }
            }
        }
        Ok((customer, breaches))
    }

    /// The five fields that an update takes (*documented*); all others are passed over (*inferred*), and absent ones stay
    /// as they are (*inferred*: the pages print the create's default for the two consents on an update as well).
    pub(super) fn update(&mut self, version: Version, fields: &Map<String, Value>) -> Result<(), Fault> {
        let (first, last) = (text(fields, "first_name")?, text(fields, "last_name")?);
        let (email, sms) = (flag(fields, "accepts_marketing")?, flag(fields, "accepts_sms_marketing")?);
        let tags = fields.get("tags").filter(|tags| !tags.is_null()).map(|tags| version.read_tags(tags)).transpose()?;
        self.first_name = first.map_or_else(|| std::mem::take(&mut self.first_name), str::to_owned);
        self.last_name = last.map_or_else(|| std::mem::take(&mut self.last_name), str::to_owned);
        self.accepts_marketing = email.unwrap_or(self.accepts_marketing);
        self.accepts_sms_marketing = sms.unwrap_or(self.accepts_sms_marketing);
        if let Some(tags) = tags {
            self.tags = tags;
        }
        self.touch();
        Ok(())
    }

    /// Adds an address, or gives the messages against it. Which fields an address of its own requires is described in three
    /// ways; here as inside a create.
    pub(super) fn add_address(
        &mut self,
        version: Version,
        fields: &Map<String, Value>,
        default: bool,
        addresses: &mut u64,
    ) -> Result<Vec<String>, Fault> {
        let default = flag(fields, "default")?.unwrap_or(default);
        let mut address = Address::new(*addresses + 1);
        address.set(fields)?;
        let breaches = address.breaches(version);
        if breaches.is_empty() {
            *addresses += 1;
            let id = address.id.clone();
            self.addresses.push(address);
            if default {
                self.make_default(&id);
            }
            self.touch();
        }
        Ok(breaches)
    }

    pub(super) fn change_address(
        &mut self,
        version: Version,
        id: &str,
        fields: &Map<String, Value>,
    ) -> Result<Vec<String>, Fault> {
        let default = flag(fields, "default")?;
        let address = self.addresses.iter_mut().find(|address| address.id == id).ok_or(Fault::NoRecord)?;
        let mut changed = address.clone();
        changed.set(fields)?;
        let breaches = changed.breaches(version);
        if breaches.is_empty() {
            changed.default = default.unwrap_or(changed.default);
            *address = changed;
            if default == Some(true) {
                self.make_default(id);
            }
            self.touch();
        }
        Ok(breaches)
    }

    fn touch(&mut self) {
        self.updated = self.now;
        for follows in ["updated_at", "subscribed_flag", "sms_subscribed_flag"] {
            self.fixed.remove(follows);
        }
    }

    /// The keys under which e-mail and phone are unique. That case does not count in the one, nor anything but digits in
    /// the other, is *inferred*.
    pub(super) fn keys(&self) -> (Option<String>, Option<String>) {
        (self.email.as_deref().map(str::to_lowercase), self.phone.as_deref().map(reply::digits))
    }

    pub(super) fn make_default(&mut self, id: &str) {
        for address in &mut self.addresses {
            address.default = address.id == id;
        }
    }

    /// Removes an address. No other one takes its place as the default (*unknown*).
    pub(super) fn remove_address(&mut self, id: &str) -> Result<(), Fault> {
        let index = self.addresses.iter().position(|address| address.id == id).ok_or(Fault::NoRecord)?;
        self.addresses.remove(index);
        self.touch();
        Ok(())
    }

    pub(super) fn address(&self, id: &str) -> Option<Value> {
        self.addresses.iter().find(|address| address.id == id).map(|address| address.show(&self.id))
    }

    pub(super) fn last_address(&self) -> Option<Value> {
        self.addresses.last().map(|address| address.show(&self.id))
    }

    pub(super) fn address_list(&self) -> Vec<Value> {
        self.addresses.iter().map(|address| address.show(&self.id)).collect()
    }

    pub(super) fn show(&self, version: Version) -> Value {
        // 5 and 6 mean yes and no in the vendor's examples through the API; its list of values ends at 4.
        let subscribed = |accepts: bool| if accepts { 5 } else { 6 };
        let mut shown = json!({
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "name": full_name(&self.first_name, &self.last_name),
            "email": self.email,
            "phone": self.phone,
            "phone_area_code": null,
            "contact_type": self.contact_type,
            "accepts_marketing": self.accepts_marketing,
            "accepts_sms_marketing": self.accepts_sms_marketing,
            "subscribed_flag": subscribed(self.accepts_marketing),
            "sms_subscribed_flag": subscribed(self.accepts_sms_marketing),
            "source": null,
            "free_tax": false,
            "registered": self.registered,
            "orders_count": 0,
            "last_order_at": null,
            "total_spent": "0.00",
            "tags": version.show_tags(&self.tags),
            "created_at": stamp(self.created),
            "updated_at": stamp(self.updated),
        });
        let Value::Object(map) = &mut shown else { return shown };
        let mut addresses = self.address_list();
        match version {
            Version::First => {
                let default = self.addresses.iter().find(|address| address.default);
                map.insert("default_address".into(), json!(default.map(|address| address.show(&self.id))));
                // Inside a customer the rows lack two keys that its default address has.
                for row in addresses.iter_mut().filter_map(Value::as_object_mut) {
                    row.retain(|key, _| key != "name" && key != "phone_area_code");
                }
            }
            // How these versions show that there is no order is *unknown*: null, "" or nothing.
            Version::Later => {
                map.insert("first_order_at".into(), "".into());
                map.insert("last_order_at".into(), "".into());
            }
        }
        map.insert("addresses".into(), addresses.into());
        map.extend(self.fixed.clone());
        shown
    }
}

impl Address {
    pub(super) fn new(number: u64) -> Self {
        Self { id: reply::uuid(ADDRESS_ID, number), texts: Map::new(), default: false }
    }

    pub(super) fn set(&mut self, fields: &Map<String, Value>) -> Result<(), Fault> {
        for key in TEXTS {
            if let Some(text) = text(fields, key)? {
                self.texts.insert(key.to_owned(), text.into());
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> &str {
        self.texts.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn breaches(&self, version: Version) -> Vec<String> {
        let names = [("first_name", "First name"), ("last_name", "Last name")];
        let country = [("country", "Country"), ("country_code", "Country code")];
        // Names are required by 2022-01 only.
        let names = if version == Version::First { names.as_slice() } else { &[] };
        names
            .iter()
            .chain(&country)
            .filter(|(key, _)| self.text(key).trim().is_empty())
            .map(|(_, name)| format!("{name} can't be blank"))
            .collect()
    }

    fn show(&self, customer: &str) -> Value {
        // What is empty is shown as "", but the area code of the phone as null.
        let mut shown: Map<String, Value> =
            TEXTS.into_iter().map(|key| (key.to_owned(), self.text(key).into())).collect();
        if self.text("phone_area_code").is_empty() {
            shown.insert("phone_area_code".into(), Value::Null);
        }
        shown.insert("id".into(), self.id.as_str().into());
        shown.insert("customer_id".into(), customer.into());
        shown.insert("name".into(), full_name(self.text("first_name"), self.text("last_name")).into());
        shown.insert("country_name".into(), self.text("country").into());
        shown.insert("default".into(), self.default.into());
        shown.into()
    }
}

fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}

/// A plus sign, the calling code and the number, without spaces: the documented form. What else passes is *unknown*.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| {
        (7..=15).contains(&rest.len()) && !rest.starts_with('0') && rest.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
