//! Verilates the card once per configuration and compiles it behind `src/model/card.cpp`.
//!
//! That takes minutes, and cargo asks for it once for each profile, and for clippy. So the library is kept in the target
//! folder under a hash of all that it is made from, and made again only where none of that hash is there.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::time::SystemTime;
use std::{env, fs, io};

/// Streams, engines per stream; a channel of card memory for each stream. The list that the crate knows is
/// `model::CONFIGURATIONS`.
const CONFIGURATIONS: [(u8, u8); 2] = [(1, 1), (2, 2)];
/// Built with the feature `wide` only.
const WIDE: [(u8, u8); 2] = [(4, 4), (1, 8)];
const TOP: &str = "whorl_core";
/// Library that is linked.
const LIBRARY: &str = "libwhorl_model.a";
/// Libraries kept: two builds of two branches.
const KEPT: usize = 4;

/// What the model is built with.
#[derive(Clone, Copy, Hash)]
struct Features {
    trace: bool,
    assertions: bool,
}

fn main() {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = crate_dir.join("..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/model");
    println!("cargo:rerun-if-changed=../hdl");
    println!("cargo:rerun-if-env-changed=WHORL_VERILATOR");
    let features = Features {
        trace: env::var_os("CARGO_FEATURE_TRACE").is_some(),
        assertions: env::var_os("CARGO_FEATURE_ASSERTIONS").is_some(),
    };
    let mut configurations = CONFIGURATIONS.to_vec();
    if env::var_os("CARGO_FEATURE_WIDE").is_some() {
        configurations.extend(WIDE);
    }

    let verilator = find_verilator(&root);
    let model = crate_dir.join("src/model");
    // OUT_DIR is target/<profile>/build/<package>/out.
    let store = out.ancestors().nth(4).expect("cargo's folders").join("whorl-model");
    let library =
        store.join(format!("{:016x}", hash_inputs(&root, &model, &verilator, &configurations, features))).join(LIBRARY);
    if !library.is_file() {
        let built = build_model(&root, &model, &verilator, &out, &configurations, features);
        keep(&built, &library).unwrap_or_else(|error| fail(&format!("{}: {error}", library.display())));
    }

    println!("cargo:rustc-link-search=native={}", library.parent().expect("a folder").display());
    println!("cargo:rustc-link-lib=static=whorl_model");
    println!("cargo:rustc-link-lib=dylib=stdc++");
    if features.trace {
        println!("cargo:rustc-link-lib=dylib=lz4");
        println!("cargo:rustc-link-lib=dylib=z");
    }
}

/// Makes the library in `out` and returns where.
fn build_model(
    root: &Path,
    model: &Path,
    verilator: &Path,
    out: &Path,
    configurations: &[(u8, u8)],
    features: Features,
) -> PathBuf {
    let include = PathBuf::from(verilator_root(verilator)).join("include");
    let mut objects = Vec::new();
    let mut runtime = Vec::new();
    for &(streams, probes) in configurations {
        let name = format!("whorl_{streams}x{probes}");
        let class = format!("V{name}");
        let generated = out.join(&name);
        verilate(verilator, root, &generated, &class, (streams, probes), features);
        let classes = Classes::read(&generated.join(format!("{class}_classes.mk")));
        let includes: [&Path; 4] = [&include, &include.join("vltstd"), &generated, model];
        let base = |opt_level| compiler(&includes, opt_level, features.trace);
        // Time is spent in the fast files; the slow ones run once, at the start, and are as much work to optimise.
        let fast = [classes.paths("VM_CLASSES_FAST", &generated), classes.paths("VM_SUPPORT_FAST", &generated)];
        let slow = [classes.paths("VM_CLASSES_SLOW", &generated), classes.paths("VM_SUPPORT_SLOW", &generated)];
        objects.extend(base(3).files(fast.concat()).compile_intermediates());
        objects.extend(base(0).files(slow.concat()).compile_intermediates());
        let mut shim = base(2);
        shim.define("MODEL", class.as_str()).define("CARD(x)", format!("{name}_##x").as_str());
        shim.define("CHANNELS", streams.to_string().as_str());
        // One source for all models: each object needs a folder of its own.
        let folder = out.join(format!("{name}_shim"));
        fs::create_dir_all(&folder).unwrap_or_else(|error| fail(&format!("{}: {error}", folder.display())));
        objects.extend(shim.out_dir(folder).file(model.join("card.cpp")).compile_intermediates());
        runtime = [classes.paths("VM_GLOBAL_FAST", &include), classes.paths("VM_GLOBAL_SLOW", &include)].concat();
    }
    let mut library = compiler(&[&include, &include.join("vltstd"), model], 2, features.trace);
    // The ways in which the run time ends a process are replaced in failure.cpp.
    library.define("VL_USER_FINISH", None).define("VL_USER_STOP", None).define("VL_USER_FATAL", None);
    library.files(runtime).file(model.join("failure.cpp")).objects(objects).compile("whorl_model");
    out.join(LIBRARY)
}

/// A hash of everything that the library is made from.
fn hash_inputs(root: &Path, model: &Path, verilator: &Path, configurations: &[(u8, u8)], features: Features) -> u64 {
    let mut hasher = DefaultHasher::new();
    include_bytes!("build.rs").hash(&mut hasher);
    (configurations, features).hash(&mut hasher);
    verilator.hash(&mut hasher);
    run(Command::new(verilator).arg("--version")).hash(&mut hasher);
    for variable in ["CXX", "CXXFLAGS", "TARGET"] {
        env::var_os(variable).hash(&mut hasher);
    }
    for folder in [&root.join("hdl"), model] {
        hash_folder(folder, &mut hasher).unwrap_or_else(|error| fail(&format!("{}: {error}", folder.display())));
    }
    hasher.finish()
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            hash_folder(&path, hasher)?;
        } else {
            path.file_name().hash(hasher);
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}

/// Moves `built` to `library` in one step, for another build may look for it, and removes the oldest of the others.
fn keep(built: &Path, library: &Path) -> io::Result<()> {
    let folder = library.parent().expect("a folder");
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("unfinished-{}", std::process::id()));
    fs::copy(built, &unfinished)?;
    fs::rename(&unfinished, library)?;
    let mut others: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder.parent().expect("a folder"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path != folder)
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    others.sort();
    for (_, path) in others.iter().rev().skip(KEPT - 1) {
        let _ = fs::remove_dir_all(path); // another build may do the same
    }
    Ok(())
}

/// The Verilator of `WHORL_VERILATOR`, else the one that `make setup` installs.
fn find_verilator(root: &Path) -> PathBuf {
    let given = env::var_os("WHORL_VERILATOR").map(PathBuf::from);
    let verilator = given.unwrap_or_else(|| root.join(".venv/bin/verilator"));
    if !verilator.is_file() {
        fail(&format!(
            "there is no Verilator at {}. Run `make setup`, or name another with WHORL_VERILATOR",
            verilator.display()
        ));
    }
    verilator
}

fn verilator_root(verilator: &Path) -> String {
    run(Command::new(verilator).args(["--getenv", "VERILATOR_ROOT"])).trim().to_owned()
}

fn verilate(
    verilator: &Path,
    root: &Path,
    generated: &Path,
    class: &str,
    (streams, probes): (u8, u8),
    features: Features,
) {
    // Files of an earlier run, split another way, would be compiled too.
    if generated.exists() {
        fs::remove_dir_all(generated).unwrap_or_else(|error| fail(&format!("{}: {error}", generated.display())));
    }
    let mut command = Command::new(verilator);
    command.current_dir(root).args(["--cc", "-O3", "-Wno-fatal", "--top-module", TOP]);
    command.args(["--x-assign", "fast", "--x-initial", "fast"]);
    command.arg("--prefix").arg(class).arg("--Mdir").arg(generated);
    command.arg(format!("-GStreams={streams}")).arg(format!("-GProbes={probes}")).arg(format!("-GChannels={streams}"));
    // Cases that must match, too: without this Verilator takes their promise.
    command.arg(if features.assertions { "--assert" } else { "-DWHORL_NO_ASSERTIONS" });
    if features.trace {
        command.arg("--trace-fst");
    }
    command.args(["hdl/lint/verilator.vlt", "sim/src/model/public.vlt", "-f", "hdl/hdl.f"]);
    run(&mut command);
}

fn compiler(includes: &[&Path], opt_level: u32, trace: bool) -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20").opt_level(opt_level).debug(false).warnings(false).includes(includes);
    build.cargo_metadata(false); // libraries are named to the linker once, at the end
    // Assertions of the model stay; those of Verilator's own library would cost half the speed.
    let tracing = if trace { "1" } else { "0" };
    build.define("NDEBUG", None).define("VM_TRACE", tracing).define("VM_TRACE_FST", tracing);
    build.define("VM_COVERAGE", "0").define("VM_SC", "0").define("VL_TIME_CONTEXT", None);
    build
}

/// Lists of files from the makefile fragment that Verilator writes for other build systems.
struct Classes(String);

impl Classes {
    fn read(path: &Path) -> Self {
        Self(fs::read_to_string(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display()))))
    }

    /// C++ files of the variable `list`, in `folder`.
    fn paths(&self, list: &str, folder: &Path) -> Vec<PathBuf> {
        let mut lines =
            self.0.lines().skip_while(|line| *line != format!("{list} += \\") && *line != format!("{list} = \\"));
        lines.next();
        let names =
            lines.take_while(|line| line.starts_with([' ', '\t'])).map(|line| line.trim_end_matches('\\').trim());
        names.filter(|name| !name.is_empty()).map(|name| folder.join(format!("{name}.cpp"))).collect()
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| fail(&format!("{command:?}: {error}")));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        fail(&format!("{command:?} failed\n{}{}", text(&output.stdout), text(&output.stderr)));
    }
    text(&output.stdout)
}

fn fail(what: &str) -> ! {
    eprintln!("whorl-sim: {what}");
    exit(1)
}
