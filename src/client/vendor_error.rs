//! The failure that a provider's parser reads from an answer.

use super::retry::Retry;
use crate::error::{Effect, ErrorKind, FieldError};
use crate::sink::RemoteId;

/// The failure that an answer reports, as far as the provider's parser knows it. The status decides the rest.
#[derive(Debug, Default)]
pub struct VendorError {
    /// What went wrong.
    pub kind: Option<ErrorKind>,
    /// What may have changed at the vendor.
    pub effect: Option<Effect>,
    /// Whether the request may be sent again.
    pub retry: Option<Retry>,
    /// The vendor's own code.
    pub code: Option<String>,
    /// What the vendor wrote.
    pub message: Option<String>,
    /// What the vendor reports about single fields.
    pub fields: Vec<FieldError>,
    /// The ids of the customers that the record may belong to.
    pub conflicting_ids: Vec<RemoteId>,
    /// The vendor's id of the request, where the body holds it; else the headers are read.
    pub request_id: Option<String>,
    /// What to do about it, in words that hold no value of the record.
    pub hint: Option<&'static str>,
}

impl VendorError {
    /// An answer to a read that cannot be understood. It changed nothing, and it ends the attempts.
    #[must_use]
    pub fn unreadable(hint: &'static str) -> Box<Self> {
        let (kind, effect, retry) = (Some(ErrorKind::Decode), Some(Effect::NotSent), Some(Retry::Never));
        Box::new(Self { kind, effect, retry, hint: Some(hint), ..Self::default() })
    }

    /// An answer to a read whose body broke off. The read is sent once more.
    #[must_use]
    pub fn broken_off() -> Box<Self> {
        Box::new(Self { retry: Some(Retry::Once), ..*Self::unreadable("the body of the answer broke off") })
    }
}
