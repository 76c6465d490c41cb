//! What stands before every stand-in: a small raw server that writes down each request, plays the faults that are asked
//! for, and lets everything else through to the stand-in behind it.
//!
//! It always stands there, so that one address and one log serve a vendor on good days and bad ones. All vendors of a
//! sandbox share one thread with a runtime of its own: a test that blocks its own runtime is answered too.

mod line;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::future::{BoxFuture, Either, select};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, oneshot, watch};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

pub(super) use line::{Line, Place};
pub(super) use wire::Answer;

use super::{Responder, Vendor};

/// Connections that a vendor serves at the same time; more are hung up on.
const MAX_CONNECTIONS: usize = 1024;

/// One vendor, to be served.
pub(super) struct Stand {
    pub(super) vendor: Arc<dyn Vendor>,
    pub(super) line: Arc<Line>,
    /// The port at the front, 0 for a free one.
    pub(super) port: u16,
    /// Where the stand-in itself listens.
    pub(super) behind: StdListener,
}

impl Stand {
    async fn serve(self) -> io::Result<(SocketAddr, MockServer)> {
        let server = MockServer::builder().listener(self.behind).disable_request_recording().start().await;
        Mock::given(any()).respond_with(Responder(self.vendor)).mount(&server).await;
        let (port, listener) = Port::open(self.port)?;
        let address = port.address;
        tokio::spawn(serve(self.line, port, listener));
        Ok((address, server))
    }
}

/// The servers of a sandbox. They stop when this is dropped.
///
/// The stand-ins are dropped on the thread, outside its runtime: their own `Drop` waits for a lock of tokio, and would
/// wait for ever inside a task that has used up what the runtime grants it at one go.
pub(super) struct Front {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    addresses: Vec<SocketAddr>,
}

impl Front {
    /// Serves the vendors, and runs the tasks beside them.
    pub(super) async fn start(stands: Vec<Stand>, tasks: Vec<BoxFuture<'static, ()>>) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(error))),
            };
            let mut servers = Vec::new();
            runtime.block_on(async {
                let mut addresses = Vec::new();
                for stand in stands {
                    match stand.serve().await {
                        Ok((address, server)) => {
                            addresses.push(address);
                            servers.push(server);
                        }
                        Err(error) => return drop(tell.send(Err(error))),
                    }
                }
                tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
                // Whoever asked for it may be gone already; then the sender of the end is gone as well.
                let _ = tell.send(Ok(addresses));
                let _ = stopped.await;
            });
            drop(runtime);
            drop(servers);
        })?;
        let gone = || io::Error::other("the sandbox's thread ended at once");
        let addresses = told.await.map_err(|_| gone())??;
        Ok(Self { stop: Some(stop), thread: Some(thread), addresses })
    }

    /// Where the lines are served, in their order.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The ports are free once the thread has ended, which it does at once.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A port that is kept while nobody listens on it, so that connections to it are refused and nobody else takes it.
struct Port {
    address: SocketAddr,
    _keeper: Option<TcpSocket>,
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Port {
    fn open(port: u16) -> io::Result<(Self, TcpListener)> {
        let socket = bound((Ipv4Addr::LOCALHOST, port).into())?;
        let address = socket.local_addr()?;
        // Not every system allows a second socket; without it the port is merely free during an outage.
        let keeper = bound(address).ok();
        Ok((Self { address, _keeper: keeper }, socket.listen(1024)?))
    }

    fn reopen(&self) -> io::Result<TcpListener> {
        bound(self.address)?.listen(1024)
    }
}

/// Serves one vendor: listens while it is wanted, and refuses connections while it is not.
async fn serve(line: Arc<Line>, port: Port, mut listener: TcpListener) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut wanted = line.door.subscribe();
    loop {
        while *wanted.borrow_and_update() {
            let accepted = match select(pin!(listener.accept()), pin!(wanted.changed())).await {
                Either::Left((accepted, _)) => accepted,
                Either::Right((Ok(()), _)) => continue,
                Either::Right((Err(_), _)) => return,
            };
            match (accepted, Arc::clone(&room).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let line = Arc::clone(&line);
                    tokio::spawn(async move {
                        line::connection(&line, stream).await;
                        drop(place);
                    });
                }
                // Too many connections: this one ends here, and the system's lack of files passes.
                _ => tokio::task::yield_now().await,
            }
        }
        drop(listener);
        line.place.send_replace(Place::Closed);
        if !until(&mut wanted).await {
            return;
        }
        listener = match port.reopen() {
            Ok(listener) => listener,
            Err(_) => {
                line.place.send_replace(Place::Lost);
                return;
            }
        };
        line.place.send_replace(Place::Open);
    }
}

/// Waits until the vendor is wanted again; not so where nobody can want it any more.
async fn until(wanted: &mut watch::Receiver<bool>) -> bool {
    wanted.wait_for(|wanted| *wanted).await.is_ok()
}
