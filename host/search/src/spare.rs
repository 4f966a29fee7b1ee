//! An engine with another that does its work again where it was found to be broken.

use crate::engine::{Answer, Engine, EngineError, Search};
use std::sync::Arc;
use tracing::warn;
use whorl_gallery::Shard;

/// Both engines hold the same shards; the spare is asked only where an engine of the first gave wrong scores.
pub struct SparedEngine {
    first: Box<dyn Engine>,
    spare: Box<dyn Engine>,
}

impl SparedEngine {
    /// `first` with `spare` behind it.
    pub fn new(first: Box<dyn Engine>, spare: Box<dyn Engine>) -> Self {
        Self { first, spare }
    }
}

impl std::fmt::Debug for SparedEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SparedEngine").field("first", &self.first.name()).field("spare", &self.spare.name()).finish()
    }
}

impl Engine for SparedEngine {
    fn name(&self) -> &str {
        self.first.name()
    }

    fn probes_per_pass(&self) -> usize {
        self.first.probes_per_pass()
    }

    fn resident_bytes(&self) -> u64 {
        self.first.resident_bytes()
    }

    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.first.load(Arc::clone(&shard))?;
        self.spare.load(shard)
    }

    fn clear(&mut self) {
        self.first.clear();
        self.spare.clear();
    }

    /// Answers of the spare say so in [`Answer::redone`].
    fn search(&mut self, search: &Search) -> Result<Vec<Answer>, EngineError> {
        match self.first.search(search) {
            Err(error) if error.is_wrong_scores() => {
                warn!(%error, spare = self.spare.name(), "the search is done again");
                let redone = format!("{error}; done again by {}", self.spare.name());
                let mut answers = self.spare.search(search)?;
                for answer in &mut answers {
                    answer.redone = Some(redone.clone());
                }
                Ok(answers)
            }
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CpuEngine;
    use whorl_device::DeviceError;
    use whorl_gallery::ShardBuilder;
    use whorl_layout::Status;
    use whorl_matcher::{Backend, Probe, Record};

    /// Holds shards and fails.
    struct Broken(fn() -> EngineError);

    impl Engine for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn probes_per_pass(&self) -> usize {
            4
        }
        fn load(&mut self, _: Arc<Shard>) -> Result<(), EngineError> {
            Ok(())
        }
        fn clear(&mut self) {}
        fn search(&mut self, _: &Search) -> Result<Vec<Answer>, EngineError> {
            Err((self.0)())
        }
    }

    fn searched(error: fn() -> EngineError) -> Result<Vec<Answer>, EngineError> {
        let cpu = Box::new(CpuEngine::new(Backend::Portable));
        let mut engine = SparedEngine::new(Box::new(Broken(error)), cpu);
        let empty = Record { minutiae: Vec::new() };
        let mut builder = ShardBuilder::new(0);
        builder.push(&empty.to_bytes()).expect("a record");
        engine.load(Arc::new(builder.finish())).expect("both take it");
        assert_eq!((engine.name(), engine.probes_per_pass()), ("broken", 4));
        engine.search(&Search::new(vec![Probe::new(&empty).expect("a probe")], 3))
    }

    #[test]
    fn wrong_scores_are_redone_and_nothing_else() {
        let known =
            || EngineError::KnownAnswer { engine: "broken".into(), stream: 1, probe_slot: 2, found: 3, expected: 4 };
        let answers = searched(known).expect("the spare answers");
        assert_eq!((answers.len(), answers[0].comparisons), (1, 1));
        let redone = answers[0].redone.clone().expect("it says so");
        assert!(redone.contains("stream 1, probe slot 2") && redone.contains("cpu"), "{redone}");
        let parity = || DeviceError::Command { status: Status::ProbeParity, detail: 0x102 }.into();
        assert!(searched(parity).expect("the spare answers")[0].redone.is_some());
        let crc = || DeviceError::Command { status: Status::CrcMismatch, detail: 0 }.into();
        assert!(matches!(searched(crc), Err(EngineError::Device(_))));
    }
}
