//! Remembers where the native core panicked, for the crash report.

use std::backtrace::Backtrace;
use std::sync::{Mutex, Once, PoisonError};

use pyo3::prelude::*;

static LAST: Mutex<String> = Mutex::new(String::new());
static INSTALLED: Once = Once::new();

/// Keeps the panics of Python's threads, which are reported from there, off the error stream; threads of Rust's own
/// have a name, and theirs are printed as ever.
pub fn remember() {
    INSTALLED.call_once(|| {
        let printing = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some() {
                return printing(info);
            }
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = format!("{info}\n{}", Backtrace::force_capture());
        }));
    });
}

/// The last panic with its place and backtrace, once; empty where there was none.
#[pyfunction]
pub fn last_panic() -> String {
    std::mem::take(&mut *LAST.lock().unwrap_or_else(PoisonError::into_inner))
}
