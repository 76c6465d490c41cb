//! The error type: what went wrong, and what it means for the record.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::provider::ProviderId;
use crate::sink::RemoteId;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The record cannot be sent to this vendor. [`Error::field_errors`] names each reason.
    InvalidInput,
    /// The client is configured wrongly: a base URL, an id or an option.
    Config,
    /// The vendor does not know the credentials, or they have expired.
    Unauthenticated,
    /// The credentials are known but not allowed to do this: a missing scope, another store, a frozen store.
    Forbidden,
    /// There is no such resource. On every call: a wrong base URL or a retired API version.
    NotFound,
    /// The record belongs to more than one customer at the vendor, or to another one. [`Error::conflicting_ids`] names
    /// them; nothing was written.
    Conflict,
    /// The vendor refused the data.
    Rejected,
    /// The vendor asks to slow down.
    RateLimited,
    /// A quota is used up for a long time; a short wait does not help.
    QuotaExhausted,
    /// The vendor is unavailable: a 5xx, or an outage page.
    Unavailable,
    /// No answer arrived in time.
    Timeout,
    /// No connection could be made; nothing was sent.
    Connect,
    /// The connection broke after the request had been sent, at least in part.
    Interrupted,
    /// The vendor answered with a redirect, which is never followed.
    Redirected,
    /// The answer could not be read.
    Decode,
    /// The vendor has no way to do this.
    Unsupported,
    /// The time for the whole call was used up.
    Deadline,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// The kind as one lower-case word, as reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Config => "config",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Interrupted => "interrupted",
            Self::Redirected => "redirected",
            Self::Decode => "decode",
            Self::Unsupported => "unsupported",
            Self::Deadline => "deadline",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a failed call may have changed at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing was sent that could change anything.
    NotSent,
    /// The vendor answered and refused: nothing was changed.
    Rejected,
    /// Something was changed, at least in part.
    Applied,
    /// It is unknown whether something was changed: the record may or may not be at the vendor.
    Unknown,
}

impl Effect {
    /// The effect as one lower-case word, as reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Applied => "applied",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with one field.
///
/// `Display` and `Debug` leave out what a vendor wrote, since vendors repeat people's data; [`message`](Self::message)
/// has it.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldError {
    field: String,
    message: Cow<'static, str>,
    from_vendor: bool,
}

impl FieldError {
    /// A problem that this crate found, with a message that holds no value of the record.
    pub fn new(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into(), from_vendor: false }
    }

    /// A problem that the vendor reports, in its own words.
    pub fn from_vendor(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: Cow::Owned(message.into()), from_vendor: true }
    }

    /// The path of the field, such as `addresses[0].city`; of a vendor's problem, the vendor's own name for it. Empty
    /// where it is the whole record.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong. Where the vendor wrote it, it may repeat the person's data.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong, without anything that a vendor wrote.
    #[must_use]
    pub fn safe_message(&self) -> &str {
        if self.from_vendor { "refused by the vendor" } else { &self.message }
    }

    /// The field, unless the vendor's name for it is not a plain name.
    #[must_use]
    pub fn safe_field(&self) -> &str {
        if self.from_vendor && !is_plain(&self.field) { "" } else { &self.field }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.safe_field() {
            "" => f.write_str(self.safe_message()),
            field => write!(f, "{field}: {}", self.safe_message()),
        }
    }
}

impl fmt::Debug for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldError({self})")
    }
}

/// A failed call.
///
/// Its facts are independent and never merged: [`kind`](Self::kind) says what went wrong, [`effect`](Self::effect) what
/// may have changed at the vendor, [`is_retryable`](Self::is_retryable) whether the same call may be made again.
///
/// `Display` and `Debug` hold no vendor text, URL, body, e-mail address or phone number.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    retryable: bool,
    provider: Option<ProviderId>,
    operation: Option<&'static str>,
    status: Option<u16>,
    code: Option<String>,
    fields: Vec<FieldError>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    vendor_message: Option<String>,
    conflicting_ids: Vec<RemoteId>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind and effect, with nothing else known. For sinks outside this crate.
    #[must_use]
    pub fn new(kind: ErrorKind, effect: Effect) -> Self {
        Self(Box::new(Inner {
            kind,
            effect,
            retryable: false,
            provider: None,
            operation: None,
            status: None,
            code: None,
            fields: Vec::new(),
            request_id: None,
            retry_after: None,
            attempts: 0,
            vendor_message: None,
            conflicting_ids: Vec::new(),
            hint: None,
            source: None,
        }))
    }

    /// The record cannot be sent, for these reasons.
    #[must_use]
    pub fn invalid_record(fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidInput, Effect::NotSent);
        error.0.fields = fields;
        error
    }

    /// The client is configured wrongly.
    #[must_use]
    pub fn config(provider: ProviderId, option: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorKind::Config, Effect::NotSent).with_provider(provider);
        error.0.fields = vec![FieldError::new(option, message)];
        error
    }

    /// The vendor has no way to do this.
    #[must_use]
    pub fn unsupported(provider: ProviderId, operation: &'static str, hint: &'static str) -> Self {
        let error = Self::new(ErrorKind::Unsupported, Effect::NotSent).with_provider(provider);
        error.with_operation(operation).with_hint(hint)
    }

    /// Sets the provider.
    #[must_use]
    pub fn with_provider(mut self, provider: ProviderId) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Sets the operation that failed.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Sets whether the same call may be made again.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Sets the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the vendor's own code.
    #[must_use]
    pub fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    /// Sets the field errors.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    /// Sets the request id.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    /// Sets the delay that the server asks for.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.0.retry_after = delay;
        self
    }

    /// Sets the number of requests sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Sets what the vendor wrote.
    #[must_use]
    pub fn with_vendor_message(mut self, message: Option<String>) -> Self {
        self.0.vendor_message = message;
        self
    }

    /// Sets the ids of the customers that the record may belong to.
    #[must_use]
    pub fn with_conflicting_ids(mut self, ids: impl IntoIterator<Item = impl Into<RemoteId>>) -> Self {
        self.0.conflicting_ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Sets what to do about it, in words that hold no value of the record.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn set_effect(&mut self, effect: Effect) {
        self.0.effect = effect;
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What may have changed at the vendor.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// Whether the same call may be made again with a chance to succeed, and with no risk of a duplicate.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The provider, unless the error arose before one was involved.
    #[must_use]
    pub fn provider(&self) -> Option<ProviderId> {
        self.0.provider
    }

    /// The step that failed, such as `create_customer`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's own error code, as the vendor wrote it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The vendor's own error code, if it is one plain word.
    #[must_use]
    pub fn safe_code(&self) -> Option<&str> {
        self.code().filter(|code| is_plain(code))
    }

    /// The problems of fields. An error lists every problem of a record at once.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The vendor's id of the failed request, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests were sent for this record, token requests aside.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What the vendor wrote. It may repeat the person's data: not for logs.
    #[must_use]
    pub fn vendor_message(&self) -> Option<&str> {
        self.0.vendor_message.as_deref()
    }

    /// The vendor's ids of the customers that the record may belong to.
    #[must_use]
    pub fn conflicting_ids(&self) -> &[RemoteId] {
        &self.0.conflicting_ids
    }

    /// What to do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

/// Whether a text from outside is one plain word that cannot hold a person's data.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[' | b']' | b':');
    // Ten digits in a row could be a phone number.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    !text.is_empty() && text.len() <= 80 && text.bytes().all(plain) && (digits < 7 || text.len() > digits + 4)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, effect, provider, operation, status, request_id, attempts, fields, .. } = &*self.0;
        match (provider, operation) {
            (Some(provider), Some(operation)) => write!(f, "{provider} {operation}: ")?,
            (Some(provider), None) => write!(f, "{provider}: ")?,
            (None, Some(operation)) => write!(f, "{operation}: ")?,
            (None, None) => {}
        }
        write!(f, "{kind} (effect {effect}")?;
        if let Some(status) = status {
            write!(f, ", HTTP {status}")?;
        }
        if let Some(code) = self.safe_code() {
            write!(f, ", code {code}")?;
        }
        if let Some(delay) = self.0.retry_after {
            write!(f, ", retry after {:.1} s", delay.as_secs_f64())?;
        }
        if let Some(id) = request_id.as_deref().filter(|id| is_plain(id)) {
            write!(f, ", request {id}")?;
        }
        if *attempts > 0 {
            write!(f, ", {attempts} {}", if *attempts == 1 { "request" } else { "requests" })?;
        }
        f.write_str(")")?;
        for (index, field) in fields.iter().enumerate() {
            write!(f, "{} {field}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self}")?;
        if let Some(hint) = &self.0.hint {
            write!(f, "; hint: {hint}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, "; source: {source}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_of_facts_without_vendor_text() {
        let error = Error::new(ErrorKind::Rejected, Effect::Rejected)
            .with_provider(ProviderId::new("shopline"))
            .with_operation("create_customer")
            .with_status(422)
            .with_code(Some("EMAIL_REPEAT".into()))
            .with_request_id(Some("r-1".into()))
            .with_attempts(3)
            .with_vendor_message(Some("mia@example.com is taken".into()))
            .with_fields(vec![FieldError::from_vendor("email", "mia@example.com is taken")]);
        let text = error.to_string();
        assert_eq!(
            text,
            "shopline create_customer: rejected (effect rejected, HTTP 422, code EMAIL_REPEAT, request r-1, 3 requests): \
             email: refused by the vendor"
        );
        assert!(!format!("{error:?}").contains("mia"));
        let config = Error::config(ProviderId::new("shopline"), "handle", "is empty");
        assert_eq!(config.to_string(), "shopline: config (effect not_sent): handle: is empty");
        assert_eq!(std::mem::size_of::<Error>(), std::mem::size_of::<usize>());
    }

    #[test]
    fn codes_that_could_be_personal_data_stay_out_of_sight() {
        for (code, plain) in
            [("EMAIL_REPEAT", true), ("4001", true), ("mia@example.com", false), ("15550100123", false), ("a b", false)]
        {
            assert_eq!(is_plain(code), plain, "{code}");
        }
    }
}
