//! What every request has in common: names, purposes, deadlines.

use crate::proto;
use crate::refusal::Violations;
use std::time::{Duration, Instant};
use whorl_gallery::Status;
use whorl_gallery::limits::{GALLERY_NAME_BYTES_MAX as GALLERY_BYTES_MAX, NAME_BYTES_MAX};

/// Deadlines are cut to so long: a search must end.
const DEADLINE_MAX: Duration = Duration::from_hours(1);
/// The answer that time is up is on its way so long before it is, or a twentieth of the time where that is shorter: after the
/// deadline the transport only says that the call was cancelled.
const DEADLINE_MARGIN: Duration = Duration::from_millis(50);

fn is_name(name: &str, bytes_max: usize) -> bool {
    name.len() <= bytes_max && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Checks a name that must be there.
pub fn name(wrong: &mut Violations, field: &str, name: &str) {
    let right = !name.is_empty() && is_name(name, NAME_BYTES_MAX);
    wrong.expect(right, field, format!("must have 1 to {NAME_BYTES_MAX} bytes of printable ASCII"));
}

/// Checks a name that may be empty.
pub fn optional_name(wrong: &mut Violations, field: &str, name: &str) {
    let right = is_name(name, NAME_BYTES_MAX);
    wrong.expect(right, field, format!("must have at most {NAME_BYTES_MAX} bytes of printable ASCII"));
}

/// Checks a gallery's name.
pub fn gallery(wrong: &mut Violations, name: &str) {
    let right = !name.is_empty() && is_name(name, GALLERY_BYTES_MAX);
    wrong.expect(right, "gallery", format!("must have 1 to {GALLERY_BYTES_MAX} bytes of printable ASCII"));
}

/// Checks that a purpose is given and known.
pub fn purpose(wrong: &mut Violations, purpose: i32) {
    let known = proto::Purpose::try_from(purpose).is_ok_and(|purpose| purpose != proto::Purpose::Unspecified);
    wrong.expect(known, "purpose", "is required: say why this is searched, such as PURPOSE_CRIMINAL_JUSTICE");
}

/// When an answer must be on its way, by the call's `grpc-timeout`; `None` where that is none.
pub fn deadline(timeout: &str) -> Option<Instant> {
    let (count, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let count: u64 = count.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(count.saturating_mul(3600)),
        "M" => Duration::from_secs(count.saturating_mul(60)),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    let timeout = timeout.min(DEADLINE_MAX);
    Some(Instant::now() + timeout.saturating_sub(DEADLINE_MARGIN.min(timeout / 20)))
}

/// A moment of the log as a message.
pub fn timestamp(unix_ms: u64) -> prost_types::Timestamp {
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
    prost_types::Timestamp { seconds, nanos: (unix_ms % 1000 * 1_000_000) as i32 }
}

/// A moment of a request in milliseconds since 1970, 0 where there is none.
pub fn unix_ms(wrong: &mut Violations, field: &str, time: Option<prost_types::Timestamp>) -> u64 {
    let Some(time) = time else { return 0 };
    let seconds = u64::try_from(time.seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
    let ms = seconds.zip(u64::try_from(time.nanos).ok()).map(|(ms, nanos)| ms.saturating_add(nanos / 1_000_000));
    wrong.expect(ms.is_some(), field, "is no moment since 1970");
    ms.unwrap_or(0)
}

/// The status that a request wants; `None` where it names none.
pub fn status(status: i32) -> Option<Status> {
    match proto::Status::try_from(status) {
        Ok(proto::Status::Active) => Some(Status::Active),
        Ok(proto::Status::Sealed) => Some(Status::Sealed),
        Ok(proto::Status::Unspecified) | Err(_) => None,
    }
}

/// A status as a message.
pub const fn status_message(status: Status) -> proto::Status {
    match status {
        Status::Active => proto::Status::Active,
        Status::Sealed => proto::Status::Sealed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_printable() {
        let wrong = |text: &str| {
            let mut wrong = Violations::default();
            name(&mut wrong, "subject", text);
            wrong.check().is_err()
        };
        assert!(!wrong("A 1/2~") && !wrong(&"x".repeat(64)));
        assert!(wrong("") && wrong(&"x".repeat(65)) && wrong("a\nb") && wrong("ä") && wrong("a\u{7f}"));
    }

    #[test]
    fn deadlines_are_read_as_grpc_writes_them() {
        let of = |text: &str| deadline(text).map(|at| at.saturating_duration_since(Instant::now()));
        let near =
            |found: Option<Duration>, seconds: f64| (found.expect("a deadline").as_secs_f64() - seconds).abs() < 1.0;
        assert!(near(of("20S"), 20.0) && near(of("2M"), 120.0) && near(of("1H"), 3600.0) && near(of("9000m"), 9.0));
        assert!(near(of("99999999H"), 3600.0), "a deadline beyond the longest is cut");
        assert!(of("1S").expect("a deadline") <= Duration::from_millis(950), "the answer comes before it");
        for text in ["", "S", "1", "x1S", "-1S", "1D", "99999999999999999999S"] {
            assert_eq!(of(text), None, "{text:?}");
        }
    }
}
