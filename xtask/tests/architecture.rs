//! The dependency rules of ARCHITECTURE.md, held over `cargo metadata` and the sources.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Which of our crates each of our crates may name as a normal dependency.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("whorl-layout", &[]),
    ("whorl-template", &[]),
    ("whorl-matcher", &["whorl-layout", "whorl-template"]),
    ("whorl-gallery", &["whorl-layout", "whorl-template"]),
    ("whorl-crash", &["whorl-gallery", "whorl-layout", "whorl-server"]),
    ("whorl-synth", &["whorl-template"]),
    ("whorl-eval", &["whorl-matcher", "whorl-synth", "whorl-template"]),
    ("whorl-device", &["whorl-layout"]),
    ("whorl-transport", &["whorl-device", "whorl-layout"]),
    ("whorl-sim", &["whorl-layout"]),
    ("whorl-search", &["whorl-device", "whorl-gallery", "whorl-layout", "whorl-matcher", "whorl-template"]),
    ("whorl-server", &["whorl-gallery", "whorl-layout", "whorl-matcher", "whorl-search", "whorl-template"]),
    ("whorl-python", &["whorl-layout", "whorl-matcher", "whorl-template"]),
    (
        "whorl-cli",
        &[
            "whorl-device",
            "whorl-eval",
            "whorl-gallery",
            "whorl-layout",
            "whorl-matcher",
            "whorl-search",
            "whorl-server",
            "whorl-sim",
            "whorl-synth",
            "whorl-template",
            "whorl-transport",
        ],
    ),
    (
        "whorl-guest",
        &[
            "whorl-device",
            "whorl-gallery",
            "whorl-layout",
            "whorl-matcher",
            "whorl-search",
            "whorl-template",
            "whorl-transport",
        ],
    ),
    ("whorl-benches", &[]),
    ("xtask", &[]),
];

/// Files that may hold `unsafe`, each for one reason that ARCHITECTURE.md gives.
const MAY_BE_UNSAFE: &[&str] =
    &["host/device/src/dma.rs", "host/matcher/src/avx2.rs", "host/transport/src/", "sim/src/"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata runs")
}

fn names(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    package.dependencies.iter().filter(|d| d.kind == kind).map(|d| d.name.as_str()).collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        MAY_DEPEND_ON.iter().map(|(n, d)| (*n, d.iter().copied().collect())).collect();
    for package in metadata().workspace_packages() {
        let may = allowed
            .get(package.name.as_str())
            .unwrap_or_else(|| panic!("{} has no line in MAY_DEPEND_ON", package.name));
        let ours: BTreeSet<_> =
            names(package, DependencyKind::Normal).into_iter().filter(|n| allowed.contains_key(n)).collect();
        let extra: Vec<_> = ours.difference(may).collect();
        assert!(extra.is_empty(), "{} must not depend on {extra:?}", package.name);
    }
}

#[test]
fn the_matcher_never_sees_the_device_even_in_its_tests() {
    for package in metadata().workspace_packages().into_iter().filter(|p| p.name.as_str() == "whorl-matcher") {
        for kind in [DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build] {
            assert!(
                !names(package, kind).contains("whorl-device"),
                "whorl-matcher must not learn from the hardware that it judges"
            );
        }
    }
}

#[test]
fn the_device_has_no_runtime_and_no_services() {
    let metadata = metadata();
    let device = metadata
        .workspace_packages()
        .into_iter()
        .find(|p| p.name.as_str() == "whorl-device")
        .expect("whorl-device exists");
    for banned in ["tokio", "tonic", "prost"] {
        assert!(!names(device, DependencyKind::Normal).contains(banned), "whorl-device must not depend on {banned}");
    }
}

#[test]
fn unsafe_code_stands_only_where_the_architecture_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.join("host"), root.join("sim"), root.join("xtask")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).expect("the folder is readable").map(|e| e.expect("the entry is readable").path())
        {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let name = entry.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                let text = fs::read_to_string(&entry).expect("sources are text");
                // Split, so that this file does not name what it looks for.
                let holds = [
                    concat!("unsafe", " {"),
                    concat!("unsafe", " fn"),
                    concat!("unsafe", " impl"),
                    concat!("unsafe", " extern"),
                ]
                .iter()
                .any(|w| text.contains(w));
                seen += usize::from(holds);
                assert!(!holds || MAY_BE_UNSAFE.iter().any(|m| name.starts_with(m)), "{name} holds unsafe code");
            }
        }
    }
    assert!(seen > 0, "the search for unsafe code found none at all, so it looks in the wrong place");
}
