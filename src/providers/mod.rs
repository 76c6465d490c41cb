//! The five providers. Each has a typed native client, and is a [`CustomerSink`](crate::CustomerSink) itself.

pub mod shoplazza;
pub mod shopline;
pub mod triple_whale;
pub mod whale;
pub mod yotpo;

use crate::plan::matrix::FieldMatrix;

/// The field matrix of every provider in this crate: what becomes of each normalized field, as data.
pub static MATRICES: &[&FieldMatrix] =
    &[&triple_whale::MATRIX, &shopline::MATRIX, &shoplazza::MATRIX, &yotpo::MATRIX, &whale::MATRIX];
