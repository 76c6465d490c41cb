//! Verifies the signed query with which the vendor redirects a merchant's browser. Pure.

use std::fmt;

use super::super::PROVIDER;
use crate::client::Secret;
use crate::client::auth::signature::{hmac_hex, verify_hex};
use crate::client::auth::signed_query::{SignedForm, SignedQuery as Parameters};
use crate::customer::is_blank;
use crate::error::{Effect, Error, ErrorKind};

/// Decoded (documented), or as a form, as the vendor's SDK writes them (seen).
const FORMS: &[SignedForm] = &[SignedForm::Decoded, SignedForm::FormEncoded];

/// The query of a call that the vendor signed: the one that opens an app (`shop`, `store_id`), or the one that brings the
/// code of an authorisation (`shop`, `code`, `state`).
#[derive(Clone)]
pub struct SignedQuery {
    shop: String,
    code: Option<Secret>,
    parameters: Parameters,
}

impl SignedQuery {
    /// The shop's host, such as `acme.myshoplaza.com`.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// The code that is exchanged for tokens, once; there is none when an app is opened.
    #[must_use]
    pub fn code(&self) -> Option<&Secret> {
        self.code.as_ref()
    }

    /// Any parameter, such as `store_id`; none where it is missing or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// Reads a query and checks its signature. It covers the sorted parameters, joined without URL encoding (documented);
    /// the vendor's SDK encodes them (seen).
    pub(crate) fn verify(client_secret: &Secret, query: &str) -> Result<Self, Error> {
        if client_secret.is_blank() {
            return Err(refused("without a secret no signature is right"));
        }
        let parameters = Parameters::verify(query, "hmac", client_secret, FORMS).map_err(refused)?;
        let text = |name| parameters.get(name).filter(|text| !is_blank(text)).map(str::to_owned);
        let shop = text("shop").ok_or_else(|| refused("the query names no shop"))?;
        Ok(Self { shop, code: text("code").map(Secret::from), parameters })
    }

    /// As [`verify`](Self::verify), and with this state and a code.
    pub(crate) fn verify_callback(client_secret: &Secret, query: &str, state: &str) -> Result<Self, Error> {
        let signed = Self::verify(client_secret, query)?;
        // Compared by their signatures, so that the time that it takes shows nothing of the state.
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
    error.with_operation("verify_callback").with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::from("fake-app-secret")
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
            assert_eq!(signed.code().unwrap().expose(), "fake-code");
            assert!(!format!("{signed:?}").contains("fake"));
        }
        let query = format!("code=fake-code&shop=acme.myshoplaza.com&state=s-1&store_id=7&hmac={hmac}");
        assert!(hint(SignedQuery::verify_callback(&secret(), &query, "s-2")).contains("state"));
        assert!(hint(SignedQuery::verify_callback(&secret(), &query, "")).contains("state"));
        assert!(hint(SignedQuery::verify(&Secret::from("fake-other"), &query)).contains("signature"));
        for changed in [query.replace("acme.", "evil."), query.replace("=7", "=8"), format!("{query}&x=1")] {
            assert!(hint(SignedQuery::verify(&secret(), &changed)).contains("signature"), "{changed}");
        }
        assert!(hint(SignedQuery::verify(&secret(), &format!("{query}&shop=evil.example.com"))).contains("twice"));
        assert!(hint(SignedQuery::verify(&secret(), "shop=a&state=b")).contains("no signature"));
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
        assert_eq!(SignedQuery::verify(&secret(), &query).unwrap().code().unwrap().expose(), "c&1");
        let nobody = Secret::from("");
        assert!(
            hint(SignedQuery::verify(&nobody, &format!("shop=a&hmac={}", hmac_hex(&nobody, b"shop=a"))))
                .contains("sig")
        );
    }
}
