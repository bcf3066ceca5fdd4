//! Turns any bytes into the segment files of a log: a few commands write records that are whole, records of unknown form, and
//! bytes that are neither, and damage what is there. So checksums keep nothing from being tried.

use crate::reference::{HEADER, frame, header};

/// Bytes that are taken apart from the front; zeros when there are no more.
struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// The contents of segments 1, 2 and so on.
pub(crate) fn image(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut source = Source(bytes);
    let mut segments = vec![header(1)];
    while !source.0.is_empty() {
        let number = segments.len() as u64;
        let Some(segment) = segments.last_mut() else { break };
        match source.byte() % 8 {
            // A record of some kind, with a name and a payload.
            0 | 1 => {
                let kind = source.byte() % 4;
                let length = usize::from(source.byte() % 16);
                let name = source.bytes(length).to_vec();
                let length = source.number() % 300;
                let payload = source.bytes(length);
                let flags = u8::from(!name.is_empty()) | (u8::from(!payload.is_empty()) << 2);
                let mut body = vec![kind, flags, name.len() as u8, 0];
                body.extend_from_slice(&u64::from(source.byte()).to_le_bytes());
                body.extend_from_slice(&u64::from(source.byte()).to_le_bytes());
                body.extend_from_slice(&name);
                body.extend_from_slice(payload);
                let framed = frame(&body, number, segment.len() as u64);
                segment.extend(framed);
            }
            // A sound record of bytes that may be no body.
            2 => {
                let length = source.number() % 600;
                let framed = frame(source.bytes(length), number, segment.len() as u64);
                segment.extend(framed);
            }
            // The image of a record that was written elsewhere.
            3 => {
                let length = usize::from(source.byte());
                let framed = frame(source.bytes(length), number, source.number() as u64);
                segment.extend(framed);
            }
            4 => {
                let length = source.number() % 600;
                segment.extend_from_slice(source.bytes(length));
            }
            5 => {
                let at = source.number() % segment.len().max(1);
                let change = source.byte();
                if let Some(byte) = segment.get_mut(at) {
                    *byte ^= change;
                }
            }
            6 => {
                let length = segment.len().saturating_sub(source.number() % (HEADER + 100));
                segment.truncate(length);
            }
            _ if number < 4 => segments.push(header(number + 1)),
            _ => {}
        }
    }
    segments
}
