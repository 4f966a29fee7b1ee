//! Every call with arbitrary bytes and with arbitrary messages: it is answered or refused in time, and the server lives.

mod common;

use common::{Lab, call, files, methods};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tonic::{Code, Status};
use whorl_synth::{Distortion, Finger};

/// Calls of each method with arbitrary bytes.
const BYTES: usize = 25;
/// Calls of each method with arbitrary messages.
const MESSAGES: usize = 60;
/// Messages in messages at most.
const DEPTH_MAX: usize = 3;

/// What a server may say to nonsense. INTERNAL, UNKNOWN and DATA_LOSS would be faults of its own, but that gRPC has INTERNAL for
/// bytes that are no message.
fn is_civil(status: &Status) -> bool {
    let undecodable = status.message().starts_with("failed to decode Protobuf message");
    undecodable || !matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable)
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Makes messages that can be decoded, of fields that often make sense.
struct Maker {
    messages: BTreeMap<String, DescriptorProto>,
    template: Vec<u8>,
    random: ChaCha8Rng,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut messages = BTreeMap::new();
        for file in files().file {
            for message in file.message_type {
                messages.insert(format!("{}.{}", file.package.as_deref().unwrap_or_default(), message.name()), message);
            }
        }
        let finger = Finger::new(5, 1).impression(0, &Distortion::default());
        let template = whorl_template::iso19794_2_2005::write(&finger).expect("a template");
        Self { messages, template, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn message(&mut self, name: &str, depth: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(message) = self.messages.get(name).cloned() else { return out };
        for field in &message.field {
            let count = if field.label() == Label::Repeated { self.random.random_range(0..4) } else { 1 };
            for _ in 0..count {
                if self.random.random_bool(0.85) {
                    self.field(&mut out, field, depth);
                }
            }
        }
        out
    }

    fn field(&mut self, out: &mut Vec<u8>, field: &FieldDescriptorProto, depth: usize) {
        let tag = |wire: u64| (field.number() as u64) << 3 | wire;
        let bytes = match field.r#type() {
            Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                varint(out, tag(1));
                out.extend(if self.random.random() {
                    0.01_f64.to_le_bytes()
                } else {
                    self.random.random::<u64>().to_le_bytes()
                });
                return;
            }
            Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                varint(out, tag(5));
                out.extend(self.random.random::<u32>().to_le_bytes());
                return;
            }
            Type::String => self.text(field.name()).into_bytes(),
            Type::Bytes => self.content(),
            Type::Message if depth >= DEPTH_MAX => return,
            Type::Message => self.message(field.type_name().trim_start_matches('.'), depth + 1),
            _ => {
                varint(out, tag(0));
                let value =
                    if self.random.random_bool(0.8) { self.random.random_range(0..8) } else { self.random.random() };
                varint(out, value);
                return;
            }
        };
        varint(out, tag(2));
        varint(out, bytes.len() as u64);
        out.extend(bytes);
    }

    fn text(&mut self, field: &str) -> String {
        match self.random.random_range(0..8) {
            0 => String::new(),
            1 => "x".repeat(self.random.random_range(60..200)),
            2 => "n\u{fc}ll\0\n".into(),
            _ if field == "gallery" => "lab".into(),
            _ if field == "name" => "cpu".into(),
            _ => format!("{field}-{}", self.random.random_range(0..4)),
        }
    }

    /// A template, whole or broken.
    fn content(&mut self) -> Vec<u8> {
        let mut bytes = self.template.clone();
        match self.random.random_range(0..4) {
            0 => bytes.truncate(self.random.random_range(0..bytes.len())),
            1 => {
                for _ in 0..3 {
                    let at = self.random.random_range(0..bytes.len());
                    bytes[at] = self.random.random();
                }
            }
            _ => {}
        }
        bytes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_brings_the_server_down() {
    let lab = Lab::new(false, "[limits]\nrequests_per_second = 0\n").await;
    let mut maker = Maker::new(7);
    let mut seen: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let start = Instant::now();
    for (path, message) in methods() {
        for nth in 0..BYTES + MESSAGES {
            let content = if nth < BYTES {
                let mut bytes = vec![0; maker.random.random_range(0..200)];
                maker.random.fill_bytes(&mut bytes);
                bytes
            } else {
                maker.message(&message, 0)
            };
            let status = call(lab.everybody().await, &path, vec![content.clone()]).await;
            assert!(is_civil(&status), "{path} with {content:02x?}: {status:?}");
            *seen.entry(path.clone()).or_default().entry(format!("{:?}", status.code())).or_default() += 1;
        }
    }
    println!("{} calls in {:?}: {seen:#?}", methods().len() * (BYTES + MESSAGES), start.elapsed());
    for (path, outcomes) in &seen {
        let refuses = outcomes.contains_key("InvalidArgument") || outcomes.contains_key("NotFound");
        let listing = ["List", "Watch", "Count", "ListPartitions", "VerifyChain", "EnrollStream"];
        assert!(refuses || listing.iter().any(|name| path.ends_with(name)), "{path} refuses nothing: {outcomes:?}");
    }
    assert!(seen["/whorl.v1.Gallery/Enroll"].contains_key("Ok"), "some messages made sense");
    assert!(seen["/whorl.v1.Search/Identify"].contains_key("Ok"), "some messages made sense");
    let verified = lab.serving.appliance.audit.verify().expect("the audit log is intact");
    assert!(verified.entries >= (methods().len() * MESSAGES) as u64, "every call that could be read is on record");
    let ended = Instant::now();
    lab.serving.stop().await.expect("it ends");
    assert!(ended.elapsed() < Duration::from_secs(10));
}
