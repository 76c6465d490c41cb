//! A Shopify customer export, read by its header, in today's form and the older one.
//!
//! What people typed is taken as it is; a cell that cannot be read is dropped with a note, and the record goes on.

use std::io::{self, BufRead};

use customer_sink::customer::{Channel, ConsentField, Field, FieldPath};
use customer_sink::plan::{Note, NoteAction, NoteReason};
use customer_sink::{Address, Consent, ConsentState, Customer, Error, FieldError};

use super::input::{Item, Items};

/// Where each column stands; none for one that the export does not have.
struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// The cell of the first of these columns that is there and is not blank.
    fn cell<'r>(&self, row: &'r [String], names: &[&str]) -> Option<&'r str> {
        names.iter().find_map(|name| {
            let index = self.names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
            row.get(index).map(String::as_str).filter(|cell| !cell.trim().is_empty())
        })
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Reads an export row by row.
///
/// # Errors
///
/// When the header cannot be read, or has none of the columns that identify a customer.
pub fn read(source: impl BufRead + Send + 'static) -> io::Result<Items> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let names = reader.headers().map_err(io::Error::other)?;
    let names = names.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let columns = Columns { names };
    if !["Customer ID", "Email", "Phone"].iter().any(|name| columns.has(name)) {
        let message = "is no Shopify customer export: it has none of the columns Customer ID, Email and Phone";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut rows = reader.into_byte_records();
    let mut index = 0u64;
    Ok(Box::new(std::iter::from_fn(move || {
        let row = match rows.next()? {
            Ok(row) => row,
            Err(error) => return Some(Err(io::Error::other(error))),
        };
        let line = row.position().map_or(index + 2, csv::Position::line);
        let cells: Result<Vec<String>, _> = row.iter().map(|cell| String::from_utf8(cell.to_vec())).collect();
        let record = match cells {
            Ok(cells) => Ok(customer(&columns, &cells)),
            Err(_) => Err(Error::invalid_record(vec![FieldError::new("", "is not UTF-8")])),
        };
        index += 1;
        Some(Ok(Item { index: index - 1, line, record }))
    })))
}

/// Shopify puts an apostrophe before ids and phone numbers, so that spreadsheets leave them alone.
fn without_apostrophe(cell: &str) -> String {
    let cell = cell.trim();
    cell.strip_prefix('\'').unwrap_or(cell).to_owned()
}

fn customer(columns: &Columns, row: &[String]) -> (Customer, Vec<Note>) {
    let mut notes = Vec::new();
    let cell = |names: &[&str]| columns.cell(row, names);
    let text = |names: &[&str]| cell(names).map(str::to_owned);
    let mut customer = Customer::new();
    customer.external_id = cell(&["Customer ID"]).map(without_apostrophe);
    customer.first_name = text(&["First Name"]);
    customer.last_name = text(&["Last Name"]);
    customer.email = text(&["Email"]).map(Into::into);
    customer.phone = cell(&["Phone"]).map(|phone| without_apostrophe(phone).into());
    customer.note = text(&["Note"]);
    let tags = cell(&["Tags"]).unwrap_or_default();
    customer.tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    let mut malformed = |path: FieldPath, detail: &'static str| {
        notes.push(Note::new(path, NoteAction::Dropped, NoteReason::Invalid, detail));
    };
    if let Some(cell) = cell(&["Total Spent"]) {
        match cell.trim().parse() {
            Ok(spent) => customer.total_spent = Some(spent),
            Err(_) => malformed(Field::TotalSpent.into(), "the cell Total Spent is no decimal number"),
        }
    }
    if let Some(cell) = cell(&["Total Orders"]) {
        match cell.trim().parse() {
            Ok(count) => customer.orders_count = Some(count),
            Err(_) => malformed(Field::OrdersCount.into(), "the cell Total Orders is no whole number"),
        }
    }
    if let Some(cell) = cell(&["Tax Exempt"]) {
        match yes_or_no(cell) {
            Some(exempt) => customer.tax_exempt = Some(exempt),
            None => malformed(Field::TaxExempt.into(), "the cell Tax Exempt is neither yes nor no"),
        }
    }
    for (channel, names) in [
        (Channel::Email, &["Accepts Email Marketing", "Accepts Marketing"][..]),
        (Channel::Sms, &["Accepts SMS Marketing"][..]),
    ] {
        let Some(cell) = cell(names) else { continue };
        // A `no` may be an opt-out or a question never asked; neither is a yes.
        let state = match yes_or_no(cell) {
            Some(true) => ConsentState::Subscribed,
            Some(false) => ConsentState::NotSubscribed,
            None => {
                let path = FieldPath::Consent(channel, ConsentField::State);
                malformed(path, "the cell of the marketing consent is neither yes nor no");
                continue;
            }
        };
        match channel {
            Channel::Email => customer.email_marketing = Some(Consent::new(state)),
            _ => customer.sms_marketing = Some(Consent::new(state)),
        }
    }
    let mut address = Address::new();
    address.company = text(&["Default Address Company", "Company"]);
    address.line1 = text(&["Default Address Address1", "Address1"]);
    address.line2 = text(&["Default Address Address2", "Address2"]);
    address.city = text(&["Default Address City", "City"]);
    address.province = text(&["Default Address Province", "Province"]);
    address.province_code = text(&["Default Address Province Code", "Province Code"]);
    address.country = text(&["Default Address Country", "Country"]);
    address.country_code = text(&["Default Address Country Code", "Country Code"]);
    address.postal_code = cell(&["Default Address Zip", "Zip"]).map(without_apostrophe);
    address.phone = cell(&["Default Address Phone"]).map(|phone| without_apostrophe(phone).into());
    if !address.is_empty() {
        address.default = true;
        customer.addresses.push(address);
    }
    (customer, notes)
}

fn yes_or_no(cell: &str) -> Option<bool> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}
