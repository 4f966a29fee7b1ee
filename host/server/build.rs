//! Compiles `proto/whorl/v1`, without a protobuf compiler on the machine, and keeps the descriptors for reflection.

use prost::Message;
use std::path::PathBuf;

const FILES: [&str; 5] = ["common", "gallery", "search", "cards", "audit"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let files = FILES.map(|name| root.join(format!("whorl/v1/{name}.proto")));
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(&files, [&root])?;
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("whorl_v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
