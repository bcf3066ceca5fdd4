//! The environment of a child: the process's own, read natively, with the caller's changes merged in.

use std::collections::HashMap;

use crate::sys;

/// Copies the process's environment, each `name=value` followed by a NUL.
///
/// Call it on the JavaScript main thread only: that is the thread on which `process.env` is written.
#[must_use]
pub fn snapshot() -> Vec<u8> {
    sys::environ()
}

/// `base` with `overrides` put in and `unset` names taken out; the last of several assignments to a name wins.
/// All three are NUL-terminated lists. A base entry without `=` is no assignment and is left out.
pub(crate) fn merge(base: &[u8], overrides: &[u8], unset: &[u8]) -> Vec<Vec<u8>> {
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut merged: Vec<Option<&[u8]>> = Vec::new();
    for pair in list(base).chain(list(overrides)) {
        let Some(name) = name_of(pair) else { continue };
        if let Some(slot) = places.get(name).and_then(|place| merged.get_mut(*place)) {
            *slot = Some(pair);
        } else {
            places.insert(name, merged.len());
            merged.push(Some(pair));
        }
    }
    for name in list(unset) {
        if let Some(slot) = places.get(name).and_then(|place| merged.get_mut(*place)) {
            *slot = None;
        }
    }
    merged.into_iter().flatten().map(<[u8]>::to_vec).collect()
}

/// The entries of a NUL-terminated list.
pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_suffix(b"\0").map(|bytes| bytes.split(|byte| *byte == 0)).into_iter().flatten()
}

fn name_of(pair: &[u8]) -> Option<&[u8]> {
    pair.iter().position(|byte| *byte == b'=').and_then(|end| pair.get(..end))
}

#[cfg(test)]
mod tests {
    use super::{list, merge};

    fn merged(base: &str, overrides: &str, unset: &str) -> Vec<String> {
        merge(base.as_bytes(), overrides.as_bytes(), unset.as_bytes())
            .into_iter()
            .map(|pair| String::from_utf8(pair).unwrap())
            .collect()
    }

    #[test]
    fn overrides_win_in_place_and_unset_names_are_gone() {
        assert_eq!(merged("A=1\0B=2\0C=3\0", "B=x=y\0D=\0", "A\0"), ["B=x=y", "C=3", "D="]);
    }

    #[test]
    fn the_last_duplicate_wins() {
        assert_eq!(merged("A=1\0A=2\0", "", ""), ["A=2"]);
    }

    #[test]
    fn an_empty_list_has_no_entries_and_an_empty_entry_is_one() {
        assert_eq!(list(b"").count(), 0);
        assert_eq!(list(b"\0").collect::<Vec<_>>(), [b""]);
        assert_eq!(list(b"a\0\0").collect::<Vec<_>>(), [&b"a"[..], b""]);
    }
}
