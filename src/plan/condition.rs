//! The condition under which a step of a plan is sent.

/// The condition under which a step is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepCondition {
    /// The step is always sent.
    Always,
    /// No access token is held, or the held one has expired.
    IfNoToken,
    /// The look-up found no customer.
    IfNotFound,
    /// The look-up found the customer.
    IfFound,
    /// The vendor reported that the customer exists.
    IfDuplicate,
    /// What the vendor holds differs from the record.
    IfDiffers,
}

impl StepCondition {
    /// The condition as one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::IfNoToken => "if_no_token",
            Self::IfNotFound => "if_not_found",
            Self::IfFound => "if_found",
            Self::IfDuplicate => "if_duplicate",
            Self::IfDiffers => "if_differs",
        }
    }
}
