//! Base URLs, and the escaping of path segments and query values.

use std::fmt;

use crate::error::{Error, FieldError};
use crate::provider::ProviderId;

/// The base URL of a client: `https`, or `http` to this machine only, so that no key is sent unencrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(url::Url);

impl BaseUrl {
    /// Reads a base URL. A missing trailing slash is added, so that its path is kept whole.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where it is not a URL, has credentials, a query or a fragment, or
    /// would send unencrypted to another machine.
    pub fn parse(provider: ProviderId, text: &str) -> Result<Self, Error> {
        let refuse = |message: &'static str| Error::config(provider, "base_url", message);
        let mut url = url::Url::parse(text.trim()).map_err(|_| refuse("is no absolute URL"))?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(refuse("has no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(refuse("needs https; http is for this machine only")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must not hold credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("must not have a query or a fragment"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// The URL, with its trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes one path segment of an id: escaped once, and refused where it could change the path.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty id, `.`, `..` and control characters.
pub(crate) fn segment(name: &'static str, id: &str) -> Result<String, Error> {
    if id.is_empty() || id == "." || id == ".." || id.chars().any(char::is_control) {
        let problem = FieldError::new(name, "cannot stand in a URL: it is empty, a dot, or has control characters");
        return Err(Error::invalid_record(vec![problem]));
    }
    Ok(escape(id))
}

/// The value of a query parameter, escaped once.
pub(crate) fn query_value(text: &str) -> String {
    escape(text)
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn escape(text: &str) -> String {
    use fmt::Write;
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Puts ids from earlier answers into the places that a plan shows in braces.
///
/// # Errors
///
/// As [`segment`].
pub(crate) fn fill(url: &str, ids: &[(&'static str, &str)]) -> Result<String, Error> {
    let mut filled = url.to_owned();
    for (name, id) in ids {
        filled = filled.replace(&format!("{{{name}}}"), &segment(name, id)?);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProviderId = ProviderId::new("test");

    #[test]
    fn only_https_or_this_machine() {
        for good in [
            "https://api.example.com",
            "https://api.example.com/v2/",
            "http://127.0.0.1:8080",
            "http://[::1]:1/",
            "http://localhost:9",
        ] {
            assert!(BaseUrl::parse(P, good).unwrap().as_str().ends_with('/'), "{good}");
        }
        for bad in [
            "http://api.example.com",
            "http://10.0.0.1/",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://user:pw@example.com",
            "https://example.com/?a=b",
            "https://example.com/#x",
            "",
        ] {
            assert!(BaseUrl::parse(P, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_cannot_leave_their_segment() {
        let url = "https://example.com/customers/{id}/addresses/{address_id}.json";
        let filled = fill(url, &[("id", "a/../b?x#y %2e"), ("address_id", "é")]).unwrap();
        assert_eq!(filled, "https://example.com/customers/a%2F..%2Fb%3Fx%23y%20%252e/addresses/%C3%A9.json");
        for bad in ["", ".", "..", "a\nb", "\u{7f}"] {
            assert!(fill(url, &[("id", bad)]).is_err(), "{bad:?}");
        }
    }
}
