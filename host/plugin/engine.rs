//! The one engine of the process and the clock that its epochs count. Decides which WebAssembly is allowed.

use std::thread;
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, Strategy};

use super::bindings::SourcePlugin;
use super::imports::State;

/// Resolution of CPU budgets, and the longest that a guest holds a thread before it yields.
pub const TICK: Duration = Duration::from_millis(10);

/// Engine and imports, shared by every plugin.
pub struct Runtime {
    pub engine: Engine,
    pub linker: Linker<State>,
}

impl Runtime {
    /// # Errors
    /// The machine lacks what the compiler needs.
    pub fn new() -> wasmtime::Result<Self> {
        let engine = Engine::new(&config())?;
        start_clock(&engine)?;
        let mut linker = Linker::new(&engine);
        SourcePlugin::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self { engine, linker })
    }
}

/// Only what compilers of plugins emit: each proposal is code that a hostile guest could attack.
fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .epoch_interruption(true)
        // Costs every call, and rejects guests with asynchronous types when it is off.
        .concurrency_support(false)
        .shared_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        // Names of functions in a trap are for the author; a path of a build machine is for nobody.
        .wasm_backtrace_max_frames(None);
    config
}

/// Ticks from a thread of its own: a busy executor would delay the very signal that frees it.
/// Holds the engine only weakly and ends with it.
fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("plugin-clock".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
    Ok(())
}
