//! Any text as a configuration: see README.md for what must hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use whorl_server::config::Config;

fuzz_target!(|text: &str| {
    if let Err(error) = Config::parse(Path::new("whorl.toml"), text) {
        assert!(error.to_string().starts_with("whorl.toml"), "{error}");
    }
});
