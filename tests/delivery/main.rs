//! The delivery engine: a model over random schedules, and its rules one by one. Time is tokio's paused time: nothing
//! sleeps.

mod behaviour;
mod durability;
mod files;
mod model;
mod quota;
mod sim;
#[path = "../support/mod.rs"]
mod support;
