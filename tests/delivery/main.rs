//! The delivery engine: a model over random schedules, and its rules one by one. Time is tokio's paused time: nothing
//! sleeps.

mod behaviour;
mod files;
mod model;
#[path = "../support/paused.rs"]
mod paused;
mod quota;

mod sim;
