//! The Shoplazza stand-in: the customer group of the Open API, in 2022-01 and in the later versions, and the token calls
//! of an app.
//!
//! The method for tests: [`set_shoplazza_token_life`](crate::sandbox::Sandbox::set_shoplazza_token_life).

mod control;
mod oauth;
mod paging;
mod record;
mod stand_in;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod version;

use std::sync::{Mutex, MutexGuard, PoisonError};

use wiremock::Request;

use self::state::State;
use self::version::{Fault, Version};
use super::reply::{self, Reply};
use super::time::Time;

const REQUEST_ID: u32 = 3;

#[derive(Default)]
pub(crate) struct Shoplazza {
    state: Mutex<State>,
}

impl Shoplazza {
    pub(crate) fn new(time: Time) -> Self {
        Self { state: Mutex::new(State { time, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, request: &Request) -> Reply {
        let mut state = self.state();
        state.answers += 1;
        let request_id = reply::uuid(REQUEST_ID, state.answers);
        let path = reply::raw_segments(request);
        let answer = match path.as_slice() {
            ["openapi", version, route @ ..] => match Version::parse(version) {
                Some(version) => match state.route(version, request, route) {
                    Ok(data) => version.success(data),
                    Err(fault) => version.refusal(fault),
                },
                // A version that is not supported is a 404 on every path (*documented*).
                None => Version::First.refusal(Fault::NoRoute),
            },
            ["admin", "oauth", "token"] if request.method.as_str() == "POST" => {
                let now = state.time.utc();
                state.app.token(request, now)
            }
            _ => Version::First.refusal(Fault::NoRoute),
        };
        answer.with_header("Request-Id", request_id)
    }
}
