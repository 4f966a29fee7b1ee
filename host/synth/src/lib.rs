//! Reproducible synthetic fingers and impressions of them.
