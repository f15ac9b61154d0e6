//! Whatever a file holds: it is read, or told what is wrong with it.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        laws::hold(text);
    }
});
