//! The signed query of an OAuth callback.

use url::form_urlencoded;

use super::secret::Secret;
use super::signature::verify_hex;
use crate::client::query_value;

/// A parameter, decoded and as it came.
struct Parameter<'a> {
    name: String,
    value: String,
    raw_name: &'a str,
    raw_value: &'a str,
}

/// The parameters of a query whose signature is right, without the signature.
#[derive(Clone)]
pub(crate) struct SignedQuery(Vec<(String, String)>);

impl SignedQuery {
    /// Checks a query that is signed in hex over its other parameters, sorted by name and joined like a query. Vendors do
    /// not say whether the values are signed decoded, encoded, or as they came: each of these is accepted.
    ///
    /// # Errors
    ///
    /// What is wrong: a parameter that occurs twice, of which signer and reader could each take another value; no
    /// signature; another signature.
    pub(crate) fn verify(query: &str, signature: &str, secret: &Secret) -> Result<Self, &'static str> {
        let mut parameters = read(query.strip_prefix('?').unwrap_or(query));
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        if parameters.windows(2).any(|pair| matches!(pair, [a, b] if a.name == b.name)) {
            return Err("a parameter occurs twice");
        }
        let at = parameters.iter().position(|parameter| parameter.name == signature);
        let Some(given) = at.map(|at| parameters.remove(at).value) else { return Err("there is no signature") };
        let is_signed = |message: String| verify_hex(secret, message.as_bytes(), &given);
        let is_right = decoded(&parameters).is_some_and(is_signed)
            || is_signed(join(parameters.iter().map(|p| (p.raw_name, p.raw_value))))
            || is_signed(encoded(&parameters))
            // As a form, with `+` for a blank.
            || is_signed(encoded(&parameters).replace("%20", "+"));
        if !is_right {
            return Err("the signature is not that of the app's secret over these parameters");
        }
        Ok(Self(parameters.into_iter().map(|p| (p.name, p.value)).collect()))
    }

    /// The value of a parameter; none where it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

fn read(query: &str) -> Vec<Parameter<'_>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
            let mut parts = form_urlencoded::parse(pair.as_bytes()).into_owned();
            let (name, value) = parts.next().unwrap_or_default();
            Parameter { name, value, raw_name, raw_value }
        })
        .collect()
}

/// By decoded values; none where the same text could be that of other parameters, so that no part of one signed value can
/// be moved into a separate parameter.
fn decoded(parameters: &[Parameter<'_>]) -> Option<String> {
    let plain = |p: &Parameter<'_>| !p.name.contains(['=', '&']) && !p.value.contains('&');
    parameters.iter().all(plain).then(|| join(parameters.iter().map(|p| (p.name.as_str(), p.value.as_str()))))
}

fn encoded(parameters: &[Parameter<'_>]) -> String {
    let pairs: Vec<_> = parameters.iter().map(|p| (query_value(&p.name), query_value(&p.value))).collect();
    join(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn join<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::super::signature::hmac_hex;
    use super::*;

    fn verify(query: &str, message: &str) -> Result<SignedQuery, &'static str> {
        let secret = Secret::from("fake_app_secret");
        let signature = hmac_hex(&secret, message.as_bytes());
        SignedQuery::verify(&format!("{query}&sign={signature}"), "sign", &secret)
    }

    #[test]
    fn every_reading_of_the_values_is_accepted() {
        for message in ["a=x/y= z&b=1", "a=x%2Fy%3D+z&b=1", "a=x%2Fy%3D%20z&b=1"] {
            let query =
                verify("?b=1&a=x%2Fy%3D+z&c=", &format!("{message}&c=")).unwrap_or_else(|e| panic!("{message}: {e}"));
            assert_eq!(
                (query.get("a"), query.get("b"), query.get("c"), query.get("sign")),
                (Some("x/y= z"), Some("1"), None, None)
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let secret = Secret::from("fake_app_secret");
        assert_eq!(SignedQuery::verify("a=1", "sign", &secret).err(), Some("there is no signature"));
        assert_eq!(verify("a=1&a=2", "a=1&a=2").err(), Some("a parameter occurs twice"));
        assert!(verify("a=1", "a=2").is_err() && verify("a=1&b=2", "a=1").is_err());
        // Part of a signed value as a separate parameter.
        assert!(verify("a=1%26b=2", "a=1&b=2").is_err());
    }
}
