//! One binary for all integration tests: every further binary would link the whole crate again.
