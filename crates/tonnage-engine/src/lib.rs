//! Tonnage's load engine.

pub mod curve;
pub mod histogram;
pub mod schedule;
