//! Core errors as JavaScript errors with a `code`.

use napi::{Env, JsError};

use crate::error::Error;

/// A code, where napi has a status.
pub struct Code(&'static str);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}

/// To be thrown by a synchronous function.
pub fn thrown(error: Error) -> napi::Error<Code> {
    napi::Error::new(Code(error.code()), error.to_string())
}

/// To reject a promise with.
pub fn rejection(env: &Env, error: Error) -> napi::Error {
    napi::Error::from(JsError::from(thrown(error)).into_unknown(*env))
}
