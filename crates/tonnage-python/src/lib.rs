//! The native module `tonnage._engine`: conversion between Python and the engine, no arithmetic.

use pyo3::prelude::*;

#[pymodule]
fn _engine(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
