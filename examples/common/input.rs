//! Customers out of a file: JSON Lines, or a Shopify customer export.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use customer_sink::plan::Note;
use customer_sink::{Customer, Error};

use super::shopify_csv;

/// One line of the input, or one data row.
pub struct Item {
    /// Its position, from 0; unreadable ones are counted.
    pub index: u64,
    /// Its line in the file, from 1.
    pub line: u64,
    /// The customer with what the import dropped of it, or why the line cannot be read.
    pub record: Result<(Customer, Vec<Note>), Error>,
}

/// A stream of customers.
pub type Items = Box<dyn Iterator<Item = io::Result<Item>> + Send>;

/// Whether a file is a Shopify customer export, by its ending.
pub fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// Opens a file by its ending: `.csv` is a Shopify customer export, everything else JSON Lines.
///
/// # Errors
///
/// When the file cannot be opened, or a CSV file is no customer export.
pub fn open(path: &Path) -> io::Result<Items> {
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if is_csv(path) {
        return shopify_csv::read(file);
    }
    // A folder opens like a file and fails at the first read: better now.
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
    }
    Ok(json_lines(file))
}

/// Reads JSON Lines. Blank lines are passed over, and counted.
pub fn json_lines(source: impl BufRead + Send + 'static) -> Items {
    Box::new(each_line(source, |line, text| {
        let record = Customer::from_json(text).map(|customer| (customer, Vec::new()));
        Item { index: line - 1, line, record }
    }))
}

/// Reads line by line, and makes something of each that is not blank: of its number, from 1, and its text.
pub fn each_line<T>(
    mut source: impl BufRead,
    mut make: impl FnMut(u64, &[u8]) -> T,
) -> impl Iterator<Item = io::Result<T>> {
    let mut line = 0u64;
    let mut buffer = Vec::new();
    std::iter::from_fn(move || {
        loop {
            buffer.clear();
            match source.read_until(b'\n', &mut buffer) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            line += 1;
            let text = buffer.trim_ascii();
            let text = if line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
            if !text.is_empty() {
                return Some(Ok(make(line, text)));
            }
        }
    })
}
