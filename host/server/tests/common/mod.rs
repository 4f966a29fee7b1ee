//! An appliance in this process, and calls of any method with any bytes.
#![allow(dead_code)] // not every test needs all of it

use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use whorl_gallery::{Store, StoreOptions};
use whorl_matcher::Backend;
use whorl_search::{Candidacy, CpuEngine, Engine, Pool, Role};
use whorl_server::client::{Access, AccessError};
use whorl_server::config::Config;
use whorl_server::serve::{Parts, Serving, start};
use whorl_server::{pki, proto};

/// No call may take so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A served appliance with an empty store and the CPU as its engine.
pub struct Lab {
    folder: tempfile::TempDir,
    pub serving: Serving,
    tls: bool,
}

impl Lab {
    /// With mutual TLS, or without it and every role for everybody.
    pub async fn new(tls: bool, more: &str) -> Self {
        Self::with(tls, more, || Box::new(CpuEngine::new(Backend::Auto))).await
    }

    /// The same with an engine of the test's own; `more` begins with keys of `[server]`.
    pub async fn with(tls: bool, more: &str, engine: fn() -> Box<dyn Engine>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        pki::init(&folder.path().join("pki"), &["localhost".into()], 1).expect("certificates");
        let server = if tls {
            format!(
                "[server.tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n",
                path("pki/server.pem"),
                path("pki/server.key"),
                path("pki/ca.pem")
            )
        } else {
            "plaintext_roles = [\"enroller\", \"searcher\", \"examiner\", \"operator\", \"auditor\"]\n".to_owned()
        };
        let (keys, more) = more.split_at(more.find('[').unwrap_or(more.len()));
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nshutdown_seconds = 2\n{keys}{server}[gallery]\nfolder = {:?}\nplaintext = true\n\
             [audit]\nfolder = {:?}\n{more}",
            path("gallery"),
            path("audit")
        );
        let config = Config::parse(&folder.path().join("whorl.toml"), &text).expect("a configuration");
        let store = Store::create(&folder.path().join("gallery"), StoreOptions::default()).expect("a store");
        let open = Box::new(move || Ok(engine()));
        let candidacy = Candidacy { name: "cpu".into(), role: Role::Worker, engine: Some(engine()), open };
        let pool = Pool::new(vec![candidacy]).expect("threads");
        let parts = Parts { store: Arc::new(store), pool, benches: BTreeMap::new() };
        let serving = start(&config, parts).await.expect("it serves");
        Self { folder, serving, tls }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A connection with the pair `name` of a folder of certificates.
    pub async fn connect(&self, folder: &str, name: Option<&str>) -> Result<Channel, AccessError> {
        let scheme = if self.tls { "https" } else { "http" };
        let pki = self.path(folder);
        let access = Access {
            server: format!("{scheme}://localhost:{}", self.serving.address.port()),
            ca: self.tls.then(|| self.path("pki").join("ca.pem")),
            certificate: name.map(|name| (pki.join(format!("{name}.pem")), pki.join(format!("{name}.key")))),
        };
        access.connect().await
    }

    /// A connection of somebody who may do everything.
    pub async fn everybody(&self) -> Channel {
        self.connect("pki", None).await.expect("it is reached")
    }
}

/// Messages as they are on the wire.
#[derive(Clone, Copy)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// The protocol's files.
pub fn files() -> prost_types::FileDescriptorSet {
    prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the descriptors are whole")
}

/// Every method of the protocol, as `/package.Service/Method`, with the name of its request's message.
pub fn methods() -> Vec<(String, String)> {
    let mut methods = Vec::new();
    for file in files().file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                methods.push((path, method.input_type().trim_start_matches('.').to_owned()));
            }
        }
    }
    methods
}

/// Calls a method with messages, as a stream both ways, which fits every kind, and gives how it ended. A stream that goes on for
/// ever counts as OK after its first answers.
pub async fn call(channel: Channel, path: &str, messages: Vec<Vec<u8>>) -> Status {
    let mut client = Grpc::new(channel);
    if let Err(error) = client.ready().await {
        return Status::unavailable(error.to_string());
    }
    let path: PathAndQuery = path.parse().expect("a method's path");
    let request = Request::new(tokio_stream::iter(messages.into_iter().map(Bytes::from)));
    let answered = async {
        let mut answers = client.streaming(request, path, Raw).await?.into_inner();
        for _ in 0..50 {
            match tokio::time::timeout(Duration::from_millis(60), answers.message()).await {
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) | Err(_) => break,
                Ok(Err(status)) => return Err(status),
            }
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, answered).await.expect("the call hangs") {
        Ok(()) => Status::new(Code::Ok, ""),
        Err(status) => status,
    }
}
