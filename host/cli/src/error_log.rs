//! A card's error log in words and as JSON.

use serde_json::{Value, json};
use whorl_device::{ErrorHistory, ErrorLog};

/// The whole log in one sentence.
pub fn sentence(errors: &ErrorHistory) -> String {
    match (errors.first, errors.latest) {
        (None, None) => "empty".into(),
        (Some(only), Some(latest)) if errors.count <= 1 || only == latest => {
            format!("{} since the reset: {only}", count(errors.count))
        }
        (first, latest) => {
            let words = |entry: Option<ErrorLog>| entry.map_or_else(|| "unknown".to_owned(), |entry| entry.to_string());
            format!("{} since the reset; first {}; latest {}", count(errors.count), words(first), words(latest))
        }
    }
}

fn count(errors: u32) -> String {
    match errors {
        1 => "1 error".into(),
        u32::MAX => "4294967295 errors or more".into(),
        errors => format!("{errors} errors"),
    }
}

/// The log for scripts.
pub fn to_json(errors: &ErrorHistory) -> Value {
    let entry = |entry: Option<ErrorLog>| {
        entry.map(|entry| {
            json!({
                "status": format!("{:?}", entry.status),
                "words": entry.to_string(),
                "queue": entry.queue_index,
                "tag": entry.tag,
                "address": entry.address,
            })
        })
    };
    json!({ "count": errors.count, "first": entry(errors.first), "latest": entry(errors.latest) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_layout::Status;

    const FIRST: ErrorLog = ErrorLog { status: Status::DmaReadError, queue_index: 1, tag: 7, address: 0x40 };
    const LATEST: ErrorLog = ErrorLog { status: Status::Watchdog, queue_index: 0, tag: 9, address: 0 };

    #[test]
    fn the_log_reads_as_a_sentence() {
        assert_eq!(sentence(&ErrorHistory::default()), "empty");
        let one = ErrorHistory { first: Some(FIRST), latest: Some(FIRST), count: 1 };
        let expected = "1 error since the reset: a read of memory was refused (queue 1, tag 7, address 0x40)";
        assert_eq!(sentence(&one), expected);
        let more = sentence(&ErrorHistory { first: Some(FIRST), latest: Some(LATEST), count: u32::MAX });
        assert!(more.starts_with("4294967295 errors or more since the reset; first a read of memory"), "{more}");
        assert!(
            more.ends_with("latest a command ran longer than the watchdog allows (admin queue, tag 9, address 0x0)")
        );
    }

    #[test]
    fn json_has_both_entries_by_field() {
        let value = to_json(&ErrorHistory { first: Some(FIRST), latest: Some(LATEST), count: 2 });
        assert_eq!((&value["count"], &value["first"]["status"]), (&json!(2), &json!("DmaReadError")));
        assert_eq!((&value["latest"]["tag"], &value["first"]["address"]), (&json!(9), &json!(0x40)));
        assert_eq!(to_json(&ErrorHistory::default())["first"], Value::Null);
    }
}
