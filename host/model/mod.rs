//! Plain data that every module speaks of. No I/O, no decisions that need any.

pub mod batch;
pub mod cell;
pub mod checkpoint;
pub mod cron;
pub mod cursor;
pub mod decimal;
pub mod due;
pub mod failure;
pub mod ids;
pub mod iso;
pub mod job;
pub mod pacing;
pub mod source;
pub mod sync;
pub mod sync_form;
pub mod value;
