//! The closed vocabularies of the normalized customer.

/// Declares an enumeration whose JSON form is one lower-case word per variant.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the JSON form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word, exactly as the JSON form spells it.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// Gender as the person gave it.
    Gender {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Neither of the two.
        Other = "other",
        /// The person chose not to say, which is not the same as unset.
        Undisclosed = "undisclosed",
    }
}

words! {
    /// The state of the person's account in the shop.
    AccountState {
        /// May sign in.
        Enabled = "enabled",
        /// Switched off by the merchant.
        Disabled = "disabled",
        /// Invited, has not answered.
        Invited = "invited",
        /// Invited, has declined.
        Declined = "declined",
    }
}

words! {
    /// The state of the person's product subscription (a recurring delivery, not a newsletter).
    SubscriptionState {
        /// Running.
        Active = "active",
        /// Paused.
        Paused = "paused",
        /// Cancelled by the person or the shop.
        Cancelled = "cancelled",
        /// Ran out.
        Expired = "expired",
        /// Stopped by a failed payment.
        Failed = "failed",
        /// Never had one.
        NeverSubscribed = "never_subscribed",
    }
}

words! {
    /// What is known of a person's consent to marketing on one channel.
    ConsentState {
        /// Said yes.
        Subscribed = "subscribed",
        /// Said yes once and then no.
        Unsubscribed = "unsubscribed",
        /// Never said yes.
        NotSubscribed = "not_subscribed",
        /// Said yes, and the confirmation is still open.
        Pending = "pending",
    }
}

words! {
    /// How a yes was given.
    OptInLevel {
        /// By one act, unconfirmed.
        Single = "single",
        /// Confirmed by a second act.
        Confirmed = "confirmed",
        /// Not known.
        Unknown = "unknown",
    }
}
