//! Errors as gRPC statuses with the standard details (google.rpc: BadRequest, RetryInfo, ErrorInfo, ResourceInfo).
//!
//! A message names the cause and the remedy to the caller; it is never logged, because it may hold names of the request.

use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use whorl_gallery::StoreError;
use whorl_search::service::ServiceError;

/// `domain` of every ErrorInfo.
pub const DOMAIN: &str = "whorl";

/// How long a caller should wait where nothing better is known.
const RETRY: Duration = Duration::from_secs(1);

/// What is wrong with the fields of a request; all of it is told at once.
#[derive(Debug, Default)]
pub struct Violations(ErrorDetails, Vec<String>);

impl Violations {
    /// Adds one: the field's path, and what is expected of it.
    pub fn add(&mut self, field: impl Into<String>, what: impl Into<String>) {
        let (field, what) = (field.into(), what.into());
        self.1.push(format!("{field}: {what}"));
        self.0.add_bad_request_violation(field, what);
    }

    /// Adds one if `right` is not.
    pub fn expect(&mut self, right: bool, field: &str, what: impl Into<String>) {
        if !right {
            self.add(field, what);
        }
    }

    /// `Ok` where nothing was wrong.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with a BadRequest.
    pub fn check(self) -> Result<(), Status> {
        if self.1.is_empty() {
            return Ok(());
        }
        Err(Status::with_error_details(Code::InvalidArgument, self.1.join("; "), self.0))
    }
}

/// INVALID_ARGUMENT for one field.
pub fn field(field: impl Into<String>, what: impl Into<String>) -> Status {
    let (field, what) = (field.into(), what.into());
    let message = format!("{field}: {what}");
    Status::with_error_details(Code::InvalidArgument, message, ErrorDetails::with_bad_request_violation(field, what))
}

/// A status with an ErrorInfo of this reason.
pub fn because(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, std::collections::HashMap::<String, String>::new());
    Status::with_error_details(code, message, details)
}

/// A status that says when to come again.
pub fn later(code: Code, reason: &str, message: impl Into<String>, after: Duration) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(after));
    details.set_error_info(reason, DOMAIN, std::collections::HashMap::<String, String>::new());
    Status::with_error_details(code, message, details)
}

/// NOT_FOUND with a ResourceInfo.
pub fn not_found(kind: &str, name: &str) -> Status {
    let what = format!("there is no {kind} {name}");
    let details = ErrorDetails::with_resource_info(format!("whorl.v1.{kind}"), name, "", &what);
    Status::with_error_details(Code::NotFound, what, details)
}

/// A fault of the server's own; what it was is logged, not told.
pub fn broken(error: impl std::fmt::Display) -> Status {
    tracing::error!(%error, "a task of the server failed");
    because(Code::Internal, "BROKEN", "a fault of the server; its log has more")
}

/// The server is ending.
pub fn stopping() -> Status {
    later(Code::Unavailable, "STOPPING", "the server is ending; try another one, or this one later", RETRY)
}

/// What cannot be written to the audit log is not answered.
pub fn unaudited(error: impl std::fmt::Display) -> Status {
    tracing::error!(%error, "the audit log cannot be written");
    because(Code::Unavailable, "UNAUDITED", "the audit log cannot be written, so nothing is answered")
}

/// Why the store refuses or fails. Its messages hold no names.
pub fn store(error: StoreError) -> Status {
    let message = error.to_string();
    match error {
        StoreError::Invalid { field: of, reason } => field(of, reason),
        StoreError::NotFound(_) => because(Code::NotFound, "NOT_FOUND", message),
        StoreError::AlreadyExists(_) => because(Code::AlreadyExists, "ALREADY_EXISTS", message),
        StoreError::RequestReused { .. } => because(Code::AlreadyExists, "REQUEST_REUSED", message),
        StoreError::Busy { .. } => later(Code::ResourceExhausted, "BUSY", message, RETRY),
        StoreError::Compacting => later(Code::Unavailable, "COMPACTING", message, RETRY),
        StoreError::DiskFull { .. } => because(Code::ResourceExhausted, "DISK_FULL", message),
        StoreError::MemoryFull { .. } => because(Code::ResourceExhausted, "MEMORY_FULL", message),
        StoreError::LimitReached { .. } => because(Code::ResourceExhausted, "LIMIT_REACHED", message),
        StoreError::Closed => stopping(),
        error => {
            tracing::error!(%error, "the store failed");
            because(Code::Internal, "STORE_FAILED", message)
        }
    }
}

/// Why a search has no answer.
pub fn service(error: ServiceError) -> Status {
    let message = error.to_string();
    match error {
        ServiceError::Busy { retry_after, .. } => later(Code::ResourceExhausted, "BUSY", message, retry_after),
        ServiceError::Request { .. } => because(Code::InvalidArgument, "REQUEST", message),
        ServiceError::Cancelled { .. } => because(Code::Cancelled, "CANCELLED", message),
        ServiceError::DeadlineExceeded { .. } => because(Code::DeadlineExceeded, "DEADLINE", message),
        ServiceError::ShuttingDown => stopping(),
        ServiceError::Broken => broken(message),
        ServiceError::Engine(error) => {
            tracing::error!(error = error.explained(), "a search failed");
            because(Code::Unavailable, "ENGINES", error.explained())
        }
    }
}
