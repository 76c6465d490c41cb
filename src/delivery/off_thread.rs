//! Slow file work beside the caller's threads.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a thread of its own: an `fsync` takes milliseconds, and nothing else may stand still meanwhile.
///
/// Where the returned future is dropped, the work goes on to its end.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().name("customer-sink-file".to_owned()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(work());
    })?;
    result.await.map_err(|_| io::Error::other("the thread that wrote the file ended early"))?
}
