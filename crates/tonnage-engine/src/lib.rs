//! Tonnage's load engine.
