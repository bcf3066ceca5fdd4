//! Where a program may lie: the candidates for execve, made before the fork so that the child allocates nothing.

use protocol::Strings;

const DEFAULT_PATH: &[u8] = b"/usr/local/bin:/bin:/usr/bin";

/// The paths to try, in order, each ended by a NUL.
///
/// A name with a slash is its own only candidate. Any other is searched in the `PATH` of the child's environment; entries
/// that are empty or relative would search the working directory and are skipped.
pub fn candidates(file: &[u8], env: &Strings) -> Vec<Vec<u8>> {
    if file.contains(&b'/') {
        return vec![terminated(&[file])];
    }
    let path = env.iter().find_map(|pair| pair.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH);
    path.split(|byte| *byte == b':')
        .filter(|folder| folder.starts_with(b"/"))
        .map(|folder| terminated(&[folder, b"/", file]))
        .collect()
}

/// Whether the search goes on after this error. EACCES does too, but is what is told when nothing better is found.
pub const fn goes_on(errno: i32) -> bool {
    matches!(
        errno,
        libc::ENOENT
            | libc::ENOTDIR
            | libc::EACCES
            | libc::ENAMETOOLONG
            | libc::ESTALE
            | libc::ENODEV
            | libc::ETIMEDOUT
    )
}

fn terminated(parts: &[&[u8]]) -> Vec<u8> {
    let mut path = parts.concat();
    path.push(0);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_means_no_search() {
        assert_eq!(candidates(b"./tool", &Strings::from_iter(["PATH=/bin"])), [b"./tool\0".to_vec()]);
    }

    #[test]
    fn only_absolute_entries_of_the_childs_path_are_searched() {
        let env = Strings::from_iter(["XPATH=/no", "PATH=:.:/a:rel/b::/c/"]);
        assert_eq!(candidates(b"tool", &env), [b"/a/tool\0".to_vec(), b"/c//tool\0".to_vec()]);
        assert!(candidates(b"tool", &Strings::from_iter(["PATH="])).is_empty());
        assert_eq!(candidates(b"tool", &Strings::default()).len(), 3);
    }
}
