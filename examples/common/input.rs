//! Customers out of a file: JSON Lines, or a Shopify customer export.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use customer_sink::{Customer, Error, Note};

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

/// Opens a file by its ending: `.csv` is a Shopify customer export, everything else JSON Lines.
///
/// # Errors
///
/// When the file cannot be opened, or a CSV file is no customer export.
pub fn open(path: &Path) -> io::Result<Items> {
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return shopify_csv::read(file);
    }
    // A folder opens like a file and fails at the first read: better now.
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
    }
    Ok(json_lines(file))
}

/// Reads JSON Lines. Blank lines are passed over, and counted.
pub fn json_lines(mut source: impl BufRead + Send + 'static) -> Items {
    let mut line = 0u64;
    let mut buffer = Vec::new();
    Box::new(std::iter::from_fn(move || {
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
                let record = Customer::from_json(text).map(|customer| (customer, Vec::new()));
                return Some(Ok(Item { index: line - 1, line, record }));
            }
        }
    }))
}
