//! Images of fingers, to be drawn behind their minutiae.

use crate::error::CliError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageError, ImageFormat, ImageReader, Limits};
use std::fs;
use std::io::Cursor;
use std::path::Path;

/// Bytes of an image file, at most: a palm at 1000 ppi, uncompressed, is within it.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Pixels along one side of an image, at most.
pub const SIDE_MAX: u32 = 8192;
/// Bytes that decoding may take.
const DECODER_BYTES_MAX: u64 = 512 << 20;

/// An image as SVG can hold it.
#[derive(Debug)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The pixels as a `data:` URI.
    pub uri: String,
}

impl Picture {
    /// Reads an image file; colours become grey.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let size = fs::metadata(path).map_err(CliError::file(path))?.len();
        if size > FILE_BYTES_MAX {
            let what = format!("{size} bytes, more than the {FILE_BYTES_MAX} that an image may have");
            return Err(CliError::Unusable { path: path.to_path_buf(), what });
        }
        let bytes = fs::read(path).map_err(CliError::file(path))?;
        Self::decode(&bytes).map_err(|source| CliError::Image { path: path.to_path_buf(), source })
    }

    fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        limits.max_alloc = Some(DECODER_BYTES_MAX);
        reader.limits(limits);
        let grey = reader.decode()?.into_luma8();
        let mut png = Vec::new();
        grey.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
        let uri = format!("data:image/png;base64,{}", STANDARD.encode(png));
        Ok(Self { width: grey.width(), height: grey.height(), uri })
    }
}
