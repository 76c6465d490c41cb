//! Query strings: escapes each name and value once, and writes lists in the style that a vendor takes.

use std::fmt::{self, Display};

use super::query_value;
use crate::error::FieldError;

/// How several values of one parameter are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayStyle {
    /// `ids=1,2`. A comma within a value is escaped, and a vendor may still split the value there.
    #[default]
    Commas,
    /// `ids=1&ids=2`
    Repeated,
    /// `ids[]=1&ids[]=2`, also for a single value.
    Brackets,
}

impl ArrayStyle {
    /// Whether a vendor could read the value as two.
    pub(crate) fn splits(self, value: &str) -> bool {
        self == Self::Commas && value.contains(',')
    }
}

/// Writes a query string. Every name and value is escaped exactly once, but for those that are pushed verbatim.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    text: String,
    arrays: ArrayStyle,
}

/// Shows no value: a query may hold personal data.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query(..)")
    }
}

impl Query {
    /// An empty query, whose lists are joined by commas.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An empty query, whose lists are written in this style.
    pub(crate) fn with_arrays(arrays: ArrayStyle) -> Self {
        Self { text: String::new(), arrays }
    }

    fn pair(&mut self, name: &str, escaped: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(escaped);
    }

    pub(crate) fn push(&mut self, name: &str, value: impl Display) {
        self.pair(&query_value(name), &query_value(&value.to_string()));
    }

    /// Writes a value that is there.
    pub(crate) fn push_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    /// Writes a list in the query's style; nothing where it is empty.
    pub(crate) fn list<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(|value| query_value(value.as_ref()));
        let name = query_value(name);
        match self.arrays {
            ArrayStyle::Commas => {
                let values: Vec<String> = values.collect();
                if !values.is_empty() {
                    self.pair(&name, &values.join(","));
                }
            }
            ArrayStyle::Repeated => values.for_each(|value| self.pair(&name, &value)),
            ArrayStyle::Brackets => {
                let name = format!("{name}[]");
                values.for_each(|value| self.pair(&name, &value));
            }
        }
    }

    /// Writes a value as it is, for a cursor that the vendor has escaped itself: a second escaping would change it.
    ///
    /// # Errors
    ///
    /// The problem, where the value is empty or could change the rest of the URL.
    pub(crate) fn push_verbatim(&mut self, name: &'static str, escaped: &str) -> Result<(), FieldError> {
        if !is_verbatim(escaped) {
            return Err(FieldError::new(name, "is no cursor: it is empty or holds what no URL can"));
        }
        self.pair(&query_value(name), escaped);
        Ok(())
    }

    /// Writes the parameters of another query behind these.
    pub(crate) fn append(&mut self, other: &Self) {
        if !self.text.is_empty() && !other.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(&other.text);
    }

    /// The query string, without the question mark.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL or route with this query, behind the query that it may have already.
    pub(crate) fn on(&self, route: &str) -> String {
        match (self.text.is_empty(), route.contains('?')) {
            (true, _) => route.to_owned(),
            (false, true) => format!("{route}&{}", self.text),
            (false, false) => format!("{route}?{}", self.text),
        }
    }
}

/// Whether a value can be written as it is: not empty, and without what could end the value or the query.
pub(crate) fn is_verbatim(escaped: &str) -> bool {
    let harmless = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'%' | b'=' | b'+' | b'/' | b':' | b',')
    };
    !escaped.is_empty() && escaped.bytes().all(harmless)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_part_is_escaped_once() {
        let mut query = Query::new();
        assert_eq!((query.on("r"), query.on("r?a=1")), ("r".to_owned(), "r?a=1".to_owned()));
        query.push("search", "nora+1@ä&b=%");
        query.push("limit", 50);
        query.push_some("email", None::<&str>);
        query.push_some("order", Some("desc"));
        query.push("metadata[rep]", "mike_d");
        let text = "search=nora%2B1%40%C3%A4%26b%3D%25&limit=50&order=desc&metadata%5Brep%5D=mike_d";
        assert_eq!(query.as_str(), text);
        assert_eq!(query.on("r"), format!("r?{text}"));
        assert_eq!(query.on("r?a=1"), format!("r?a=1&{text}"));
        assert_eq!(format!("{query:?}"), "Query(..)");
        let mut both = Query::new();
        both.append(&Query::new());
        assert_eq!(both.as_str(), "");
        both.append(&query);
        both.append(&query);
        assert_eq!(both.as_str(), format!("{text}&{text}"));
    }

    #[test]
    fn lists_are_written_in_each_style() {
        for (style, expected) in [
            (ArrayStyle::Commas, "tags=vip,a%2Cb%20%26%20c&n=1"),
            (ArrayStyle::Repeated, "tags=vip&tags=a%2Cb%20%26%20c&n=1"),
            (ArrayStyle::Brackets, "tags[]=vip&tags[]=a%2Cb%20%26%20c&n=1"),
        ] {
            let mut query = Query::with_arrays(style);
            query.list("none", Vec::<String>::new());
            query.list("tags", ["vip", "a,b & c"]);
            query.push("n", 1);
            assert_eq!(query.as_str(), expected);
        }
        assert!(ArrayStyle::Commas.splits("a,b") && !ArrayStyle::Commas.splits("ab"));
        assert!(!ArrayStyle::Repeated.splits("a,b") && !ArrayStyle::Brackets.splits("a,b"));
    }

    #[test]
    fn a_verbatim_value_cannot_change_the_rest_of_the_url() {
        let mut query = Query::new();
        query.push_verbatim("page_info", "eyJh%3D==").unwrap();
        assert_eq!(query.as_str(), "page_info=eyJh%3D==");
        for bad in ["", "a&b=1", "a#b", "a b", "a?b", "ä", "a\n"] {
            let problem = query.push_verbatim("page_info", bad).unwrap_err();
            assert_eq!(problem.field(), "page_info", "{bad}");
        }
        assert_eq!(query.as_str(), "page_info=eyJh%3D==");
    }

    proptest! {
        /// What a server decodes is what was pushed.
        #[test]
        fn a_query_decodes_to_its_pairs(pairs in proptest::collection::vec((".{1,8}", ".{0,12}"), 0..6)) {
            let mut query = Query::new();
            pairs.iter().for_each(|(name, value)| query.push(name, value));
            let url = url::Url::parse(&query.on("https://vendor.example.com/r")).unwrap();
            let decoded: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(decoded, pairs);
        }
    }
}
