//! Matches recorded requests against the steps of a plan.

use super::wire::Exchange;
use crate::plan::Step;

/// Whether an exchange is the request of a step, by method and URL.
pub(super) fn is_request_of(step: &Step, exchange: &Exchange) -> bool {
    *step.method() == exchange.request.method && fits(step.url(), exchange.request.url.as_str())
}

/// Whether a URL is the template with the names in braces filled in, each with one path segment or query value.
pub(super) fn fits(template: &str, url: &str) -> bool {
    let template = template.replace("%7B", "{").replace("%7D", "}");
    let Some((literal, rest)) = template.split_once('{') else { return template == url };
    let (Some(url), Some((_, rest))) = (url.strip_prefix(literal), rest.split_once('}')) else { return false };
    let end = url.find(['/', '?', '&', '#']).unwrap_or(url.len());
    // The value ends where the rest fits; it has at least one character.
    url.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| *at <= end).any(|at| {
        let tail = url.get(at..).unwrap_or_default();
        fits(rest, tail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_one_segment_each() {
        for (template, url, yes) in [
            ("https://a.example.com/c", "https://a.example.com/c", true),
            ("https://a.example.com/c", "https://a.example.com/d", false),
            ("https://a.example.com/c/{id}", "https://a.example.com/c/7", true),
            ("https://a.example.com/c/{id}.json", "https://a.example.com/c/7.json", true),
            ("https://a.example.com/c/{id}.json", "https://a.example.com/c/.json", false),
            ("https://a.example.com/c/{id}", "https://a.example.com/c/7/d", false),
            ("https://a.example.com/c/{id}/d/{e}", "https://a.example.com/c/7/d/8", true),
            ("https://a.example.com/c?x={id}&y=1", "https://a.example.com/c?x=7&y=1", true),
            ("https://a.example.com/c?x={id}&y=1", "https://a.example.com/c?x=7&y=2", false),
        ] {
            assert_eq!(fits(template, url), yes, "{template} {url}");
        }
    }
}
