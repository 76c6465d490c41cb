//! Raw HTTP proxy: records requests and injects faults, and forwards everything else to the stand-in behind it.
//!
//! Every stand-in is reached through it, so that a vendor has one address and one log with and without faults. All vendors
//! of a sandbox share one thread with a runtime of its own, so that a test that blocks its runtime still gets answers.

mod connection;
mod refusals;
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
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub(super) use connection::{Endpoint, Port};

use super::stand_in::StandIn;

/// Connections that a vendor serves at the same time; further ones are closed.
const MAX_CONNECTIONS: usize = 1024;

struct Responder(Arc<dyn StandIn>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.0.answer(request).into()
    }
}

/// One vendor, to be served.
pub(super) struct Service {
    pub(super) stand_in: Arc<dyn StandIn>,
    pub(super) endpoint: Arc<Endpoint>,
    /// The port of the proxy, 0 for a free one.
    pub(super) port: u16,
    /// Where the stand-in itself listens.
    pub(super) behind: StdListener,
}

impl Service {
    async fn serve(self) -> io::Result<(SocketAddr, MockServer)> {
        let server = MockServer::builder().listener(self.behind).disable_request_recording().start().await;
        Mock::given(any()).respond_with(Responder(self.stand_in)).mount(&server).await;
        let (port, listener) = Reserved::open(self.port)?;
        let address = port.address;
        tokio::spawn(accept(self.endpoint, port, listener));
        Ok((address, server))
    }
}

/// The servers of a sandbox. They stop when this is dropped.
///
/// The mock servers are dropped on the thread, outside its runtime: their `Drop` waits for a lock of tokio, and would
/// block for ever inside a task that has used up its cooperative budget.
pub(super) struct Proxy {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    addresses: Vec<SocketAddr>,
}

impl Proxy {
    /// Serves the vendors, and runs the tasks beside them.
    pub(super) async fn start(services: Vec<Service>, tasks: Vec<BoxFuture<'static, ()>>) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, started) = oneshot::channel();
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let mut servers = Vec::new();
            runtime.block_on(async {
                let mut addresses = Vec::new();
                for service in services {
                    match service.serve().await {
                        Ok((address, server)) => {
                            addresses.push(address);
                            servers.push(server);
                        }
                        Err(error) => return drop(ready.send(Err(error))),
                    }
                }
                tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
                // The caller may have been dropped; then the stop sender has been dropped as well.
                let _ = ready.send(Ok(addresses));
                let _ = stopped.await;
            });
            drop(runtime);
            drop(servers);
        })?;
        let gone = || io::Error::other("the sandbox's thread ended at once");
        let addresses = started.await.map_err(|_| gone())??;
        Ok(Self { stop: Some(stop), thread: Some(thread), addresses })
    }

    /// The addresses of the services, in their order.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The ports are free once the thread has ended, which it does at once.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A port that stays reserved while nothing listens on it, so that connections are refused and no other program takes it.
struct Reserved {
    address: SocketAddr,
    _keeper: Option<TcpSocket>,
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Reserved {
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

/// Accepts the connections of one vendor: listens while that is wanted, and refuses connections while it is not.
async fn accept(endpoint: Arc<Endpoint>, port: Reserved, mut listener: TcpListener) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut wanted = endpoint.wanted.subscribe();
    loop {
        while *wanted.borrow_and_update() {
            let accepted = match select(pin!(listener.accept()), pin!(wanted.changed())).await {
                Either::Left((accepted, _)) => accepted,
                Either::Right((Ok(()), _)) => continue,
                Either::Right((Err(_), _)) => return,
            };
            match (accepted, Arc::clone(&room).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let endpoint = Arc::clone(&endpoint);
                    tokio::spawn(async move {
                        connection::serve(&endpoint, stream).await;
                        drop(place);
                    });
                }
                // Too many connections: this one is closed. A lack of file handles is temporary.
                _ => tokio::task::yield_now().await,
            }
        }
        drop(listener);
        endpoint.port.send_replace(Port::Closed);
        if !until(&mut wanted).await {
            return;
        }
        listener = match port.reopen() {
            Ok(listener) => listener,
            Err(_) => {
                endpoint.port.send_replace(Port::Lost);
                return;
            }
        };
        endpoint.port.send_replace(Port::Open);
    }
}

/// Waits until listening is wanted again; false where the endpoint is gone.
async fn until(wanted: &mut watch::Receiver<bool>) -> bool {
    wanted.wait_for(|wanted| *wanted).await.is_ok()
}
