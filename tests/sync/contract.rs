//! What `sync` refuses, what it skips, and what it says.
