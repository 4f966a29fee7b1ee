//! The blocks of docs/operations.md that need a kernel with a card on its bus, as an operator types them.

use crate::bus::Card;
use crate::fixture::files;
use crate::report::{Fault, Step};
use std::fs;
use std::process::Command;

/// Where the host put them, a file each.
const BLOCKS: &str = "/operations";
/// Seconds that a block may take; what hangs must not keep the other steps from being done.
const BOUND: &str = "60";

/// Runs every block, in the order of the page. The first that fails is reported with all that it is and said.
pub fn run(cards: &[Card]) -> Step {
    let [card, ..] = cards else { return Err("no card".into()) };
    let blocks = files(BLOCKS)?;
    for block in &blocks {
        let output = Command::new("/bin/busybox")
            .args(["timeout", BOUND, "/bin/busybox", "sh", "-eu"])
            .arg(block)
            .current_dir("/tmp")
            .env("CARD", card.engine())
            .env("BDF", card.address())
            .output()?;
        if !output.status.success() {
            let text = fs::read_to_string(block)?;
            let said = String::from_utf8_lossy(&output.stderr);
            let printed = String::from_utf8_lossy(&output.stdout);
            let name = block.file_name().unwrap_or_default().display();
            return Err(Fault::from(format!("{name}: {}: {text}--- {said}{printed}", output.status)));
        }
    }
    Ok(format!("{} blocks of the page do what it says", blocks.len()))
}
