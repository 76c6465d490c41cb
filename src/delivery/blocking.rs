//! Runs blocking file work on threads of its own.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a new thread, so that an `fsync` of some milliseconds blocks no other task.
///
/// Where the caller drops the returned future, the work still runs to its end.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().name("customer-sink-file".to_owned()).spawn(move || {
        // The caller may have dropped the receiver.
        let _ = done.send(work());
    })?;
    result.await.map_err(|_| io::Error::other("the thread that wrote the file ended early"))?
}
