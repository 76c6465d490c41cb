//! What the examples share: which provider is reached how, and reading customers from a file.
#![allow(dead_code)] // Each example uses its part.

pub mod input;
pub mod providers;
pub mod report;
pub mod shopify_csv;
pub mod show;

/// Ends the program for wrong usage: status 2, as command-line parsers do.
pub fn wrong_usage(message: &str) -> ! {
    eprintln!("error: {message}");
    std::process::exit(2);
}
