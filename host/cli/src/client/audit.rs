//! The audit log of an appliance.

use super::print;
use crate::error::CliError;
use serde_json::json;
use tonic::transport::Channel;
use whorl_server::proto;
use whorl_server::proto::audit_client::AuditClient;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List entries, oldest first
    Query {
        /// Name of the client in its certificate
        #[arg(long, default_value = "")]
        identity: String,
        /// Such as Search/Identify
        #[arg(long, default_value = "")]
        method: String,
        /// The caller's id of a request or search
        #[arg(long, default_value = "")]
        request_id: String,
        /// Entries after this one
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Entries at most
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Have the server recompute every hash of its log
    Verify,
}

/// Runs the command.
pub async fn run(command: &Command, channel: Channel, json: bool) -> Result<(), CliError> {
    let mut client = AuditClient::new(channel);
    match command {
        Command::Query { identity, method, request_id, after, limit } => {
            let request = proto::AuditQueryRequest {
                identity: identity.clone(),
                method: method.clone(),
                request_id: request_id.clone(),
                after: *after,
                limit: *limit,
                ..Default::default()
            };
            let mut entries = client.query(request).await?.into_inner();
            while let Some(e) = entries.message().await? {
                let purpose = e.purpose().as_str_name().trim_start_matches("PURPOSE_").to_lowercase();
                let time = e.time.map(|time| time.to_string()).unwrap_or_default();
                let value = || {
                    json!({"number": e.number, "time": time, "identity": e.identity, "certificate": e.certificate,
                        "method": e.method, "call_id": e.call_id, "request_id": e.request_id, "purpose": purpose,
                        "case_reference": e.case_reference, "gallery": e.gallery, "subject": e.subject,
                        "outcome": e.outcome, "count": e.count, "hash": e.hash})
                };
                print(json, value, || {
                    format!(
                        "{:>8}  {time}  {:<16}  {:<24}  {:<18}  {purpose}  {}  {}",
                        e.number, e.identity, e.method, e.outcome, e.request_id, e.gallery
                    )
                })?;
            }
            Ok(())
        }
        Command::Verify => {
            let found = client.verify_chain(proto::VerifyChainRequest {}).await?.into_inner();
            let value =
                || json!({"intact": found.intact, "entries": found.entries, "head": found.head, "fault": found.fault});
            print(json, value, || {
                if found.intact {
                    format!("intact: {} entries, head {}", found.entries, found.head)
                } else {
                    format!("NOT intact: {}", found.fault)
                }
            })?;
            if found.intact { Ok(()) } else { Err(CliError::Mismatch("the audit log is not intact".into())) }
        }
    }
}
