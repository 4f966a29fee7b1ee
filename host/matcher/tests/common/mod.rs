//! Where the tests find real templates, which are never part of the repository.

#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::path::{Path, PathBuf};

use whorl_matcher::{Record, Role, encode};
use whorl_template::{FingerView, LengthCheck, Minutia, MinutiaKind, Template, iso19794_2_2005};

/// The folder of real data, from `WHORL_DATA` or beside the repository; `None` after saying so.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("WHORL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        |folder| {
            if Path::new(&folder).is_absolute() {
                PathBuf::from(folder)
            } else {
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
            }
        },
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no real templates at {} (set WHORL_DATA)", folder.display());
    None
}

/// Reads one template file.
pub fn template(path: &Path) -> Template {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    iso19794_2_2005::read(&bytes, LengthCheck::Lenient).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Encodes the first view of a template.
pub fn record(template: &Template, role: Role) -> Record {
    encode(&template.views[0], template.resolution_x, template.resolution_y, role)
}

/// All templates of one minutiae source (`leader`, `mindtct`, ...), in the order of their names.
pub fn source(data: &Path, name: &str) -> Vec<Template> {
    let mut paths = Vec::new();
    let mut folders = vec![data.join("fvc").join(name)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "iso") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| template(path)).collect()
}

/// A small generator of repeatable numbers (xorshift64*), so that random templates never change.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// A generator of the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        ((high * u64::from(limit)) >> 32) as u32
    }
}

/// `count` templates of 20 to 50 random minutiae on a plain impression's area.
pub fn random_templates(count: u64) -> Vec<Template> {
    let random_template = |seed| {
        let mut random = Random::new(seed);
        let mut template = Template::new(320, 400);
        let minutiae = (0..20 + random.below(31))
            .map(|_| Minutia {
                x: random.below(300) as u16,
                y: random.below(380) as u16,
                angle: random.below(256) as u8,
                quality: random.below(101) as u8,
                kind: if random.below(2) == 0 { MinutiaKind::Ending } else { MinutiaKind::Bifurcation },
            })
            .collect();
        template.views.push(FingerView { minutiae, ..FingerView::default() });
        template
    };
    (1..=count).map(random_template).collect()
}
