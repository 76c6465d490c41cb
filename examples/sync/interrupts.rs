//! Waits for requests to stop: Ctrl-C, and on Unix SIGTERM.

use std::io;

/// Receives requests to stop from its creation on.
pub struct Interrupts {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    keys: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    /// # Errors
    ///
    /// When the system does not deliver them.
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
