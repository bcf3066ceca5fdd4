//! A list of C strings in one piece of memory, as it travels and as execve's pointers can point into it.

use std::fmt;

/// Strings after one another, each ended by a NUL, none with a NUL inside.
///
/// One allocation however many there are: an environment of a hundred variables is copied once on each side.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Strings(Vec<u8>);

impl Strings {
    /// An empty list with room for so many bytes, NULs included.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Takes bytes that are such a list already; `None` when the last one is not ended.
    #[must_use]
    pub fn from_terminated(bytes: Vec<u8>) -> Option<Self> {
        matches!(bytes.last(), None | Some(0)).then_some(Self(bytes))
    }

    /// Adds a string. What it holds after a NUL becomes a string of its own, as for any reader of C strings.
    pub fn push(&mut self, string: &[u8]) {
        self.0.extend_from_slice(string);
        self.0.push(0);
    }

    /// The strings in order, without their NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split_inclusive(|byte| *byte == 0).map(|string| string.strip_suffix(b"\0").unwrap_or(string))
    }

    /// Whether there is no string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them with their NULs.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut list = Self::default();
        strings.into_iter().for_each(|string| list.push(string.as_ref()));
        list
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Strings;

    #[test]
    fn an_empty_list_has_no_strings_and_an_empty_string_is_one() {
        assert_eq!(Strings::default().iter().count(), 0);
        let list = Strings::from_iter(["", "a", ""]);
        assert_eq!(list.as_bytes(), b"\0a\0\0");
        assert_eq!(list.iter().collect::<Vec<_>>(), [&b""[..], b"a", b""]);
    }

    #[test]
    fn an_unfinished_last_string_is_refused() {
        assert!(Strings::from_terminated(b"a\0b".to_vec()).is_none());
        assert!(Strings::from_terminated(Vec::new()).is_some_and(|list| list.is_empty()));
    }
}
