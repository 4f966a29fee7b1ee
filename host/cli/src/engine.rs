//! `--engine`: what it may say, and the engine that it names.

use crate::error::CliError;
use crate::telemetry;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use whorl_device::{Device, DeviceError, Transport};
use whorl_search::{CardEngine, CpuEngine, Engine, EngineError};

/// Where comparisons are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineChoice {
    /// This machine's processor.
    Cpu,
    /// A simulated card in this process.
    Sim(SimChoice),
    /// A card at a vfio-user socket.
    Unix(PathBuf),
    /// A card bound to vfio-pci.
    Vfio(String),
}

/// Shape and link of a simulated card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimChoice {
    /// Record streams.
    pub streams: u8,
    /// Engines per stream.
    pub probes: u8,
    /// The link model's fields that differ from their defaults: latency in nanoseconds, bytes per cycle, reads in flight.
    pub link: [Option<u64>; 3],
    /// Kind of card memory, as `--memory` of `whorl sim` has it.
    pub memory: MemoryKind,
    /// Card memory's fields that differ from those of its kind: MiB per channel, latency in nanoseconds, bytes per cycle.
    pub memory_fields: [Option<u64>; 3],
}

/// What card memory a simulated card has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum MemoryKind {
    /// A DIMM of DDR4-2400 on each channel
    #[default]
    Ddr4,
    /// A pseudo channel of HBM2 on each channel
    Hbm2,
}

/// Text for `--help`.
pub const HELP: &str = "\
Where to compare: `cpu`; `unix:SOCKET` for a card behind a vfio-user socket (as `whorl sim` serves); `vfio:BDF` for a \
card bound to vfio-pci; `sim[:SxP][,latency_ns=N][,bytes_per_cycle=N][,reads=N][,memory=ddr4|hbm2][,memory_mib=N][,memory_latency_ns=N]\
[,memory_bytes_per_cycle=N]` for a simulated card of S streams and P probes in this process, with a channel of card \
memory for each stream";

/// Text for the `--help` of commands that take several.
pub const POOL_HELP: &str = "\
Where to compare; given several times, the engines share the work, and what one of them fails the others do. `cpu`; \
`unix:SOCKET` for a card behind a vfio-user socket (as `whorl sim` serves); `vfio:BDF` for a card bound to vfio-pci; \
`sim[:SxP][,latency_ns=N][,bytes_per_cycle=N][,reads=N][,memory=ddr4|hbm2][,memory_mib=N][,memory_latency_ns=N]\
[,memory_bytes_per_cycle=N]` for a simulated card of S streams and P probes in this process. Where no `cpu` is given it \
does what all cards fail, unless `--no-spare` is given";

/// Fields of the link, then of card memory, in the order of [`SimChoice`]'s arrays.
const SIM_FIELDS: [&str; 6] =
    ["latency_ns", "bytes_per_cycle", "reads", "memory_mib", "memory_latency_ns", "memory_bytes_per_cycle"];

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Sim(choice) => write!(f, "sim:{}x{}", choice.streams, choice.probes),
            Self::Unix(socket) => write!(f, "unix:{}", socket.display()),
            Self::Vfio(bdf) => write!(f, "vfio:{bdf}"),
        }
    }
}

impl FromStr for EngineChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) =
            text.split_once([':', ',']).map_or((text, None), |(kind, _)| (kind, Some(&text[kind.len()..])));
        match (kind, rest) {
            ("cpu", None) => Ok(Self::Cpu),
            ("sim", rest) => sim_choice(rest.unwrap_or("")).map(Self::Sim),
            ("unix", Some(rest)) if rest.len() > 1 && rest.starts_with(':') => Ok(Self::Unix(rest[1..].into())),
            ("vfio", Some(rest)) if rest.len() > 1 && rest.starts_with(':') => Ok(Self::Vfio(rest[1..].into())),
            _ => Err("must be cpu, sim, sim:SxP, unix:SOCKET or vfio:BDF (as vfio:0000:3b:00.0)".into()),
        }
    }
}

fn sim_choice(rest: &str) -> Result<SimChoice, String> {
    let mut choice =
        SimChoice { streams: 1, probes: 1, link: [None; 3], memory: MemoryKind::default(), memory_fields: [None; 3] };
    for (nth, part) in rest.trim_start_matches([':', ',']).split(',').filter(|p| !p.is_empty()).enumerate() {
        if let Some(("memory", kind)) = part.split_once('=') {
            choice.memory = clap::ValueEnum::from_str(kind, false)?;
        } else if let Some((name, value)) = part.split_once('=') {
            let place = SIM_FIELDS.iter().position(|field| *field == name).ok_or_else(|| {
                format!("{name} is no field of a simulated card; there are {}", SIM_FIELDS.join(", "))
            })?;
            let field = choice.link.iter_mut().chain(&mut choice.memory_fields).nth(place);
            let value = value.parse().map_err(|_| format!("{name}={value} is no number"))?;
            *field.ok_or("a field without a place")? = Some(value);
        } else {
            let shape = part.split_once('x').and_then(|(s, p)| Some((s.parse().ok()?, p.parse().ok()?)));
            (choice.streams, choice.probes) = shape
                .filter(|_| nth == 0)
                .ok_or_else(|| format!("`{part}` is no card shape; write streams x probes, as in sim:2x2"))?;
        }
    }
    Ok(choice)
}

/// The way to a card, the card's name, and the simulator that must live as long.
pub type Reached = (Box<dyn Transport>, String, Option<Arc<Simulator>>);

/// An open engine and what must live as long as it.
pub struct OpenEngine {
    /// The engine.
    pub engine: Box<dyn Engine>,
    _simulator: Option<Arc<Simulator>>,
}

impl EngineChoice {
    /// The engine, ready for shards; `resident` ones are copied into card memory.
    pub fn open(&self, resident: bool) -> Result<OpenEngine, CliError> {
        self.way()?.open_engine(resident)
    }

    /// The card behind the engine.
    pub fn open_device(&self) -> Result<(Device, String, Option<Arc<Simulator>>), CliError> {
        let way = self.way()?;
        Ok((way.open_device()?, way.name(), way.simulator))
    }

    /// The way to the card behind the engine, with nothing done to the card.
    pub fn open_transport(&self) -> Result<Reached, CliError> {
        let way = self.way()?;
        Ok((way.card()?.transport().map_err(CliError::engine(&way.name()))?, way.name(), way.simulator))
    }

    /// A way to the engine, which can be opened many times. Starts the simulator where the engine is one.
    pub fn way(&self) -> Result<Way, CliError> {
        let simulator = match self {
            Self::Sim(choice) => Some(Arc::new(Simulator::start(choice)?)),
            _ => None,
        };
        Ok(Way { choice: self.clone(), simulator })
    }
}

/// What is needed to open an engine, now or later.
#[derive(Clone)]
pub struct Way {
    choice: EngineChoice,
    simulator: Option<Arc<Simulator>>,
}

impl Way {
    /// The engine's name in answers and messages.
    pub fn name(&self) -> String {
        match self.choice {
            EngineChoice::Cpu => "cpu".into(),
            _ => format!("card {}", self.choice),
        }
    }

    fn open_engine(self, resident: bool) -> Result<OpenEngine, CliError> {
        if self.choice == EngineChoice::Cpu {
            if resident {
                return Err(CliError::Usage("the CPU has no card memory; leave out --resident, or name a card".into()));
            }
            let engine = Box::new(CpuEngine::new(whorl_matcher::Backend::Auto));
            return Ok(OpenEngine { engine, _simulator: None });
        }
        let engine = self.open_card(resident).map_err(|source| CliError::Engine { engine: self.name(), source })?;
        Ok(OpenEngine { engine: Box::new(engine), _simulator: self.simulator })
    }

    fn open_device(&self) -> Result<Device, CliError> {
        self.card()?.connect().map_err(CliError::engine(&self.name()))
    }

    /// Itself, if it leads to a card.
    fn card(&self) -> Result<&Self, CliError> {
        if self.choice == EngineChoice::Cpu {
            return Err(CliError::Usage("the CPU is no card; name one with --engine".into()));
        }
        Ok(self)
    }

    /// Opens the card as an engine.
    pub fn open_card(&self, resident: bool) -> Result<CardEngine, EngineError> {
        let engine = CardEngine::new(self.connect()?, self.name());
        Ok(if resident { engine.resident() } else { engine })
    }

    fn transport(&self) -> Result<Box<dyn Transport>, DeviceError> {
        Ok(match (&self.choice, &self.simulator) {
            (EngineChoice::Vfio(bdf), _) => whorl_transport::vfio::open(bdf)?,
            (EngineChoice::Unix(socket), _) => whorl_transport::vfio_user::connect(socket)?,
            (_, Some(simulator)) => whorl_transport::vfio_user::connect(&simulator.socket)?,
            _ => return Err(DeviceError::InvalidRequest { what: format!("{} is no card", self.choice) }),
        })
    }

    /// Opens the card.
    pub fn connect(&self) -> Result<Device, DeviceError> {
        let mut device = Device::open(self.transport()?)?;
        // A card in this process cannot be named by another.
        if self.simulator.is_none() {
            telemetry::publish(&mut device, &self.choice.to_string());
        }
        Ok(device)
    }
}

/// A simulated card on a thread of this process; it ends with the process.
#[derive(Debug)]
pub struct Simulator {
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "sim")]
impl SimChoice {
    /// The link, with defaults for what was not given; more reads than the model has become its most.
    pub fn link_model(&self) -> whorl_sim::LinkModel {
        let default = whorl_sim::LinkModel::default();
        whorl_sim::LinkModel {
            latency_ns: self.link[0].unwrap_or(default.latency_ns),
            bytes_per_cycle: self.link[1].unwrap_or(default.bytes_per_cycle),
            reads_in_flight: self.link[2].map_or(default.reads_in_flight, |n| u16::try_from(n).unwrap_or(u16::MAX)),
        }
    }
}

#[cfg(feature = "sim")]
impl MemoryKind {
    /// The model of a channel, with fields that differ from those of the kind.
    pub fn model(
        self,
        [mib, latency_ns, bytes_per_cycle]: [Option<u64>; 3],
    ) -> Result<whorl_sim::MemoryModel, CliError> {
        let mut model = match self {
            Self::Ddr4 => whorl_sim::MemoryModel::DDR4,
            Self::Hbm2 => whorl_sim::MemoryModel::HBM2,
        };
        if let Some(mib) = mib {
            let bytes = mib.checked_mul(1 << 20);
            model.channel_bytes = bytes.ok_or_else(|| CliError::Usage(format!("{mib} MiB are too many")))?;
        }
        model.latency_ns = latency_ns.unwrap_or(model.latency_ns);
        model.bytes_per_cycle = bytes_per_cycle.unwrap_or(model.bytes_per_cycle);
        Ok(model)
    }
}

#[cfg(feature = "sim")]
impl Simulator {
    fn start(choice: &SimChoice) -> Result<Self, CliError> {
        let folder = tempfile::Builder::new().prefix("whorl-sim").tempdir()?;
        let socket = folder.path().join("card.sock");
        let options = whorl_sim::SimOptions {
            socket: socket.clone(),
            streams: choice.streams,
            probes: choice.probes,
            fst: None,
            link: choice.link_model(),
            memory: choice.memory.model(choice.memory_fields)?,
        };
        let simulator = whorl_sim::Simulator::new(&options, &whorl_sim::Faults::default())?;
        std::thread::Builder::new().name("whorl-sim".into()).spawn(move || simulator.serve())?;
        Ok(Self { socket, _folder: folder })
    }
}

#[cfg(not(feature = "sim"))]
impl Simulator {
    fn start(_: &SimChoice) -> Result<Self, CliError> {
        Err(CliError::Usage("this build has no simulated card; build with the `sim` feature".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<EngineChoice, String> {
        text.parse()
    }

    #[test]
    fn every_way_to_name_an_engine() {
        let plain = |streams, probes, link| {
            let (memory, memory_fields) = (MemoryKind::Ddr4, [None; 3]);
            SimChoice { streams, probes, link, memory, memory_fields }
        };
        let sim = |streams, probes, link| Ok(EngineChoice::Sim(plain(streams, probes, link)));
        assert_eq!(parsed("cpu"), Ok(EngineChoice::Cpu));
        assert_eq!(parsed("sim"), sim(1, 1, [None; 3]));
        assert_eq!(parsed("sim:2x4"), sim(2, 4, [None; 3]));
        assert_eq!(parsed("sim,latency_ns=0"), sim(1, 1, [Some(0), None, None]));
        assert_eq!(parsed("sim:1x1,bytes_per_cycle=64,reads=9"), sim(1, 1, [None, Some(64), Some(9)]));
        let hbm2 = SimChoice {
            memory: MemoryKind::Hbm2,
            memory_fields: [Some(1), Some(2), Some(3)],
            ..plain(2, 2, [None; 3])
        };
        let text = "sim:2x2,memory=hbm2,memory_mib=1,memory_latency_ns=2,memory_bytes_per_cycle=3";
        assert_eq!(parsed(text), Ok(EngineChoice::Sim(hbm2)));
        assert_eq!(parsed("unix:/a:b,c"), Ok(EngineChoice::Unix("/a:b,c".into())));
        assert_eq!(parsed("vfio:0000:3b:00.0"), Ok(EngineChoice::Vfio("0000:3b:00.0".into())));
    }

    #[test]
    fn what_names_no_engine_is_refused_with_the_choices() {
        for text in [
            "",
            "gpu",
            "cpu:1",
            "unix",
            "unix:",
            "vfio:",
            "sim:2",
            "sim:axb",
            "sim:1x1,2x2",
            "sim,depth=1",
            "sim,reads=x",
            "sim,memory=sram",
            "sim,memory_mib=-1",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
