//! QEMU, a kernel and a busybox from Debian, unpacked into a folder of their own: nothing of the machine is upgraded.
//!
//! The machine's own QEMU does not do: `vfio-user-pci` came with QEMU 10.1, which Debian's stable release takes from
//! backports. So apt is given a private state and a list of that release, at the mirror that the machine uses anyway.

use crate::shell::{TaskError, read, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Suite of the kernel and of whatever QEMU needs and backports has not.
const SUITE: &str = "trixie";
const BACKPORTS: &str = "trixie-backports";
/// Named by the kernel's metapackage: what it depends on is the kernel itself.
const KERNEL_METAPACKAGE: &str = "linux-image-cloud-amd64";
const KERNEL_PREFIX: &str = "linux-image-";
/// Beginning of the name of its file.
const KERNEL_FILE: &str = "vmlinuz-";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Written last, so that a folder that has it is whole. Its text is compared: what is fetched differently is fetched anew.
const STAMP: &str = "complete";
const RECIPE: &str =
    "qemu-system-x86 from trixie-backports, linux-image-cloud-amd64 and busybox-static from trixie; 1\n";

/// What a virtual machine is made of.
#[derive(Debug)]
pub struct Packages {
    root: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    modules: PathBuf, // a folder
}

/// Packages, or why they cannot be had here.
#[derive(Debug)]
pub enum Fetched {
    /// They are there.
    Ready(Packages),
    /// They are not, and that is no fault of the project.
    Unavailable(String),
}

/// Finds the packages in `cache`, or fetches them: 80 MB.
pub fn fetch(cache: &Path) -> Result<Fetched, TaskError> {
    let complete = cache.join(SUITE);
    if fs::read_to_string(complete.join(STAMP)).is_ok_and(|text| text == RECIPE) {
        return Packages::find(&complete).map(Fetched::Ready);
    }
    let Some(mirror) = debian_mirror(Path::new("/etc/apt")) else {
        return Ok(Fetched::Unavailable("/etc/apt names no Debian mirror".into()));
    };
    if !Path::new(KEYRING).is_file() {
        return Ok(Fetched::Unavailable(
            "the keys of Debian's archive (debian-archive-keyring) are not installed".into(),
        ));
    }
    eprintln!("fetching QEMU and a kernel of {SUITE} into {}", cache.display());
    let unfinished = cache.join(format!("unfinished-{}", std::process::id()));
    let fetched = Apt::new(&unfinished, &mirror).and_then(|apt| apt.fetch_all(&unfinished.join("root")));
    if let Err(refusal) = fetched {
        let _ = fs::remove_dir_all(&unfinished);
        return match refusal {
            Refusal::Fetch(reason) => Ok(Fetched::Unavailable(reason)),
            Refusal::Task(error) => Err(error),
        };
    }
    fs::remove_dir_all(unfinished.join("apt")).map_err(TaskError::file(&unfinished))?;
    write(&unfinished.join(STAMP), RECIPE)?;
    if complete.exists() {
        fs::remove_dir_all(&complete).map_err(TaskError::file(&complete))?;
    }
    fs::rename(&unfinished, &complete).map_err(TaskError::file(&complete))?;
    Packages::find(&complete).map(Fetched::Ready)
}

impl Packages {
    fn find(folder: &Path) -> Result<Self, TaskError> {
        let root = folder.join("root");
        let kernel = only_entry(&root.join("boot"), KERNEL_FILE)?;
        let modules = only_entry(&root.join("usr/lib/modules"), "")?;
        Ok(Self { root, kernel, modules })
    }

    /// QEMU with its own C library and firmware; the caller adds the machine.
    pub fn qemu(&self) -> Command {
        let mut command = Command::new(self.root.join("usr/lib64/ld-linux-x86-64.so.2"));
        command.arg("--library-path").arg(self.root.join("usr/lib/x86_64-linux-gnu"));
        command.arg(self.root.join("usr/bin/qemu-system-x86_64"));
        command.arg("-L").arg(self.root.join("usr/share/seabios")).arg("-L").arg(self.root.join("usr/share/qemu"));
        command
    }

    /// Version of the kernel, from its file's name.
    pub fn kernel_version(&self) -> String {
        let name = self.kernel.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(KERNEL_FILE).unwrap_or(&name).to_owned()
    }

    /// The kernel module at `place`, as in `drivers/vfio/vfio`, unpacked.
    pub fn module(&self, place: &str) -> Result<Vec<u8>, TaskError> {
        let packed = self.modules.join("kernel").join(place).with_extension("ko.xz");
        // The machine may have no xz.
        let output = Command::new(self.busybox()).arg("unxz").arg("-c").arg(&packed).output();
        match output {
            Ok(output) if output.status.success() && !output.stdout.is_empty() => Ok(output.stdout),
            _ => Err(TaskError::Check(format!("{} cannot be unpacked", packed.display()))),
        }
    }

    /// A busybox that needs no libraries.
    pub fn busybox(&self) -> PathBuf {
        self.root.join("usr/bin/busybox")
    }
}

/// The one entry of `folder` whose name begins with `prefix`.
fn only_entry(folder: &Path, prefix: &str) -> Result<PathBuf, TaskError> {
    let entries = fs::read_dir(folder).map_err(TaskError::file(folder))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    match found.pop() {
        Some(path) if found.is_empty() => Ok(path),
        _ => Err(TaskError::Check(format!(
            "{} should hold exactly one `{prefix}*`; remove the cache to have it fetched again",
            folder.display()
        ))),
    }
}

/// Why the packages are not there.
enum Refusal {
    Fetch(String),
    Task(TaskError),
}

impl From<TaskError> for Refusal {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

/// An apt with a state of its own, which takes no package to be installed.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(unfinished: &Path, mirror: &str) -> Result<Self, Refusal> {
        let folder = unfinished.join("apt");
        for empty in ["state/lists/partial", "cache/archives/partial"] {
            let empty = folder.join(empty);
            fs::create_dir_all(&empty).map_err(TaskError::file(&empty))?;
        }
        write(&folder.join("status"), "")?;
        let line = |suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
        write(&folder.join("sources.list"), &(line(SUITE) + &line(BACKPORTS)))?;
        Ok(Self { folder })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.join("cache/archives")).stdin(Stdio::null());
        for (option, place) in [
            ("Dir::State", "state"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
        ] {
            command.arg("-o").arg(format!("{option}={}", self.folder.join(place).display()));
        }
        // The machine's own lists and pins are about another release.
        for option in ["sourceparts", "preferences", "preferencesparts"] {
            command.arg("-o").arg(format!("Dir::Etc::{option}=-"));
        }
        command.args(["-o", "Acquire::Languages=none", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"]);
        command
    }

    /// Runs apt; what it says is the reason if it fails.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Refusal> {
        let output = self.command(program).args(arguments).output();
        let output = output.map_err(|error| Refusal::Fetch(format!("{program} cannot be run: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|line| line.starts_with("E:")).unwrap_or("it says nothing");
        Err(Refusal::Fetch(format!("`{program} {}` failed: {first}", arguments.join(" "))))
    }

    fn fetch_all(&self, root: &Path) -> Result<(), Refusal> {
        // A failure to fetch an index is only a warning to apt, unless told otherwise.
        self.run("apt-get", &["update", "-qq", "--error-on=any"])?;
        let qemu = ["install", "-qq", "--yes", "--download-only", "--no-install-recommends", "-t", BACKPORTS];
        self.run("apt-get", &[&qemu[..], &["qemu-system-x86", "busybox-static"]].concat())?;
        let depends = self.run("apt-cache", &["depends", "--important", KERNEL_METAPACKAGE])?;
        let kernel = kernel_package(&depends)
            .ok_or_else(|| Refusal::Fetch(format!("{KERNEL_METAPACKAGE} of {SUITE} names no kernel")))?;
        self.run("apt-get", &["download", "-qq", kernel])?;

        fs::create_dir_all(root).map_err(TaskError::file(root))?;
        let archives = self.folder.join("cache/archives");
        for entry in fs::read_dir(&archives).map_err(TaskError::file(&archives))? {
            let package = entry.map_err(TaskError::file(&archives))?.path();
            if package.extension().is_some_and(|ending| ending == "deb") {
                let unpacked = Command::new("dpkg").arg("-x").arg(&package).arg(root).status();
                if !unpacked.is_ok_and(|status| status.success()) {
                    return Err(TaskError::Failed(format!("`dpkg -x {}`", package.display())).into());
                }
            }
        }
        Ok(())
    }
}

/// The kernel among what a metapackage depends on.
fn kernel_package(depends: &str) -> Option<&str> {
    depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with(KERNEL_PREFIX))
}

/// The first archive of Debian's releases that apt is told of; its security archive has other suites.
fn debian_mirror(etc: &Path) -> Option<String> {
    let mut lists = vec![etc.join("sources.list")];
    let parts = fs::read_dir(etc.join("sources.list.d")).into_iter().flatten();
    lists.extend(parts.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    lists.sort();
    let is_list = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "list" || ending == "sources");
    lists.iter().filter(|path| is_list(path)).filter_map(|path| read(path).ok()).find_map(|text| mirror_in(&text))
}

/// The first address of such an archive in a list of either of apt's formats.
fn mirror_in(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"));
    let is_archive = |word: &&str| word.contains("://") && word.trim_end_matches('/').ends_with("/debian");
    lines.flat_map(str::split_whitespace).find(is_archive).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_found_in_both_formats_and_only_an_archive_of_releases() {
        let old = "# deb http://a.test/debian x main\ndeb [arch=amd64] http://b.test/debian-security x main\n\
                   deb [signed-by=/k] http://c.test/debian/ x main\n";
        assert_eq!(mirror_in(old).as_deref(), Some("http://c.test/debian/"));
        let new = "Types: deb\nURIs: https://d.test/debian\nSuites: x\nSigned-By: /debian\n";
        assert_eq!(mirror_in(new).as_deref(), Some("https://d.test/debian"));
        assert_eq!(mirror_in("deb https://e.test/ubuntu x main\n"), None);
    }

    #[test]
    fn the_kernel_is_what_its_metapackage_depends_on() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-base\n  Depends: linux-image-6.1-cloud-amd64\n";
        assert_eq!(kernel_package(depends), Some("linux-image-6.1-cloud-amd64"));
        assert_eq!(kernel_package("linux-image-cloud-amd64\n"), None);
    }
}
