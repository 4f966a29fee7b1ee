//! The canonical template: what every reader produces and every writer takes.

use crate::error::TemplateError;

/// Most minutiae in one finger view: the count is one byte in every supported revision.
pub const MINUTIAE_MAX: usize = 255;

/// 500 pixels per inch in the pixels per centimetre of a record header.
pub const RESOLUTION_500_PPI: u16 = 197;

/// Impression type of a live-scan rolled finger (ISO/IEC 19794-2:2005 7.4.2.4).
pub const IMPRESSION_LIVE_ROLLED: u8 = 1;

/// Impression type of a non-live-scan (inked) rolled finger (ISO/IEC 19794-2:2005 7.4.2.4).
pub const IMPRESSION_NONLIVE_ROLLED: u8 = 3;

/// One finger minutiae record: an image geometry and any number of finger views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Capture equipment certification, 0..=15 (4 bits).
    pub certification: u8,
    /// Capture device type, 0..=4095 (12 bits), vendor specified; 0 = not reported.
    pub device: u16,
    /// Image width in pixels.
    pub size_x: u16,
    /// Image height in pixels.
    pub size_y: u16,
    /// Horizontal resolution in pixels per centimetre; 197 = 500 pixels per inch.
    pub resolution_x: u16,
    /// Vertical resolution in pixels per centimetre; 197 = 500 pixels per inch.
    pub resolution_y: u16,
    /// The finger views, in file order.
    pub views: Vec<FingerView>,
    /// Bytes that the last view's extended-data length promises beyond the end of the file: 0 in a
    /// well-formed file. Kept so that a file that came short is written back as it came.
    pub extended_shortfall: u8,
}

impl Template {
    /// An empty 500 ppi template of an image of `size_x` by `size_y` pixels.
    pub fn new(size_x: u16, size_y: u16) -> Self {
        Self {
            certification: 0,
            device: 0,
            size_x,
            size_y,
            resolution_x: RESOLUTION_500_PPI,
            resolution_y: RESOLUTION_500_PPI,
            views: Vec::new(),
            extended_shortfall: 0,
        }
    }
}

/// One view of one finger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FingerView {
    /// Finger position, 0 = unknown, 1..=5 right thumb to little, 6..=10 left thumb to little.
    pub position: u8,
    /// View number of this finger, 0..=15 (4 bits).
    pub view_number: u8,
    /// Impression type, 0..=15 (4 bits): 0 live plain, 1 live rolled, 2 non-live plain, 3 non-live rolled, 8 swipe.
    pub impression_type: u8,
    /// Finger quality as the file has it: 0..=100, higher is better.
    pub quality: u8,
    /// Minutiae in file order, at most [`MINUTIAE_MAX`] in a file.
    pub minutiae: Vec<Minutia>,
    /// The extended-data block exactly as the file holds it, without its length field;
    /// [`FingerView::extended_areas`] walks it.
    pub extended: Vec<u8>,
}

impl FingerView {
    /// Walks the areas of the extended-data block, each with its type code.
    pub fn extended_areas(&self) -> ExtendedAreas<'_> {
        ExtendedAreas { bytes: &self.extended, offset: 0 }
    }

    /// Whether the impression was rolled, so that it may show more than a plain one.
    pub fn is_rolled(&self) -> bool {
        matches!(self.impression_type, IMPRESSION_LIVE_ROLLED | IMPRESSION_NONLIVE_ROLLED)
    }
}

/// One minutia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Minutia {
    /// Column in pixels from the left edge, 0..=16383 (14 bits).
    pub x: u16,
    /// Row in pixels from the top edge, downwards, 0..=16383 (14 bits).
    pub y: u16,
    /// Direction in units of 360/256 degrees, counter-clockwise from the x axis.
    pub angle: u8,
    /// Quality 1..=100, higher is better; 0 = not reported.
    pub quality: u8,
    /// What the ridge does here.
    pub kind: MinutiaKind,
}

/// Kind of a minutia, numbered as in ISO/IEC 19794-2:2005 7.4.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum MinutiaKind {
    /// Neither, or not known.
    #[default]
    Other = 0,
    /// A ridge ends.
    Ending = 1,
    /// A ridge forks.
    Bifurcation = 2,
}

impl MinutiaKind {
    /// The kind with this code, or `None` for codes that the standard reserves.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Other),
            1 => Some(Self::Ending),
            2 => Some(Self::Bifurcation),
            _ => None,
        }
    }
}

/// One area of an extended-data block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedArea<'a> {
    /// Type code: 1 ridge count, 2 core and delta, 3 zonal quality, 0x0100 and above vendor defined.
    pub code: u16,
    /// Data of the area, without its type and length fields.
    pub data: &'a [u8],
}

/// Iterator over the areas of an extended-data block; ends after the first error.
#[derive(Debug, Clone)]
pub struct ExtendedAreas<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for ExtendedAreas<'a> {
    type Item = Result<ExtendedArea<'a>, TemplateError>;

    fn next(&mut self) -> Option<Self::Item> {
        let area_offset = self.offset;
        let rest = self.bytes.get(area_offset..).filter(|r| !r.is_empty())?;
        self.offset = self.bytes.len(); // an error is the last item
        let [t0, t1, l0, l1, ..] = *rest else {
            return Some(Err(TemplateError::Truncated {
                field: "extended area header",
                offset: area_offset,
                needed: 4,
                available: rest.len(),
            }));
        };
        // The length counts the area's own type and length fields.
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if length < 4 {
            return Some(Err(TemplateError::FieldRange {
                field: "extended area length",
                offset: area_offset + 2,
                value: length as u64,
                min: 4,
                max: u64::from(u16::MAX),
            }));
        }
        let Some(data) = rest.get(4..length) else {
            return Some(Err(TemplateError::Truncated {
                field: "extended area data",
                offset: area_offset + 4,
                needed: length - 4,
                available: rest.len() - 4,
            }));
        };
        self.offset = area_offset + length;
        let code = u16::from_be_bytes([t0, t1]);
        Some(Ok(ExtendedArea { code, data }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(extended: &[u8]) -> FingerView {
        FingerView { extended: extended.to_vec(), ..FingerView::default() }
    }

    #[test]
    fn areas_are_walked_in_order_with_their_codes() {
        let view = view(&[0, 2, 0, 6, 0xaa, 0xbb, 1, 0, 0, 4]);
        let areas: Vec<_> = view.extended_areas().collect::<Result<_, _>>().unwrap();
        let expected = [ExtendedArea { code: 2, data: &[0xaa, 0xbb] }, ExtendedArea { code: 0x100, data: &[] }];
        assert_eq!(areas, expected);
    }

    #[test]
    fn a_bad_area_is_an_error_with_its_offset_and_the_last_item() {
        let view = view(&[0, 2, 0, 5, 0xaa, 0, 1, 0, 9, 0, 0, 0]);
        let items: Vec<_> = view.extended_areas().collect();
        assert_eq!(items.len(), 2);
        assert_eq!(
            items[1],
            Err(TemplateError::Truncated { field: "extended area data", offset: 9, needed: 5, available: 3 })
        );
    }

    #[test]
    fn an_area_shorter_than_its_header_does_not_loop() {
        for length in 0..4 {
            let short_length = view(&[0, 2, 0, length, 0, 0]);
            assert_eq!(short_length.extended_areas().count(), 1);
            let error = TemplateError::FieldRange {
                field: "extended area length",
                offset: 2,
                value: length.into(),
                min: 4,
                max: 65535,
            };
            assert_eq!(short_length.extended_areas().next(), Some(Err(error)));
        }
        let short_header = view(&[0, 2, 0]);
        assert!(matches!(
            short_header.extended_areas().next(),
            Some(Err(TemplateError::Truncated { offset: 0, available: 3, .. }))
        ));
    }
}
