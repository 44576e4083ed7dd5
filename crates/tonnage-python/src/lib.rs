//! The native module `tonnage._engine`: conversion between Python and the engine, no arithmetic.

mod core;
mod demo;
mod desk;
mod histogram;
mod http;
mod messages;
mod panic;
mod pool;
mod response;
mod stations;
mod window;

use pyo3::prelude::*;

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<histogram::Histogram>()?;
    module.add_function(wrap_pyfunction!(window::decode_window, module)?)?;
    module.add_class::<core::Core>()?;
    module.add_class::<messages::Messages>()?;
    module.add_class::<desk::Checks>()?;
    module.add_class::<desk::MetricPort>()?;
    module.add_class::<desk::Watch>()?;
    module.add_class::<http::Http>()?;
    module.add_class::<http::Pending>()?;
    module.add_class::<http::Sleep>()?;
    module.add_class::<pool::SessionPool>()?;
    module.add_class::<stations::RequestPool>()?;
    module.add_class::<response::Response>()?;
    module.add_function(wrap_pyfunction!(panic::last_panic, module)?)?;
    panic::remember();
    demo::register(module)?;
    module.add("OPTIMISED", cfg!(not(debug_assertions)))?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))
}
