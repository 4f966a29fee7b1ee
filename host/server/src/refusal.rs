//! Errors as gRPC statuses with the standard details (google.rpc: BadRequest, RetryInfo, ErrorInfo, ResourceInfo).
//!
//! A message names the cause and the remedy to the caller; it is never logged, because it may hold names of the request.

use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use whorl_gallery::StoreError;
use whorl_search::EngineError;
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
