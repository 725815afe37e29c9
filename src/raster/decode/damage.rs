//! How broken a file may be.

use super::Format;
use crate::error::Error;
use std::fmt::Display;

/// What makes reading fail, as in sharp: each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailOn {
    /// Nothing that can be helped: as much as could be read, the rest blank.
    None,
    /// A file that ends too early.
    Truncated,
    /// Broken contents, such as wrong checksums or invalid codes.
    Error,
    /// Anything irregular.
    Warning,
}

/// Something wrong with the pixels of a file whose header was fine.
pub(super) struct Damage {
    /// The mildest level that refuses it.
    level: FailOn,
    message: String,
}

impl Damage {
    pub(super) fn truncated(format: Format, detail: impl Display) -> Self {
        Damage { level: FailOn::Truncated, message: format!("The {format} ends too early: {detail}") }
    }

    pub(super) fn corrupt(format: Format, detail: impl Display) -> Self {
        Damage { level: FailOn::Error, message: format!("The {format} is broken: {detail}") }
    }

    pub(super) fn irregular(format: Format, detail: impl Display) -> Self {
        Damage { level: FailOn::Warning, message: format!("The {format} is irregular: {detail}") }
    }

    /// An error where it is refused, else one more warning.
    pub(super) fn tolerate(self, fail_on: FailOn, warnings: &mut Vec<String>) -> Result<(), Error> {
        if fail_on >= self.level {
            return Err(Error::Decode(self.message));
        }
        warnings.push(self.message);
        Ok(())
    }
}

/// An error met while the header was read, when there is nothing to save yet.
pub(super) fn broken_header(format: Format, error: impl Display) -> Error {
    Error::Decode(format!("The header of the {format} is broken: {error}"))
}
