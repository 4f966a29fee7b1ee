//! The sets of templates that are put beside each other: synthetic ones and, where they are at hand, real ones.

use crate::comparisons::Owner;
use std::fs;
use std::path::{Path, PathBuf};
use whorl_synth::{Distortion, Population, SynthError};
use whorl_template::{LengthCheck, Template, iso19794_2_2005};

/// Seed of the published figures.
pub const SEED: u64 = 2026;

/// Templates, and whose each is.
#[derive(Debug, Clone, Default)]
pub struct Set {
    pub templates: Vec<Template>,
    pub owners: Vec<Owner>,
}

/// `fingers` synthetic fingers, eight impressions of each.
///
/// # Errors
/// [`SynthError`] if the distortion is refused.
pub fn synthetic(fingers: u32, distortion: Distortion) -> Result<Set, SynthError> {
    let mut set = Set::default();
    for impression in Population::new(SEED, fingers, 8, distortion)?.iter() {
        set.templates.push(impression.template);
        set.owners.push(Owner { finger: impression.finger, database: 0 });
    }
    Ok(set)
}

/// Where real test data is: `WHORL_DATA`, else `../shared/data` beside the repository.
pub fn data_folder() -> PathBuf {
    std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}

/// The FVC2002 and FVC2004 templates of one extractor, or `None` if they are not at hand.
///
/// FVC2002 DB3 finger 108 and FVC2004 DB3 finger 102 are the same finger; their owners say so.
pub fn fvc(data: &Path, extractor: &str) -> Option<Set> {
    let mut set = Set::default();
    for (database, folder) in ["fvc2002/DB1_B", "fvc2002/DB3_B", "fvc2004/DB1_B", "fvc2004/DB3_B"].iter().enumerate() {
        let folder = data.join("fvc").join(extractor).join(folder);
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).ok()?.map(|e| e.ok().map(|e| e.path())).collect::<Option<_>>()?;
        paths.sort();
        for path in paths {
            let finger: u32 = path.file_stem()?.to_str()?.split('_').next()?.parse().ok()?;
            let number = 1000 * database as u32 + finger;
            let finger = if number == 3102 { 1108 } else { number };
            set.owners.push(Owner { finger, database: database as u32 });
            set.templates.push(iso19794_2_2005::read(&fs::read(path).ok()?, LengthCheck::Lenient).ok()?);
        }
    }
    Some(set)
}
