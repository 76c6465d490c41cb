//! The constants of the Triple Whale stand-in.

use crate::sandbox::handle::Sandbox;

/// The Triple Whale stand-in.
impl Sandbox {
    /// The shop that the Triple Whale stand-in knows.
    pub const TRIPLE_WHALE_SHOP: &'static str = "harbor-and-pine.example.com";
    /// A shop for which the Triple Whale stand-in answers every record with a 500, as the vendor can for a shop that is not
    /// connected.
    pub const TRIPLE_WHALE_UNCONNECTED_SHOP: &'static str = "not-connected.example.com";
    /// The key that the Triple Whale stand-in accepts.
    pub const TRIPLE_WHALE_API_KEY: &'static str = "fake-triple-whale-key";
}
