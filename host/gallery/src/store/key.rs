//! The master key of an encrypted store.

use super::error::KeyError;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a master key and of a segment's data key: AES-256.
pub(crate) const KEY_BYTES: usize = 32;
/// What is read of a key file or a command's output at most: 64 digits, an end of line, and what is too much.
const TEXT_BYTES_MAX: u64 = 128;

/// The key that wraps the data keys of a store. Gone from memory when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_BYTES]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MasterKey")
    }
}

impl MasterKey {
    /// A key of these bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(random()?))
    }

    /// Reads a file of 64 hexadecimal digits, with white space around them, or of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Readable`] if others than its owner may read it, [`KeyError::Unavailable`] or
    /// [`KeyError::Malformed`].
    pub fn from_file(file: &Path) -> Result<Self, KeyError> {
        let from = file.display().to_string();
        let unavailable =
            |error: std::io::Error| KeyError::Unavailable { from: from.clone(), reason: error.to_string() };
        let opened = File::open(file).map_err(unavailable)?;
        let mode = opened.metadata().map_err(unavailable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Readable { file: file.into(), mode });
        }
        Self::read(opened, &from)
    }

    /// Runs a command, given as a shell would read its words but without a shell, and reads its output like a file.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] if it cannot be run or fails, [`KeyError::Malformed`].
    pub fn from_command(command: &str) -> Result<Self, KeyError> {
        let unavailable = |reason: String| KeyError::Unavailable { from: "the key command".into(), reason };
        let words = shell_words::split(command).map_err(|e| unavailable(e.to_string()))?;
        let (program, arguments) = words.split_first().ok_or_else(|| unavailable("it is empty".into()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| unavailable(e.to_string()))?;
        let read = child.stdout.take().map(|output| Self::read(output, "the key command"));
        let status = child.wait().map_err(|e| unavailable(e.to_string()))?;
        if !status.success() {
            return Err(unavailable(status.to_string()));
        }
        read.unwrap_or_else(|| Err(unavailable("it has no output".into())))
    }

    pub(crate) const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn read(from: impl Read, name: &str) -> Result<Self, KeyError> {
        // Reserved beforehand: a vector that grows leaves copies behind.
        let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES_MAX as usize + 1));
        from.take(TEXT_BYTES_MAX)
            .read_to_end(&mut text)
            .map_err(|e| KeyError::Unavailable { from: name.into(), reason: e.to_string() })?;
        Self::parse(&text).ok_or_else(|| KeyError::Malformed { from: name.into() })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        if let Ok(bytes) = text.try_into() {
            return Some(Self(bytes));
        }
        let digits = text.trim_ascii();
        let mut key = Self([0; KEY_BYTES]);
        if digits.len() != 2 * KEY_BYTES {
            return None;
        }
        for (byte, pair) in key.0.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Some(key)
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn digits_and_bytes_give_the_key_and_nothing_else_does() {
        let digits = "00ff".repeat(16);
        let bytes: Vec<u8> = [0x00, 0xff].repeat(16);
        for text in [digits.as_bytes(), format!(" {digits}\n").as_bytes(), &bytes] {
            assert_eq!(MasterKey::parse(text).expect("a key").bytes().as_slice(), bytes);
        }
        for text in [&b""[..], &digits.as_bytes()[1..], &bytes[1..], "0g".repeat(32).as_bytes(), &[b'0'; 66]] {
            assert!(MasterKey::parse(text).is_none());
        }
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "MasterKey");
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        fs::write(&file, "ab".repeat(32)).expect("writable");
        for (mode, accepted) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
            match MasterKey::from_file(&file) {
                Ok(key) => assert!(accepted && *key.bytes() == [0xab; 32]),
                Err(KeyError::Readable { mode: found, .. }) => assert!(!accepted && found == mode),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_command_gives_the_key_or_says_why_not() {
        let key = MasterKey::from_command(&format!("echo '{}'", "5a".repeat(32))).expect("a key");
        assert_eq!(*key.bytes(), [0x5a; 32]);
        for command in ["", "'", "false", "/nonexistent/program"] {
            assert!(matches!(MasterKey::from_command(command), Err(KeyError::Unavailable { .. })), "{command}");
        }
        assert!(matches!(MasterKey::from_command("echo short"), Err(KeyError::Malformed { .. })));
    }
}
