//! The calls that led to a panic, as far as they are in the libraries of cells.

use std::collections::BTreeMap;
use std::env::consts::DLL_SUFFIX;
use std::fmt::Write;

use super::platform;

/// A line for each call in a cell's library, the innermost first: the library's file name and the
/// offset of the call in it, in hexadecimal.
pub(super) fn calls() -> String {
    described(platform::return_addresses().into_iter(), &platform::memory_map())
}

fn described(addresses: impl Iterator<Item = usize>, maps: &str) -> String {
    let mut parts = Vec::new();
    // The first part of a file in memory is its beginning.
    let mut beginnings = BTreeMap::new();
    for (start, end, name) in maps.lines().filter_map(mapped) {
        beginnings.entry(name).or_insert(start);
        parts.push((start..end, name));
    }
    let mut text = String::new();
    for address in addresses {
        // The call stands before the address to which it returns.
        let call = address.saturating_sub(1);
        let Some((_, name)) = parts.iter().find(|(range, _)| range.contains(&call)) else {
            continue;
        };
        let offset = call - beginnings.get(name).copied().unwrap_or(call);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name} {offset:x}");
    }
    text
}

/// A line of the map of memory about a cell's library: where it lies, and its file name.
fn mapped(line: &str) -> Option<(usize, usize, &str)> {
    let name =
        line.rsplit('/').next().filter(|it| it.starts_with("cell-") && it.ends_with(DLL_SUFFIX))?;
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_their_offset_in_the_file() {
        let maps = "1000-2000 r--p 00000000 08:01 7    /tmp/a b/cell-x-1.so\n\
                    2000-3000 r-xp 00000800 08:01 7    /tmp/a b/cell-x-1.so\n\
                    5000-6000 r-xp 00000000 08:01 8    /lib/libc.so.6\n\
                    7000-8000 rw-p 00000000 00:00 0\n";
        let addresses = [0x5010, 0x2011, 0x7001, 0x3000, 0x9000];
        assert_eq!(described(addresses.into_iter(), maps), "cell-x-1.so 1010\ncell-x-1.so 1fff\n");
        assert_eq!(described([].into_iter(), "no map"), "");
    }
}
