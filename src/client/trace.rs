//! The tracing span of an upsert: facts, without personal data.

use tracing::Instrument;
use tracing::field::Empty;

use crate::error::Error;
use crate::plan::outcome::Upserted;
use crate::provider::ProviderId;

/// Runs an upsert in its own span. Without a subscriber it costs nothing.
pub(crate) async fn upsert_span(
    provider: ProviderId,
    upsert: impl Future<Output = Result<Upserted, Error>>,
) -> Result<Upserted, Error> {
    let span = tracing::info_span!(
        "customer_sink.upsert",
        provider = provider.as_str(),
        outcome = Empty,
        effect = Empty,
        attempts = Empty,
        error.type = Empty,
    );
    if span.is_disabled() {
        return upsert.await;
    }
    let result = upsert.instrument(span.clone()).await;
    match &result {
        Ok(done) => {
            span.record("outcome", done.outcome.as_str());
            span.record("attempts", done.attempts);
        }
        Err(error) => {
            span.record("error.type", error.kind().as_str());
            span.record("effect", error.effect().as_str());
            span.record("attempts", error.attempts());
        }
    }
    result
}
