//! An appliance from its first key to its last search: `whorl pki`, `gallery`, `serve` and `client`, and a client that is not ours.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn whorl() -> Command {
    Command::new(env!("CARGO_BIN_EXE_whorl"))
}

fn done(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}: {out}{err}", output.status);
    out.into_owned()
}

/// An appliance in a folder of its own.
struct Appliance {
    folder: tempfile::TempDir,
    server: Option<Child>,
    url: String,
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Appliance {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let appliance = Self { folder, server: None, url: String::new() };
        let fingers = |count: &str, impression: &str, out: &str| {
            let mut command = whorl();
            command.args(["synth", "--seed", "11", "--fingers", count, "--first-impression", impression, "--out"]);
            done(&command.arg(appliance.path(out)).output().expect("whorl starts"));
        };
        fingers("6", "1", "references");
        fingers("6", "2", "probes");
        let mut pki = whorl();
        pki.args(["pki", "init", "--server", "localhost", "--server", "127.0.0.1", "--out"]);
        done(&pki.arg(appliance.path("pki")).output().expect("whorl starts"));
        fs::write(appliance.path("gallery.key"), format!("{}\n", "5c".repeat(32))).expect("a key is written");
        make_private(&appliance.path("gallery.key"));
        let mut create = whorl();
        create.args(["gallery", "create", "--folder"]).arg(appliance.path("gallery"));
        done(&create.arg("--key-file").arg(appliance.path("gallery.key")).output().expect("whorl starts"));
        let path = |name: &str| appliance.path(name).display().to_string();
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[server.tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n\
             [gallery]\nfolder = {:?}\nkey_file = {:?}\n[search]\nengines = [\"cpu\"]\n[audit]\nfolder = {:?}\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n",
            path("pki/server.pem"),
            path("pki/server.key"),
            path("pki/ca.pem"),
            path("gallery"),
            path("gallery.key"),
            path("audit"),
        );
        fs::write(appliance.path("whorl.toml"), config).expect("a configuration is written");
        appliance
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        let mut serve = whorl();
        serve.args(["serve", "--config"]).arg(self.path("whorl.toml")).stdout(Stdio::piped());
        let mut server = serve.spawn().expect("whorl starts");
        let out = server.stdout.take().expect("its output is ours");
        self.server = Some(server);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        let port = line.trim().rsplit(':').next().filter(|_| line.starts_with("serving https://"));
        self.url = format!("https://localhost:{}", port.unwrap_or_else(|| panic!("it said {line:?}")));
    }

    /// Ends it with `signal` and gives its exit code.
    fn stop(&mut self, signal: &str) -> Option<i32> {
        let mut server = self.server.take().expect("it runs");
        let killed = Command::new("kill").args([signal, &server.id().to_string()]).status().expect("kill starts");
        assert!(killed.success());
        server.wait().expect("it ends").code()
    }

    fn client(&self, role: &str, arguments: &[&str]) -> Output {
        let mut client = whorl();
        client.args(["client", "--server", &self.url, "--as", role, "--json", "--pki"]).arg(self.path("pki"));
        client.args(arguments).output().expect("whorl starts")
    }

    fn ask(&self, role: &str, arguments: &[&str]) -> Value {
        serde_json::from_str(&done(&self.client(role, arguments))).expect("it prints JSON")
    }

    fn enroll(&self, subject: &str, finger: usize) -> Value {
        let file = self.path(&format!("references/{finger:06}_1.iso"));
        let named = ["--gallery", "lab", "--subject", subject, "--encounter", "1", "--request-id", subject];
        self.ask("enroller", &[&["enroll"], &named[..], &[text(&file)]].concat())
    }

    fn identify(&self, finger: usize, more: &[&str]) -> Value {
        let file = self.path(&format!("probes/{finger:06}_2.iso"));
        let named = ["identify", "--gallery", "lab", "--purpose", "system-test"];
        self.ask("searcher", &[&named[..], more, &[text(&file)]].concat())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}

fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

fn subjects(answer: &Value) -> Vec<&str> {
    answer["candidates"].as_array().expect("a list").iter().filter_map(|c| c["subject"].as_str()).collect()
}

#[test]
fn what_is_enrolled_is_found_also_after_a_kill_and_what_is_expunged_is_not() {
    let mut appliance = Appliance::new();
    appliance.start();
    for finger in 0..6 {
        let receipt = appliance.enroll(&format!("S{finger}"), finger);
        assert_eq!((receipt["references"].as_u64(), receipt["replayed"].as_bool()), (Some(1), Some(false)));
    }
    assert_eq!(appliance.enroll("S3", 3)["replayed"], true, "the same request again");
    let first = appliance.identify(3, &["--search-id", "search-3", "--correspondences"]);
    assert_eq!(subjects(&first)[0], "S3");
    assert_eq!(first["comparisons"], 6);
    assert!(!first["candidates"][0]["fingers"][0]["correspondences"].as_array().expect("a list").is_empty());
    let verified = ["verify", "--gallery", "lab", "--subject", "S3", "--purpose", "system-test"];
    let probe = appliance.path("probes/000003_2.iso");
    let own = appliance.ask("searcher", &[&verified[..], &[text(&probe)]].concat());
    assert_eq!(own["candidate"]["llr"], first["candidates"][0]["llr"]);

    appliance.stop("-KILL");
    appliance.start();
    assert_eq!(appliance.ask("searcher", &["count", "--gallery", "lab"])["references"], 6);
    assert_eq!(subjects(&appliance.identify(3, &[])), subjects(&first));
    let replayed = appliance.ask("examiner", &["replay", "search-3", "--purpose", "system-test"]);
    assert_eq!((replayed["equal"].as_bool(), replayed["differences"].as_array().map(Vec::len)), (Some(true), Some(0)));

    let target = ["--gallery", "lab", "--subject", "S3"];
    appliance.ask("enroller", &[&["seal"], &target[..]].concat());
    assert!(!subjects(&appliance.identify(3, &[])).contains(&"S3"), "sealed");
    appliance.ask("enroller", &[&["unseal"], &target[..]].concat());
    assert_eq!(subjects(&appliance.identify(3, &[]))[0], "S3");
    let gone = appliance.ask("enroller", &[&["expunge", "--wait"], &target[..]].concat());
    assert_eq!(gone["removed"], true);
    assert!(!subjects(&appliance.identify(3, &[])).contains(&"S3"), "expunged");

    let audit = appliance.ask("auditor", &["audit", "verify"]);
    assert_eq!(audit["intact"], true, "{audit}");
    let log = done(&appliance.client("auditor", &["audit", "query", "--method", "Search/IdentifyStream"]));
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    assert!(log.iter().any(|entry| entry["request_id"] == "search-3" && entry["purpose"] == "system_test"), "{log:?}");
    assert_eq!(appliance.stop("-TERM"), Some(0), "it ends in good order");
}

#[test]
fn a_client_may_only_do_what_its_roles_allow() {
    let mut appliance = Appliance::new();
    appliance.start();
    let refused = appliance.client("searcher", &["expunge", "--gallery", "lab", "--subject", "S1"]);
    assert_eq!(refused.status.code(), Some(8));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("PermissionDenied"), "{refused:?}");
    let mut nobody = whorl();
    nobody.args(["client", "--server", &appliance.url.replace("https", "http"), "count"]);
    assert_eq!(nobody.output().expect("whorl starts").status.code(), Some(8), "plaintext");
}

/// grpcio of PyPI, with the generated package and its worked example.
#[test]
fn a_python_client_enrols_and_searches() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".venv/bin/python");
    if !python.exists() {
        println!("skipped: there is no {}; make setup installs it", python.display());
        return;
    }
    let mut appliance = Appliance::new();
    appliance.start();
    let example = |reference: &Path| {
        let mut example = Command::new(&python);
        example.env("PYTHONPATH", root.join("clients/python/src"));
        example.arg(root.join("clients/python/examples/identify.py"));
        example.args(["--server", appliance.url.trim_start_matches("https://"), "--gallery", "lab", "--pki"]);
        example.arg(appliance.path("pki")).arg(reference).arg(appliance.path("probes/000002_2.iso"));
        example.output().expect("it starts")
    };
    let found = done(&example(&appliance.path("references/000002_1.iso")));
    let name = found.lines().next().and_then(|line| line.split(' ').nth(1)).expect("it names the subject");
    let first = found.lines().nth(1).expect("a candidate");
    assert!(first.trim_start().starts_with('1') && first.ends_with(name), "{found}");

    // A refusal comes with its details.
    let broken = appliance.path("broken.iso");
    fs::write(&broken, b"FMR\0 20\0").expect("it is written");
    let refused = example(&broken);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("INVALID_ARGUMENT") && said.contains("  templates[0]: "), "{said}");
}

/// A collector of spans that counts those of calls by method.
#[derive(Clone, Default)]
struct Collector(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let resources = request.into_inner().resource_spans;
        let spans = resources.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        for span in spans.filter(|span| span.name == "call") {
            let method = span.attributes.iter().find(|attribute| attribute.key == "method");
            let method = method.and_then(|method| method.value.clone()).and_then(|value| value.value);
            self.0.lock().expect("no panic").push(format!("{method:?}"));
        }
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[test]
fn spans_of_calls_reach_a_collector() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let collector = Collector::default();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(collector.clone()));
    runtime.spawn(server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
    let mut appliance = Appliance::new();
    let config = appliance.path("whorl.toml");
    let text = fs::read_to_string(&config).expect("readable") + &format!("[log]\notlp = \"{address}\"\n");
    fs::write(&config, text).expect("written");
    appliance.start();
    appliance.enroll("S1", 1);
    assert_eq!(appliance.stop("-TERM"), Some(0), "it ends in good order, and sends what is left");
    let spans = collector.0.lock().expect("no panic").clone();
    assert!(spans.iter().any(|method| method.contains("/whorl.v1.Gallery/Enroll")), "{spans:?}");
}
