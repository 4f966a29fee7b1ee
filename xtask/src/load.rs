//! `cargo xtask load`: an appliance under load, every answer checked; its memory plotted, its audit log verified, its store read.

use crate::shell::{TaskError, output, read_json, root, write};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Bytes that the server's memory may gain while it only searches: allocators and thread pools settle late,
const GAIN_MAX: f64 = 16e6;
/// and each search leaves a request id and a kept answer in the index.
const GAIN_PER_SEARCH_MAX: f64 = 1024.0;
/// Share of the time after which nothing is enrolled any more.
const ENROLLING: f64 = 2.0 / 3.0;

/// Options of `cargo xtask load`.
#[derive(clap::Args)]
pub struct Options {
    /// How long
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The engine, as `whorl serve` has it
    #[arg(long, default_value = "cpu")]
    engine: String,
    /// Enrolments per second
    #[arg(long, default_value_t = 20)]
    enrolments_per_second: u64,
    /// Clients that search
    #[arg(long, default_value_t = 4)]
    searchers: u64,
    /// The `whorl` program
    #[arg(long, default_value = "target/release/whorl")]
    whorl: PathBuf,
}

/// An appliance with its files in a folder; it ends with this.
struct Appliance {
    folder: PathBuf,
    whorl: PathBuf,
    server: Child,
    url: String,
}

impl Drop for Appliance {
    fn drop(&mut self) {
        let _ = self.server.kill(); // it may have ended in good order
        let _ = self.server.wait();
    }
}

impl Appliance {
    fn start(folder: &Path, options: &Options) -> Result<Self, TaskError> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(TaskError::file(folder))?;
        }
        fs::create_dir_all(folder).map_err(TaskError::file(folder))?;
        let (folder, whorl) = (folder.to_owned(), root().join(&options.whorl));
        let path = |name: &str| folder.join(name);
        let text = |name: &str| path(name).display().to_string();
        output(Command::new(&whorl).args(["pki", "init", "--server", "localhost", "--out"]).arg(path("pki")))?;
        let roles = ["--name", "load", "--role", "enroller", "--role", "searcher"];
        output(Command::new(&whorl).args(["pki", "issue", "--folder"]).arg(path("pki")).args(roles))?;
        let key = path("gallery.key");
        write(&key, &"5c".repeat(32))?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(TaskError::file(&key))?;
        let create = ["gallery", "create", "--folder"];
        output(Command::new(&whorl).args(create).arg(path("gallery")).arg("--key-file").arg(&key))?;
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[server.tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n\
             [gallery]\nfolder = {:?}\nkey_file = {:?}\n[search]\nengines = [{:?}]\n[audit]\nfolder = {:?}\nfile_mib = 1\n\
             [limits]\nrequests_per_second = 0\n[log]\nlevel = \"warn\"\n",
            text("pki/server.pem"),
            text("pki/server.key"),
            text("pki/ca.pem"),
            text("gallery"),
            text("gallery.key"),
            options.engine,
            text("audit"),
        );
        write(&path("whorl.toml"), &config)?;
        let mut serve = Command::new(&whorl);
        serve.args(["serve", "--config"]).arg(path("whorl.toml")).stdout(Stdio::piped());
        let failed = |source| TaskError::Start { program: whorl.display().to_string(), source };
        let mut server = serve.spawn().map_err(failed)?;
        let out = server.stdout.take().ok_or_else(|| TaskError::Check("the server has no output".into()))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(failed)?;
        let port = line.trim().strip_prefix("serving https://").and_then(|address| address.rsplit(':').next());
        let port = port.ok_or_else(|| TaskError::Check(format!("whorl serve said {line:?}")))?;
        let url = format!("https://localhost:{port}");
        Ok(Self { folder, whorl, server, url })
    }

    /// Runs `whorl client load` and returns its report.
    fn load(&self, name: &str, arguments: &[String]) -> Result<Value, TaskError> {
        let report = self.folder.join(format!("{name}.json"));
        let mut load = Command::new(&self.whorl);
        load.args(["client", "--server", &self.url, "--as", "load", "--pki"]).arg(self.folder.join("pki"));
        load.args(["load", "--gallery", name, "--pid", &self.server.id().to_string(), "--report"]).arg(&report);
        println!("{}", output(load.args(arguments))?.trim_end());
        read_json(&report)
    }

    /// Ends the server in good order.
    fn stop(&mut self) -> Result<(), TaskError> {
        output(Command::new("kill").args(["-TERM", &self.server.id().to_string()]))?;
        let status = self.server.wait().map_err(|source| TaskError::Start { program: "whorl serve".into(), source })?;
        if status.success() { Ok(()) } else { Err(TaskError::Check(format!("whorl serve ended with {status}"))) }
    }

    /// The audit log is intact, and one flipped byte in a copy of it is found; every byte of the store is as it was written.
    fn verify(&self) -> Result<Value, TaskError> {
        let audit = self.folder.join("audit");
        let verify = |folder: &Path| {
            output(Command::new(&self.whorl).args(["audit", "verify", "--json", "--folder"]).arg(folder))
        };
        let said = verify(&audit)?;
        let intact: Value = serde_json::from_str(&said).map_err(|e| TaskError::Check(e.to_string()))?;
        let copy = self.folder.join("audit-flipped");
        fs::create_dir_all(&copy).map_err(TaskError::file(&copy))?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&audit).map_err(TaskError::file(&audit))? {
            let path = entry.map_err(TaskError::file(&audit))?.path();
            let to = copy.join(path.file_name().unwrap_or_default());
            fs::copy(&path, &to).map_err(TaskError::file(&path))?;
            if to.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(to);
            }
        }
        files.sort();
        let file = files.get(files.len() / 2).ok_or_else(|| TaskError::Check("the audit log has no file".into()))?;
        let mut bytes = fs::read(file).map_err(TaskError::file(file))?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).map_err(TaskError::file(file))?;
        println!("one bit of {} of a copy is flipped; `whorl audit verify` must fail:", file.display());
        if verify(&copy).is_ok() {
            return Err(TaskError::Check(format!("a flipped bit of {} is not found", file.display())));
        }
        let key = self.folder.join("gallery.key");
        let gallery = ["gallery", "verify", "--folder"];
        output(Command::new(&self.whorl).args(gallery).arg(self.folder.join("gallery")).arg("--key-file").arg(key))?;
        Ok(intact)
    }
}

/// Runs the load. Fails where a call failed or an answer was wrong, where memory grew without a reason, where the audit log does
/// not verify or a flipped byte is not found.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let folder = root().join("target/load").join(options.engine.replace([':', ',', '/'], "-"));
    let mut appliance = Appliance::start(&folder, options)?;
    let enrolling = (options.seconds as f64 * ENROLLING) as u64;
    let of = |name: &str, value: u64| [format!("--{name}"), value.to_string()];
    let alone = [of("seconds", (options.seconds / 30).max(2)), of("searchers", 0), of("enrolments-per-second", 0)];
    println!("enrolments alone, as fast as they go");
    let burst = appliance.load("burst", &[&alone.concat()[..], &of("enrollers", 16)].concat())?;
    println!("enrolments and searches");
    let mixed = [
        of("seconds", options.seconds),
        of("enroll-seconds", enrolling),
        of("searchers", options.searchers),
        of("enrolments-per-second", options.enrolments_per_second),
    ];
    let load = appliance.load("load", &mixed.concat())?;
    appliance.stop()?;
    let audit = appliance.verify()?;
    let memory = memory_of(&load);
    write(&folder.join("memory.svg"), &plot(&memory, enrolling as f64))?;
    let gain = gain(&memory, enrolling as f64)?;
    let searches = load["searches_per_second"].as_f64().unwrap_or(0.0) * (options.seconds as f64 * (1.0 - ENROLLING));
    let allowed = GAIN_MAX + GAIN_PER_SEARCH_MAX * searches;
    println!(
        "audit log: {} entries, intact, and a flipped bit is found; memory while it only searched: {:+.1} MB over {searches:.0} \
         searches, {:.1} allowed; {}",
        audit["entries"],
        gain / 1e6,
        allowed / 1e6,
        folder.join("memory.svg").display()
    );
    let report = json!({"engine": options.engine, "burst": burst, "load": load, "audit": audit, "gain_bytes": gain});
    write(&folder.join("report.json"), &format!("{report:#}\n"))?;
    if gain > allowed {
        return Err(TaskError::Check(format!(
            "the server's memory grew by {:.1} MB while it only searched",
            gain / 1e6
        )));
    }
    Ok(())
}

/// Seconds and resident bytes.
fn memory_of(load: &Value) -> Vec<(f64, f64)> {
    let samples = load["memory"].as_array().into_iter().flatten();
    samples.filter_map(|sample| Some((sample[0].as_f64()?, sample[1].as_f64()?))).collect()
}

/// What memory gains from a tenth after enrolling ended to the end: between the medians of the first and last fifth of that.
fn gain(memory: &[(f64, f64)], enrolling: f64) -> Result<f64, TaskError> {
    let quiet: Vec<f64> = memory.iter().filter(|(at, _)| *at > enrolling * 1.1).map(|(_, bytes)| *bytes).collect();
    let part = (quiet.len() / 5).max(1);
    if quiet.is_empty() {
        return Err(TaskError::Check("the server's memory was not read".into()));
    }
    let median = |of: &[f64]| {
        let mut sorted = of.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    Ok(median(&quiet[quiet.len() - part..]) - median(&quiet[..part]))
}

/// Memory over time.
fn plot(memory: &[(f64, f64)], enrolling: f64) -> String {
    const WIDTH: f64 = 800.0;
    const HEIGHT: f64 = 300.0;
    const LEFT: f64 = 70.0;
    const BOTTOM: f64 = 40.0;
    let end = memory.last().map_or(1.0, |sample| sample.0).max(1.0);
    let most = memory.iter().map(|sample| sample.1).fold(1.0, f64::max) * 1.1;
    let x = |at: f64| LEFT + at / end * (WIDTH - LEFT - 20.0);
    let y = |bytes: f64| HEIGHT - BOTTOM - bytes / most * (HEIGHT - BOTTOM - 20.0);
    let mut line = String::new();
    for (at, bytes) in memory {
        let _ = write!(line, "{:.1},{:.1} ", x(*at), y(*bytes)); // a string takes text
    }
    let mut axes = String::new();
    for step in 0..=4 {
        let (at, bytes) = (end * f64::from(step) / 4.0, most * f64::from(step) / 4.0);
        let _ = write!(
            axes,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{at:.0} s</text>\n\
             <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{:.0} MB</text>\n",
            x(at),
            HEIGHT - BOTTOM + 20.0,
            LEFT - 6.0,
            y(bytes) + 4.0,
            bytes / 1e6
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n{axes}\
         <line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"20\" y2=\"{1:.1}\" stroke=\"gray\" stroke-dasharray=\"4\"/>\n\
         <text x=\"{2:.1}\" y=\"32\">only searches</text>\n\
         <polyline points=\"{line}\" fill=\"none\" stroke=\"black\"/>\n</svg>\n",
        x(enrolling),
        HEIGHT - BOTTOM,
        x(enrolling) + 6.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_after_enrolling_is_a_gain_and_what_grew_before_is_none() {
        let samples = |slope: f64| -> Vec<(f64, f64)> {
            (0..600).map(|at| (f64::from(at), 1e8 + f64::from(at.min(400)) * 1e5 + f64::from(at) * slope)).collect()
        };
        assert!(gain(&samples(0.0), 400.0).expect("samples").abs() < 1.0);
        let found = gain(&samples(1e5), 400.0).expect("samples");
        assert!((1e7..1.6e7).contains(&found), "{found}");
        assert!(gain(&[], 400.0).is_err());
        assert!(plot(&samples(0.0), 400.0).contains("only searches"));
    }
}
