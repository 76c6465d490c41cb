//! The answer of a native call, and the ways to read it.

use std::fmt;

use bytes::Bytes;

use super::operation::Operation;
use super::retry::Retry;
use super::transport::{BodyFault, HttpResponse};
use super::vendor_error::VendorError;
use crate::error::{Effect, Error};

/// A vendor's answer to a native call.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// The answer, typed.
    pub value: T,
    /// The body as it arrived, which also holds the keys that this crate does not know.
    pub body: Bytes,
    /// The vendor's id of the request.
    pub request_id: Option<String>,
    /// How many requests the call has sent, token requests aside.
    pub attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, body: Bytes, request_id: Option<String>, attempts: u32) -> Self {
        Self { value, body, request_id, attempts }
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { value, body, request_id, attempts } = self;
        Response { value: change(value), body, request_id, attempts }
    }
}

impl<T> Response<Option<T>> {
    /// The answer, where it has a value.
    #[must_use]
    pub fn transpose(self) -> Option<Response<T>> {
        let Self { value, body, request_id, attempts } = self;
        value.map(|value| Response { value, body, request_id, attempts })
    }
}

/// Shows no body: it holds personal data.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What a reader makes of an answer.
pub type Reading<T> = Result<T, Box<VendorError>>;

/// Reads the answer to a read: `check` finds the failure that it reports, `parse` reads its body. A body that cannot be
/// read is an error, since nothing may be concluded from it; one that broke off is asked for once more.
pub fn decode<T>(
    check: impl Fn(&HttpResponse) -> Reading<()>,
    parse: impl Fn(&HttpResponse) -> Option<T>,
) -> impl Fn(&HttpResponse) -> Reading<T> {
    move |response| {
        check(response)?;
        match parse(response) {
            Some(value) => Ok(value),
            None if response.fault == Some(BodyFault::Cut) => Err(VendorError::broken_off()),
            None => Err(VendorError::unreadable("the body of the answer cannot be read")),
        }
    }
}

/// Reads the answer to a write: `check` finds the failure that it reports. A success whose body cannot be read is a
/// success all the same, with the default value.
pub fn decode_lossy<T: Default>(
    check: impl Fn(&HttpResponse) -> Reading<()>,
    parse: impl Fn(&HttpResponse) -> Option<T>,
) -> impl Fn(&HttpResponse) -> Reading<T> {
    move |response| check(response).map(|()| parse(response).unwrap_or_default())
}

/// The answer to a read, where a 404 is no error but none.
///
/// # Errors
///
/// Every other error.
pub fn optional<T>(response: Result<Response<T>, Error>) -> Result<Option<Response<T>>, Error> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The failure of a 2xx that holds an HTML page where JSON is promised: a proxy, a login page or an outage page answered,
/// and nothing shows what the vendor did.
pub(super) fn html_page(response: &HttpResponse, operation: &Operation) -> Option<Box<VendorError>> {
    const HINT: &str = "the answer is an HTML page in place of JSON: a proxy, a login page or an outage page answered";
    if !response.status.is_success() || matches!(response.status.as_u16(), 204 | 205) {
        return None;
    }
    let body = response.body.trim_ascii_start();
    if body.starts_with(b"{") || body.starts_with(b"[") {
        return None;
    }
    let is_html = match response.header("content-type") {
        Some(kind) => {
            let kind = kind.trim_start().to_ascii_lowercase();
            kind.starts_with("text/html") || kind.starts_with("application/xhtml")
        }
        None => body.starts_with(b"<"),
    };
    if !is_html {
        return None;
    }
    let error = VendorError::unreadable(HINT);
    Some(if operation.writes {
        Box::new(VendorError { effect: Some(Effect::Unknown), retry: Some(Retry::IfIdempotent), ..*error })
    } else {
        error
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode};

    use super::*;
    use crate::error::ErrorKind;
    use crate::provider::ProviderId;

    const P: ProviderId = ProviderId::new("test");
    static READ: Operation = Operation::get(P, "read");
    static WRITE: Operation = Operation::write(P, Method::POST, "write");

    fn answer(status: u16, kind: Option<&'static str>, body: &'static str) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap(), body);
        if let Some(kind) = kind {
            response.headers.insert("content-type", HeaderValue::from_static(kind));
        }
        response
    }

    #[test]
    fn a_page_in_place_of_json_shows_nothing() {
        for (kind, body) in [
            (Some("text/html"), "<html>Sign in</html>"),
            (Some("Text/HTML; charset=utf-8"), " \n<!doctype html>"),
            (Some("application/xhtml+xml"), "<html/>"),
            (Some("text/html"), ""),
            (None, "<html>"),
        ] {
            for status in [200, 201, 207] {
                let read = html_page(&answer(status, kind, body), &READ).unwrap();
                let wanted = (Some(ErrorKind::Decode), Some(Effect::NotSent), Some(Retry::Never));
                assert_eq!((read.kind, read.effect, read.retry), wanted, "{kind:?} {body}");
                let write = html_page(&answer(status, kind, body), &WRITE).unwrap();
                let wanted = (Some(ErrorKind::Decode), Some(Effect::Unknown), Some(Retry::IfIdempotent));
                assert_eq!((write.kind, write.effect, write.retry), wanted, "{kind:?} {body}");
            }
        }
        for (status, kind, body) in [
            (200, Some("application/json"), "{}"),
            (200, Some("application/json"), "<html>"),
            (200, Some("text/plain"), "ok"),
            // Labelled wrongly, and JSON all the same.
            (200, Some("text/html"), r#" {"customer":{}}"#),
            (200, Some("text/html"), "[]"),
            (200, None, ""),
            (204, Some("text/html"), ""),
            (404, Some("text/html"), "<html>"),
            (502, Some("text/html"), "<html>"),
        ] {
            assert!(html_page(&answer(status, kind, body), &WRITE).is_none(), "{status} {kind:?} {body}");
        }
    }

    #[test]
    fn a_read_has_to_be_readable_and_a_write_has_not() {
        let check = |response: &HttpResponse| match response.status.is_success() {
            true => Ok(()),
            false => Err(Box::default()),
        };
        let number = |response: &HttpResponse| std::str::from_utf8(&response.body).ok()?.parse::<u8>().ok();
        let (read, write) = (decode(check, number), decode_lossy(check, number));
        assert_eq!((read(&answer(200, None, "7")).unwrap(), write(&answer(200, None, "7")).unwrap()), (7, 7));
        assert_eq!(read(&answer(200, None, "x")).unwrap_err().retry, Some(Retry::Never));
        assert_eq!(write(&answer(200, None, "x")).unwrap(), 0);
        let cut = HttpResponse { fault: Some(BodyFault::Cut), ..answer(200, None, "x") };
        let error = read(&cut).unwrap_err();
        assert_eq!((error.kind, error.retry), (Some(ErrorKind::Decode), Some(Retry::Once)));
        assert_eq!(write(&cut).unwrap(), 0);
        assert!(read(&answer(500, None, "7")).is_err() && write(&answer(500, None, "7")).is_err());
    }

    #[test]
    fn a_404_is_none_and_no_error() {
        let with = |status| Error::new(ErrorKind::NotFound, Effect::NotSent).with_status(status);
        assert!(optional::<u8>(Err(with(404))).unwrap().is_none());
        assert_eq!(optional::<u8>(Err(with(410))).unwrap_err().status(), Some(410));
    }
}
