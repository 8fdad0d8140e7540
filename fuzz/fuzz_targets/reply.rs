//! The bytes of a language model's reply: no panic, and the same however they are cut.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [chunk, whole, bytes @ ..] = data else { return };
    milepost_fuzz::check_reply(bytes, usize::from(*chunk), whole % 2 == 0);
});
