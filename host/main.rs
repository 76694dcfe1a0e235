//! The binary: reads the command line and runs one command. Everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

/// DataFusion plans deeply nested expressions by recursion; tokio's 2 MiB are too few for it without optimisation.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let cli = sluice::cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            tokio::spawn(sluice::cli::run(cli))
                .await
                .unwrap_or(ExitCode::FAILURE)
        }),
        Err(error) => {
            eprintln!("sluice: cannot start threads: {error}");
            ExitCode::FAILURE
        }
    }
}
