//! The format of a log a second time, the slow and obvious way: what a reader of the documents would write. What opening some
//! segments must give.

pub(crate) const HEADER: usize = 24;
const HEAD: usize = 12;
const BODY_HEAD: usize = 20;
const MAX_BODY: usize = 64 * 1024 * 1024;

/// The bodies that are there, or the segment and the place of the first damage.
pub(crate) type Expected = Result<Vec<Vec<u8>>, (u64, u64)>;

pub(crate) fn header(number: u64) -> Vec<u8> {
    let checked = [b"sluicejl".as_slice(), &1_u32.to_le_bytes(), &number.to_le_bytes()].concat();
    let checksum = crc32c::crc32c(&checked);
    [checked.as_slice(), &checksum.to_le_bytes()].concat()
}

/// A body behind the head that belongs to it at that place.
pub(crate) fn frame(body: &[u8], segment: u64, offset: u64) -> Vec<u8> {
    let length = (body.len() as u32).to_le_bytes();
    let checksum = crc32c::crc32c(body).to_le_bytes();
    let place = [&segment.to_le_bytes(), &offset.to_le_bytes(), length.as_slice(), &checksum].concat();
    [length.as_slice(), &checksum, &crc32c::crc32c(&place).to_le_bytes(), body].concat()
}

/// The body of the record that is whole at a place.
fn body_at(bytes: &[u8], segment: u64, offset: usize) -> Option<&[u8]> {
    let rest = bytes.get(offset..)?;
    let length = u32::from_le_bytes(*rest.first_chunk::<4>()?) as usize;
    let body = rest.get(HEAD..HEAD.checked_add(length)?)?;
    let is_long_enough = (BODY_HEAD..=MAX_BODY).contains(&length);
    (is_long_enough && rest.starts_with(&frame(body, segment, offset as u64))).then_some(body)
}

fn is_known(body: &[u8]) -> bool {
    let Some(([kind, flags, low, high], rest)) = body.split_first_chunk::<4>() else { return false };
    let name = usize::from(u16::from_le_bytes([*low, *high]));
    let Some(payload) = rest.len().checked_sub(16 + name) else { return false };
    (1..=3).contains(kind) && *flags < 8 && (name == 0 || flags & 1 != 0) && (payload == 0 || flags & 4 != 0)
}

/// Whole, with another version in it.
fn is_later_format(header: &[u8]) -> bool {
    let Some((checked, checksum)) = header.split_last_chunk::<4>() else { return false };
    header.len() == HEADER
        && crc32c::crc32c(checked).to_le_bytes() == *checksum
        && checked.starts_with(b"sluicejl")
        && checked.get(8..12) != Some(&[1, 0, 0, 0])
}

/// What a log of these segments holds.
pub(crate) fn expected(segments: &[Vec<u8>]) -> Expected {
    let mut bodies = Vec::new();
    for (number, bytes) in (1..).zip(segments) {
        let is_last = number == segments.len() as u64;
        let is_followed =
            |place: usize| (place.max(HEADER)..bytes.len()).any(|at| body_at(bytes, number, at).is_some());
        let first = bytes.get(..bytes.len().min(HEADER)).unwrap_or_default();
        if first != header(number) {
            if is_last && !is_later_format(first) && !is_followed(0) {
                continue;
            }
            return Err((number, 0));
        }
        let mut at = HEADER;
        while at < bytes.len() {
            match body_at(bytes, number, at) {
                Some(body) if is_known(body) => {
                    bodies.push(body.to_vec());
                    at += HEAD + body.len();
                }
                // Sound, but unknown: never torn. Bad, but with a good one behind it, or others: neither.
                None if is_last && !is_followed(at + 1) => break,
                _ => return Err((number, at as u64)),
            }
        }
    }
    Ok(bodies)
}
