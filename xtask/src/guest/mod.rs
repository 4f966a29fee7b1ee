//! `cargo xtask guest`: the driver under a stock kernel's `vfio-pci`, in a virtual machine whose cards are simulated.
//!
//! # Layout
//! - `packages`: QEMU and a kernel, from Debian. `initramfs`: the guest's files. `machine`: the two, run.
//! - `report`: what the guest says that it has done.
//!
//! What is done inside is `sim/guest`.

mod initramfs;
mod machine;
mod packages;
mod report;

use crate::card::SimulatedCard;
use crate::fences;
use crate::shell::{self, TaskError, read, root};
use initramfs::Initramfs;
use machine::{CONSOLE, Machine, REPORT};
use packages::{Fetched, Packages};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The guest's programs.
const PROGRAMS: [&str; 2] = ["whorl", "whorl-guest"];
/// Everything of a run, relative to the root: paths of sockets must be short.
const RUN: &str = "target/guest/run";
/// Cards of the machine.
const CARDS: usize = 2;
/// Page whose blocks of this kind are run in the guest.
const PAGE: &str = "docs/operations.md";
const GUEST_BLOCK: &str = "sh guest";
/// Where the guest has them, a file each.
const BLOCKS: &str = "operations";
/// Modules of the kernel by their places below `kernel/`, each after those that it depends on.
const MODULES: [&str; 5] = [
    "virt/lib/irqbypass",
    "drivers/vfio/vfio",
    "drivers/vfio/vfio_iommu_type1",
    "drivers/vfio/pci/vfio-pci-core",
    "drivers/vfio/pci/vfio-pci",
];
/// Lines of the console that a failure shows.
const TAIL: usize = 40;

/// Options of `cargo xtask guest`.
#[derive(clap::Args)]
pub struct Options {
    /// The `whorl` program that simulates the cards
    #[arg(long, default_value = "target/release/whorl")]
    whorl: PathBuf,
    /// Folder for QEMU and the kernel [default: whorl/guest in $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Fingers of the gallery
    #[arg(long, default_value_t = 320)]
    fingers: u32,
    /// Give the machine up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    bound: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Boots the machine and checks what it reports; everything of the run stays in target/guest/run until the next.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let packages = match fetch(options)? {
        Fetched::Ready(packages) => packages,
        Fetched::Unavailable(reason) => {
            let text = if options.json { json!({"skipped": reason}).to_string() } else { format!("skipped: {reason}") };
            println!("{text}");
            return Ok(());
        }
    };
    let folder = root().join(RUN);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(TaskError::file(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(TaskError::file(&folder))?;
    build()?;
    let initramfs = Path::new(RUN).join("initramfs");
    fs::write(root().join(&initramfs), guest_files(options, &packages, &folder)?).map_err(TaskError::file(&folder))?;

    let sockets: Vec<PathBuf> = (0..CARDS).map(|nth| Path::new(RUN).join(format!("card{nth}.sock"))).collect();
    let start = |socket: &PathBuf| {
        SimulatedCard::start(&options.whorl, socket, Some(&root().join(socket).with_extension("log")))
    };
    let cards: Vec<SimulatedCard> = sockets.iter().map(start).collect::<Result<_, _>>()?;
    let started = Instant::now();
    let machine = Machine { packages: &packages, initramfs: &initramfs, sockets: &sockets, folder: Path::new(RUN) };
    let ended = machine.run(Duration::from_secs(options.bound))?;
    let seconds = started.elapsed().as_secs_f64();
    drop(cards);

    // A machine that did not start left no report.
    let steps = report::parse(&read(&folder.join(REPORT)).unwrap_or_default());
    let kernel = packages.kernel_version();
    let qemu = qemu_version(&packages)?;
    if options.json {
        println!("{}", json!({"kernel": kernel, "qemu": qemu, "seconds": seconds, "steps": steps}));
    } else {
        println!("kernel {kernel} in QEMU {qemu}, {CARDS} simulated cards, {seconds:.1} s\n{}", report::table(&steps));
    }
    let failures = report::failures(&steps);
    let cause = match ended {
        None => format!("it did not end within {} s", options.bound),
        Some(status) if !status.success() => format!("QEMU ended with {status}"),
        Some(_) if failures.is_empty() => return Ok(()),
        Some(_) => format!("not passed: {}", failures.join(", ")),
    };
    for log in ["qemu.log", CONSOLE] {
        eprintln!("--- end of {RUN}/{log}\n{}", tail(&folder.join(log)));
    }
    Err(TaskError::Check(format!("the guest failed: {cause}; {RUN} has all logs")))
}

fn fetch(options: &Options) -> Result<Fetched, TaskError> {
    if !cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
        return Ok(Fetched::Unavailable("the guest's kernel is Debian's for amd64".into()));
    }
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = || Some(std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?.join("whorl/guest"));
    match options.cache.clone().or_else(cache) {
        Some(cache) => packages::fetch(&cache),
        None => Ok(Fetched::Unavailable("there is neither $XDG_CACHE_HOME nor $HOME; give --cache".into())),
    }
}

/// Builds the guest's programs, as everybody else's.
fn build() -> Result<(), TaskError> {
    shell::cargo(&["build", "--release", "--bin", "whorl", "--bin", "whorl-guest"])
}

/// Adds the programs, and the shared libraries that they need where they look for them: the guest has none.
fn add_programs(files: &mut Initramfs, folder: &Path) -> Result<(), TaskError> {
    let mut libraries = BTreeSet::new();
    for program in PROGRAMS {
        let (built, stripped) = (root().join("target/release").join(program), folder.join(program));
        shell::run(Command::new("strip").arg("-o").arg(&stripped).arg(&built))?;
        files.program(&format!("bin/{program}"), &stripped)?;
        let needed = shell::output(Command::new("ldd").arg(&built))?;
        libraries.extend(needed.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
    }
    let place = |library: &String| library.trim_start_matches('/').to_owned();
    files.folders(libraries.iter().map(place));
    libraries.iter().try_for_each(|library| files.program(&place(library), Path::new(library)))
}

/// The guest's file system: programs, modules, a gallery and probes.
fn guest_files(options: &Options, packages: &Packages, folder: &Path) -> Result<Vec<u8>, TaskError> {
    let mut files = Initramfs::default();
    for empty in ["bin", "dev", "etc", "proc", "run", "sys", "tmp", BLOCKS] {
        files.folder(empty);
    }
    files.program("init", &root().join("sim/guest/init"))?;
    files.program("bin/busybox", &packages.busybox())?;
    add_programs(&mut files, folder)?;
    add_modules(&mut files, packages)?;
    for (name, contents) in operations(&read(&root().join(PAGE))?)? {
        files.file(&name, contents.as_bytes());
    }
    // One impression of each finger to search in, another of a few to search for.
    for (name, fingers, impression) in [("gallery", options.fingers, "1"), ("probes", 4, "2")] {
        let out = folder.join(name);
        let mut synth = Command::new(&options.whorl);
        synth.args(["synth", "--seed", "4", "--fingers", &fingers.to_string(), "--first-impression", impression]);
        shell::output(synth.arg("--out").arg(&out))?;
        files.copy_folder(name, &out)?;
    }
    Ok(files.finish())
}

/// Puts the modules where `modprobe` looks for them, with the list that it goes by. Each is said to need all before it.
fn add_modules(files: &mut Initramfs, packages: &Packages) -> Result<(), TaskError> {
    let base = format!("lib/modules/{}", packages.kernel_version());
    let places: Vec<String> = MODULES.iter().map(|module| format!("kernel/{module}.ko")).collect();
    files.folders(places.iter().map(|place| format!("{base}/{place}")));
    let mut list = String::new();
    for (nth, (module, place)) in MODULES.iter().zip(&places).enumerate() {
        files.file(&format!("{base}/{place}"), &packages.module(module)?);
        let needed: Vec<&str> = places[..nth].iter().rev().map(String::as_str).collect();
        list.extend([place, ": ", &needed.join(" "), "\n"]);
    }
    files.file(&format!("{base}/modules.dep"), list.as_bytes());
    Ok(())
}

/// Files of the guest with the blocks of `page` that are for it; their names are in the order of the page.
fn operations(page: &str) -> Result<Vec<(String, String)>, TaskError> {
    let blocks = fences::blocks(page).map_err(|error| TaskError::Check(format!("{PAGE}: {error}")))?;
    let blocks = blocks.into_iter().filter(|block| block.kind == GUEST_BLOCK);
    let files: Vec<_> = blocks.map(|block| (format!("{BLOCKS}/line-{:04}", block.line), block.contents)).collect();
    if files.is_empty() {
        return Err(TaskError::Check(format!("{PAGE} has no block of `{GUEST_BLOCK}`")));
    }
    Ok(files)
}

fn qemu_version(packages: &Packages) -> Result<String, TaskError> {
    let text = shell::output(packages.qemu().arg("--version"))?;
    let version = text.split_whitespace().skip_while(|word| *word != "version").nth(1);
    Ok(version.unwrap_or("of unknown version").to_owned())
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
