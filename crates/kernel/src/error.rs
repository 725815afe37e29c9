use std::fmt;

/// Why a convolution cannot be prepared or run. The message says what was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The specification, its weights or the instruction set are not supported.
    Spec(String),
    /// A number or length of planes, or a range of rows, does not fit the convolution.
    Shape(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (Error::Spec(message) | Error::Shape(message)) = self;
        f.write_str(message)
    }
}

impl std::error::Error for Error {}
