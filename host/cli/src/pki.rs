//! `whorl pki`: certificates for a laboratory.

