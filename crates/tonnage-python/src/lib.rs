//! The native module `tonnage._engine`: conversion between Python and the engine, no arithmetic.

use pyo3::prelude::*;

pub mod demo;

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    demo::register(module)?;
    Ok(())
}
