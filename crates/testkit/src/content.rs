//! Bytes that are a function of their offset, so that a reader can check any chunk without having seen the ones before.

use std::fmt::Write;

/// The period of the plain pattern: a prime, so that no power-of-two block size hides a repeated or missing block.
const PERIOD: usize = 251;

/// An endless stream of known bytes.
pub struct Content {
    pattern: Vec<u8>,
    period: usize,
    line: usize,
}

impl Content {
    /// The byte at offset `i` is `i % 251`.
    pub fn plain(block: usize) -> Self {
        let pattern = (0..block + PERIOD).map(|at| (at % PERIOD) as u8).collect();
        Self { pattern, period: PERIOD, line: 0 }
    }

    /// Lines of `length` bytes, the line feed counted in: the line's number, from 0, with leading zeros.
    pub fn lines(length: usize) -> Self {
        Self { pattern: Vec::new(), period: 1, line: length.max(2) }
    }

    /// The bytes from `offset` on, at most `limit` of them.
    pub fn at(&mut self, offset: u64, limit: usize) -> &[u8] {
        if self.line > 0 {
            self.fill_lines(offset, limit);
            return self.pattern.get(..limit).unwrap_or(&self.pattern);
        }
        let from = usize::try_from(offset % self.period as u64).unwrap_or(0);
        self.pattern.get(from..from + limit).unwrap_or(&self.pattern)
    }

    fn fill_lines(&mut self, offset: u64, limit: usize) {
        let length = self.line as u64;
        let skip = (offset % length) as usize;
        let mut text = String::with_capacity(limit + self.line);
        let mut number = offset / length;
        while text.len() < limit + skip {
            let digits = number.to_string();
            let width = self.line - 1;
            let shown = digits.get(digits.len().saturating_sub(width)..).unwrap_or(&digits);
            let _ = writeln!(text, "{shown:0>width$}");
            number += 1;
        }
        self.pattern = text.into_bytes().split_off(skip);
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn plain_bytes_follow_from_their_offset() {
        let mut content = Content::plain(1000);
        for offset in [0_u64, 1, 250, 251, 252, 1_000_003] {
            let bytes = content.at(offset, 1000);
            assert_eq!(bytes.len(), 1000);
            assert!(
                bytes.iter().enumerate().all(|(at, byte)| u64::from(*byte) == (offset + at as u64) % 251)
            );
        }
    }

    #[test]
    fn lines_are_numbered_whatever_the_cut() {
        let mut content = Content::lines(5);
        assert_eq!(content.at(0, 12), b"0000\n0001\n00");
        assert_eq!(content.at(3, 7), b"0\n0001\n");
        assert_eq!(content.at(50_000, 5), b"0000\n");
    }
}
