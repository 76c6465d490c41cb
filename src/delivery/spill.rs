//! A queue of records on disk, so that the backlog of a slow lane takes no memory.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use chrono::{Datelike, Timelike};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::item::Item;
use crate::customer::{Consent, Customer};

/// What is written or read at once.
const BLOCK: usize = 64 * 1024;
/// A file of this size is followed by another, so that what has been read does not take room on the disk for long.
const SEGMENT: u64 = 64 * 1024 * 1024;

/// A queue of records, first in first out, in temporary files without a name: the system removes them with the process,
/// however it ends, and no other process can open them.
///
/// Memory holds two blocks of 64 KiB, or two records where those are longer. An error loses nothing: what could not be
/// put in is not in, and what could not be taken out still is.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: Option<PathBuf>,
    segments: VecDeque<Segment>,
    segment_len: u64,
    /// Records at the end of the queue that are in no file yet.
    incoming: Vec<u8>,
    /// Records at the head of the queue, from `at` on.
    outgoing: Vec<u8>,
    at: usize,
    /// How many records were ever put in and taken out.
    pushed: u64,
    popped: u64,
    /// Records whose JSON form cannot be read back, with their number.
    odd: VecDeque<(u64, Item)>,
}

#[derive(Debug)]
struct Segment {
    file: File,
    read: u64,
    written: u64,
}

impl Segment {
    fn is_read(&self) -> bool {
        self.read == self.written
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A write that failed half-way is written over.
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Adds the next block to `out`, or what is left.
    fn read_block(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let len = usize::try_from(self.written - self.read).map_or(BLOCK, |left| left.min(BLOCK));
        let kept = out.len();
        out.resize(kept + len, 0);
        let result = self.file.seek(SeekFrom::Start(self.read)).and_then(|_| {
            let free = out.get_mut(kept..).unwrap_or_default();
            self.file.read_exact(free)
        });
        match result {
            Ok(()) => self.read += len as u64,
            Err(_) => out.truncate(kept),
        }
        result
    }
}

/// What stands in a file.
#[derive(Serialize)]
struct Written<'a> {
    position: u64,
    token: Option<&'a str>,
    only: Option<&'a str>,
    may_be_applied: bool,
    customer: &'a Customer,
}

#[derive(Deserialize)]
struct Stored<'a> {
    position: u64,
    token: Option<String>,
    only: Option<String>,
    may_be_applied: bool,
    #[serde(borrow)]
    customer: &'a RawValue,
}

impl Spill {
    /// An empty queue, with its files in this folder; in the system's folder for temporary files where none is named.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            segments: VecDeque::new(),
            segment_len: SEGMENT,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            at: 0,
            pushed: 0,
            popped: 0,
            odd: VecDeque::new(),
        }
    }

    /// How many records are in it.
    pub(crate) fn len(&self) -> u64 {
        self.pushed - self.popped
    }

    /// Whether it holds none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a record in at the end.
    pub(crate) fn push(&mut self, item: &Item) -> io::Result<()> {
        if self.incoming.len() >= BLOCK {
            self.write_out()?;
        }
        if has_json_form(&item.customer) {
            let before = self.incoming.len();
            if let Err(error) = encode(item, &mut self.incoming) {
                self.incoming.truncate(before);
                return Err(error);
            }
        } else {
            self.odd.push_back((self.pushed, item.clone()));
        }
        self.pushed += 1;
        Ok(())
    }

    /// Takes the record at the head out; it equals what was put in, save that a blank text is an absent one, and a custom
    /// decimal number without a scale a whole number.
    pub(crate) fn pop(&mut self) -> io::Result<Option<Item>> {
        if self.is_empty() {
            return Ok(None);
        }
        let item = if self.odd.front().is_some_and(|(number, _)| *number == self.popped) {
            self.odd.pop_front().map(|(_, item)| item)
        } else {
            Some(self.next_stored()?)
        };
        self.popped += 1;
        if self.is_empty() {
            self.reset();
        }
        Ok(item)
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.segments.back().is_none_or(|segment| segment.written >= self.segment_len) {
            let file = match &self.folder {
                Some(folder) => tempfile::tempfile_in(folder)?,
                None => tempfile::tempfile()?,
            };
            self.segments.push_back(Segment { file, read: 0, written: 0 });
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.append(&self.incoming)?;
        }
        self.incoming.clear();
        Ok(())
    }

    fn next_stored(&mut self) -> io::Result<Item> {
        self.read_ahead(4)?;
        let len = self.ahead(4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map_or(0, u32::from_le_bytes);
        let whole = 4 + len as usize;
        self.read_ahead(whole)?;
        let item = decode(self.ahead(whole).and_then(|bytes| bytes.get(4..)).unwrap_or_default())?;
        self.at += whole;
        Ok(item)
    }

    fn ahead(&self, len: usize) -> Option<&[u8]> {
        self.outgoing.get(self.at..self.at + len)
    }

    /// Brings at least so many bytes into `outgoing`.
    fn read_ahead(&mut self, len: usize) -> io::Result<()> {
        while self.outgoing.len() - self.at < len {
            self.outgoing.drain(..self.at);
            self.at = 0;
            while self.segments.len() > 1 && self.segments.front().is_some_and(Segment::is_read) {
                self.segments.pop_front();
            }
            match self.segments.front_mut().filter(|segment| !segment.is_read()) {
                Some(segment) => segment.read_block(&mut self.outgoing)?,
                None if self.incoming.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => self.outgoing.append(&mut self.incoming),
            }
        }
        Ok(())
    }

    /// Gives room back once everything has been taken out.
    fn reset(&mut self) {
        for buffer in [&mut self.incoming, &mut self.outgoing] {
            buffer.clear();
            // One long record keeps no memory for ever.
            buffer.shrink_to(2 * BLOCK);
        }
        self.at = 0;
        self.segments.truncate(1);
        for segment in &mut self.segments {
            (segment.read, segment.written) = (0, 0);
            // Where it cannot be cut, it is written over.
            let _ = segment.file.set_len(0);
        }
    }
}

/// Adds a record to a block: the length in four bytes, and its JSON form.
fn encode(item: &Item, block: &mut Vec<u8>) -> io::Result<()> {
    let Item { position, token, customer, only, may_be_applied } = item;
    let from = block.len();
    block.extend_from_slice(&[0; 4]);
    let (token, only) = (token.as_deref(), only.as_deref());
    let written = Written { position: *position, token, only, may_be_applied: *may_be_applied, customer };
    serde_json::to_writer(&mut *block, &written)?;
    let len = u32::try_from(block.len() - from - 4).map_err(|_| io::Error::other("the record is longer than 4 GiB"))?;
    if let Some(prefix) = block.get_mut(from..from + 4) {
        prefix.copy_from_slice(&len.to_le_bytes());
    }
    Ok(())
}

fn decode(json: &[u8]) -> io::Result<Item> {
    // Neither error holds a value of the record: the parser's own words might.
    let stored: Stored<'_> = serde_json::from_slice(json).map_err(|_| io::ErrorKind::InvalidData)?;
    let customer = Customer::from_json(stored.customer.get().as_bytes())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut item = Item::new(stored.position, customer);
    item.token = stored.token.map(Into::into);
    item.only = stored.only.map(Into::into);
    item.may_be_applied = stored.may_be_applied;
    Ok(item)
}

/// Whether the JSON form of a record can be read back. RFC 3339 knows four digits of a year and leap seconds at the end
/// of a minute, chrono more; and one key is what the JSON library calls its own numbers.
fn has_json_form(customer: &Customer) -> bool {
    let Customer { birthday, created_at, updated_at, email_marketing, sms_marketing, custom, .. } = customer;
    let is_year = |year: i32| (0..=9999).contains(&year);
    let consents = [email_marketing, sms_marketing].into_iter().flatten().map(|consent: &Consent| consent.updated_at);
    [*created_at, *updated_at].into_iter().chain(consents).flatten().all(|at| {
        is_year(at.naive_local().year())
            && is_year(at.naive_utc().year())
            && (at.nanosecond() < 1_000_000_000 || at.second() == 59)
    }) && birthday.is_none_or(|date| is_year(date.year()))
        && !custom.contains_key("$serde_json::private::Number")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::customer::arbitrary::{customers, read_back};

    fn small() -> Spill {
        Spill { segment_len: 2 * BLOCK as u64, ..Spill::new(None) }
    }

    /// A record of about this many bytes.
    fn sized(position: u64, bytes: usize) -> Item {
        Item::new(position, Customer::new().email("mia@example.com").note("n".repeat(bytes)))
    }

    fn assert_same(got: &Item, put: &Item) {
        assert_eq!((got.position, &got.token, &got.only), (put.position, &put.token, &put.only));
        assert_eq!(got.may_be_applied, put.may_be_applied);
        assert!(got.customer == read_back(put.customer.clone()), "position {}", put.position);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn it_gives_back_what_was_put_in_in_its_order(
            steps in proptest::collection::vec((any::<bool>(), 0usize..8, 0usize..100_000), 1..40),
            person in customers(),
        ) {
            let (mut spill, mut model) = (small(), VecDeque::new());
            let mut position = 0;
            for (put, count, bytes) in steps {
                for turn in 0..count {
                    if put {
                        position += 1;
                        let mut item = sized(position, bytes / (turn + 1));
                        if turn == 1 {
                            item = Item::new(position, person.clone()).token("cursor \"1\"").only("yotpo").may_be_applied(true);
                        }
                        spill.push(&item).unwrap();
                        model.push_back(item);
                    } else {
                        match (spill.pop().unwrap(), model.pop_front()) {
                            (Some(got), Some(put)) => assert_same(&got, &put),
                            (got, put) => prop_assert!(got.is_none() && put.is_none()),
                        }
                    }
                    prop_assert_eq!(spill.len(), model.len() as u64);
                }
            }
            for put in model {
                assert_same(&spill.pop().unwrap().unwrap(), &put);
            }
            prop_assert!(spill.pop().unwrap().is_none() && spill.is_empty());
        }
    }

    #[test]
    fn memory_and_disk_are_bounded_by_what_waits() {
        let mut spill = small();
        let (mut put, mut taken) = (0, 0);
        // A long backlog moves through: 10 MiB, of which 300 records of 1 KiB wait at a time.
        for _ in 0..10_000 {
            spill.push(&sized(put, 1000)).unwrap();
            put += 1;
            if put > 300 {
                assert_eq!(spill.pop().unwrap().unwrap().position, taken);
                taken += 1;
            }
            assert!(spill.segments.len() <= 5, "{} files", spill.segments.len());
            assert!(spill.incoming.capacity() + spill.outgoing.capacity() <= 8 * BLOCK);
        }
        while let Some(item) = spill.pop().unwrap() {
            assert_eq!(item.position, taken);
            taken += 1;
        }
        assert_eq!((taken, spill.segments.len()), (put, 1));
        assert_eq!(spill.segments[0].file.metadata().unwrap().len(), 0, "what is empty takes no room");
    }

    #[test]
    fn a_record_without_a_json_form_is_not_lost() {
        let mut spill = small();
        let far = "+12000-01-01T00:00:00+00:00".parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap();
        let odd = [
            Customer::new().created_at(far),
            Customer::new().birthday(chrono::NaiveDate::from_ymd_opt(-5, 1, 1).unwrap()),
            Customer::new().custom("$serde_json::private::Number", "7"),
        ];
        for (position, customer) in (0..).zip(odd.iter().chain([&Customer::new().note("plain")]).chain(&odd)) {
            spill.push(&Item::new(position, customer.clone())).unwrap();
        }
        for (position, customer) in (0..).zip(odd.iter().chain([&Customer::new().note("plain")]).chain(&odd)) {
            let item = spill.pop().unwrap().unwrap();
            assert!(item.position == position && item.customer == *customer, "{position}");
        }
        assert!(spill.is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_not_in_the_queue_and_can_be_put_again() {
        let mut spill = Spill::new(Some(PathBuf::from("/nowhere/at/all")));
        let mut position = 0;
        while spill.push(&sized(position, 1000)).is_ok() {
            position += 1;
            assert!(position < 1000, "the folder does not exist");
        }
        assert_eq!(spill.len(), position);
        spill.folder = None;
        spill.push(&sized(position, 1000)).unwrap();
        for expected in 0..=position {
            assert_eq!(spill.pop().unwrap().unwrap().position, expected);
        }
        assert!(spill.pop().unwrap().is_none());
    }
}
