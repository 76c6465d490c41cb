//! Opens the checkpoint, the dead letters and the store of accepted records of a run.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use customer_sink::delivery::{AcceptedFile, DeadLetterFile, FileCheckpoint};

use super::accounts::ByAccount;
use super::arguments::Arguments;
use super::letters;
use super::source::{Input, Survey};

/// The files that the arguments name.
#[derive(Default)]
pub struct Files {
    pub checkpoint: Option<Arc<ByAccount>>,
    pub accepted: Option<Arc<AcceptedFile>>,
    pub dead_letters: Option<Arc<DeadLetterFile>>,
}

/// Opens what the arguments name. Nothing is lost of any file where one of them cannot be used.
///
/// # Errors
///
/// A sentence for people.
pub fn open(arguments: &Arguments, input: &Input, survey: &Survey) -> Result<Files, String> {
    let mut files = Files::default();
    let mut continues = false;
    if let Some(path) = &arguments.checkpoint {
        continues = fs::metadata(path).is_ok_and(|file| file.len() > 0);
        let checkpoint = FileCheckpoint::open(path, &survey.fingerprint).map_err(|error| chain(path, &error))?;
        files.checkpoint = Some(Arc::new(ByAccount::new(checkpoint)));
    }
    if let Some(path) = &arguments.unchanged {
        files.accepted = Some(Arc::new(AcceptedFile::open(path).map_err(|error| chain(path, &error))?));
    }
    if let Some(path) = &arguments.dead_letters {
        let file = letters::open(path, continues, input).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => format!("{}: it is in use by another process", path.display()),
            _ => chain(path, &error),
        })?;
        files.dead_letters = Some(Arc::new(file));
    }
    Ok(files)
}

/// An error with its causes.
fn chain(path: &Path, error: &dyn Error) -> String {
    let mut text = format!("{}: {error}", path.display());
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
