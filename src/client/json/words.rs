//! Ids and open vocabularies of vendors.

/// Declares ids of a vendor: opaque texts, kept apart by type, read from a text or a number.
macro_rules! vendor_id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as a string.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::client::json::value::Value for $name {
            fn from_raw(raw: &serde_json::value::RawValue) -> Option<Self> {
                let text = <String as $crate::client::json::value::Value>::from_raw(raw)?;
                (!text.trim().is_empty()).then_some(Self(text))
            }
        }
    )+};
}

/// Lets an id of customers be what a [`RemoteId`](crate::RemoteId) is.
macro_rules! customer_id {
    ($name:ident) => {
        impl From<&$crate::RemoteId> for $name {
            fn from(id: &$crate::RemoteId) -> Self {
                Self(id.as_str().to_owned())
            }
        }

        impl From<$crate::RemoteId> for $name {
            fn from(id: $crate::RemoteId) -> Self {
                Self(id.into_string())
            }
        }

        impl From<$name> for $crate::RemoteId {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}

/// Declares a vocabulary of a vendor that may grow: a word that is not documented survives as it came, in `Other`.
macro_rules! open_enum {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// Any other word, as it came.
            Other(String),
        }

        impl $name {
            /// The word as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            /// The variant of exactly this word, else `Other`.
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
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

        impl $crate::client::json::value::Value for $name {
            fn from_raw(raw: &serde_json::value::RawValue) -> Option<Self> {
                let word = <String as $crate::client::json::value::Value>::from_raw(raw)?;
                (!word.trim().is_empty()).then(|| Self::from(word.as_str()))
            }
        }
    )+};
}

pub(crate) use {customer_id, open_enum, vendor_id};

#[cfg(test)]
mod tests {
    use crate::RemoteId;
    use crate::client::json::value::Lenient;

    vendor_id! {
        /// An id.
        SampleId
    }

    customer_id!(SampleId);

    open_enum! {
        /// A word.
        Mood {
            /// Good.
            Good = "good",
            /// Bad.
            Bad = "bad",
        }
        /// A number.
        Level {
            /// The lowest.
            Low = "0",
        }
    }

    fn read<T: Lenient>(json: &str) -> T {
        T::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn an_id_is_read_from_a_text_or_a_number() {
        assert_eq!(read::<Option<SampleId>>(r#""a/b""#).unwrap().as_str(), "a/b");
        assert_eq!(read::<Option<SampleId>>("9007199254740993").unwrap().to_string(), "9007199254740993");
        for json in ["null", r#"" ""#, "{}"] {
            assert_eq!(read::<Option<SampleId>>(json), None, "{json}");
        }
        let id = SampleId::from("7");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""7""#);
        assert_eq!(SampleId::from(&RemoteId::from(id.clone())), id);
    }

    #[test]
    fn an_unknown_word_survives_as_it_came() {
        assert_eq!(read::<Option<Mood>>(r#""good""#), Some(Mood::Good));
        assert_eq!(read::<Option<Mood>>(r#""Good ""#), Some(Mood::Other("Good ".into())));
        assert_eq!(read::<Option<Level>>("0"), Some(Level::Low));
        assert_eq!(read::<Option<Level>>("9"), Some(Level::Other("9".into())));
        assert_eq!(serde_json::to_string(&[Mood::Bad, Mood::from("new")]).unwrap(), r#"["bad","new"]"#);
        assert_eq!(read::<Option<Mood>>("null"), None);
    }
}
