//! What the vendor sends a merchant's browser back with, and whether the vendor signed it. Pure.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::super::PROVIDER;
use crate::client::auth::signature::{hmac_hex, verify_hex};
use crate::error::{Effect, Error, ErrorKind};

const OPERATION: &str = "verify_callback";

/// The query of a call that the vendor signed: the one that opens an app (`shop`, `store_id`), or the one that brings the
/// code of an authorisation (`shop`, `code`, `state`).
#[derive(Clone)]
pub struct SignedQuery {
    shop: String,
    code: Option<SecretString>,
    others: Vec<(String, String)>,
}

impl SignedQuery {
    /// The shop's host, such as `acme.myshoplaza.com`.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// The code that is exchanged for tokens, once; there is none when an app is opened.
    #[must_use]
    pub fn code(&self) -> Option<&SecretString> {
        self.code.as_ref()
    }

    /// Any other parameter, such as `store_id`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads a query and checks its signature.
    pub(crate) fn verify(client_secret: &SecretString, query: &str) -> Result<Self, Error> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        pairs.sort();
        let repeats = pairs.windows(2).any(|two| matches!(two, [(a, _), (b, _)] if a == b));
        if repeats {
            return Err(refused("the query holds a parameter twice"));
        }
        let hmac = take(&mut pairs, "hmac").ok_or_else(|| refused("the query has no hmac"))?;
        if !is_signed(client_secret, &pairs, &hmac) {
            return Err(refused("the signature is not that of the app's secret"));
        }
        let shop = take(&mut pairs, "shop").filter(|shop| !shop.trim().is_empty());
        let shop = shop.ok_or_else(|| refused("the query names no shop"))?;
        let code = take(&mut pairs, "code").filter(|code| !code.trim().is_empty()).map(SecretString::from);
        Ok(Self { shop, code, others: pairs })
    }

    /// As [`verify`](Self::verify), and with this state and a code.
    pub(crate) fn verify_callback(client_secret: &SecretString, query: &str, state: &str) -> Result<Self, Error> {
        let signed = Self::verify(client_secret, query)?;
        // Compared by their signatures, so that time tells nothing of the state.
        let wanted = hmac_hex(client_secret, state.as_bytes());
        let is_ours = signed.get("state").is_some_and(|given| verify_hex(client_secret, given.as_bytes(), &wanted));
        if state.is_empty() || !is_ours {
            return Err(refused("the state is not the one that the authorisation was begun with"));
        }
        if signed.code.is_none() {
            return Err(refused("the query brings no code"));
        }
        Ok(signed)
    }
}

/// Shows the shop, and neither code nor state.
impl fmt::Debug for SignedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedQuery").field("shop", &self.shop).finish_non_exhaustive()
    }
}

fn refused(hint: &'static str) -> Error {
    let error = Error::new(ErrorKind::Unauthenticated, Effect::NotSent).with_provider(PROVIDER);
    error.with_operation(OPERATION).with_hint(hint)
}

fn take(pairs: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let place = pairs.iter().position(|(key, _)| key == name)?;
    Some(pairs.remove(place).1)
}

/// The signature covers the sorted parameters, joined without URL encoding (documented); the vendor's SDK encodes them
/// (seen). The two differ only where a value needs escaping, and either is taken.
fn is_signed(client_secret: &SecretString, sorted: &[(String, String)], hmac: &str) -> bool {
    // Without encoding, a value with an ampersand would read as a parameter more: one signature for two queries.
    let is_clear = sorted.iter().all(|(key, value)| !key.contains(['&', '=']) && !value.contains('&'));
    let plain = || {
        let joined: Vec<_> = sorted.iter().map(|(key, value)| format!("{key}={value}")).collect();
        verify_hex(client_secret, joined.join("&").as_bytes(), hmac)
    };
    let encoded = || {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(sorted);
        verify_hex(client_secret, go_encoded(&form.finish()).as_bytes(), hmac)
    };
    !client_secret.expose_secret().is_empty() && ((is_clear && plain()) || encoded())
}

/// The SDK's encoding leaves `~` and escapes `*`; a form does the reverse.
fn go_encoded(form: &str) -> String {
    form.replace('*', "%2A").replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretString {
        SecretString::from("fake-app-secret")
    }

    fn sign(message: &str) -> String {
        hmac_hex(&secret(), message.as_bytes())
    }

    fn hint(result: Result<SignedQuery, Error>) -> String {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::NotSent));
        error.hint().unwrap().to_owned()
    }

    #[test]
    fn a_signed_callback_is_taken_in_any_order() {
        let hmac = sign("code=fake-code&shop=acme.myshoplaza.com&state=s-1&store_id=7");
        for query in [
            format!("?code=fake-code&shop=acme.myshoplaza.com&state=s-1&store_id=7&hmac={hmac}"),
            format!("state=s-1&hmac={}&store_id=7&shop=acme.myshoplaza.com&code=fake%2Dcode", hmac.to_uppercase()),
        ] {
            let signed = SignedQuery::verify_callback(&secret(), &query, "s-1").unwrap();
            assert_eq!((signed.shop(), signed.get("store_id")), ("acme.myshoplaza.com", Some("7")));
            assert_eq!(signed.code().unwrap().expose_secret(), "fake-code");
            assert!(!format!("{signed:?}").contains("fake"));
        }
        let query = format!("code=fake-code&shop=acme.myshoplaza.com&state=s-1&store_id=7&hmac={hmac}");
        assert!(hint(SignedQuery::verify_callback(&secret(), &query, "s-2")).contains("state"));
        assert!(hint(SignedQuery::verify_callback(&secret(), &query, "")).contains("state"));
        assert!(hint(SignedQuery::verify(&SecretString::from("fake-other"), &query)).contains("signature"));
        for changed in [query.replace("acme.", "evil."), query.replace("=7", "=8"), format!("{query}&x=1")] {
            assert!(hint(SignedQuery::verify(&secret(), &changed)).contains("signature"), "{changed}");
        }
        assert!(hint(SignedQuery::verify(&secret(), &format!("{query}&shop=evil.example.com"))).contains("twice"));
        assert!(hint(SignedQuery::verify(&secret(), "shop=a&state=b")).contains("no hmac"));
    }

    #[test]
    fn both_readings_of_the_signature_are_taken() {
        let query = |hmac: String| format!("install_from=app%20store%20%2A~&shop=acme.myshoplaza.com&hmac={hmac}");
        for message in [
            "install_from=app store *~&shop=acme.myshoplaza.com",
            "install_from=app+store+%2A~&shop=acme.myshoplaza.com",
        ] {
            let signed = SignedQuery::verify(&secret(), &query(sign(message))).unwrap();
            assert_eq!((signed.get("install_from"), signed.code().is_none()), (Some("app store *~"), true));
        }
    }

    /// Without encoding `a=1&b=2` is two parameters, or one whose value is `1&b=2`.
    #[test]
    fn one_signature_is_not_good_for_two_queries() {
        let hmac = sign("code=c&shop=acme.myshoplaza.com&state=s");
        for moved in [
            "code=c%26shop%3Dacme.myshoplaza.com%26state%3Ds",
            "code=c&shop=acme.myshoplaza.com%26state%3Ds",
            "code%3Dc%26shop=acme.myshoplaza.com&state=s",
        ] {
            assert!(hint(SignedQuery::verify(&secret(), &format!("{moved}&hmac={hmac}"))).contains("signature"));
        }
        // Encoded, it is one.
        let hmac = sign("code=c%261&shop=acme.myshoplaza.com&state=s");
        let query = format!("code=c%261&shop=acme.myshoplaza.com&state=s&hmac={hmac}");
        assert_eq!(SignedQuery::verify(&secret(), &query).unwrap().code().unwrap().expose_secret(), "c&1");
        let nobody = SecretString::from("");
        assert!(
            hint(SignedQuery::verify(&nobody, &format!("shop=a&hmac={}", hmac_hex(&nobody, b"shop=a"))))
                .contains("sig")
        );
    }
}
