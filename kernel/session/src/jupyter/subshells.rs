//! The subshells that clients have made (JEP 91): names by which a message says whose turn it waits for.
//!
//! Variables belong to one thread, so code of all subshells runs one cell after the other; `asides` answers those of their
//! cells that only ask while another cell runs. `queue` keeps the order within a subshell.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::message::Header;

/// A client that makes more of them forgets to delete them.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub struct Subshells(Mutex<Vec<String>>);

/// Why something can't be done with a subshell.
#[derive(Debug, thiserror::Error)]
pub enum SubshellError {
    #[error(
        "there is no subshell `{id}`: it was deleted, or is one of before a restart; make one with create_subshell_request, or leave `subshell_id` out"
    )]
    Unknown { id: String },
    #[error("there are {MOST} subshells already; end one with delete_subshell_request")]
    TooMany,
}

impl SubshellError {
    /// The name in a reply.
    pub fn name(&self) -> &'static str {
        match self {
            SubshellError::Unknown { .. } => "UnknownSubshell",
            SubshellError::TooMany => "TooManySubshells",
        }
    }
}

impl Subshells {
    /// Makes a subshell; its id.
    pub fn create(&self) -> Result<String, SubshellError> {
        let mut ids = self.ids();
        if ids.len() >= MOST {
            return Err(SubshellError::TooMany);
        }
        let id = uuid::Uuid::new_v4().to_string();
        ids.push(id.clone());
        Ok(id)
    }

    pub fn delete(&self, id: &str) -> Result<(), SubshellError> {
        let mut ids = self.ids();
        let at = ids.iter().position(|it| it == id).ok_or_else(|| unknown(id))?;
        ids.remove(at);
        Ok(())
    }

    /// All of them, in the order in which they were made.
    pub fn list(&self) -> Vec<String> {
        self.ids().clone()
    }

    /// Refuses a message to a subshell that there is not.
    pub fn check(&self, header: &Header) -> Result<(), SubshellError> {
        match &header.subshell {
            Some(id) if !self.ids().contains(id) => Err(unknown(id)),
            _ => Ok(()),
        }
    }

    fn ids(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(id: &str) -> SubshellError {
    SubshellError::Unknown { id: id.chars().take(100).collect() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn subshells_are_made_listed_and_deleted() {
        let subshells = Subshells::default();
        let ids = [subshells.create().unwrap(), subshells.create().unwrap()];
        assert_eq!(subshells.list(), ids);
        subshells.delete(&ids[0]).unwrap();
        assert_eq!(subshells.delete(&ids[0]).unwrap_err().name(), "UnknownSubshell");
        assert_eq!(subshells.list(), ids[1..]);
        while subshells.list().len() < MOST {
            subshells.create().unwrap();
        }
        assert_eq!(subshells.create().unwrap_err().name(), "TooManySubshells");
    }
}
