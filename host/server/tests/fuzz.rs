//! Every call with arbitrary bytes and with arbitrary messages: it is answered or refused in time, and the server lives.

mod common;

use common::Lab;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use std::time::Duration;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use whorl_server::proto;

/// Calls of each method and kind of content.
const CALLS: usize = 60;
/// No call of nonsense may take so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Messages as they are on the wire.
#[derive(Clone, Copy)]
struct Raw;

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

/// Every method of the protocol, as `/package.Service/Method`, with the name of its request's message.
fn methods() -> Vec<(String, String)> {
    let files = prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the descriptors are whole");
    let of_file = |file: prost_types::FileDescriptorProto| {
        let package = file.package().to_owned();
        file.service.into_iter().flat_map(move |service| {
            let path = format!("/{package}.{}", service.name());
            service.method.into_iter().map(move |method| {
                (format!("{path}/{}", method.name()), method.input_type().trim_start_matches('.').to_owned())
            })
        })
    };
    files.file.into_iter().flat_map(of_file).collect()
}

/// Calls the method as a stream both ways, which fits every kind, and gives how it ended.
async fn call(lab: &Lab, path: &str, message: Vec<u8>) -> Code {
    let mut client = Grpc::new(lab.everybody().await);
    client.ready().await.expect("the server lives");
    let path: PathAndQuery = path.parse().expect("a method's path");
    let request = Request::new(tokio_stream::iter([Bytes::from(message)]));
    let answered = async {
        let mut answers = client.streaming(request, path, Raw).await?.into_inner();
        // A watch goes on for ever: its first answers will do.
        for _ in 0..50 {
            match tokio::time::timeout(Duration::from_millis(300), answers.message()).await {
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) | Err(_) => break,
                Ok(Err(status)) => return Err(status),
            }
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, answered).await.expect("it does not hang") {
        Ok(()) => Code::Ok,
        Err(status) => status.code(),
    }
}
