//! Reads the digits of JSON numbers, which parsers convert to binary.

/// The numbers of a text that is known to be JSON, in order.
pub(super) fn numbers(json: &[u8]) -> impl Iterator<Item = String> {
    let mut rest = json.iter().copied().peekable();
    std::iter::from_fn(move || {
        loop {
            match rest.next()? {
                b'"' => loop {
                    match rest.next()? {
                        b'"' => break,
                        b'\\' => drop(rest.next()),
                        _ => {}
                    }
                },
                first @ (b'-' | b'0'..=b'9') => {
                    let mut digits = String::from(char::from(first));
                    while let Some(next) = rest.next_if(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    {
                        digits.push(char::from(next));
                    }
                    return Some(digits);
                }
                _ => {}
            }
        }
    })
}
