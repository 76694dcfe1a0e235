//! Panics, told to the host's log: a trap alone says nothing about where it came from.

use std::sync::Once;

use crate::bindings::log::{Level, write};

static HOOK: Once = Once::new();

/// From now on. A panic is a bug in here, so its message holds no row data; the host stops the call.
pub fn panics() {
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            write(Level::Error, &panic.to_string(), &[])
        }))
    });
}
