//! Which pairs of fingers of a subject the fine stage compares.
//!
//! Always those of equal position, and those that brought the subject up. The others would be a hundred pairs of a subject with
//! ten fingers, and most subjects come up by chance; so pairs of other positions are compared only where a pair that brought
//! the subject up says that they may matter:
//!
//! - one of unknown position that speaks for mates at all: all pairs with an unknown position;
//! - one of mirrored positions that outweighs what a mix-up costs: all mirrored pairs;
//! - one of any other positions that does: all pairs.

use super::{Alignment, FingerCandidate, ProbeFinger, Searched, SubjectCandidate};
use crate::engine::EngineError;
use std::collections::BTreeMap;
use whorl_gallery::Entry;
use whorl_matcher::fine;
use whorl_matcher::fusion::{self, MIX_UP_PENALTY, Place};
use whorl_matcher::{Record, taps};

/// What all subjects of a search have in common.
pub(super) struct Plan<'a> {
    pub(super) fingers: &'a [ProbeFinger],
    pub(super) backgrounds: &'a [Option<u16>],
    pub(super) gate: u8,
    /// Whether alignments are kept.
    pub(super) alignments: bool,
    pub(super) searched: Searched<'a>,
}

/// One fine comparison.
struct Compared {
    coarse_score: u16,
    llr: f64,
    correspondences: usize,
    alignment: Option<Alignment>,
}

/// A subject's reference.
struct Reference {
    index: u32,
    position: u8,
    record: Record,
}

/// Fine comparisons by finger of the probe and number of the reference.
type Table = BTreeMap<(usize, usize), Compared>;

impl Plan<'_> {
    /// Compares the fingers of a subject that `hits` (finger of the probe, gallery index) brought up. The second value is the
    /// number of comparisons.
    pub(super) fn compare(&self, subject: u32, hits: &[(usize, u32)]) -> Result<(SubjectCandidate, u64), EngineError> {
        let indices = self.searched.directory.references_of(subject);
        let references = indices.iter().map(|&index| self.reference(index));
        let references: Vec<Reference> = references.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        let mut table = Table::new();
        let hits: Vec<(usize, usize)> = hits
            .iter()
            .filter_map(|&(finger, index)| Some((finger, references.iter().position(|r| r.index == index)?)))
            .collect();
        let place = |(finger, nth): (usize, usize)| Place::of(self.fingers[finger].position, references[nth].position);
        let all: Vec<(usize, usize)> =
            (0..self.fingers.len()).flat_map(|finger| (0..references.len()).map(move |nth| (finger, nth))).collect();
        for &pair in hits.iter().chain(all.iter().filter(|&&pair| place(pair) == Place::Declared)) {
            self.enter(&mut table, pair, &references)?;
        }
        // Hits are few, and each may widen what is compared.
        for &hit in &hits {
            let llr = table.get(&hit).map_or(fusion::LLR_MIN, |compared| compared.llr);
            let wider = |pair: Place| match place(hit) {
                Place::Declared => false,
                Place::Unknown => llr > 0.0 && pair == Place::Unknown,
                Place::Mirrored => llr > MIX_UP_PENALTY && matches!(pair, Place::Mirrored | Place::Unknown),
                Place::Elsewhere => llr > MIX_UP_PENALTY,
            };
            for &pair in all.iter().filter(|&&pair| wider(place(pair))) {
                self.enter(&mut table, pair, &references)?;
            }
        }
        Ok((self.candidate(subject, &references, &table), table.len() as u64))
    }

    /// `None` of a reference that was withdrawn meanwhile.
    fn reference(&self, index: u32) -> Result<Option<Reference>, EngineError> {
        let missing = EngineError::Directory { index };
        let entry = self.searched.directory.entry(index);
        let bytes = self.searched.shards.iter().find_map(|shard| shard.record(index));
        let (Some(entry), Some(bytes)) = (entry, bytes) else { return Err(missing) };
        let Entry::Enrolled(enrolled) = entry else { return Ok(None) };
        let (record, _) = Record::from_bytes(bytes)?;
        Ok(Some(Reference { index, position: enrolled.position, record }))
    }

    fn enter(&self, table: &mut Table, pair: (usize, usize), references: &[Reference]) -> Result<(), EngineError> {
        if table.contains_key(&pair) {
            return Ok(());
        }
        let (probe, record) = (&self.fingers[pair.0].probe, &references[pair.1].record);
        let taps = taps(probe, record, self.gate)?;
        let found = fine::compare_tapped(probe, record, &taps, self.gate)?;
        let compared = Compared {
            coarse_score: taps.comparison.score,
            llr: fusion::log_likelihood_ratio(found.log_odds, self.backgrounds[pair.0]),
            correspondences: found.measurement.correspondences.len(),
            alignment: self.alignments.then(|| Alignment {
                transform: found.measurement.transform,
                pairs: found.measurement.correspondences.iter().map(|c| (c.probe, c.reference)).collect(),
            }),
        };
        table.insert(pair, compared);
        Ok(())
    }

    fn candidate(&self, subject: u32, references: &[Reference], table: &Table) -> SubjectCandidate {
        let probe: Vec<u8> = self.fingers.iter().map(|finger| finger.position).collect();
        let positions: Vec<u8> = references.iter().map(|reference| reference.position).collect();
        let fused = fusion::fuse(&probe, &positions, |p, r| table.get(&(p, r)).map(|compared| compared.llr));
        let finger = |c: &fusion::Contribution| {
            let compared = table.get(&(c.probe, c.reference))?;
            Some(FingerCandidate {
                finger: c.probe,
                probe_position: probe[c.probe],
                index: references[c.reference].index,
                reference_position: positions[c.reference],
                place: c.place,
                coarse_score: compared.coarse_score,
                llr: c.llr,
                correspondences: compared.correspondences,
                alignment: compared.alignment.clone(),
            })
        };
        SubjectCandidate {
            subject,
            llr: fused.llr,
            positions: fused.positions,
            penalty: fused.penalty,
            coarse_score: table.values().map(|compared| compared.coarse_score).max().unwrap_or(0),
            fingers: fused.fingers.iter().filter_map(finger).collect(),
        }
    }
}
