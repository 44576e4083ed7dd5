//! Tonnage's load engine.

pub mod http;
