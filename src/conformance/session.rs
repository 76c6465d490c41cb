//! The state that the checks of one run share.

use std::ops::Deref;

use tokio::sync::OnceCell;

use super::clean_run::{self, CleanRun};
use super::fault_matrix::FaultMatrix;
use super::fixture::Abort;
use super::harness::Harness;

/// A harness, with the runs that several checks judge. Each is played once, when the first check needs it.
pub(super) struct Session<'s> {
    pub(super) harness: Harness<'s>,
    clean: OnceCell<Result<CleanRun, String>>,
    fault_matrix: OnceCell<Result<FaultMatrix, String>>,
}

impl<'s> Deref for Session<'s> {
    type Target = Harness<'s>;

    fn deref(&self) -> &Harness<'s> {
        &self.harness
    }
}

impl<'s> Session<'s> {
    pub(super) fn new(harness: Harness<'s>) -> Self {
        Self { harness, clean: OnceCell::new(), fault_matrix: OnceCell::new() }
    }

    /// Skips a check of requests where the sink sends none.
    pub(super) fn needs_requests(&self) -> Result<(), Abort> {
        if self.subject.sends_requests() { Ok(()) } else { Err(Abort::Skip("the sink sends no requests")) }
    }

    /// The run without faults.
    pub(super) async fn clean(&self) -> Result<&CleanRun, Abort> {
        let clean = self.clean.get_or_init(|| async { CleanRun::play(&self.harness).await.map_err(reason) });
        clean.await.as_ref().map_err(|why| Abort::Broken(why.clone()))
    }

    /// The run without faults, where it passes: its own findings are none of a check with faults.
    pub(super) async fn passed_clean(&self) -> Result<&CleanRun, Abort> {
        let clean = self.clean().await?;
        if clean_run::findings(&self.harness, clean).is_empty() {
            Ok(clean)
        } else {
            Err(Abort::Skip("the run without any fault failed"))
        }
    }

    /// The runs with every fault.
    pub(super) async fn fault_matrix(&self) -> Result<&FaultMatrix, Abort> {
        let clean = self.passed_clean().await?;
        let play = || async { FaultMatrix::play(&self.harness, clean).await.map_err(reason) };
        self.fault_matrix.get_or_init(play).await.as_ref().map_err(|why| Abort::Broken(why.clone()))
    }
}

fn reason(abort: Abort) -> String {
    match abort {
        Abort::Broken(why) => why,
        Abort::Skip(reason) => reason.to_owned(),
    }
}
