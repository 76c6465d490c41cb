//! The command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

/// Pushes a file of customers to the vendors, and says what became of each.
#[derive(Parser)]
pub struct Arguments {
    /// Providers, all five by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub to: Vec<String>,
    /// How many records each provider has under way at once, at most; how many are of use shows itself.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// A provider's quota; `off` lifts it. The vendors' documented numbers by default, and none for the built-in sandbox.
    #[arg(long, value_delimiter = ',', value_name = "NAME=PER_SECOND[/BURST],…")]
    pub rate: Vec<String>,
    /// Keep in this file what was delivered. Running again with it does only what is left.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Write the records that did not arrive to this file, whole, for a look and for `--replay`.
    #[arg(long, value_name = "FILE")]
    pub dead_letters: Option<PathBuf>,
    /// Send the dead letters of this file, or of FILE, each to its provider, in place of customers.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    replay: Option<Option<PathBuf>>,
    /// Write one line of JSON for each customer and provider to this file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Keep in this file what each provider took last, and send only what differs from it.
    #[arg(long, value_name = "FILE")]
    pub unchanged: Option<PathBuf>,
    /// How long a provider may be out of order, or ask to be left alone, before it is given up.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=604_800))]
    patience: u64,
    /// Send nothing, and write no file but the report, which says what would be sent.
    #[arg(long)]
    pub dry_run: bool,
    /// Customers as JSON Lines, or a Shopify customer export (`.csv`).
    file: Option<PathBuf>,
}

impl Arguments {
    /// The file to read, and whether it holds dead letters.
    ///
    /// # Errors
    ///
    /// A sentence for people: there is no such file or more than one, or two options name the same.
    pub fn input(&self) -> Result<(&Path, bool), String> {
        let named = self.replay.as_ref().and_then(Option::as_deref);
        let input = match (self.file.as_deref(), named) {
            (Some(_), Some(_)) => return Err("FILE and the FILE of --replay are one too many".to_owned()),
            (None, None) => return Err("FILE is missing".to_owned()),
            (file, named) => file.or(named).unwrap_or(Path::new("")),
        };
        let others = [
            ("--report", &self.report),
            ("--checkpoint", &self.checkpoint),
            ("--dead-letters", &self.dead_letters),
            ("--unchanged", &self.unchanged),
        ];
        let mut files = vec![("the input", input)];
        for (option, file) in others {
            let Some(file) = file else { continue };
            if let Some((other, _)) = files.iter().find(|(_, known)| is_same_file(known, file)) {
                return Err(format!("{option}: {} is {other} too", file.display()));
            }
            files.push((option, file));
        }
        Ok((input, self.replay.is_some()))
    }

    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

/// Whether two paths lead to one regular file, which one of them would spoil for the other.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            return one.is_file() && one.dev() == other.dev() && one.ino() == other.ino();
        }
        #[cfg(not(unix))]
        if !one.is_file() || !other.is_file() {
            return false;
        }
    }
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// The path without links and dots, of a file that need not be there yet.
fn whole(path: &Path) -> Option<PathBuf> {
    if let Ok(path) = fs::canonicalize(path) {
        return Some(path);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}
