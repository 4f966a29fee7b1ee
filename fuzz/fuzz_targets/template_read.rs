//! Any bytes read as a minutiae file: see README.md for what must hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whorl_template::{LengthCheck, iso19794_2_2005, read_any};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(template) = read_any(bytes, LengthCheck::Strict) {
        assert_eq!(iso19794_2_2005::write(&template).as_deref(), Ok(bytes));
    }
    if let Ok(template) = read_any(bytes, LengthCheck::Lenient) {
        let written = iso19794_2_2005::write(&template).expect("what was read can be written");
        assert_eq!(read_any(&written, LengthCheck::Lenient).as_ref(), Ok(&template));
        for view in &template.views {
            let taken: usize = view.extended_areas().map_while(Result::ok).map(|area| 4 + area.data.len()).sum();
            assert!(taken <= view.extended.len());
        }
    }
});
