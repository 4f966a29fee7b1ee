//! Enrolment and what is enrolled.

use super::{PurposeWord, new_id, print};
use crate::error::CliError;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tonic::transport::Channel;
use whorl_server::proto::gallery_client::GalleryClient;
use whorl_server::proto::{self, Status};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Enrol an encounter of a subject; done means durable and searchable
    Enroll(Enroll),
    /// Read an encounter back
    Encounter(Show),
    /// Hide a subject or an encounter from searches
    Seal(Target),
    /// Let a sealed subject or encounter take part in searches again
    Unseal(Target),
    /// Remove a subject or an encounter for good
    Expunge(Expunge),
    /// Count what is enrolled
    Count {
        /// The gallery; all of them if it is not given
        #[arg(long)]
        gallery: Option<String>,
    },
    /// List galleries by finger position
    Partitions,
}

/// Whom a change is about.
#[derive(clap::Args)]
pub struct Target {
    /// The gallery
    #[arg(long)]
    gallery: String,
    /// The subject
    #[arg(long)]
    subject: String,
    /// The encounter; all of the subject's if it is not given
    #[arg(long)]
    encounter: Option<String>,
    /// Id of the request: one that is sent again does nothing again. Made up if it is not given
    #[arg(long)]
    request_id: Option<String>,
}

#[derive(clap::Args)]
pub struct Enroll {
    #[arg(long)]
    gallery: String,
    #[arg(long)]
    subject: String,
    #[arg(long)]
    encounter: String,
    /// Id of the request: one that is sent again does nothing again. Made up if it is not given
    #[arg(long)]
    request_id: Option<String>,
    /// Minutiae files of the encounter
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub struct Show {
    #[arg(long)]
    gallery: String,
    #[arg(long)]
    subject: String,
    #[arg(long)]
    encounter: String,
    /// Why it is read
    #[arg(long, value_enum)]
    purpose: PurposeWord,
    /// Write the templates into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct Expunge {
    #[command(flatten)]
    target: Target,
    /// Wait until the bytes have left the files
    #[arg(long)]
    wait: bool,
}

/// The files of a request.
pub fn read(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, CliError> {
    files.iter().map(|file| fs::read(file).map_err(CliError::file(file))).collect()
}

fn receipt(json: bool, receipt: Option<proto::Receipt>, what: &str, removed: Option<bool>) -> Result<(), CliError> {
    let receipt = receipt.unwrap_or_default();
    let value = || {
        let mut value =
            json!({"sequence": receipt.sequence, "replayed": receipt.replayed, "references": receipt.references});
        if let Some(removed) = removed {
            value["removed"] = removed.into();
        }
        value
    };
    let again = if receipt.replayed { ", as had been done before" } else { "" };
    let gone = if removed == Some(true) { "; its bytes have left the files" } else { "" };
    print(json, value, || format!("{what} {} references at {}{again}{gone}", receipt.references, receipt.sequence))
}

/// Runs the command.
pub async fn run(command: &Command, channel: Channel, json: bool) -> Result<(), CliError> {
    let mut client = GalleryClient::new(channel);
    match command {
        Command::Enroll(enroll) => {
            let request = proto::EnrollRequest {
                request_id: enroll.request_id.clone().unwrap_or_else(new_id),
                gallery: enroll.gallery.clone(),
                subject: enroll.subject.clone(),
                encounter: enroll.encounter.clone(),
                templates: read(&enroll.files)?,
            };
            receipt(json, client.enroll(request).await?.into_inner().receipt, "enrolled", None)
        }
        Command::Encounter(encounter) => show(encounter, &mut client, json).await,
        Command::Seal(target) => {
            let done = client.set_status(status(target, Status::Sealed)).await?;
            receipt(json, done.into_inner().receipt, "sealed", None)
        }
        Command::Unseal(target) => {
            let done = client.set_status(status(target, Status::Active)).await?;
            receipt(json, done.into_inner().receipt, "unsealed", None)
        }
        Command::Expunge(Expunge { target, wait }) => {
            let request = proto::ExpungeRequest {
                request_id: target.request_id.clone().unwrap_or_else(new_id),
                gallery: target.gallery.clone(),
                subject: target.subject.clone(),
                encounter: target.encounter.clone().unwrap_or_default(),
                wait_for_removal: *wait,
            };
            let done = client.expunge(request).await?.into_inner();
            receipt(json, done.receipt, "expunged", Some(done.removed))
        }
        Command::Count { gallery } => {
            let request = proto::CountRequest { gallery: gallery.clone().unwrap_or_default() };
            let c = client.count(request).await?.into_inner();
            let value = || {
                json!({"subjects": c.subjects, "encounters": c.encounters, "references": c.references,
                    "sealed_encounters": c.sealed_encounters})
            };
            print(json, value, || {
                format!(
                    "{} subjects, {} encounters, {} references; {} encounters are sealed",
                    c.subjects, c.encounters, c.references, c.sealed_encounters
                )
            })
        }
        Command::Partitions => {
            let partitions = client.list_partitions(proto::ListPartitionsRequest {}).await?.into_inner().partitions;
            let row = |p: &proto::Partition| {
                json!({"gallery": p.gallery, "position": p.position, "references": p.references, "bytes": p.bytes,
                    "shards": p.shards, "generation": p.generation})
            };
            print(json, || partitions.iter().map(row).collect::<Value>(), || table(&partitions))
        }
    }
}

fn table(partitions: &[proto::Partition]) -> String {
    let mut lines = vec![format!(
        "{:<32}  {:>8}  {:>10}  {:>13}  {:>6}  {:>10}",
        "gallery", "position", "references", "bytes", "shards", "generation"
    )];
    lines.extend(partitions.iter().map(|p| {
        format!(
            "{:<32}  {:>8}  {:>10}  {:>13}  {:>6}  {:>10}",
            p.gallery, p.position, p.references, p.bytes, p.shards, p.generation
        )
    }));
    lines.join("\n")
}

fn status(target: &Target, status: Status) -> proto::SetStatusRequest {
    proto::SetStatusRequest {
        request_id: target.request_id.clone().unwrap_or_else(new_id),
        gallery: target.gallery.clone(),
        subject: target.subject.clone(),
        encounter: target.encounter.clone().unwrap_or_default(),
        status: status.into(),
    }
}

async fn show(encounter: &Show, client: &mut GalleryClient<Channel>, json: bool) -> Result<(), CliError> {
    let request = proto::GetEncounterRequest {
        gallery: encounter.gallery.clone(),
        subject: encounter.subject.clone(),
        encounter: encounter.encounter.clone(),
        purpose: encounter.purpose.into(),
    };
    let found = client.get_encounter(request).await?.into_inner();
    let mut files = Vec::new();
    if let Some(folder) = &encounter.out {
        fs::create_dir_all(folder).map_err(CliError::file(folder))?;
        for (nth, template) in found.templates.iter().enumerate() {
            let file = folder.join(format!("{nth}.iso"));
            fs::write(&file, template).map_err(CliError::file(&file))?;
            files.push(file.display().to_string());
        }
    }
    let fingers = found.fingers.iter().map(|f| json!({"position": f.position, "template": f.template, "view": f.view}));
    let status = found.status().as_str_name().trim_start_matches("STATUS_").to_lowercase();
    let value = || {
        json!({"status": status, "sequence": found.sequence, "fingers": fingers.collect::<Value>(),
            "template_bytes": found.templates.iter().map(Vec::len).collect::<Vec<_>>(), "files": files})
    };
    print(json, value, || {
        format!(
            "{status}, {} fingers in {} templates, at {}",
            found.fingers.len(),
            found.templates.len(),
            found.sequence
        )
    })
}
