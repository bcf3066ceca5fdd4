//! The body of a record, as TypeScript writes and reads it: kind, flags, length of the processor's name, sequence, epoch,
//! name, payload. Here only what compaction goes by is looked at; the rest is bytes.

/// The longest body of one record.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// What each body begins with.
pub(crate) const BODY_HEAD: usize = 20;

const HAS_PROCESSOR: u8 = 1;
const HAS_PAYLOAD: u8 = 4;
const FLAGS: u8 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Published,
    Epoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    pub(crate) sequence: u64,
    /// Empty for none.
    pub(crate) processor: &'a [u8],
}

impl<'a> Record<'a> {
    /// None for what no version that this one knows has written.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let (head, rest) = body.split_first_chunk::<BODY_HEAD>()?;
        let [kind, flags, low, high, numbers @ ..] = *head;
        let kind = match kind {
            1 => Kind::Event,
            2 => Kind::Published,
            3 => Kind::Epoch,
            _ => return None,
        };
        let (sequence, _) = numbers.split_first_chunk::<8>()?;
        let (processor, payload) = rest.split_at_checked(u16::from_le_bytes([low, high]).into())?;
        let is_sound = flags & !FLAGS == 0
            && (flags & HAS_PROCESSOR != 0 || processor.is_empty())
            && (flags & HAS_PAYLOAD != 0 || payload.is_empty());
        is_sound.then_some(Self { kind, sequence: u64::from_le_bytes(*sequence), processor })
    }
}

/// Bodies that each follow their length, as they travel between the threads. Ends early at what is no such thing.
pub(crate) struct Bodies<'a> {
    rest: &'a [u8],
}

impl<'a> Bodies<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all of the bytes were bodies.
    pub(crate) fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Bodies<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.rest = rest;
        Some(body)
    }
}
