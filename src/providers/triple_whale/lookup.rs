//! Reading a customer back, by a query over the vendor's tables where that is switched on.

use super::PROVIDER;
use super::client::TripleWhale;
use super::request::CustomerKey;
use super::response::CustomerRecord;
use crate::client::identify::Lookups;
use crate::error::{Effect, Error, ErrorKind};
use crate::sink::{FoundCustomer, Identity};

/// The platform that the vendor shows for all platforms that it does not integrate (documented for orders).
const SHOWN_PLATFORM: &str = super::DEFAULT_PLATFORM;

const BY_ID_ALONE: &str = "customers are read back by external id alone: this vendor has no id of its own";
static LOOKUPS: Lookups = Lookups::ALL.no_remote_id(BY_ID_ALONE).no_email(BY_ID_ALONE).no_phone(BY_ID_ALONE);

impl TripleWhale {
    /// The customer with this external id: the row of this client's platform and account.
    pub(super) async fn find_customer(&self, identity: &Identity) -> Result<Option<FoundCustomer>, Error> {
        let unsupported = |hint| Error::unsupported(PROVIDER, "find", hint);
        let how = self.0.read_back.as_ref();
        let how = how.ok_or_else(|| {
            unsupported("this vendor has no call that reads a customer; a query does it where sql_read_back is on")
        })?;
        LOOKUPS.supported(identity, (PROVIDER, "find"))?;
        let Identity::ExternalId(id) = identity else { return Ok(None) };
        // As it is: so it was sent.
        let key = self.key(id.as_str());
        one(&self.list_customers(id, how).await?.value.items, |row| match_key(row, &key))
    }
}

/// The one row that is it, else the one that may be it.
fn one(rows: &[CustomerRecord], is: impl Fn(&CustomerRecord) -> Option<bool>) -> Result<Option<FoundCustomer>, Error> {
    let of = |sure: bool| rows.iter().filter(|row| is(row) == Some(sure)).collect::<Vec<_>>();
    let hits = [of(true), of(false)].into_iter().find(|hits| !hits.is_empty()).unwrap_or_default();
    match hits.as_slice() {
        [] => Ok(None),
        [row] => Ok(Some(FoundCustomer::new(None, (*row).into()))),
        _ => {
            let error = Error::new(ErrorKind::Conflict, Effect::NotSent).with_provider(PROVIDER).with_operation("find");
            Err(error.with_hint("the vendor holds several records of this id, and does not report their platforms"))
        }
    }
}

/// Whether a row can be the record of a key: `Some(true)` where both platform parts are the same, `Some(false)` where
/// that cannot be decided, since a part is missing or is the vendor's word for all platforms that it does not integrate.
fn match_key(row: &CustomerRecord, key: &CustomerKey<'_>) -> Option<bool> {
    if row.customer_id.as_deref() != Some(&*key.customer_id) {
        return None;
    }
    let platform = match row.platform.as_deref() {
        Some(shown) if shown == key.platform => true,
        Some(SHOWN_PLATFORM) | None => false,
        Some(_) => return None,
    };
    let account = match row.platform_account_id.as_deref() {
        Some(shown) if shown == key.platform_account_id => true,
        None => false,
        Some(_) => return None,
    };
    Some(platform && account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_decides_whose_row_it_is() {
        let key = CustomerKey {
            customer_id: "1".into(),
            platform: "magento".into(),
            platform_account_id: "eu".into(),
            ..CustomerKey::default()
        };
        for (json, is) in [
            (r#"{"customer_id":"1","platform":"magento","platform_account_id":"eu"}"#, Some(true)),
            (r#"{"customer_id":"1","platform":"custom-msp","platform_account_id":"eu"}"#, Some(false)),
            (r#"{"customer_id":"1"}"#, Some(false)),
            (r#"{"customer_id":"1","platform":"klaviyo","platform_account_id":"eu"}"#, None),
            (r#"{"customer_id":"1","platform":"magento","platform_account_id":"us"}"#, None),
            (r#"{"customer_id":"2","platform":"magento","platform_account_id":"eu"}"#, None),
            ("{}", None),
        ] {
            let row: CustomerRecord = serde_json::from_str(json).unwrap();
            assert_eq!(match_key(&row, &key), is, "{json}");
        }
    }
}
