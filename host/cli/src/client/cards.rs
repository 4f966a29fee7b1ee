//! The engines of an appliance.

use super::print;
use crate::error::CliError;
use serde_json::{Value, json};
use tonic::transport::Channel;
use whorl_server::proto;
use whorl_server::proto::cards_client::CardsClient;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List them
    List,
    /// Let one finish its work, then close it
    Drain { name: String },
    /// Take it back into service
    Resume { name: String },
    /// Drain it, reset it, take it back into service
    Reset { name: String },
    /// Drain it, test all of it, take it back into service if it is well
    SelfTest { name: String },
    /// List them, and again at each change until interrupted
    Watch,
}

fn state(card: &proto::Card) -> String {
    card.state().as_str_name().trim_start_matches("STATE_").to_lowercase().replace('_', " ")
}

fn value(card: &proto::Card) -> Value {
    json!({"name": card.name, "role": card.role().as_str_name().trim_start_matches("ROLE_").to_lowercase(),
        "state": state(card), "reason": card.reason, "comparisons_per_second": card.comparisons_per_second})
}

fn line(card: &proto::Card) -> String {
    let reason = if card.reason.is_empty() { String::new() } else { format!(": {}", card.reason) };
    format!("{:<32}  {}{reason}  {} comparisons/s", card.name, state(card), card.comparisons_per_second)
}

fn list(cards: &[proto::Card], json: bool) -> Result<(), CliError> {
    let text = || cards.iter().map(line).collect::<Vec<_>>().join("\n");
    print(json, || cards.iter().map(value).collect(), text)
}

/// Runs the command.
pub async fn run(command: &Command, channel: Channel, json: bool) -> Result<(), CliError> {
    let mut client = CardsClient::new(channel);
    let one = |card: proto::Card| print(json, || value(&card), || line(&card));
    match command {
        Command::List => list(&client.list(proto::ListCardsRequest {}).await?.into_inner().cards, json),
        Command::Drain { name } => {
            one(client.drain(proto::DrainCardRequest { name: name.clone() }).await?.into_inner())
        }
        Command::Resume { name } => {
            one(client.resume(proto::ResumeCardRequest { name: name.clone() }).await?.into_inner())
        }
        Command::Reset { name } => {
            one(client.reset(proto::ResetCardRequest { name: name.clone() }).await?.into_inner())
        }
        Command::SelfTest { name } => {
            let test = client.self_test(proto::SelfTestRequest { name: name.clone() }).await?.into_inner();
            let step = |s: &proto::SelfTestStep| json!({"part": s.name, "passed": s.passed, "detail": s.detail});
            let card = test.card.clone().unwrap_or_default();
            print(
                json,
                || json!({"passed": test.passed, "parts": test.steps.iter().map(step).collect::<Value>(), "card": value(&card)}),
                || {
                    let word = |passed| if passed { "pass" } else { "fail" };
                    let steps = test.steps.iter().map(|s| format!("  {}  {}  {}", word(s.passed), s.name, s.detail));
                    steps.chain([line(&card)]).collect::<Vec<_>>().join("\n")
                },
            )?;
            if test.passed {
                Ok(())
            } else {
                Err(CliError::SelfTest { what: format!("{name} is not well"), lost: false })
            }
        }
        Command::Watch => {
            let mut states = client.watch(proto::WatchCardsRequest {}).await?.into_inner();
            while let Some(state) = states.message().await? {
                list(&state.cards, json)?;
            }
            Ok(())
        }
    }
}
