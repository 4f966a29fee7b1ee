//! The guest's file system: a cpio archive that the kernel unpacks into memory.

use crate::shell::TaskError;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;

/// An archive of the kind that the kernel reads ("newc"). Parents must be added before what lies in them.
#[derive(Debug, Default)]
pub struct Initramfs {
    bytes: Vec<u8>,
    entries: u32,
}

impl Initramfs {
    /// Adds an empty folder.
    pub fn folder(&mut self, name: &str) {
        self.entry(name, FOLDER, &[]);
    }

    /// Adds every folder on the way to these files.
    pub fn folders(&mut self, files: impl Iterator<Item = String>) {
        let mut folders = BTreeSet::new();
        for file in files {
            folders.extend(file.match_indices('/').map(|(end, _)| file[..end].to_owned()));
        }
        for folder in folders {
            self.folder(&folder); // a parent stands before what lies in it
        }
    }

    /// Adds a file.
    pub fn file(&mut self, name: &str, data: &[u8]) {
        self.entry(name, FILE, data);
    }

    /// Adds a copy of a file that can be run.
    pub fn program(&mut self, name: &str, source: &Path) -> Result<(), TaskError> {
        let data = fs::read(source).map_err(TaskError::file(source))?;
        self.entry(name, PROGRAM, &data);
        Ok(())
    }

    /// Adds a folder with copies of the files in it.
    pub fn copy_folder(&mut self, name: &str, source: &Path) -> Result<(), TaskError> {
        self.folder(name);
        for entry in fs::read_dir(source).map_err(TaskError::file(source))? {
            let path = entry.map_err(TaskError::file(source))?.path();
            let data = fs::read(&path).map_err(TaskError::file(&path))?;
            self.file(&format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy()), &data);
        }
        Ok(())
    }

    /// The archive, ended.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.entries += 1;
        let links = if mode == FOLDER { 2 } else { 1 };
        let fields = [
            self.entries, // inode
            mode,
            0, // owner
            0, // group
            links,
            0, // time
            data.len() as u32,
            0, // major and minor of the device that the file was on
            0,
            0, // major and minor of the device that the file is
            0,
            name.len() as u32 + 1,
            0, // checksum, of another format
        ];
        self.bytes.extend(b"070701");
        self.bytes.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(data);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_on_the_way_are_added_once_and_parents_first() {
        let mut archive = Initramfs::default();
        archive.folders(["a/b/x".to_owned(), "a/c/d/y".to_owned()].into_iter());
        let text = String::from_utf8_lossy(&archive.finish()).into_owned();
        let places = ["a\0", "a/b\0", "a/c\0", "a/c/d\0"].map(|name| text.find(name).expect("it is there"));
        assert!(places.is_sorted() && text.matches("070701").count() == 5, "{places:?}");
    }

    #[test]
    fn headers_names_and_data_begin_at_multiples_of_four() {
        let mut archive = Initramfs::default();
        archive.folder("bin");
        archive.file("bin/a", b"12345");
        let bytes = archive.finish();
        // 110 bytes of header; name with its end and padding; data with padding.
        let starts = [0, 110 + 6, 116 + 110 + 6 + 8];
        for start in starts {
            assert_eq!(bytes[start..start + 6], *b"070701", "at {start}");
        }
        assert_eq!(bytes[14..22], *b"000041ed", "a folder that all may read");
        assert_eq!(bytes[116 + 54..116 + 62], *b"00000005", "length of the data");
        assert_eq!(bytes[116 + 116..116 + 121], *b"12345");
        assert!(bytes.len().is_multiple_of(4) && bytes[starts[2] + 110..].starts_with(b"TRAILER!!!\0"));
    }
}
