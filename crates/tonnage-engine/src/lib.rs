//! Tonnage's load engine: demand, HTTP, measurement. It knows no Python.
//!
//! ```text
//! spec ─► engine ─► client ─► poller            when and who   scenario, schedule, curve
//!            │         └────► http              what           vu, behaviour
//!            └─► recorder ─► histogram ─► window how much
//! ```

pub mod behaviour;
pub mod client;
pub mod clock;
pub mod curve;
pub mod engine;
pub mod histogram;
pub mod http;
pub mod poller;
pub mod pool;
pub mod random;
pub mod recorder;
mod rows;
pub mod scenario;
pub mod schedule;
pub mod spec;
pub mod stations;
pub mod timers;
pub mod vu;
pub mod window;
