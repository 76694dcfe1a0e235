//! What time it is, with the precision that the store keeps. Tests of what happens over weeks move it themselves.

use chrono::{DateTime, Utc};

/// Where the host gets its time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Real,
    /// Microseconds since 1970, as a test set them.
    #[cfg(test)]
    Moved(std::sync::Arc<std::sync::atomic::AtomicI64>),
}

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match self {
            Self::Real => Utc::now().timestamp_micros(),
            #[cfg(test)]
            Self::Moved(micros) => micros.load(std::sync::atomic::Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }
}
