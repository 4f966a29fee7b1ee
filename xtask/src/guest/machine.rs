//! The virtual machine: simulated cards as PCI functions behind an IOMMU, and consoles as files.

use super::packages::Packages;
use crate::shell::{TaskError, root};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Guest memory: the initramfs is held in it, and the huge pages that docs/operations.md reserves.
const MEMORY: &str = "768M";
/// The kernel's console.
pub const CONSOLE: &str = "console.log";
/// What the guest reports: a line of its own for each step, which nothing of the kernel's can break into.
pub const REPORT: &str = "report.log";

/// What the machine is made of.
#[derive(Debug)]
pub struct Machine<'a> {
    /// QEMU and the kernel.
    pub packages: &'a Packages,
    /// Archive of the guest's files.
    pub initramfs: &'a Path,
    /// Sockets of the cards.
    pub sockets: &'a [PathBuf],
    /// Where consoles and messages go, relative to the repository's root.
    pub folder: &'a Path,
}

impl Machine<'_> {
    /// Runs the machine until it powers off. `None`: it had not after `bound`, and was killed.
    pub fn run(&self, bound: Duration) -> Result<Option<ExitStatus>, TaskError> {
        let mut command = self.packages.qemu();
        command.current_dir(root()).args(["-nodefaults", "-no-user-config", "-nographic", "-no-reboot"]);
        // Nested KVM does not boot a kernel on every host: the processor is emulated, with all that the emulator knows.
        command.args(["-machine", "q35,accel=tcg,memory-backend=memory", "-cpu", "max", "-smp", "1", "-m", MEMORY]);
        // The cards' process maps this memory. Without share=on it would see copies, with no error from anybody.
        command.args(["-object", &format!("memory-backend-memfd,id=memory,size={MEMORY},share=on")]);
        // A card's windows are made in caching mode only: the guest's kernel then tells of each new mapping.
        command.args(["-device", "intel-iommu,intremap=on,caching-mode=on"]);
        for socket in self.sockets {
            let path = serde_json::Value::from(socket.to_string_lossy());
            let socket = format!(r#"{{"driver":"vfio-user-pci","socket":{{"path":{path},"type":"unix"}}}}"#);
            command.args(["-device", &socket]);
        }
        for log in [CONSOLE, REPORT] {
            command.args(["-serial", &format!("file:{}", self.folder.join(log).display())]);
        }
        command.arg("-kernel").arg(&self.packages.kernel).arg("-initrd").arg(self.initramfs);
        command.args(["-append", "console=ttyS0 intel_iommu=on panic=-1"]);

        let log = root().join(self.folder).join("qemu.log");
        let messages = File::create(&log).map_err(TaskError::file(&log))?;
        let child =
            command.stdin(std::process::Stdio::null()).stdout(messages.try_clone().map_err(TaskError::file(&log))?);
        let child = child.stderr(messages).spawn();
        let child = child.map_err(|source| TaskError::Start { program: "QEMU".into(), source })?;
        wait(child, bound).map_err(TaskError::file(&log))
    }
}

fn wait(mut child: Child, bound: Duration) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + bound;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(Duration::from_millis(50));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
