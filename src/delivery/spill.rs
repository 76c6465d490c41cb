//! stub
use super::item::Item;
use std::collections::VecDeque;
use std::io;
#[derive(Debug, Default)]
pub(super) struct Spill(VecDeque<Item>);
impl Spill {
    pub(super) fn new(_: Option<std::path::PathBuf>) -> Self { Self::default() }
    pub(super) fn push(&mut self, item: &Item) -> io::Result<()> { self.0.push_back(item.clone()); Ok(()) }
    pub(super) fn pop(&mut self) -> io::Result<Option<Item>> { Ok(self.0.pop_front()) }
    pub(super) fn len(&self) -> u64 { self.0.len() as u64 }
}
