//! The five vendors: their exchanges, their native calls, and whole flows against the stand-ins. One folder for each
//! provider, with the same file names for the same jobs.

mod player;
mod shoplazza;
mod shopline;
#[path = "../support/mod.rs"]
mod support;
mod triple_whale;
mod whale;
mod yotpo;
