//! The environment of a child: the process's own, read natively, with the caller's changes merged in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use protocol::Strings;

use crate::sys;

/// Copies the process's environment: `name=value` strings.
///
/// Call it on the JavaScript main thread only, and only while no worker shares the environment: then that is the thread on which
/// `process.env` is written.
#[must_use]
pub fn snapshot() -> Strings {
    sys::environ()
}

/// `base` with `overrides` put in and `unset` names taken out; the last of several assignments to a name wins.
/// A base entry without `=` is no assignment and is left out.
pub(crate) fn merge(base: &Strings, overrides: &Strings, unset: &Strings) -> Strings {
    let size = base.as_bytes().len() + overrides.as_bytes().len();
    // A guess at the usual length of an assignment saves the map from growing step by step.
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(size / 24);
    let mut merged: Vec<Option<&[u8]>> = Vec::with_capacity(size / 24);
    for pair in base.iter().chain(overrides.iter()) {
        let Some(name) = name_of(pair) else { continue };
        match places.entry(name) {
            Entry::Occupied(place) => {
                if let Some(slot) = merged.get_mut(*place.get()) {
                    *slot = Some(pair);
                }
            }
            Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(Some(pair));
            }
        }
    }
    for name in unset.iter() {
        if let Some(slot) = places.get(name).and_then(|place| merged.get_mut(*place)) {
            *slot = None;
        }
    }
    let mut result = Strings::with_capacity(size);
    merged.into_iter().flatten().for_each(|pair| result.push(pair));
    result
}

fn name_of(pair: &[u8]) -> Option<&[u8]> {
    pair.iter().position(|byte| *byte == b'=').and_then(|end| pair.get(..end))
}

#[cfg(test)]
mod tests {
    use protocol::Strings;

    use super::merge;

    fn merged(base: &[&str], overrides: &[&str], unset: &[&str]) -> Vec<String> {
        let [base, overrides, unset] = [base, overrides, unset].map(Strings::from_iter);
        let merged = merge(&base, &overrides, &unset);
        merged.iter().map(|pair| String::from_utf8(pair.to_vec()).unwrap()).collect()
    }

    #[test]
    fn overrides_win_in_place_and_unset_names_are_gone() {
        assert_eq!(merged(&["A=1", "B=2", "C=3"], &["B=x=y", "D="], &["A"]), ["B=x=y", "C=3", "D="]);
    }

    #[test]
    fn the_last_duplicate_wins_and_what_is_no_assignment_is_left_out() {
        assert_eq!(merged(&["A=1", "nothing", "A=2"], &[], &["C"]), ["A=2"]);
    }
}
