//! What to do after a failed attempt. Pure.

use std::time::Duration;

use super::backoff;
use crate::model::failure::{Failure, FailureKind};

/// What happens to a job after an attempt failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Back into the queue, and not before this.
    Retry { after: Duration },
    /// It is over.
    GiveUp,
    /// Somebody else decides: another holder, or the one who stopped it.
    LeaveAlone,
}

/// Decides after so many failures in a row (from 1) since rows last landed: however often it is cut off, a job that gets on
/// is not given up.
pub fn decide(failure: &Failure, failures: u32, max_attempts: u32) -> Next {
    match failure.kind {
        FailureKind::LeaseLost | FailureKind::Stopped => Next::LeaveAlone,
        _ if failure.is_retried() && failures < max_attempts => Next::Retry {
            after: backoff::after(failures),
        },
        _ => Next::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(kind: FailureKind, failures: u32) -> Next {
        decide(&Failure::new(kind, "code", "detail"), failures, 3)
    }

    #[test]
    fn only_what_may_mend_itself_is_retried_and_not_for_ever() {
        assert_eq!(
            decision(FailureKind::Source, 1),
            Next::Retry {
                after: Duration::from_secs(1)
            }
        );
        assert_eq!(
            decision(FailureKind::Host, 2),
            Next::Retry {
                after: Duration::from_secs(2)
            }
        );
        assert_eq!(decision(FailureKind::Source, 3), Next::GiveUp);
        assert_eq!(decision(FailureKind::Config, 1), Next::GiveUp);
        assert_eq!(decision(FailureKind::Plugin, 1), Next::GiveUp);
        assert_eq!(decision(FailureKind::LeaseLost, 1), Next::LeaveAlone);
    }
}
