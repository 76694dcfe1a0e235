//! Sends the rows of `bench.rows` from memory.

use super::{Session, Stop};
use crate::bench::Plan;
use crate::faults::Effect;

/// Between two looks at a cancel.
const ROWS_AT_ONCE: i64 = 256;

impl Session {
    pub(super) fn send_bench(&mut self, plan: &Plan, effect: Option<Effect>) -> Result<u64, Stop> {
        plan.write_columns(&mut self.reply.tokens);
        let block = plan.encode()?;
        let mut count = 0;
        for id in plan.first()..=plan.last() {
            if effect.is_some() {
                self.strike(effect.as_ref(), count)?;
            }
            block.write(id, &mut self.reply.tokens);
            count += 1;
            if id % ROWS_AT_ONCE == 0 {
                if self.cancel.is_set() {
                    return Err(Stop::Cancelled);
                }
                self.reply.spill()?;
            }
        }
        Ok(count)
    }
}
