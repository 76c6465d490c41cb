//! The Shopify export and the JSON Lines hold the same people, and the importer reads both forms of the export.

#[path = "../../examples/common/input.rs"]
mod input;
#[path = "../../examples/common/shopify_csv.rs"]
mod shopify_csv;

use std::io::Cursor;
use std::path::Path;

use customer_sink::plan::Note;
use customer_sink::{ConsentState, Customer};

fn fixture(name: &str) -> Vec<(Customer, Vec<Note>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/customers").join(name);
    let items = input::open(&path).unwrap().map(Result::unwrap);
    items.map(|item| item.record.unwrap_or_else(|error| panic!("line {}: {error}", item.line))).collect()
}

fn csv(text: &str) -> Vec<(Customer, Vec<Note>)> {
    let items = shopify_csv::read(Cursor::new(text.to_owned().into_bytes())).unwrap();
    items.map(|item| item.unwrap().record.unwrap()).collect()
}

#[test]
fn both_fixtures_hold_the_same_people() {
    let (csv, json) = (fixture("shopify_export.csv"), fixture("customers.jsonl"));
    assert_eq!((csv.len(), json.len()), (200, 200));
    for (index, ((row, notes), (line, _))) in csv.iter().zip(&json).enumerate() {
        assert!(notes.is_empty(), "row {index}: {notes:?}");
        let same = |what: &str, same: bool| assert!(same, "row {index}: {what}");
        same("external_id", row.external_id == line.external_id);
        same("email", row.email == line.email);
        same("phone", row.phone == line.phone);
        same("first_name", row.first_name == line.first_name);
        same("last_name", row.last_name == line.last_name);
        same("note", row.note == line.note);
        same("total_spent", row.total_spent == line.total_spent);
        same("orders_count", row.orders_count == line.orders_count);
        same("tax_exempt", row.tax_exempt == line.tax_exempt);
        // A tag with a comma cannot stand in the export's one cell.
        same("tags", row.tags == line.tags || line.tags.iter().any(|tag| tag.contains(',')));
        for (cell, consent) in
            [(&row.email_marketing, &line.email_marketing), (&row.sms_marketing, &line.sms_marketing)]
        {
            let yes =
                |c: &Option<customer_sink::Consent>| c.as_ref().and_then(|c| c.state) == Some(ConsentState::Subscribed);
            same("consent", cell.is_some() == consent.is_some() && yes(cell) == yes(consent));
        }
        let (a, b) = (row.main_address(), line.main_address());
        same("address", a.is_none() || row.addresses[0].line1 == line.addresses[b.unwrap()].line1);
    }
}

#[test]
fn the_older_form_is_read_too() {
    let people = csv(
        "First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,Address2,City,Province,Province Code,\
        Country,Country Code,Zip,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n\
        Mara,Ellwood,mara@example.com,yes,Ellwood & Co,12 Quay,,Portland,Oregon,OR,United States,US,'97201,'+15550100123,no,\
        248.40,4,\"vip, newsletter\",Hi,yes\n",
    );
    let (mara, notes) = &people[0];
    assert!(notes.is_empty());
    assert_eq!(mara.phone.as_ref().unwrap().as_str(), "+15550100123");
    assert_eq!(mara.addresses[0].province.as_deref(), Some("Oregon"));
    assert_eq!(mara.addresses[0].postal_code.as_deref(), Some("97201"));
    assert_eq!(mara.tags, ["vip", "newsletter"]);
    assert_eq!(mara.email_marketing.as_ref().unwrap().state, Some(ConsentState::Subscribed));
    assert_eq!(mara.sms_marketing.as_ref().unwrap().state, Some(ConsentState::NotSubscribed));
}

#[test]
fn a_malformed_cell_is_dropped_with_a_note_and_the_record_goes_on() {
    let people = csv(
        "Email,Total Spent,Total Orders,Tax Exempt,Accepts Email Marketing\na@example.com,\"1,50\",few,maybe,perhaps\nb@example.com\n",
    );
    let (first, notes) = &people[0];
    assert_eq!(first.email.as_ref().unwrap().as_str(), "a@example.com");
    assert!(first.email_marketing.is_none());
    let paths: Vec<_> = notes.iter().map(|note| note.path().to_string()).collect();
    assert_eq!(paths, ["total_spent", "orders_count", "tax_exempt", "email_marketing.state"]);
    assert!(people[1].1.is_empty());
}

#[test]
fn another_file_is_no_export() {
    assert!(shopify_csv::read(Cursor::new(b"id;name\n1;2\n".to_vec())).is_err());
}

#[test]
fn lines_are_counted_and_bad_ones_do_not_end_the_file() {
    let text =
        b"\xef\xbb\xbf{\"email\":\"a@example.com\"}\n\n{\"emial\":1}\n\xff\xfe\n{\"email\":\"b@example.com\"}".to_vec();
    let items: Vec<_> = input::json_lines(Cursor::new(text)).map(Result::unwrap).collect();
    let seen: Vec<_> = items.iter().map(|item| (item.index, item.line, item.record.is_ok())).collect();
    assert_eq!(seen, [(0, 1, true), (2, 3, false), (3, 4, false), (4, 5, true)]);
}
