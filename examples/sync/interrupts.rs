//! Being asked to stop: Ctrl-C, and where there are signals the one that services are stopped with.

use std::io;

/// Hears of requests to stop from the moment it is made.
pub struct Interrupts {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    keys: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    /// # Errors
    ///
    /// When the system cannot be asked to tell.
    pub fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?] })
        }
        #[cfg(windows)]
        Ok(Self { keys: tokio::signal::windows::ctrl_c()? })
    }

    /// Returns when the next request comes.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(windows)]
        self.keys.recv().await;
    }
}
