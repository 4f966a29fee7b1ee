//! Answers that were given, kept so that they can be made again.

