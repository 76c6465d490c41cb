//! Following pages: only the cursor is taken from the `link` header, so that the token never leaves the configured host.

use std::collections::{HashSet, VecDeque};

use futures::Stream;
use futures::stream::try_unfold;
use http::HeaderMap;

use super::PROVIDER;
use super::native::Answered;
use crate::error::{Effect, Error, ErrorKind, FieldError};

/// Where a page starts, as the vendor's `link` header names it: opaque, and written as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageInfo(String);

impl PageInfo {
    /// A cursor that was kept, to go on from there. How long the vendor keeps one alive is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] where it is none that the vendor can have written.
    pub fn new(cursor: &str) -> Result<Self, Error> {
        checked(cursor).map_err(|UnreadableLink| {
            let problem = FieldError::new("page_info", "is no cursor: it is empty or holds what no URL can");
            Error::invalid_record(vec![problem]).with_provider(PROVIDER)
        })
    }

    /// The cursor, escaped as the vendor wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows no part of it: it may hold the words of a search.
impl std::fmt::Debug for PageInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageInfo(..)")
    }
}

/// One page of a list.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last one.
    pub next: Option<PageInfo>,
}

/// What tells an item of a list from another one.
pub(super) trait Keyed {
    fn key(&self) -> Option<&str>;
}

/// After so many pages without an item, and each with another cursor, nothing is to come.
const EMPTY_MAX: u32 = 100;

/// Watches over the pages of one list: a server that leads in a circle, or sends the first page whatever the cursor
/// says, would be followed for ever.
#[derive(Default)]
pub(super) struct Guard {
    cursors: HashSet<PageInfo>,
    first: Option<String>,
    previous: Option<String>,
    empty: u32,
}

impl Guard {
    /// What is wrong with the next page, if anything is.
    pub(super) fn check<T: Keyed>(&mut self, page: &Page<T>) -> Result<(), &'static str> {
        let head = page.items.first().and_then(Keyed::key);
        if head.is_some() && (head == self.first.as_deref() || head == self.previous.as_deref()) {
            return Err("the server sends a page again: it passes over the cursor");
        }
        self.empty = if page.items.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_MAX {
            return Err("the server names page after page without an item");
        }
        if let Some(head) = head {
            self.first.get_or_insert_with(|| head.to_owned());
            self.previous = Some(head.to_owned());
        }
        match &page.next {
            Some(next) if !self.cursors.insert(next.clone()) => Err("the server names a page for the second time"),
            _ => Ok(()),
        }
    }
}

struct Walk<T, F> {
    fetch: F,
    /// The page to ask for; none where the last one was read.
    turn: Option<Option<PageInfo>>,
    items: VecDeque<T>,
    guard: Guard,
}

/// The items of all pages, one page at a time as they are asked for. An error ends the stream.
pub(super) fn follow<T, F, Fut>(operation: &'static str, fetch: F) -> impl Stream<Item = Result<T, Error>> + Send
where
    T: Keyed + Send,
    F: Fn(Option<PageInfo>) -> Fut + Send,
    Fut: Future<Output = Result<Answered<Page<T>>, Error>> + Send,
{
    let walk = Walk { fetch, turn: Some(None), items: VecDeque::new(), guard: Guard::default() };
    try_unfold(walk, move |mut walk| async move {
        loop {
            if let Some(item) = walk.items.pop_front() {
                return Ok(Some((item, walk)));
            }
            let Some(turn) = walk.turn.take() else { return Ok(None) };
            let answered = (walk.fetch)(turn).await?;
            walk.guard.check(&answered.value).map_err(|hint| {
                Error::new(ErrorKind::Decode, Effect::Rejected)
                    .with_provider(PROVIDER)
                    .with_operation(operation)
                    .with_request_id(answered.request_id.clone())
                    .with_attempts(answered.attempts)
                    .with_hint(hint)
            })?;
            walk.turn = answered.value.next.map(Some);
            walk.items = answered.value.items.into();
        }
    })
}

/// The link to the next page has no cursor that can be sent back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnreadableLink;

/// The cursor of the next page; none on the last one.
pub(super) fn next_page(headers: &HeaderMap) -> Result<Option<PageInfo>, UnreadableLink> {
    for value in headers.get_all(http::header::LINK) {
        let text = value.to_str().map_err(|_| UnreadableLink)?;
        // A comma may stand within the URL too, so that links are told apart by their angle brackets.
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let (url, after) = after.split_once('>').ok_or(UnreadableLink)?;
            let parameters = after.split('<').next().unwrap_or(after);
            if is_next(parameters) {
                return cursor(url).map(Some);
            }
            rest = after;
        }
    }
    Ok(None)
}

fn is_next(parameters: &str) -> bool {
    parameters.split([';', ',']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
    })
}

fn cursor(url: &str) -> Result<PageInfo, UnreadableLink> {
    let query = url.split_once('?').map(|(_, query)| query).ok_or(UnreadableLink)?;
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("page_info=")).ok_or(UnreadableLink)?;
    checked(raw)
}

fn checked(raw: &str) -> Result<PageInfo, UnreadableLink> {
    // Sent back as it came, so that no second escaping changes it; what could change the rest of the URL is refused.
    let harmless = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'%' | b'=' | b'+' | b'/' | b':' | b',')
    };
    if raw.is_empty() || !raw.bytes().all(harmless) { Err(UnreadableLink) } else { Ok(PageInfo(raw.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(link: &'static str) -> Result<Option<String>, UnreadableLink> {
        let mut headers = HeaderMap::new();
        headers.insert("link", http::HeaderValue::from_static(link));
        next_page(&headers).map(|page| page.map(|page| page.0))
    }

    #[test]
    fn only_the_cursor_of_the_next_page_counts() {
        assert_eq!(next_page(&HeaderMap::new()), Ok(None));
        assert_eq!(next(r#"<https://h/a?limit=1&page_info=eyJh%3D>; rel="next""#), Ok(Some("eyJh%3D".into())));
        assert_eq!(next(r#"<https://evil.example/a?page_info=abc==&limit=1>; rel=next"#), Ok(Some("abc==".into())));
        assert_eq!(
            next(r#"<https://h/a?page_info=p>; rel="previous", <https://h/a?x=1,2&page_info=n>; rel="next""#),
            Ok(Some("n".into()))
        );
        assert_eq!(next(r#"<https://h/a?page_info=p>; rel="previous""#), Ok(None));
        assert_eq!(next(r#"<https://h/a?page_info=p>; rel="prev""#), Ok(None));
        for bad in [
            r#"<https://h/a>; rel="next""#,
            r#"<https://h/a?limit=1>; rel="next""#,
            r#"<https://h/a?page_info=a#b>; rel="next""#,
            r#"<https://h/a?page_info=>; rel="next""#,
            r#"<https://h/a?page_info=a"#,
        ] {
            assert_eq!(next(bad), Err(UnreadableLink), "{bad}");
        }
    }
}
