//! The frame around an entry: length, kind, place, sequence, checksum; and its encryption.

use super::error::KeyError;
use super::key::KEY_BYTES;
use super::limits::ENTRY_BYTES_MAX;
use super::wire::Reader;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

/// Bytes of a frame's header.
pub(crate) const HEADER_BYTES: usize = 20;
/// Bytes of the header that are authenticated: all but the checksum.
const AAD_BYTES: usize = 16;
/// Bytes of AES-GCM's tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of a segment's salt: the first of a nonce, which the sequence completes.
pub(crate) const SALT_BYTES: usize = 4;

/// How the entries of one segment are encrypted, if they are.
#[derive(Debug)]
pub(crate) struct Cipher {
    key: Option<LessSafeKey>,
    salt: [u8; SALT_BYTES],
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the payload as it is stored, with the tag of an encrypted one.
    pub(crate) length: u32,
    /// Kind of the entry.
    pub(crate) kind: u8,
    /// How many entries of the same write stand before it: a frame whose write began behind another's sequence
    /// proves that the other had been on the disk.
    pub(crate) place: u16,
    /// Number of the entry, unique in a store's life.
    pub(crate) sequence: u64,
    /// CRC-32C over the header's other bytes and the stored payload.
    pub(crate) crc32c: u32,
}

impl Header {
    /// The header, if it may be one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let length = reader.u32()?;
        let (kind, reserved) = (reader.u8()?, reader.u8()?);
        let header = Self { length, kind, place: reader.u16()?, sequence: reader.u64()?, crc32c: reader.u32()? };
        (reserved == 0 && kind != 0 && length as usize <= ENTRY_BYTES_MAX).then_some(header)
    }

    /// Bytes of the whole frame.
    pub(crate) const fn frame_bytes(&self) -> usize {
        HEADER_BYTES + self.length as usize
    }

    /// Whether the checksum of a whole frame fits; `frame` begins with this header.
    pub(crate) fn fits(&self, frame: &[u8]) -> bool {
        crc32c::crc32c_append(crc32c::crc32c(&frame[..AAD_BYTES]), &frame[HEADER_BYTES..]) == self.crc32c
    }
}

impl Cipher {
    /// The cipher of a segment's data key; `None` leaves entries as they are.
    pub(crate) fn new(key: Option<&[u8; KEY_BYTES]>, salt: [u8; SALT_BYTES]) -> Result<Self, KeyError> {
        let key = match key {
            Some(bytes) => Some(aead_key(bytes)?),
            None => None,
        };
        Ok(Self { key, salt })
    }

    /// Bytes that a payload takes as a frame.
    pub(crate) const fn frame_bytes(&self, payload: usize) -> usize {
        HEADER_BYTES + payload + if self.key.is_some() { TAG_BYTES } else { 0 }
    }

    /// Appends the frame of a payload and returns its length. A sequence is given once per segment: it makes the nonce.
    pub(crate) fn append(
        &self,
        out: &mut Vec<u8>,
        kind: u8,
        place: u16,
        sequence: u64,
        payload: &[u8],
    ) -> Result<u32, KeyError> {
        let start = out.len();
        let bytes = self.frame_bytes(payload.len());
        out.extend_from_slice(&((bytes - HEADER_BYTES) as u32).to_le_bytes());
        out.extend([kind, 0]);
        out.extend_from_slice(&place.to_le_bytes());
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(payload);
        let (header, body) = out[start..].split_at_mut(HEADER_BYTES);
        if let Some(key) = &self.key {
            let tag = key
                .seal_in_place_separate_tag(self.nonce(sequence), Aad::from(&header[..AAD_BYTES]), body)
                .map_err(|_| KeyError::Wrong)?; // only for payloads beyond 64 GiB
            out.extend_from_slice(tag.as_ref());
        }
        let frame = &mut out[start..];
        let crc32c = crc32c::crc32c_append(crc32c::crc32c(&frame[..AAD_BYTES]), &frame[HEADER_BYTES..]);
        frame[AAD_BYTES..HEADER_BYTES].copy_from_slice(&crc32c.to_le_bytes());
        Ok(bytes as u32)
    }

    /// Decrypts a whole frame in place and returns its payload; `None` if it is not of this segment and key.
    pub(crate) fn open<'a>(&self, frame: &'a mut [u8], sequence: u64) -> Option<&'a [u8]> {
        let (header, body) = frame.split_at_mut_checked(HEADER_BYTES)?;
        let Some(key) = &self.key else { return Some(body) };
        let (body, tag) = body.split_at_mut_checked(body.len().checked_sub(TAG_BYTES)?)?;
        let tag = Tag::try_from(&*tag).ok()?;
        let aad = Aad::from(&header[..AAD_BYTES]);
        key.open_in_place_separate_tag(self.nonce(sequence), aad, tag, body, 0..).ok().map(|plain| &*plain)
    }

    fn nonce(&self, sequence: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..SALT_BYTES].copy_from_slice(&self.salt);
        nonce[SALT_BYTES..].copy_from_slice(&sequence.to_le_bytes());
        Nonce::assume_unique_for_key(nonce)
    }
}

/// The key as the cipher takes it.
pub(crate) fn aead_key(bytes: &[u8; KEY_BYTES]) -> Result<LessSafeKey, KeyError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| KeyError::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(cipher: &Cipher) -> Vec<u8> {
        let mut out = vec![9; 3];
        let bytes = cipher.append(&mut out, 2, 5, 77, b"payload").expect("a frame");
        assert_eq!(bytes as usize, out.len() - 3);
        out.split_off(3)
    }

    #[test]
    fn a_frame_opens_to_its_payload_and_a_changed_one_does_not() {
        for key in [None, Some(&[7; KEY_BYTES])] {
            let cipher = Cipher::new(key, [1, 2, 3, 4]).expect("a key");
            let frame = framed(&cipher);
            let header = Header::read(&frame).expect("a header");
            assert_eq!((header.kind, header.place, header.sequence), (2, 5, 77));
            assert_eq!(header.frame_bytes(), frame.len());
            assert!(header.fits(&frame));
            assert_eq!(cipher.open(&mut frame.clone(), 77), Some(&b"payload"[..]));
            assert_eq!(frame.windows(7).any(|window| window == b"payload"), key.is_none());
            for bit in 0..frame.len() * 8 {
                let mut changed = frame.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let read = Header::read(&changed);
                assert!(!read.is_some_and(|h| h.frame_bytes() == changed.len() && h.fits(&changed)), "bit {bit}");
                let authenticated = !(AAD_BYTES * 8..HEADER_BYTES * 8).contains(&bit);
                if key.is_some() && authenticated {
                    assert_eq!(cipher.open(&mut changed, 77), None, "bit {bit}");
                }
            }
        }
    }

    #[test]
    fn another_segment_or_sequence_does_not_open_it() {
        let cipher = Cipher::new(Some(&[7; KEY_BYTES]), [1, 2, 3, 4]).expect("a key");
        let frame = framed(&cipher);
        assert_eq!(cipher.open(&mut frame.clone(), 78), None);
        for (key, salt) in [([7; KEY_BYTES], [1, 2, 3, 5]), ([8; KEY_BYTES], [1, 2, 3, 4])] {
            let other = Cipher::new(Some(&key), salt).expect("a key");
            assert_eq!(other.open(&mut frame.clone(), 77), None);
        }
        assert_eq!(cipher.open(&mut frame[..HEADER_BYTES + 3].to_vec(), 77), None);
        assert_eq!(cipher.open(&mut [], 77), None);
    }
}
