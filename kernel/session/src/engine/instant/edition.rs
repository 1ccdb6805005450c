//! The edition of Rust in which cells are compiled. Pure.
//!
//! What code of an older one runs into is in `older_code`.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Edition {
    Of2018,
    Of2021,
    #[default]
    Of2024,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no edition that a cell can have (use 2018, 2021 or 2024)")]
pub struct UnknownEdition(String);

impl FromStr for Edition {
    type Err = UnknownEdition;

    fn from_str(text: &str) -> Result<Edition, UnknownEdition> {
        match text.trim_matches('"') {
            "2018" => Ok(Edition::Of2018),
            "2021" => Ok(Edition::Of2021),
            "2024" => Ok(Edition::Of2024),
            other => Err(UnknownEdition(other.to_owned())),
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Edition::Of2018 => "2018",
            Edition::Of2021 => "2021",
            Edition::Of2024 => "2024",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_read_and_shown() {
        for year in ["2018", "2021", "2024"] {
            assert_eq!(year.parse::<Edition>().unwrap().to_string(), year);
        }
        assert!("2015".parse::<Edition>().unwrap_err().to_string().contains("2021 or 2024"));
    }
}
