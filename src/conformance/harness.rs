//! Opens fixtures for the subject under test.

use std::sync::Arc;

use super::fixture::{Abort, Fixture};
use super::subject::{Credentials, StandIn, Subject};
use crate::client::Transport;
use crate::sink::CustomerSink;

/// The subject under test, and the transport of its fixtures.
pub(super) struct Harness<'s> {
    pub(super) subject: &'s dyn Subject,
    transport: Result<Arc<dyn Transport>, String>,
}

impl<'s> Harness<'s> {
    pub(super) fn new(subject: &'s dyn Subject) -> Self {
        Self { subject, transport: default_transport() }
    }

    pub(super) async fn fixture(&self) -> Result<Fixture, Abort> {
        let stand_in = self.subject.stand_in().await;
        let stand_in = stand_in.map_err(|error| Abort::Broken(format!("the stand-in does not start: {error}")))?;
        let transport = self.transport_to(&*stand_in)?;
        Ok(Fixture::new(stand_in, transport))
    }

    fn transport_to(&self, stand_in: &dyn StandIn) -> Result<Arc<dyn Transport>, Abort> {
        match (stand_in.transport(), &self.transport) {
            (Some(transport), _) => Ok(transport),
            (None, Ok(transport)) => Ok(Arc::clone(transport)),
            (None, Err(reason)) => Err(Abort::Broken(format!("no transport: {reason}"))),
        }
    }

    /// A fixture, and the sink with the good credentials over it.
    pub(super) async fn open(&self) -> Result<(Fixture, Arc<dyn CustomerSink>), Abort> {
        let fixture = self.fixture().await?;
        let sink = fixture.sink(Credentials::First)?;
        Ok((fixture, sink))
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>, String> {
    match crate::client::ReqwestTransport::new() {
        Ok(transport) => Ok(Arc::new(transport)),
        Err(error) => Err(error.to_string()),
    }
}

/// Without the feature `reqwest`, a sink that sends no requests still runs.
#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>, String> {
    Ok(Arc::new(NoTransport))
}

#[cfg(not(feature = "reqwest"))]
#[derive(Debug)]
struct NoTransport;

#[cfg(not(feature = "reqwest"))]
#[async_trait::async_trait]
impl Transport for NoTransport {
    async fn send(
        &self,
        _: crate::client::HttpRequest,
    ) -> Result<crate::client::HttpResponse, crate::client::TransportError> {
        let reason = "the feature `reqwest` is off, and the stand-in has no transport";
        Err(crate::client::TransportError::new(crate::client::TransportErrorKind::Connect, reason))
    }
}
