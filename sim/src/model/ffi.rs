//! The Verilated card, statically linked: the only foreign functions of this crate.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use super::{CONFIGURATIONS, Inputs, Lane, Outputs};

/// A card of C++. Never looked into from here.
#[repr(C)]
struct Card {
    _opaque: [u8; 0],
}

/// The five functions that `card.cpp` gives each configuration.
#[derive(Debug, Clone, Copy)]
struct Functions {
    new: unsafe extern "C" fn() -> *mut Card,
    free: unsafe extern "C" fn(*mut Card),
    step: unsafe extern "C" fn(*mut Card, *const Inputs, *mut Outputs) -> c_int,
    trace: unsafe extern "C" fn(*mut Card, *const c_char) -> c_int,
    bit: unsafe extern "C" fn(*mut Card, *const c_char, *const c_char, c_uint, c_uint) -> c_int,
}

unsafe extern "C" {
    fn failure_text(out: *mut c_char, bytes: usize) -> usize;
}

/// Declares the functions that build.rs compiled for a configuration, and lists them.
macro_rules! functions {
    ($new:ident, $free:ident, $step:ident, $trace:ident, $bit:ident) => {{
        unsafe extern "C" {
            fn $new() -> *mut Card;
            fn $free(card: *mut Card);
            fn $step(card: *mut Card, inputs: *const Inputs, outputs: *mut Outputs) -> c_int;
            fn $trace(card: *mut Card, path: *const c_char) -> c_int;
            fn $bit(card: *mut Card, scope: *const c_char, name: *const c_char, bit: c_uint, flip: c_uint) -> c_int;
        }
        Functions { new: $new, free: $free, step: $step, trace: $trace, bit: $bit }
    }};
}

/// By the order of [`CONFIGURATIONS`].
const FUNCTIONS: [Functions; CONFIGURATIONS.len()] = [
    functions!(whorl_1x1_new, whorl_1x1_free, whorl_1x1_step, whorl_1x1_trace, whorl_1x1_bit),
    functions!(whorl_2x2_new, whorl_2x2_free, whorl_2x2_step, whorl_2x2_trace, whorl_2x2_bit),
    #[cfg(feature = "wide")]
    functions!(whorl_4x4_new, whorl_4x4_free, whorl_4x4_step, whorl_4x4_trace, whorl_4x4_bit),
    #[cfg(feature = "wide")]
    functions!(whorl_1x8_new, whorl_1x8_free, whorl_1x8_step, whorl_1x8_trace, whorl_1x8_bit),
];

/// One Verilated card.
#[derive(Debug)]
pub(crate) struct Model {
    card: NonNull<Card>,
    functions: Functions,
    failed: bool,
}

// SAFETY: the model keeps no thread-local state; it is used by one thread at a time through `&mut self`.
unsafe impl Send for Model {}

impl Model {
    /// A card of the configuration, before its first reset. `None` if that configuration is not compiled in.
    pub(crate) fn new(streams: u8, probes: u8) -> Option<Self> {
        let nth = CONFIGURATIONS.iter().position(|&configuration| configuration == (streams, probes))?;
        let functions = FUNCTIONS[nth];
        // SAFETY: the function takes nothing and returns a card that it owns no more.
        let card = NonNull::new(unsafe { (functions.new)() })?;
        Some(Self { card, functions, failed: false })
    }

    /// Runs one clock cycle.
    ///
    /// # Errors
    /// The text of the assertion that failed, now or on an earlier call: the model does not run on after that.
    pub(crate) fn step(&mut self, inputs: &Inputs, outputs: &mut Outputs) -> Result<(), String> {
        // SAFETY: the card is one that `new` made and `drop` has not freed; both pointers are to structs of the layout
        // that the function expects, borrowed for the call.
        if self.failed || unsafe { (self.functions.step)(self.card.as_ptr(), inputs, outputs) } != 0 {
            self.failed = true;
            return Err(failure());
        }
        Ok(())
    }

    /// Writes waves to `path` from here on. `false`: this build cannot, or the path holds a zero byte.
    pub(crate) fn trace(&mut self, path: &Path) -> bool {
        let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
        // SAFETY: the card is alive, and the path is a zero-terminated string that outlives the call.
        unsafe { (self.functions.trace)(self.card.as_ptr(), path.as_ptr()) == 0 }
    }

    /// Flips a bit of the descriptor that a lane compares with. `false`: there is no such bit.
    pub(crate) fn flip_probe_bit(&mut self, lane: Lane, bit: u8) -> bool {
        self.change_bit(lane, c"word_q", bit, true)
    }

    /// Has a lane take itself for empty. `false`: there is no such lane.
    pub(crate) fn empty_lane(&mut self, lane: Lane) -> bool {
        self.change_bit(lane, c"present_q", 0, false)
    }

    /// Flips a bit of a register of a lane, or clears it.
    fn change_bit(&mut self, (stream, probe, lane): Lane, name: &CStr, bit: u8, flip: bool) -> bool {
        let engine = format!("i_match.gen_stream[{stream}].i_search_stream.gen_probe[{probe}].i_engine");
        let Ok(scope) = CString::new(format!("whorl_core.{engine}.i_lane_array.gen_lane[{lane}].i_table")) else {
            return false;
        };
        let (scope, name) = (scope.as_ptr(), name.as_ptr());
        // SAFETY: the card is alive, and both names are zero-terminated strings that outlive the call.
        unsafe { (self.functions.bit)(self.card.as_ptr(), scope, name, bit.into(), flip.into()) == 0 }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: made by `new` of the same configuration, freed once.
        unsafe { (self.functions.free)(self.card.as_ptr()) };
    }
}

fn failure() -> String {
    let mut text = vec![0_u8; 512];
    // SAFETY: the function writes at most the given number of bytes to the buffer.
    let bytes = unsafe { failure_text(text.as_mut_ptr().cast(), text.len()) };
    String::from_utf8_lossy(&text[..bytes]).into_owned()
}
