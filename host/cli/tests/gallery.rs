//! `whorl gallery`: an import that is killed goes on, and what is copied, exported, rotated and verified is what was enrolled.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with a key and an encrypted store.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.key("first.key", 'a');
        done(&place.gallery("create", "store", "first.key", &[]));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn key(&self, name: &str, digit: char) {
        let file = self.path(name);
        fs::write(&file, digit.to_string().repeat(64)).expect("a key is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    fn command(&self, what: &str, store: &str, key: &str, more: &[&str]) -> Command {
        let mut whorl = Command::new(env!("CARGO_BIN_EXE_whorl"));
        whorl.args(["gallery", what, "--json", "--folder"]).arg(self.path(store));
        whorl.arg("--key-file").arg(self.path(key)).args(more);
        whorl
    }

    fn gallery(&self, what: &str, store: &str, key: &str, more: &[&str]) -> Output {
        self.command(what, store, key, more).output().expect("whorl starts")
    }

    fn references(&self, store: &str, key: &str) -> u64 {
        done(&self.gallery("stats", store, key, &[]))["references"].as_u64().expect("a count")
    }
}

fn done(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

fn refused(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
}

/// Bytes of all files of a folder.
fn bytes_of(folder: &Path) -> u64 {
    fs::read_dir(folder).map_or(0, |entries| {
        entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum()
    })
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let place = Place::new();
    let source = ["--gallery", "lab", "--synthetic", "20000"];
    let mut killed = place.command("import", "store", "first.key", &source);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("whorl starts");
    let until = Instant::now() + Duration::from_mins(1);
    while bytes_of(&place.path("store")) < 3_000_000 {
        assert!(Instant::now() < until, "it imports nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");
    let there = place.references("store", "first.key");
    assert!((1000..20_000).contains(&there), "{there} were there when it was killed");
    let rest = done(&place.gallery("import", "store", "first.key", &source));
    assert_eq!((rest["before"].as_u64(), rest["enrolled"].as_u64()), (Some(there), Some(20_000 - there)));
    assert_eq!(place.references("store", "first.key"), 20_000);

    // A machine with less memory says what it would take.
    let small = place.gallery("stats", "store", "first.key", &["--memory-limit-mib", "4"]);
    refused(&small, 9, &["bytes of memory", "4194304"]);
}

#[test]
fn copies_exports_and_other_keys_have_what_was_enrolled() {
    let place = Place::new();
    place.key("second.key", 'b');
    let templates = place.path("templates");
    let mut synth = Command::new(env!("CARGO_BIN_EXE_whorl"));
    let made = synth.args(["synth", "--fingers", "30", "--seed", "5", "--out"]).arg(&templates).output();
    assert!(made.expect("whorl starts").status.success());
    let from = templates.display().to_string();
    done(&place.gallery("import", "store", "first.key", &["--gallery", "lab", "--from", &from]));
    done(&place.gallery("verify", "store", "first.key", &[]));

    let copy = place.path("copy").display().to_string();
    done(&place.gallery("backup", "store", "first.key", &["--to", &copy]));
    refused(&place.gallery("backup", "store", "first.key", &["--to", &copy]), 9, &["copy"]);
    let next = place.path("second.key").display().to_string();
    done(&place.gallery("rotate-key", "store", "first.key", &["--new-key-file", &next]));
    refused(&place.gallery("stats", "store", "first.key", &[]), 9, &["key is not this store's"]);
    assert_eq!(place.references("store", "second.key"), 30);

    // The copy is as it was, and opens with the key of then.
    let mut restore = Command::new(env!("CARGO_BIN_EXE_whorl"));
    restore.args(["gallery", "restore", "--json", "--from", &copy, "--to"]).arg(place.path("restored"));
    done(&restore.output().expect("whorl starts"));
    assert_eq!(place.references("restored", "first.key"), 30);
    done(&place.gallery("compact", "restored", "first.key", &[]));

    let out = place.path("out");
    done(&place.gallery("export", "restored", "first.key", &["--gallery", "lab", "--to", &out.display().to_string()]));
    for entry in fs::read_dir(&templates).expect("readable") {
        let file = entry.expect("an entry").path();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let exported = out.join(&name).join("1").join("0.iso");
        assert_eq!(fs::read(&exported).expect("it is exported"), fs::read(&file).expect("readable"), "{name}");
    }

    // A flipped bit is found, with its place.
    let segment = fs::read_dir(place.path("store")).expect("readable").map(|entry| entry.expect("an entry").path());
    let segment = segment
        .filter(|path| path.extension().is_some_and(|e| e == "segment"))
        .max_by_key(|p| fs::metadata(p).map_or(0, |metadata| metadata.len()));
    let segment = segment.expect("a segment");
    let mut bytes = fs::read(&segment).expect("readable");
    bytes[5000] ^= 4;
    fs::write(&segment, bytes).expect("written");
    refused(&place.gallery("verify", "store", "second.key", &[]), 9, &["segment", "offset"]);

    fs::set_permissions(place.path("second.key"), fs::Permissions::from_mode(0o644)).expect("it is ours");
    refused(&place.gallery("verify", "store", "second.key", &[]), 9, &["mode 644"]);
}

/// systemd reads the unit as it is meant, where it is installed.
#[test]
fn the_unit_is_one() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/whorl.service");
    let text = fs::read_to_string(unit).expect("the unit is there");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("whorl.service");
    // It must name a program that is there.
    fs::write(&copy, text.replace("/usr/bin/whorl", env!("CARGO_BIN_EXE_whorl"))).expect("written");
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&copy).output() else {
        println!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let of_ours: Vec<_> = said.lines().filter(|line| line.contains("whorl.service")).collect();
    assert!(of_ours.is_empty(), "{of_ours:#?}");
}
